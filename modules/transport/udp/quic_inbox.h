/*
 * Bytes of a stream that have come and that nobody has taken yet: as many as the
 * peer was allowed to send ahead, and none when its reader keeps up.
 */
#ifndef UDP_QUIC_INBOX_H
#define UDP_QUIC_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

struct quic_inbox {
	uint8_t *ring;
	size_t first, len, room; /* room: a power of two, or 0 */
};

PST_MUST_CHECK int quic_inbox_put(struct quic_inbox *inbox, const uint8_t *bytes, size_t len);
/* Take at most len bytes; how many. */
size_t quic_inbox_take(struct quic_inbox *inbox, uint8_t *out, size_t len);
void quic_inbox_fini(struct quic_inbox *inbox);

#endif
