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

	return text[reason];
}
