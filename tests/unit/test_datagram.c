#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datagram.h"

#define READ(out, bytes) datagram_read(out, bytes, sizeof(bytes) - 1)

static void
the_head_and_the_part_are_what_is_read(void **state)
{
	static const uint8_t part[] = "xyz";
	const struct datagram table[] = {
		{ 0, 0, 1, 3, part },
		{ 258, 0, 1, 3, part },
		{ 65535, 65534, 65535, 0, part },
		{ 1, 23, 24, 1, part },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t bytes[DATAGRAM_HEAD_MAX + sizeof part];
		size_t head = datagram_head(bytes, &table[i]);
		struct datagram d;

		assert_in_range(head, 6, DATAGRAM_HEAD_MAX);
		memcpy(bytes + head, part, table[i].len);
		assert_int_equal(datagram_read(&d, bytes, head + table[i].len), PST_OK);
		assert_int_equal(d.number, table[i].number);
		assert_int_equal(d.offset, table[i].offset);
		assert_int_equal(d.total, table[i].total);
		assert_int_equal(d.len, table[i].len);
		assert_ptr_equal(d.part, bytes + head);
	}
}

static void
what_is_no_array_of_five_is_refused(void **state)
{
	static const char *const table[] = {
		"", "\x85", "\x84\x01\x01\x00\x01", "\x84\x01\x01\x00\x41x", "\xa5\x01\x01\x00\x01\x41x",
		"\x85\x01\x01\x00\x01\x61x", "\x85\x01\x01\x00\x01\x42x", "\x85\x01\x20\x00\x01\x41x",
		"\x85\x19\x01\x00\x01\x00\x01\x41x", "\x85\x01\x1a\x00\x01\x00\x00\x00\x01\x41x",
		"\x85\x01\x01\x1a\x00\x01\x00\x00\x01\x41x", "\x85\x01\x01\x00\x1a\x00\x01\x00\x00\x41x",
		"\x9f\x01\x01\x00\x01\x41x",
	};
	static const size_t len[] = { 0, 1, 5, 6, 7, 7, 7, 7, 9, 11, 11, 11, 7 };
	struct datagram d;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (datagram_read(&d, table[i], len[i]) != -EBADMSG)
			fail_msg("case %zu was taken", i);
}

static void
longer_forms_other_versions_and_what_is_behind_are_taken(void **state)
{
	struct datagram d;

	assert_int_equal(READ(&d, "\x85\x18\xff\x1b\0\0\0\0\0\0\0\x07\x18\x00\x19\x00\x01\x58\x01x"), PST_OK);
	assert_int_equal(d.number, 7);
	assert_int_equal(READ(&d, "\x9f\x01\x02\x00\x01\x41x\xff"), PST_OK);
	assert_int_equal(d.number, 2);
	assert_int_equal(READ(&d, "\x86\x01\x03\x00\x01\x41x\x82\x01\x02more"), PST_OK);
	assert_int_equal(d.number, 3);
	assert_int_equal(d.len, 1);
	assert_int_equal(*d.part, 'x');
}

/* The parts in their order are the message; all but the last are full, and none is empty. */
static void
check_split(const uint8_t *message, size_t len)
{
	size_t count = datagram_count(len), at = 0;

	for (size_t i = 0; i < count; i++) {
		struct datagram d = datagram_split(message, len, 9, (uint16_t)i);
		uint8_t head[DATAGRAM_HEAD_MAX];

		assert_int_equal(d.number, 9);
		assert_int_equal(d.offset, i);
		assert_int_equal(d.total, count);
		assert_ptr_equal(d.part, message + at);
		assert_true(d.len && (i + 1 == count || d.len == DATAGRAM_PART_MAX));
		assert_true(datagram_head(head, &d) + d.len <= DATAGRAM_MAX);
		at += d.len;
	}
	assert_int_equal(at, len);
}

static void
a_message_is_split_into_full_parts_and_a_rest(void **state)
{
	static const size_t lens[] = { 1, 492, 493, 494, 985, 986, 987, 493 * 256, 493 * 256 + 1,
		DATAGRAM_MESSAGE_MAX - 1, DATAGRAM_MESSAGE_MAX };
	uint8_t *message = test_malloc(DATAGRAM_MESSAGE_MAX);

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
		check_split(message, lens[i]);
	assert_int_equal(datagram_count(493), 1);
	assert_int_equal(datagram_count(494), 2);
	test_free(message);
}

static void
an_empty_message_and_one_over_the_limit_have_no_datagrams(void **state)
{
	assert_int_equal(datagram_count(0), 0);
	assert_int_equal(datagram_count(DATAGRAM_MESSAGE_MAX + 1), 0);
	assert_int_equal(datagram_count(SIZE_MAX), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_and_the_part_are_what_is_read),
		cmocka_unit_test(what_is_no_array_of_five_is_refused),
		cmocka_unit_test(longer_forms_other_versions_and_what_is_behind_are_taken),
		cmocka_unit_test(a_message_is_split_into_full_parts_and_a_rest),
		cmocka_unit_test(an_empty_message_and_one_over_the_limit_have_no_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
