/* A portal message: offers, reasons, grants and payloads from a peer. */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* What was understood can be said again. */
static void
check_offer(struct pst_reader *r)
{
	struct wire_offer offer = wire_read_offer(r), again;
	uint8_t out[WIRE_SHORT_MAX];
	size_t n = wire_ping(out, WIRE_PONG, &offer);
	struct pst_reader second = pst_reader(out + 1, n - 1);

	again = wire_read_offer(&second);
	check(again.extended == offer.extended && again.windows == offer.windows &&
	    again.finish == offer.finish && again.window == offer.window);
}

static void
check_reason(struct pst_reader *r)
{
	enum wire_reason reason = wire_read_reason(r);
	uint8_t out[WIRE_SHORT_MAX];
	size_t n = wire_disconnect(out, true, reason);
	struct pst_reader second = pst_reader(out + 1, n - 1);

	check(wire_read_reason(&second) == reason);
}

static void
check_payload(const uint8_t *data, size_t size, struct pst_reader *r)
{
	int32_t counter;
	size_t len;
	const uint8_t *p = wire_read_payload(r, &len, &counter);

	check(p ? p > data && p + len <= data + size : !len);
	check(counter >= -1 && counter <= UINT16_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);

	switch (pst_read_u8(&r)) {
	case WIRE_PING:
	case WIRE_PONG:
		check_offer(&r);
		break;
	case WIRE_DISCONNECT:
		check_reason(&r);
		break;
	case WIRE_PAYLOAD:
		check_payload(data, len, &r);
		break;
	default:
		pst_read_uvarint(&r);
	}
	return 0;
}
