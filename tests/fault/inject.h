/*
 * What the injector and its controller share: the points at which a call may
 * fail, the faults each knows, and the file that both map.
 *
 * A point is what a call is for, whatever its name: `receive` is read, readv,
 * recv or recvmsg on a socket, `read` the same on a file. Pipes and eventfds
 * are libuv's own and left alone: it aborts when one of these fails.
 */
#ifndef FAULT_INJECT_H
#define FAULT_INJECT_H

#include <stdint.h>

enum point {
	RECEIVE,    /* read, readv, recv, recvmsg: of a socket */
	SEND,       /* write, writev, send, sendto, sendmsg: to a socket */
	READ,       /* read, readv, pread: of a file */
	WRITE,      /* write, writev, pwrite: to a file */
	ACCEPT,     /* accept, accept4 */
	DESCRIPTOR, /* socket, epoll_create1, eventfd, pipe2 */
	CONNECT,    /* connect */
	OPEN,       /* open, openat */
	SYNC,       /* fsync, fdatasync */
	RENAME,     /* rename, renameat */
	EPOLL,      /* epoll_ctl, but to forget a descriptor */
	RESOLVE,    /* getaddrinfo */
	ALLOCATE,   /* malloc, calloc, realloc, posix_memalign: by Postern, or by libuv for it */
	LIBRARY,    /* the same by any other library; OpenSSL's start alone has thousands */
	POINTS,
};

/* Faults that are not an errno. */
#define FAULT_SHORT -1      /* one byte and no more */
#define FAULT_EAI_AGAIN -2  /* of getaddrinfo */
#define FAULT_EAI_MEMORY -3
#define FAULT_KILL -4       /* the program ends there, as by a power cut; of any point, and not in the table */

#define POINT_FAULTS 5

struct point_kind {
	const char *name;
	struct {
		const char *name;
		int32_t fault;
	} faults[POINT_FAULTS + 1];
};

extern const struct point_kind point_kinds[POINTS];

/* A stack, innermost first: files of code, and the places in them. */
#define FRAMES 24
struct stack {
	uint32_t count;
	struct {
		char object[32];
		uint64_t offset;
	} frame[FRAMES];
};

struct inject {
	int32_t point;
	int32_t fault;
	int64_t countdown;      /* the call that fails, counted from now; 0 or less: none */
	uint64_t calls[POINTS]; /* since main() or since it was armed, whatever was later */
	uint32_t hit;
	uint32_t signal;   /* by which the program died, if it did */
	struct stack hit_at, died_at;
};

#endif
