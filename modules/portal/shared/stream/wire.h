/*
 * What the two ends of a portal say to each other (spec routing.md 8.1,
 * extensions.md 1 to 3): the first byte, and what follows it.
 */
#ifndef PORTAL_WIRE_H
#define PORTAL_WIRE_H

#include <postern/buf.h>

#include "../section/reason.h"

enum wire_type {
	WIRE_PING = 0x00,
	WIRE_PONG = 0x01,
	WIRE_DISCONNECT = 0x02,
	WIRE_PAYLOAD = 0x03,
	WIRE_GRANT = 0x10,  /* of windows */
	WIRE_FINISH = 0x11, /* of half-close */
};

/* What Ping offers and Pong accepts. */
struct wire_offer {
	bool extended; /* the prefix was there */
	bool windows;
	bool finish;
	uint64_t window; /* payload bytes taken before any grant */
};

/* The longest message but a Payload. */
#define WIRE_SHORT_MAX 64
/* The head of a Payload: its type and the length of at most 5 bytes. */
#define WIRE_PAYLOAD_HEAD_MAX 6

/* Each returns the length written to out (WIRE_SHORT_MAX). */
size_t wire_ping(uint8_t *out, enum wire_type ping_or_pong, const struct wire_offer *offer);
size_t wire_disconnect(uint8_t *out, bool extended, enum wire_reason reason);
size_t wire_grant(uint8_t *out, uint64_t bytes);
/* Put the head in front of a Payload's bytes; the room must be there. */
void wire_payload_push(struct pst_buf *payload);

/* After the first byte of Ping or Pong. A malformed rest is no offer. */
struct wire_offer wire_read_offer(struct pst_reader *r);
/* After the first byte of Disconnect. */
enum wire_reason wire_read_reason(struct pst_reader *r);
/*
 * A Payload: the reader behind its first byte. Returns the bytes and their
 * length; *counter is the v2 counter, or -1 when there is none.
 */
const uint8_t *wire_read_payload(struct pst_reader *r, size_t *len, int32_t *counter);

#endif
