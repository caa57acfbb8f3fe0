/*
 * A pipe (postern/pipe.h) whose bytes go by a QUIC connection: the connection's
 * datagrams on a socket, its clock on the loop. What is written stays where it is
 * until the peer has it (`keeps`).
 */
#ifndef UDP_QUIC_PIPE_H
#define UDP_QUIC_PIPE_H

#include <postern/pipe.h>

#include "quic_conn.h"
#include "quic_inbox.h"
#include "socket.h"

/* Of whom nothing comes for so long, though he is asked, is lost. */
#define QUIC_SILENCE_MS 30000
/* What was written before a close has so long to get there. */
#define QUIC_LINGER_NS 2000000000ull

struct quic_pipe;

/* All of them from the loop; the callee may close the pipe. */
struct quic_pipe_events {
	/* Now it can be read and written. */
	void (*up)(struct quic_pipe *pipe);
	/* It has failed before. Once it is up pipe.events->lost() says so. */
	void (*failed)(struct quic_pipe *pipe, int rc);
	/* The peer is silent: has our address changed? quic_pipe_move() if so. */
	void (*silent)(struct quic_pipe *pipe);
	/* How much the peer may send ahead, now. */
	size_t (*window)(struct quic_pipe *pipe);
	/* It is being closed: may it stay until the peer has what was written? */
	bool (*lingers)(struct quic_pipe *pipe);
	/* As of struct quic_conn_events; NULL: nobody looks. */
	int (*named)(struct quic_pipe *pipe, const ngtcp2_cid *cid);
	void (*unnamed)(struct quic_pipe *pipe, const ngtcp2_cid *cid);
	/* It is closed, and needs its socket no more; closed() follows. */
	void (*closing)(struct quic_pipe *pipe);
};

struct quic_pipe {
	struct pst_pipe pipe;
	/* Set by the owner before it is opened; conn's events are the pipe's. */
	struct quic_conn conn;
	struct pst_env *env;
	struct socket *socket;
	struct train *scratch; /* of all on the loop */
	const struct quic_pipe_events *owner;
	/* the rest is quic_pipe.c's */
	struct quic_inbox inbox;
	struct train *held; /* what the kernel did not take */
	struct pst_task turn;
	struct pst_timer timer;
	bool opened, coming_up, up, reading, failed;
	uint64_t linger_until; /* once it is closing */
	bool ended; /* by the peer, whose last words may still be in the inbox */
	uint8_t greeting; /* the one byte that try_write() took */
	bool greeted;
};

/* Once more, before it is up: what was begun is forgotten. */
PST_MUST_CHECK int quic_pipe_connect(struct quic_pipe *pipe, const struct quic_path *path);
PST_MUST_CHECK int quic_pipe_accept(struct quic_pipe *pipe, const struct quic_hello *hello,
    const struct quic_path *path);
/* A datagram of it has come from there. */
void quic_pipe_take(struct quic_pipe *pipe, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len);
/* The socket takes datagrams again. */
void quic_pipe_writable(struct quic_pipe *pipe);
/* Its socket has another address. */
void quic_pipe_move(struct quic_pipe *pipe);
/* Nobody is there, says the peer's host. */
void quic_pipe_fail(struct quic_pipe *pipe, int rc);

#endif
