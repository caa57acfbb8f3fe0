/*
 * A QUIC connection without I/O: datagrams go in and come out, time is told, and
 * one bidirectional stream carries bytes in order, both ways (RFC 9000). The
 * client opens the stream.
 *
 * Nothing of it calls back but by its events, and these only from within
 * quic_conn_take(); they may call quic_conn_send() and quic_conn_passed(), and nothing else.
 * Time is in nanoseconds of any clock that does not go back.
 */
#ifndef UDP_QUIC_CONN_H
#define UDP_QUIC_CONN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "quic_knock.h"
#include "quic_tls.h"
#include "quic_unacked.h"

/* The longest datagram that we send: Ethernet's 1500 without the heads of IPv4 and UDP. */
#define QUIC_DATAGRAM_MAX 1472
/* Every path must carry that much (RFC 9000, 14): first datagrams are as long. */
#define QUIC_DATAGRAM_MIN 1200
/* Who has not answered yet is asked again after so long, then after twice as long, and so on. */
#define QUIC_INITIAL_PTO_MS 750
/* At a silent peer that owes us an acknowledgement we knock that often (or each probe time-out, where that is longer). */
#define QUIC_KNOCK_NS 500000000ull
/* Somebody of whom nothing has come for so long is asked. */
#define QUIC_KEEP_ALIVE_NS 10000000000ull

struct quic_conn;

struct quic_path {
	struct sockaddr_storage ours, theirs;
};

struct quic_conn_events {
	/* The stream is there. */
	void (*up)(struct quic_conn *conn);
	/* Bytes of the stream, in order; the peer may send as many more when they are quic_conn_passed(). */
	void (*came)(struct quic_conn *conn, const uint8_t *bytes, size_t len);
	/* The peer has so many of the pieces that were sent, from the oldest on. */
	void (*acked)(struct quic_conn *conn, size_t pieces);
	/* A name of ours more, or one less; -ENOMEM. Of those that are left at the end nothing is said. NULL: nobody looks. */
	int (*named)(struct quic_conn *conn, const ngtcp2_cid *cid);
	void (*unnamed)(struct quic_conn *conn, const ngtcp2_cid *cid);
};

struct quic_conn {
	/* Set by the owner before it is opened. */
	const struct quic_conn_events *events;
	const struct quic_tls *tls;
	uint64_t window; /* bytes that the peer may send ahead of what was passed on */
	/* The rest is quic_conn.c's. */
	ngtcp2_conn *conn;
	gnutls_session_t session;
	ngtcp2_crypto_conn_ref ref;
	struct quic_unacked unacked;
	int64_t stream; /* -1: none yet */
	uint64_t ahead; /* how far its clock is ahead of ours */
	uint64_t heard; /* when anything came that was the peer's; knocks may be anybody's */
	bool genuine; /* what came last: the peer has made it */
	uint64_t answered; /* when something came, and nothing was overdue */
	uint64_t asked; /* when the peer came to owe us something, or we last knocked */
	uint64_t woken; /* when a knock last had us ask */
	bool owed;
	enum quic_knock say; /* as the next datagram, */
	struct quic_path say_by;
};

/* What the first datagram of a client says, once its token has shown that it hears us. */
struct quic_hello {
	ngtcp2_pkt_hd head;
	ngtcp2_cid first; /* whom it asked for before our retry */
};

/* On failure there is nothing to close. -ENOMEM, -EIO. */
PST_MUST_CHECK int quic_conn_connect(struct quic_conn *q, const struct quic_path *path, uint64_t now);
PST_MUST_CHECK int quic_conn_accept(struct quic_conn *q, const struct quic_hello *hello,
    const struct quic_path *path, uint64_t now);
/* As it was before it was opened. */
void quic_conn_fini(struct quic_conn *q);

/* A datagram has come. UV_EOF: the peer has ended it; PST_E_PROTOCOL, -ENOMEM: close it. What is not of it is dropped. */
PST_MUST_CHECK int quic_conn_take(struct quic_conn *q, const struct quic_path *path, const uint8_t *bytes,
    size_t len, uint64_t now);
/*
 * Write the next datagram into size bytes (QUIC_DATAGRAM_MAX), and where it goes. 0: none now. A longer one
 * than quic_conn_fits() asks whether the path carries it, and must not be split on the way.
 */
ssize_t quic_conn_write(struct quic_conn *q, uint8_t *out, size_t size, struct quic_path *path, uint64_t now);
size_t quic_conn_fits(const struct quic_conn *q);
/* Those that were written have gone. */
void quic_conn_written(struct quic_conn *q, uint64_t now);
/* When quic_conn_expire() wants to be called; UINT64_MAX: never. */
uint64_t quic_conn_due(const struct quic_conn *q);
PST_MUST_CHECK int quic_conn_expire(struct quic_conn *q, uint64_t now);

/* A piece of the stream. It stays where it is until it is acked(). */
PST_MUST_CHECK int quic_conn_send(struct quic_conn *q, const void *bytes, size_t len);
/* So many bytes were passed on. */
void quic_conn_passed(struct quic_conn *q, size_t bytes);
/* The peer may send that far ahead from now on, if it was less. */
void quic_conn_widen(struct quic_conn *q, uint64_t window);
/* We have another address now: what goes out goes by it (a client's only). */
void quic_conn_move(struct quic_conn *q, const struct quic_path *path, uint64_t now);
/* The last datagram: it is over. 0: none to send. */
ssize_t quic_conn_close(struct quic_conn *q, uint8_t *out, size_t size, struct quic_path *path, uint64_t now);

#endif
