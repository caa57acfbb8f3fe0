/*
 * Sockets that were passed to the process at its start (socket activation,
 * sd_listen_fds(3)). They stay open as long as the process lives, so that
 * connections wait meanwhile when a section closes and opens again; who
 * listens at one gets a duplicate.
 */
#ifndef PST_BASE_PASSED_H
#define PST_BASE_PASSED_H

#include <stdbool.h>
#include <stddef.h>

#include <postern/dial.h>

/* More than anybody writes into a unit; those behind are left alone. */
#define PST_PASSED_MAX 64

struct pst_passed {
	size_t count;
	struct pst_passed_socket {
		int fd;
		bool wanted; /* somebody has listened there */
		char name[64]; /* FileDescriptorName= of the unit */
		struct sockaddr_storage address; /* of no family: not a listening TCP socket */
	} sockets[PST_PASSED_MAX];
};

/* Where a TCP socket listens; no family when it does not. */
PST_API struct sockaddr_storage pst_listening_at(int fd);
/* Take what the environment tells of, and clear it, so that no child sees it. */
PST_API void pst_passed_take(struct pst_passed *passed);
/* Add a socket; it is the list's from now on. */
PST_API void pst_passed_add(struct pst_passed *passed, int fd, const char *name);
/* The one that listens at this address; NULL: there is none, nor a list. */
PST_API struct pst_passed_socket *pst_passed_find(struct pst_passed *passed,
    const struct sockaddr_storage *address);
/* A warning for each socket that nobody has listened at. */
PST_API void pst_passed_complain(const struct pst_passed *passed, const struct pst_log *log);
PST_API void pst_passed_close(struct pst_passed *passed);

#endif
