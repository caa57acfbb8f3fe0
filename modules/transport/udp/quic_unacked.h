/*
 * The bytes of a stream that the peer does not have yet, where their owner keeps
 * them: pieces in order, of which so many bytes are sent, and so many of these
 * acknowledged. What is sent may have to be sent again, so a piece is its
 * owner's again when all of it is acknowledged, and not before.
 */
#ifndef UDP_QUIC_UNACKED_H
#define UDP_QUIC_UNACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ngtcp2/ngtcp2.h>

#include <postern/err.h>

struct quic_unacked {
	ngtcp2_vec *ring;
	size_t first, count, room; /* room: a power of two, or 0 */
	size_t acked;              /* bytes of the first piece */
	size_t next, sent;         /* the first piece that is not all sent, from `first`, and bytes of it that are */
};

/* -ENOMEM; the bytes stay where they are. */
PST_MUST_CHECK int quic_unacked_put(struct quic_unacked *u, const void *bytes, size_t len);
/* What is to be sent next, in at most `most` vectors; how many. */
size_t quic_unacked_next(const struct quic_unacked *u, ngtcp2_vec out[], size_t most);
/* So many bytes of that have been sent. */
void quic_unacked_sent(struct quic_unacked *u, size_t bytes);
/* So many bytes more are acknowledged, in their order; how many pieces are done by that. */
size_t quic_unacked_acked(struct quic_unacked *u, size_t bytes);
void quic_unacked_fini(struct quic_unacked *u);

#endif
