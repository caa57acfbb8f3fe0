#include "quic_unacked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 16

static ngtcp2_vec *
at(const struct quic_unacked *u, size_t i)
{
	return &u->ring[(u->first + i) & (u->room - 1)];
}

static int
grow(struct quic_unacked *u)
{
	size_t room = u->room ? u->room * 2 : ROOM_FIRST;
	ngtcp2_vec *ring = malloc(room * sizeof *ring);

	if (!ring)
		return -ENOMEM;
	for (size_t i = 0; i < u->count; i++)
		ring[i] = *at(u, i);
	free(u->ring);
	u->ring = ring;
	u->room = room;
	u->first = 0;
	return PST_OK;
}

int
quic_unacked_put(struct quic_unacked *u, const void *bytes, size_t len)
{
	int rc = u->count == u->room ? grow(u) : PST_OK;

	if (!rc)
		*at(u, u->count++) = (ngtcp2_vec){ (void *)bytes, len };
	return rc;
}

size_t
quic_unacked_next(const struct quic_unacked *u, ngtcp2_vec out[], size_t most)
{
	size_t n = 0;

	for (size_t i = u->next; i < u->count && n < most; i++, n++)
		out[n] = *at(u, i);
	if (n) {
		out[0].base += u->sent;
		out[0].len -= u->sent;
	}
	return n;
}

void
quic_unacked_sent(struct quic_unacked *u, size_t bytes)
{
	u->sent += bytes;
	while (u->next < u->count && u->sent >= at(u, u->next)->len)
		u->sent -= at(u, u->next++)->len;
}

size_t
quic_unacked_acked(struct quic_unacked *u, size_t bytes)
{
	size_t done = 0;

	u->acked += bytes;
	while (u->next && u->acked >= at(u, 0)->len) {
		u->acked -= at(u, 0)->len;
		u->first = (u->first + 1) & (u->room - 1);
		u->count--;
		u->next--;
		done++;
	}
	return done;
}

void
quic_unacked_fini(struct quic_unacked *u)
{
	free(u->ring);
	memset(u, 0, sizeof *u);
}
