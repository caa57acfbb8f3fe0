#include "quic_inbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 4096

static void
copy_out(const struct quic_inbox *inbox, uint8_t *out, size_t len)
{
	size_t end = inbox->room - inbox->first;
	size_t n = len < end ? len : end;

	memcpy(out, inbox->ring + inbox->first, n);
	memcpy(out + n, inbox->ring, len - n);
}

static int
room_make(struct quic_inbox *inbox, size_t len)
{
	size_t room = inbox->room ? inbox->room : ROOM_FIRST;
	uint8_t *ring;

	while (room < inbox->len + len)
		room *= 2;
	if (room == inbox->room)
		return PST_OK;
	ring = malloc(room);
	if (!ring)
		return -ENOMEM;
	if (inbox->len)
		copy_out(inbox, ring, inbox->len);
	free(inbox->ring);
	inbox->ring = ring;
	inbox->room = room;
	inbox->first = 0;
	return PST_OK;
}

int
quic_inbox_put(struct quic_inbox *inbox, const uint8_t *bytes, size_t len)
{
	int rc = room_make(inbox, len);
	size_t at, n;

	if (rc)
		return rc;
	at = (inbox->first + inbox->len) & (inbox->room - 1);
	n = len < inbox->room - at ? len : inbox->room - at;
	memcpy(inbox->ring + at, bytes, n);
	memcpy(inbox->ring, bytes + n, len - n);
	inbox->len += len;
	return PST_OK;
}

size_t
quic_inbox_take(struct quic_inbox *inbox, uint8_t *out, size_t len)
{
	size_t n = len < inbox->len ? len : inbox->len;

	if (!n)
		return 0;
	copy_out(inbox, out, n);
	inbox->first = (inbox->first + n) & (inbox->room - 1);
	inbox->len -= n;
	if (!inbox->len) /* a reader that keeps up needs none */
		quic_inbox_fini(inbox);
	return n;
}

void
quic_inbox_fini(struct quic_inbox *inbox)
{
	free(inbox->ring);
	memset(inbox, 0, sizeof *inbox);
}
