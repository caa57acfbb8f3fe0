/*
 * The reasons that one end of a portal gives to the other, of a stream or of a flow
 * (doc/protocol.md). Those before WIRE_SHUTDOWN turn a session away, and the last two.
 */
#ifndef SECTION_REASON_H
#define SECTION_REASON_H

#include <postern/refusal.h>

enum wire_reason {
	WIRE_NO_REASON = 0,
	WIRE_REFUSED = 1,
	WIRE_UNREACHABLE = 2,
	WIRE_POLICY = 3,
	WIRE_LIMIT = 4,
	WIRE_TIMEOUT = 5,
	WIRE_SHUTDOWN = 6,
	WIRE_INTERNAL = 7,
	WIRE_NO_FLOW = 8, /* a datagram came for a flow that is not there: open it again */
	WIRE_IDLE = 9,    /* of flows, too */
	/* The outlet that is asked for there is not, or not of this kind. */
	WIRE_NOBODY = PST_REFUSAL_NOBODY,
	WIRE_KIND = PST_REFUSAL_KIND,
};

/* As it was told: one that is not known is still no clean end. */
enum wire_reason wire_reason_of(uint64_t code);
/* Told an inlet: what it asks for is no outlet for it. */
bool wire_reason_lacks(enum wire_reason reason);
/* A sentence for a reason. */
const char *wire_reason_text(enum wire_reason reason);

#endif
