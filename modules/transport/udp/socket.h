/*
 * A UDP socket on the loop: datagrams come and go in batches (recvmmsg and
 * sendmmsg), messages are put together and split.
 *
 * It is bound to an address of ours, and hears everybody; or connected to one
 * peer, and hears nobody else. What the kernel takes no more of at the moment
 * waits, and its bufs stay charged to who made them: a slow socket slows its
 * sources, as it does with TCP. What is lost is lost: nothing is sent again.
 */
#ifndef UDP_SOCKET_H
#define UDP_SOCKET_H

#include <postern/env.h>

#include "peers.h"
#include "train.h"

/* Datagrams of one call, or trains of them. */
#define SOCKET_BATCH 32
/* What the kernel gives as one: the longest datagram of IP. */
#define SOCKET_TRAIN_MAX 65536
/* Who has been told to (OCKAM_UDP_MAX_ON_THE_WIRE_PACKET_SIZE) sends longer ones than DATAGRAM_MAX. */
#define SOCKET_DATAGRAM_MAX 2048

/* What all sockets of a loop read into, one at a time. Of its 2 MiB that much is memory as ever came at once. */
struct socket_scratch {
	uint8_t bytes[SOCKET_BATCH][SOCKET_TRAIN_MAX];
};

struct outgoing;
struct socket;

struct socket_events {
	/* A whole message, never empty. The callee ends it (assembled_end, with the socket's
	 * store), and may then close the socket. */
	void (*message)(struct socket *socket, const struct sockaddr_storage *from,
	    struct assembled *whole);
	/* A datagram of QUIC; false: it was for nobody. NULL: all are dropped. The callee may close the socket. */
	bool (*quic)(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len);
	/* The kernel takes datagrams again, after socket_train() has said -EAGAIN. */
	void (*writable)(struct socket *socket);
	/* Of a connected one: nobody is there, says the peer's host. */
	void (*failed)(struct socket *socket, int rc);
	/* The socket's memory is the owner's again. */
	void (*closed)(struct socket *socket);
};

struct socket {
	/* Set by the owner before socket_open(). */
	struct pst_env *env;
	struct socket_scratch *scratch;
	const struct socket_events *events;
	struct peers peers; /* its bounds; the rest is zero */
	/* the rest is socket.c's, and read only */
	uv_poll_t poll;
	int fd;
	bool connected, closing;
	bool cuts;   /* trains, as far as is known */
	bool wanted; /* writable() is waited for */
	struct sockaddr_storage ours; /* its address */
	/* Where what is being told of was sent to: of one that hears on every address of the host, that one of them. */
	struct sockaddr_storage asked;
	struct outgoing *first, **last; /* what waits for the kernel */
	uint64_t dropped; /* datagrams that were none, late, or part of a message that was refused */
};

/*
 * Open it at `bound` (port 0: any), or connected to `peer`; one of them is NULL.
 * On an error there is nothing to close.
 */
PST_MUST_CHECK int socket_open(struct socket *socket, const struct sockaddr_storage *bound,
    const struct sockaddr_storage *peer);
/* Nothing more comes or goes; closed() follows, from the loop. What waits is dropped. */
void socket_close(struct socket *socket);
/*
 * Send a message of that number, to a peer, or (NULL) to the one it is connected to, from that
 * address of ours, or (NULL, or none) from the one that the kernel chooses.
 * The buf is taken. PST_E_LIMIT: too long; -ENOMEM, or what the kernel says: it is not sent, or not all of it.
 */
PST_MUST_CHECK int socket_send(struct socket *socket, const struct sockaddr_storage *to,
    const struct sockaddr_storage *from, uint16_t number, struct pst_buf *message);
/* Send a train of datagrams as they are. -EAGAIN: what is left of it later, when it is writable(). */
PST_MUST_CHECK int socket_train(struct socket *socket, struct train *train);
/* Of a connected one: it is connected to that peer from here on, and hears nobody else; false: there is no way to there. */
bool socket_turn(struct socket *socket, const struct sockaddr_storage *peer);
/* Of a connected one: is our address towards the peer another one now? Then it has that from here on. */
bool socket_moves(struct socket *socket);

#endif
