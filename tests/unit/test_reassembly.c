#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reassembly.h"

static struct partial_store store;
static struct reassembly r;

static int
fresh(void **state)
{
	store = (struct partial_store){ 0, 64 * 1024 * 1024 };
	return 0;
}

/* Whatever a test left unfinished is let go of, and nothing was counted wrong. */
static int
gone(void **state)
{
	reassembly_forget(&r, &store);
	return store.used != 0;
}

static int
take_bytes(uint16_t number, uint16_t offset, uint16_t total, const void *part, size_t len,
    struct assembled *out)
{
	const struct datagram d = { number, offset, total, len, part };

	return reassembly_take(&r, &store, &d, out);
}

/* A part that completes nothing: what became of it. */
static int
take(uint16_t number, uint16_t offset, uint16_t total, const char *part)
{
	struct assembled out;
	int rc = take_bytes(number, offset, total, part, strlen(part), &out);

	assert_int_equal(out.len, 0);
	assembled_end(&out, &store, NULL);
	return rc;
}

/* The part that completes a message, which is that. */
static void
completes(uint16_t number, uint16_t offset, uint16_t total, const char *part, const char *message)
{
	struct assembled out;
	char text[64] = "";

	assert_int_equal(take_bytes(number, offset, total, part, strlen(part), &out), PST_OK);
	assert_int_equal(out.len, strlen(message));
	assembled_end(&out, &store, (uint8_t *)text);
	assert_string_equal(text, message);
}

static void
a_message_of_one_part_is_not_kept(void **state)
{
	static const uint8_t part[] = "abc";
	struct assembled out;
	uint8_t copy[3];

	assert_int_equal(take_bytes(7, 0, 1, part, 3, &out), PST_OK);
	assert_int_equal(out.len, 3);
	assert_ptr_equal(out.only, part);
	assert_int_equal(store.used, 0);
	assembled_end(&out, &store, copy);
	assert_memory_equal(copy, part, 3);
	assert_int_equal(take(7, 0, 1, "abc"), -ESTALE);
}

static void
parts_come_in_any_order(void **state)
{
	static const char *const part[] = { "abc", "def", "g" };
	static const uint16_t order[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };

	for (uint16_t i = 0; i < 6; i++) {
		const uint16_t *o = order[i];

		assert_int_equal(take(i, o[0], 3, part[o[0]]), PST_OK);
		assert_int_equal(take(i, o[1], 3, part[o[1]]), PST_OK);
		completes(i, o[2], 3, part[o[2]], "abcdefg");
	}
}

static void
five_messages_may_be_under_way(void **state)
{
	char text[3];

	for (uint16_t n = 100; n < 105; n++)
		assert_int_equal(take(n, 0, 2, "a"), PST_OK);
	for (uint16_t n = 105; n-- > 100;) {
		snprintf(text, sizeof text, "a%c", (char)('0' + n % 10));
		completes(n, 1, 2, text + 1, text);
	}
}

static void
a_newer_number_moves_the_window_and_drops_the_oldest(void **state)
{
	for (uint16_t n = 100; n < 105; n++)
		assert_int_equal(take(n, 0, 2, "a"), PST_OK);
	assert_int_equal(take(106, 0, 2, "a"), PST_OK); /* 100 and 101 are out */
	assert_int_equal(take(100, 1, 2, "b"), -ESTALE);
	assert_int_equal(take(101, 1, 2, "b"), -ESTALE);
	assert_int_equal(store.used, 4 * partial_cost(1));
	completes(102, 1, 2, "b", "ab");
	completes(106, 1, 2, "b", "ab");
	assert_int_equal(take(105, 0, 2, "a"), PST_OK);
	completes(104, 1, 2, "b", "ab");
	completes(103, 1, 2, "b", "ab");
	completes(105, 1, 2, "b", "ab");
	assert_int_equal(store.used, 0);
}

/* As of a sender that counts what it says to all its peers. */
static void
a_leap_loses_nothing(void **state)
{
	for (uint16_t n = 0; n < 5; n++)
		assert_int_equal(take(n, 0, 2, "a"), PST_OK);
	for (uint16_t n = 20; n < 200; n += 20)
		completes(n, 0, 1, "x", "x");
	assert_int_equal(store.used, 0); /* two windows there are */
	assert_int_equal(take(200, 1, 2, "b"), PST_OK);
	assert_int_equal(take(220, 0, 2, "c"), PST_OK);
	completes(200, 0, 2, "a", "ab");
	completes(220, 1, 2, "d", "cd");
}

/* Who does not guess the very number takes away what is unfinished, by two datagrams, and nothing else. */
static void
a_peer_is_heard_whatever_others_say_in_its_name(void **state)
{
	static const uint16_t forged[] = { 20000, 20001, 40000, 10, 60, 250, 65535, 0 };

	for (uint16_t n = 100; n < 200; n += 2) {
		(void)take(forged[n / 2 % 8], 0, 2, "f");
		assert_int_equal(take(n, 0, 2, "a"), PST_OK);
		(void)take((uint16_t)(forged[n / 2 % 8] + 30000), 0, 2, "f");
		completes(n, 1, 2, "b", "ab");
		(void)take((uint16_t)(n + 10000), 0, 2, "f");
		(void)take((uint16_t)(n + 20000), 0, 2, "f");
		completes((uint16_t)(n + 1), 0, 1, "c", "c");
	}
}

static void
windows_that_meet_know_what_was_completed(void **state)
{
	completes(100, 0, 1, "a", "a");
	completes(110, 0, 1, "x", "x"); /* ten lost in a row are a leap */
	completes(101, 0, 1, "b", "b"); /* late for the one, not for the other */
	completes(109, 0, 1, "c", "c"); /* nine are none */
	assert_int_equal(take(104, 0, 1, "d"), -ESTALE);
	assert_int_equal(take(110, 0, 1, "x"), -ESTALE);
	completes(111, 0, 1, "y", "y");
	completes(108, 0, 1, "z", "z");
	assert_int_equal(take(111, 0, 1, "y"), -ESTALE);
	assert_int_equal(take(109, 0, 1, "c"), -ESTALE);
}

static void
a_completed_message_is_remembered_while_the_window_moves(void **state)
{
	completes(10, 0, 1, "a", "a");
	completes(12, 0, 1, "c", "c");
	completes(15, 0, 1, "d", "d"); /* the window is 11 … 15 */
	assert_int_equal(take(12, 0, 1, "c"), -ESTALE);
	completes(11, 0, 1, "b", "b");
	completes(14, 0, 1, "e", "e");
	assert_int_equal(take(11, 0, 2, "b"), -ESTALE);
}

static void
numbers_wrap(void **state)
{
	assert_int_equal(take(65534, 0, 2, "a"), PST_OK);
	assert_int_equal(take(1, 0, 2, "b"), PST_OK);
	completes(65534, 1, 2, "z", "az");
	completes(2, 0, 1, "c", "c");
	completes(3, 0, 1, "d", "d"); /* 65535 … 3 */
	assert_int_equal(take(65534, 0, 1, "a"), -ESTALE);
	completes(65535, 0, 1, "e", "e");
	completes(1, 1, 2, "z", "bz");
}

static void
the_first_number_is_the_oldest(void **state)
{
	completes(500, 0, 1, "a", "a");
	assert_int_equal(take(499, 0, 1, "b"), -ESTALE);
}

static void
what_cannot_be_right_drops_its_message(void **state)
{
	static const struct {
		uint16_t offset, total;
		const char *part;
	} wrong[] = {
		{ 1, 0, "abc" },   /* no parts in all */
		{ 0, 0, "" },
		{ 1, 4, "abc" },   /* another total */
		{ 0, 1, "abc" },
		{ 3, 3, "abc" },   /* beyond it */
		{ 65535, 3, "abc" },
		{ 1, 3, "" },      /* empty */
		{ 1, 3, "ab" },    /* another length */
		{ 1, 3, "abcd" },
		{ 0, 3, "abd" },   /* there with other bytes */
	};
	uint16_t number = 0;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++, number++) {
		assert_int_equal(take(number, 0, 3, "abc"), PST_OK);
		assert_int_equal(take(number, 2, 3, "e"), PST_OK);
		if (take(number, wrong[i].offset, wrong[i].total, wrong[i].part) != -EBADMSG)
			fail_msg("case %zu was taken", i);
		assert_int_equal(store.used, 0);
		/* what comes later begins it anew */
		assert_int_equal(take(number, 1, 3, "def"), PST_OK);
		assert_int_equal(take(number, 2, 3, "gh"), PST_OK);
		completes(number, 0, 3, "abc", "abcdefgh");
	}
}

static void
an_empty_message_is_refused(void **state)
{
	assert_int_equal(take(1, 0, 1, ""), -EBADMSG);
	completes(1, 0, 1, "a", "a");
}

static void
an_empty_last_part_is_taken_as_is_a_longer_one(void **state)
{
	assert_int_equal(take(1, 1, 2, ""), PST_OK);
	completes(1, 0, 2, "abc", "abc");
	assert_int_equal(take(2, 0, 2, "abc"), PST_OK);
	completes(2, 1, 2, "defgh", "abcdefgh");
}

static void
the_same_part_once_more_is_passed_over(void **state)
{
	assert_int_equal(take(1, 0, 3, "abc"), PST_OK);
	assert_int_equal(take(1, 0, 3, "abc"), PST_OK);
	assert_int_equal(take(1, 2, 3, ""), PST_OK);
	assert_int_equal(take(1, 2, 3, ""), PST_OK);
	completes(1, 1, 3, "def", "abcdef");
}

static void
what_a_peer_says_of_the_whole_costs_nothing(void **state)
{
	assert_int_equal(take(1, 65534, 65535, "a"), PST_OK);
	assert_int_equal(take(1, 0, 65535, "b"), PST_OK);
	assert_int_equal(store.used, 2 * partial_cost(1));
}

/* From the last part to the first: the order that would be slow in a list. */
static void
the_longest_message_is_taken_and_none_longer(void **state)
{
	enum { LEN = 493, PARTS = DATAGRAM_MESSAGE_MAX / LEN + 1 };
	uint8_t part[LEN], *whole = test_malloc(DATAGRAM_MESSAGE_MAX);
	struct assembled out;

	for (uint16_t more = 0; more < 2; more++) {
		size_t rest = DATAGRAM_MESSAGE_MAX - (PARTS - 1) * LEN;

		for (uint16_t i = PARTS; i-- > 1;) {
			memset(part, i & 0xff, LEN);
			assert_int_equal(take_bytes(more, i, PARTS, part, i == PARTS - 1 ? rest + more : LEN,
					     &out),
			    PST_OK);
			assert_int_equal(out.len, 0);
		}
		memset(part, 0, LEN);
		if (more) {
			assert_int_equal(take_bytes(more, 0, PARTS, part, LEN, &out), -EBADMSG);
			assert_int_equal(store.used, 0);
			break;
		}
		assert_int_equal(take_bytes(more, 0, PARTS, part, LEN, &out), PST_OK);
		assert_int_equal(out.len, DATAGRAM_MESSAGE_MAX);
		assembled_end(&out, &store, whole);
		for (size_t i = 0; i < DATAGRAM_MESSAGE_MAX; i++)
			if (whole[i] != (i / LEN & 0xff))
				fail_msg("byte %zu is %u", i, whole[i]);
	}
	test_free(whole);
}

static void
what_does_not_fit_the_store_is_refused_with_its_message(void **state)
{
	store.limit = 3 * partial_cost(1);
	assert_int_equal(take(1, 0, 9, "a"), PST_OK);
	assert_int_equal(take(2, 0, 9, "a"), PST_OK);
	assert_int_equal(take(2, 1, 9, "a"), PST_OK);
	assert_int_equal(take(2, 2, 9, "a"), PST_E_LIMIT);
	assert_int_equal(store.used, partial_cost(1));
	completes(3, 0, 1, "one part takes none", "one part takes none");
	assert_true(reassembly_shed(&r, &store));
	assert_int_equal(store.used, 0);
	assert_false(reassembly_shed(&r, &store));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_of_one_part_is_not_kept),
		TEST(parts_come_in_any_order),
		TEST(five_messages_may_be_under_way),
		TEST(a_newer_number_moves_the_window_and_drops_the_oldest),
		TEST(a_leap_loses_nothing),
		TEST(a_peer_is_heard_whatever_others_say_in_its_name),
		TEST(windows_that_meet_know_what_was_completed),
		TEST(a_completed_message_is_remembered_while_the_window_moves),
		TEST(numbers_wrap),
		TEST(the_first_number_is_the_oldest),
		TEST(what_cannot_be_right_drops_its_message),
		TEST(an_empty_message_is_refused),
		TEST(an_empty_last_part_is_taken_as_is_a_longer_one),
		TEST(the_same_part_once_more_is_passed_over),
		TEST(what_a_peer_says_of_the_whole_costs_nothing),
		TEST(the_longest_message_is_taken_and_none_longer),
		TEST(what_does_not_fit_the_store_is_refused_with_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
