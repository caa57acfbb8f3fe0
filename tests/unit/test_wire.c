#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

/* What follows the first byte of a message that stands in a string. */
#define REST(text) pst_reader((text) + 1, sizeof(text) - 2)
#define PREFIX "\x50\x53\x54\x01"

static struct wire_offer
offer_of(const void *bytes, size_t len)
{
	struct pst_reader r = pst_reader((const uint8_t *)bytes + 1, len - 1);

	return wire_read_offer(&r);
}

static void
an_offer_is_read_as_it_was_written(void **state)
{
	static const uint64_t windows[] = { 0, 1, 127, 128, 262144, UINT32_MAX, UINT64_MAX };
	uint8_t out[WIRE_SHORT_MAX];

	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
		struct wire_offer offer = { true, true, i % 2, windows[i] }, got;
		size_t n = wire_ping(out, WIRE_PONG, &offer);

		assert_int_equal(out[0], WIRE_PONG);
		got = offer_of(out, n);
		assert_true(got.extended && got.windows);
		assert_int_equal(got.finish, offer.finish);
		assert_int_equal(got.window, offer.window);
	}
}

static void
a_ping_of_ours_is_these_bytes(void **state)
{
	static const char want[] = "\x00" PREFIX "\x01\x03\x80\x80\x10" "\x02\x00";
	const struct wire_offer offer = { true, true, true, 262144 };
	uint8_t out[WIRE_SHORT_MAX];

	assert_int_equal(wire_ping(out, WIRE_PING, &offer), sizeof want - 1);
	assert_memory_equal(out, want, sizeof want - 1);
}

static void
without_the_prefix_nothing_is_offered(void **state)
{
	static const char *const tails[] = { "", "P", "PST", "PST\x02", "pst\x01\x02", "\x02\x02" };

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		char bytes[16] = { 0 };
		struct wire_offer offer;

		memcpy(bytes + 1, tails[i], strlen(tails[i]));
		offer = offer_of(bytes, 1 + strlen(tails[i]));
		assert_false(offer.extended || offer.windows || offer.finish);
	}
}

static void
unknown_items_are_skipped(void **state)
{
	struct pst_reader r = REST("\x00" PREFIX "\x63\x02zz" "\x02\x00" "\x80\x01\x00" "\x01\x01\x05"
		"\x03\x11" "0123456789abcdef\x05");
	struct wire_offer offer = wire_read_offer(&r);

	assert_true(offer.extended && offer.finish && offer.windows);
	assert_int_equal(offer.window, 5);
}

static void
a_malformed_rest_is_ignored_whole(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} table[] = {
		{ "\x00" PREFIX "\x02\x00" "\x63\x05zz", 11 }, /* an item longer than what is left */
		{ "\x00" PREFIX "\x02\x00" "\x63", 8 },       /* no length */
		{ "\x00" PREFIX "\x02\x00" "\x01\x00", 9 },   /* a window without value */
		{ "\x00" PREFIX "\x02\x00" "\x01\x01\x80", 10 },
		{ "\x00" PREFIX "\x02\x00" "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00", 18 },
		{ "\x00" PREFIX "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 16 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct wire_offer offer = offer_of(table[i].bytes, table[i].len);

		if (offer.extended || offer.windows || offer.finish || offer.window)
			fail_msg("%zu is taken", i);
	}
}

static void
reasons_are_read_as_they_were_written(void **state)
{
	uint8_t out[WIRE_SHORT_MAX];

	for (int reason = WIRE_NO_REASON; reason <= WIRE_KIND; reason++) {
		size_t n = wire_disconnect(out, true, (enum wire_reason)reason);
		struct pst_reader r = pst_reader(out + 1, n - 1);

		assert_int_equal(out[0], WIRE_DISCONNECT);
		assert_int_equal(n == 1, reason == WIRE_NO_REASON);
		assert_int_equal(wire_read_reason(&r), reason);
	}
}

static void
a_disconnect_of_ours_is_these_bytes(void **state)
{
	static const char want[] = "\x02" PREFIX "\x04\x0f\x04\x0d" "limit reached";
	uint8_t out[WIRE_SHORT_MAX];

	assert_int_equal(wire_disconnect(out, true, WIRE_LIMIT), sizeof want - 1);
	assert_memory_equal(out, want, sizeof want - 1);
	assert_int_equal(wire_disconnect(out, false, WIRE_LIMIT), 1);
}

static void
what_ockam_may_append_is_no_reason(void **state)
{
	struct pst_reader none = REST("\x02"), odd = REST("\x02\xff\xff\xff\xff\xff");
	struct pst_reader cut = REST("\x02" PREFIX "\x04\x05\x04");

	assert_int_equal(wire_read_reason(&none), WIRE_NO_REASON);
	assert_int_equal(wire_read_reason(&odd), WIRE_NO_REASON);
	assert_int_equal(wire_read_reason(&cut), WIRE_NO_REASON);
}

/* It says that the end is not a clean one, if not why. */
static void
an_unknown_reason_is_still_a_reason(void **state)
{
	struct pst_reader more = REST("\x02" PREFIX "\x04\x02\x0c\x00");
	struct pst_reader many = REST("\x02" PREFIX "\x04\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00");

	assert_int_equal(wire_read_reason(&more), WIRE_INTERNAL);
	assert_int_equal(wire_read_reason(&many), WIRE_INTERNAL);
}

static void
a_grant_is_its_byte_and_the_number(void **state)
{
	uint8_t out[WIRE_SHORT_MAX];

	assert_int_equal(wire_grant(out, 0), 2);
	assert_memory_equal(out, "\x10\x00", 2);
	assert_int_equal(wire_grant(out, 300), 3);
	assert_memory_equal(out, "\x10\xac\x02", 3);
	assert_int_equal(wire_grant(out, UINT64_MAX), 11);
}

static void
a_payload_is_read_where_it_lies(void **state)
{
	static const uint8_t bytes[] = "\x03\x05hello\x01\x34\x12";
	struct pst_reader r = pst_reader(bytes + 1, sizeof bytes - 2);
	int32_t counter;
	size_t len;

	assert_ptr_equal(wire_read_payload(&r, &len, &counter), bytes + 2);
	assert_int_equal(len, 5);
	assert_int_equal(counter, 0x1234);
}

static void
stray_bytes_are_no_counter(void **state)
{
	struct pst_reader table[] = { REST("\x03\x01x"), REST("\x03\x01x\x00"), REST("\x03\x01x\x01"),
		REST("\x03\x01x\x01\x07"), REST("\x03\x01x\x00\x07\x00"), REST("\x03\x01x\x02\x07\x00") };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int32_t counter;
		size_t len;

		assert_non_null(wire_read_payload(&table[i], &len, &counter));
		assert_int_equal(len, 1);
		assert_int_equal(counter, -1);
	}
}

static void
a_payload_longer_than_the_message_is_none(void **state)
{
	struct pst_reader table[] = { REST("\x03"), REST("\x03\x01"), REST("\x03\x05hell"),
		REST("\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hell"), REST("\x03\x80") };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int32_t counter;
		size_t len;

		assert_null(wire_read_payload(&table[i], &len, &counter));
		assert_int_equal(len, 0);
		assert_int_equal(counter, -1);
	}
}

static void
an_empty_payload_is_one_too(void **state)
{
	struct pst_reader r = REST("\x03\x00\x01\x00\x00");
	int32_t counter;
	size_t len;

	assert_non_null(wire_read_payload(&r, &len, &counter));
	assert_int_equal(len, 0);
	assert_int_equal(counter, 0);
}

static void
the_head_of_a_payload_fits_its_room(void **state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, PST_READ_MAX, 131072 };
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct pst_buf buf;
		struct pst_reader r;
		int32_t counter;
		size_t len;

		assert_int_equal(pst_buf_new(&buf, pool, account, WIRE_PAYLOAD_HEAD_MAX, sizes[i], 0),
		    PST_OK);
		memset(pst_buf_put(&buf, sizes[i]), 'x', sizes[i]);
		wire_payload_push(&buf);
		r = pst_buf_reader(&buf);
		assert_int_equal(pst_read_u8(&r), WIRE_PAYLOAD);
		assert_non_null(wire_read_payload(&r, &len, &counter));
		assert_int_equal(len, sizes[i]);
		pst_buf_free(&buf);
	}
	pst_account_close(&account);
	pst_pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_is_read_as_it_was_written),
		cmocka_unit_test(a_ping_of_ours_is_these_bytes),
		cmocka_unit_test(without_the_prefix_nothing_is_offered),
		cmocka_unit_test(unknown_items_are_skipped),
		cmocka_unit_test(a_malformed_rest_is_ignored_whole),
		cmocka_unit_test(reasons_are_read_as_they_were_written),
		cmocka_unit_test(a_disconnect_of_ours_is_these_bytes),
		cmocka_unit_test(what_ockam_may_append_is_no_reason),
		cmocka_unit_test(an_unknown_reason_is_still_a_reason),
		cmocka_unit_test(a_grant_is_its_byte_and_the_number),
		cmocka_unit_test(a_payload_is_read_where_it_lies),
		cmocka_unit_test(stray_bytes_are_no_counter),
		cmocka_unit_test(a_payload_longer_than_the_message_is_none),
		cmocka_unit_test(an_empty_payload_is_one_too),
		cmocka_unit_test(the_head_of_a_payload_fits_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
