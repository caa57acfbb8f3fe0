#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"

#define TEXT_LEN 21
#define WIRE_LEN (RECORD_OVERHEAD + TEXT_LEN)

/* One direction, and its records as they would lie on the wire. */
static struct pst_pool *pool;
static struct pst_account *account;
static struct pst_aead *seal, *open;
static struct sealer sealer;
static struct opener opener;
static uint8_t wire[200][WIRE_LEN];

static void
text_of(uint64_t n, char text[TEXT_LEN + 1])
{
	snprintf(text, TEXT_LEN + 1, "record number %07u", (unsigned)n);
}

static struct pst_buf
buf_of(const void *data, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, RECORD_NONCE, len, PST_TAG_LEN), PST_OK);
	memcpy(pst_buf_put(&buf, len), data, len);
	return buf;
}

static int
setup(void **state)
{
	const uint8_t key[PST_KEY_LEN] = "thirty-two bytes of a fresh key";
	char text[TEXT_LEN + 1];

	assert_int_equal(pst_aead_new(&seal, true), PST_OK);
	assert_int_equal(pst_aead_new(&open, false), PST_OK);
	assert_int_equal(sealer_init(&sealer, seal, key), PST_OK);
	assert_int_equal(opener_init(&opener, open, key), PST_OK);
	for (size_t n = 0; n < sizeof wire / sizeof *wire; n++) {
		struct pst_buf buf;

		text_of(n, text);
		buf = buf_of(text, TEXT_LEN);
		assert_int_equal(sealer_seal(&sealer, &buf), PST_OK);
		assert_int_equal(pst_buf_len(&buf), WIRE_LEN);
		memcpy(wire[n], buf.start, WIRE_LEN);
		pst_buf_free(&buf);
	}
	return 0;
}

static int
teardown(void **state)
{
	sealer_fini(&sealer);
	opener_fini(&opener);
	pst_aead_free(&seal);
	pst_aead_free(&open);
	return 0;
}

static int
give_bytes(const uint8_t *record, size_t len, uint64_t *n)
{
	struct pst_buf buf = buf_of(record, len);
	char text[TEXT_LEN + 1];
	int rc = opener_open(&opener, &buf, n);

	if (!rc) {
		text_of(*n, text);
		assert_int_equal(pst_buf_len(&buf), TEXT_LEN);
		assert_memory_equal(buf.start, text, TEXT_LEN);
	}
	pst_buf_free(&buf);
	return rc;
}

static void
takes(uint64_t n)
{
	uint64_t got = UINT64_MAX;

	if (give_bytes(wire[n], WIRE_LEN, &got))
		fail_msg("record %u is refused", (unsigned)n);
	assert_int_equal(got, n);
}

static void
refuses(uint64_t n)
{
	uint64_t got;

	if (give_bytes(wire[n], WIRE_LEN, &got) != PST_E_AUTH)
		fail_msg("record %u is taken", (unsigned)n);
}

/* What only a good tag may move; the loaded key is a cache of it. */
static struct opener
moved_by_tags(void)
{
	struct opener o = opener;

	o.loaded = 0;
	return o;
}

/* ---- tests ---- */

static void
records_in_order_are_taken_over_many_keys(void **state)
{
	for (uint64_t n = 0; n < 200; n++)
		takes(n);
	assert_int_equal(opener.epoch, 199 / RECORD_PERIOD);
}

static void
a_record_is_taken_once(void **state)
{
	takes(0);
	refuses(0);
	for (uint64_t n = 1; n < 40; n++)
		takes(n);
	for (uint64_t n = 0; n < 40; n++)
		refuses(n);
	takes(40);
}

static void
thirty_one_lost_in_a_row_are_borne(void **state)
{
	for (uint64_t n = 0; n < 200; n += 32)
		takes(n);
}

static void
thirty_two_lost_in_a_row_are_too_many(void **state)
{
	takes(0);
	takes(31);
	for (uint64_t n = 64; n < 200; n++)
		refuses(n);
	/* though those between would still be taken */
	takes(63);
	takes(64);
}

static void
the_first_record_may_come_late(void **state)
{
	takes(1);
	takes(20);
	takes(0);
	refuses(0);
	refuses(1);
}

static void
order_may_differ_by_twenty_over_new_keys(void **state)
{
	for (uint64_t n = 0; n < 200; n += 20)
		for (uint64_t i = 20; i-- > 0;)
			takes(n + i);
	for (uint64_t n = 160; n < 200; n++)
		refuses(n);
}

static void
a_record_of_the_key_before_is_taken(void **state)
{
	for (uint64_t n = 0; n < 31; n++)
		takes(n);
	takes(32);
	takes(40);
	takes(31);
	takes(33);
	refuses(31);
}

static void
the_window_ends_at_thirty_two_behind(void **state)
{
	for (uint64_t n = 0; n < 63; n++)
		if (n != 30 && n != 31)
			takes(n);
	takes(63);
	takes(31); /* 32 behind */
	refuses(30);
}

static void
a_turned_bit_anywhere_is_refused_and_moves_nothing(void **state)
{
	struct opener before;

	for (uint64_t n = 0; n < 40; n++) /* the next is of the second key */
		if (n != 31 && n != 38)
			takes(n);
	/* of the second key, of the first, of the third to come */
	for (size_t i = 0; i < 3; i++) {
		const uint64_t n = (uint64_t[]){ 40, 31, 64 }[i];

		for (size_t bit = 0; bit < WIRE_LEN * 8; bit++) {
			uint8_t record[WIRE_LEN];
			struct opener after;
			uint64_t got;

			memcpy(record, wire[n], WIRE_LEN);
			record[bit / 8] ^= (uint8_t)(1 << bit % 8);
			before = moved_by_tags();
			assert_int_equal(give_bytes(record, WIRE_LEN, &got), PST_E_AUTH);
			after = moved_by_tags();
			assert_memory_equal(&before, &after, sizeof before);
		}
	}
	takes(64);
	takes(40);
	takes(38);
}

static void
a_forged_number_changes_nothing(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 5, 10, 11, 31, 32, 42, 43, 64, 1000, UINT32_MAX,
		INT64_MAX, UINT64_MAX - 31, UINT64_MAX - 1, UINT64_MAX };

	for (uint64_t n = 0; n <= 10; n++)
		takes(n);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint8_t record[WIRE_LEN];
		struct pst_writer w = pst_writer(record, RECORD_NONCE);
		uint64_t got;

		if (numbers[i] == 11)
			continue;
		memcpy(record, wire[11], WIRE_LEN);
		pst_write_be64(&w, numbers[i]);
		assert_int_equal(give_bytes(record, WIRE_LEN, &got), PST_E_AUTH);
	}
	takes(11);
	takes(43);
}

static void
forgeries_of_the_next_key_leave_the_present_one(void **state)
{
	uint8_t record[WIRE_LEN];
	uint64_t got;

	takes(0);
	for (uint64_t n = 1; n < 31; n++) {
		memcpy(record, wire[32], WIRE_LEN);
		record[WIRE_LEN - 1] ^= 1;
		assert_int_equal(give_bytes(record, WIRE_LEN, &got), PST_E_AUTH);
		takes(n);
	}
	takes(32);
	takes(31);
}

static void
less_than_a_record_is_refused(void **state)
{
	uint64_t got;

	for (size_t len = 0; len < WIRE_LEN; len++)
		assert_int_equal(give_bytes(wire[0], len, &got),
		    len < RECORD_OVERHEAD ? -EBADMSG : PST_E_AUTH);
	takes(0);
}

static void
an_empty_record_is_one_too(void **state)
{
	struct pst_buf buf = buf_of("", 0);
	uint64_t n;

	for (uint64_t i = 0; i < 200; i++)
		takes(i);
	assert_int_equal(sealer_seal(&sealer, &buf), PST_OK);
	assert_int_equal(pst_buf_len(&buf), RECORD_OVERHEAD);
	assert_int_equal(opener_open(&opener, &buf, &n), PST_OK);
	assert_int_equal(n, 200);
	assert_int_equal(pst_buf_len(&buf), 0);
	pst_buf_free(&buf);
}

static void
sealing_without_room_spends_no_number_and_no_key(void **state)
{
	struct pst_buf tight, buf;
	uint64_t n = 0;

	for (; n < 200; n++)
		takes(n);
	for (; n < 224; n++) { /* up to the next key */
		buf = buf_of("x", 1);
		assert_int_equal(sealer_seal(&sealer, &buf), PST_OK);
		assert_int_equal(opener_open(&opener, &buf, &(uint64_t){ 0 }), PST_OK);
		pst_buf_free(&buf);
	}
	tight = buf_of("x", 1);
	buf = pst_buf_slice(&tight, 0, 1); /* no room behind */
	assert_int_equal(sealer_seal(&sealer, &buf), -ENOBUFS);
	assert_int_equal(sealer_seal(&sealer, &buf), -ENOBUFS);
	pst_buf_free(&buf);
	assert_int_equal(sealer_seal(&sealer, &tight), PST_OK);
	assert_int_equal(opener_open(&opener, &tight, &n), PST_OK);
	assert_int_equal(n, 224);
	pst_buf_free(&tight);
}

static void
the_last_number_is_never_used(void **state)
{
	struct pst_buf buf = buf_of("x", 1);

	sealer.n = UINT64_MAX;
	assert_int_equal(sealer_seal(&sealer, &buf), PST_E_LIMIT);
	assert_int_equal(sealer.n, UINT64_MAX);
	pst_buf_free(&buf);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(records_in_order_are_taken_over_many_keys),
		TEST(a_record_is_taken_once),
		TEST(thirty_one_lost_in_a_row_are_borne),
		TEST(thirty_two_lost_in_a_row_are_too_many),
		TEST(the_first_record_may_come_late),
		TEST(order_may_differ_by_twenty_over_new_keys),
		TEST(a_record_of_the_key_before_is_taken),
		TEST(the_window_ends_at_thirty_two_behind),
		TEST(a_turned_bit_anywhere_is_refused_and_moves_nothing),
		TEST(a_forged_number_changes_nothing),
		TEST(forgeries_of_the_next_key_leave_the_present_one),
		TEST(less_than_a_record_is_refused),
		TEST(an_empty_record_is_one_too),
		TEST(sealing_without_room_spends_no_number_and_no_key),
		TEST(the_last_number_is_never_used),
	};
	int rc;

	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	pst_account_close(&account);
	pst_pool_free(&pool);
	return rc;
}
