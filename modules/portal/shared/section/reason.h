/*
 * The reasons that one end of a portal gives to the other, of a stream or of a flow
 * (doc/protocol.md). Those before WIRE_SHUTDOWN turn a session away.
 */
#ifndef SECTION_REASON_H
#define SECTION_REASON_H

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
};

/* A sentence for a reason. */
const char *wire_reason_text(enum wire_reason reason);

#endif
