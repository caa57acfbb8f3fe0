#include "reason.h"

const char *
wire_reason_text(enum wire_reason reason)
{
	static const char *const text[] = {
		[WIRE_NO_REASON] = "closed",
		[WIRE_REFUSED] = "target refused the connection",
		[WIRE_UNREACHABLE] = "target cannot be reached",
		[WIRE_POLICY] = "denied by policy",
		[WIRE_LIMIT] = "limit reached",
		[WIRE_TIMEOUT] = "time ran out",
		[WIRE_SHUTDOWN] = "node shuts down",
		[WIRE_INTERNAL] = "internal error",
		[WIRE_NO_FLOW] = "no such flow",
		[WIRE_IDLE] = "idle",
	};

	return wire_reason_lacks(reason) ? pst_refusal_text((enum pst_refusal)reason) : text[reason];
}

enum wire_reason
wire_reason_of(uint64_t code)
{
	return code <= WIRE_KIND ? (enum wire_reason)code : WIRE_INTERNAL;
}

bool
wire_reason_lacks(enum wire_reason reason)
{
	return reason >= WIRE_NOBODY;
}
