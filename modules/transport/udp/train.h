/*
 * A train: datagrams of one length to one address, the last of which may be
 * shorter. The kernel takes it in one piece and cuts it (UDP_SEGMENT), where it can;
 * and gives in one piece what came as one, or what it has joined (UDP_GRO).
 */
#ifndef UDP_TRAIN_H
#define UDP_TRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <postern/err.h>

/* What the kernel cuts of one call at most: 64 datagrams, of 64 KiB together. */
#define TRAIN_BYTES 65000
#define TRAIN_COUNT 64

struct train {
	struct sockaddr_storage to, from; /* AF_UNSPEC, or of a connected socket: as the kernel chooses */
	size_t first, end; /* what is left to send, in bytes */
	size_t segment;    /* the length of a datagram */
	bool whole;        /* it must not be split on the way: it asks whether it fits */
	uint8_t bytes[TRAIN_BYTES];
};

/* Of control messages, for train_segment(). */
#define TRAIN_ROOM 32

/* May datagrams of this socket be split on the way? At first that is the system's choice. */
void train_splits(int fd, int family, bool splits);
/*
 * Send what is left, by a socket that may be connected. *cuts: the kernel cuts; false once it said no.
 * PST_OK, also where the network lost it; -EAGAIN: not all of it now.
 */
PST_MUST_CHECK int train_send(struct train *train, int fd, bool connected, bool *cuts);
/* Have the kernel give trains, where it can. */
void train_want(int fd);
/* How long the datagrams are, of what came as so many bytes; at least 1. */
size_t train_segment(struct msghdr *msg, size_t len);

#endif
