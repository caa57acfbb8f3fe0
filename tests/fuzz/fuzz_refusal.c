/*
 * What begins a session where none can: Pings, opened flows, or anything else.
 * Covers: core/route/refusal.c:pst_refusal_write() core/route/refusal.c:ping_answer() core/route/refusal.c:flow_answer() core/route/refusal.c:disconnect_write()
 * Needs: modules/portal/shared/section/reason.c modules/portal/shared/stream/wire.c modules/portal/udp/wire.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/refusal.h>

/* both are called so */
#include "../../modules/portal/shared/stream/wire.h"
#include "../../modules/portal/udp/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* The inlet that asked understands it. */
static void
check_answer(struct pst_reader first, struct pst_reader answer, enum pst_refusal why, bool pong)
{
	struct wire_message asked, told;

	if (*answer.p == WIRE_DISCONNECT) {
		check(*first.p == WIRE_PING && pong == (pst_reader_left(&first) == 1));
		pst_read_u8(&answer);
		check(wire_read_reason(&answer) == (pong ? WIRE_NO_REASON : (enum wire_reason)why));
	} else {
		check(!pong && !wire_read(&asked, &first) && asked.kind == WIRE_OPEN);
		check(!wire_read(&told, &answer) && told.kind == WIRE_END && told.flow == asked.flow &&
		    told.reason == (enum wire_reason)why);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum pst_refusal reasons[] = { PST_REFUSAL_NOBODY, PST_REFUSAL_KIND };

	for (size_t i = 0; i < 2; i++) {
		struct pst_reader first = pst_reader(data, len);
		uint8_t out[PST_REFUSAL_MAX];
		bool pong;
		size_t n = pst_refusal_write(out, &first, reasons[i], &pong);

		check(n < PST_REFUSAL_MAX);
		check(len != 1 || data[0] != WIRE_PING || (n > 0) == (reasons[i] == PST_REFUSAL_KIND));
		if (n)
			check_answer(pst_reader(data, len), pst_reader(out, n), reasons[i], pong);
	}
	return 0;
}
