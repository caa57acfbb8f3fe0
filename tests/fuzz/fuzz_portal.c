/*
 * A portal message: offers, reasons, grants and payloads from a peer.
 * Covers: modules/portal/shared/stream/wire.c
 * Needs: modules/portal/shared/section/reason.c
 */
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
check_payload_again(const uint8_t *p, size_t len)
{
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	struct pst_reader r;
	struct pst_buf buf;
	const uint8_t *again;
	int32_t counter;
	size_t n;

	check(!pst_buf_new(&buf, pool, account, WIRE_PAYLOAD_HEAD_MAX, len, 0));
	if (len)
		memcpy(pst_buf_put(&buf, len), p, len);
	wire_payload_push(&buf);
	r = pst_buf_reader(&buf);
	check(pst_read_u8(&r) == WIRE_PAYLOAD);
	again = wire_read_payload(&r, &n, &counter);
	check(n == len && !memcmp(p, again, n) && counter == -1 && !pst_reader_left(&r));
	pst_buf_free(&buf);
	pst_account_close(&account);
	pst_pool_free(&pool);
}

static void
check_payload(const uint8_t *data, size_t size, struct pst_reader *r)
{
	int32_t counter;
	size_t len;
	const uint8_t *p = wire_read_payload(r, &len, &counter);

	check(p ? p > data && p + len <= data + size : !len);
	check(counter >= -1 && counter <= UINT16_MAX);
	if (p)
		check_payload_again(p, len);
}

static void
check_grant(struct pst_reader *r)
{
	uint64_t bytes = pst_read_uvarint(r);
	uint8_t out[WIRE_SHORT_MAX];
	size_t n = wire_grant(out, bytes);
	struct pst_reader second = pst_reader(out + 1, n - 1);

	check(out[0] == WIRE_GRANT && pst_read_uvarint(&second) == bytes && !pst_reader_left(&second));
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
		check_grant(&r);
	}
	return 0;
}
