#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/cbor.h>

#define READER(bytes) pst_reader(bytes, sizeof(bytes) - 1)

/* Skipping takes the whole and nothing more. */
static bool
skips(const void *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);

	pst_cbor_skip(&r);
	return !r.status && !pst_reader_left(&r);
}
#define SKIPS(bytes) skips(bytes, sizeof(bytes) - 1)

static void
integers_may_be_longer_than_needed(void **state)
{
	struct pst_reader table[] = { READER("\x07"), READER("\x18\x07"), READER("\x19\x00\x07"),
		READER("\x1a\x00\x00\x00\x07"), READER("\x1b\x00\x00\x00\x00\x00\x00\x00\x07") };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		assert_int_equal(pst_cbor_uint(&table[i]), 7);
		assert_int_equal(table[i].status, PST_OK);
		assert_int_equal(pst_reader_left(&table[i]), 0);
	}
}

static void
what_is_no_such_item_is_an_error_that_sticks(void **state)
{
	struct pst_reader text = READER("\x61" "a\x07"), negative = READER("\x20"), tag = READER("\xc1\x07");
	struct pst_reader list = READER("\x07"), reserved = READER("\x1c"), simple = READER("\xf8\x20");
	size_t len = 9;

	assert_int_equal(pst_cbor_uint(&text), 0);
	assert_int_equal(text.status, -EBADMSG);
	assert_int_equal(pst_cbor_uint(&text), 0);
	assert_null(pst_cbor_bytes(&text, &len));
	assert_int_equal(len, 0);
	assert_int_equal(pst_cbor_uint(&negative), 0);
	assert_int_equal(negative.status, -EBADMSG);
	assert_int_equal(pst_cbor_uint(&tag), 0);
	assert_int_equal(tag.status, -EBADMSG);
	pst_cbor_array(&list);
	assert_int_equal(list.status, -EBADMSG);
	pst_cbor_skip(&reserved);
	assert_int_equal(reserved.status, -EBADMSG);
	pst_cbor_bool(&simple);
	assert_int_equal(simple.status, -EBADMSG);
}

static void
strings_are_borrowed_and_kept_apart(void **state)
{
	static const uint8_t bytes[] = "\x43" "abc" "\x63" "def" "\x40";
	struct pst_reader r = pst_reader(bytes, sizeof bytes - 1);
	size_t len;

	assert_ptr_equal(pst_cbor_bytes(&r, &len), bytes + 1);
	assert_int_equal(len, 3);
	assert_ptr_equal(pst_cbor_text(&r, &len), bytes + 5);
	assert_non_null(pst_cbor_bytes(&r, &len));
	assert_int_equal(len, 0);
	assert_int_equal(r.status, PST_OK);
	r = READER("\x63" "abc");
	assert_null(pst_cbor_bytes(&r, &len));
	r = READER("\x43" "abc");
	assert_null(pst_cbor_text(&r, &len));
}

static void
indefinite_strings_are_refused(void **state)
{
	struct pst_reader bytes = READER("\x5f\x41" "a\xff"), text = READER("\x7f\x61" "a\xff");
	size_t len;

	assert_null(pst_cbor_bytes(&bytes, &len));
	assert_null(pst_cbor_text(&text, &len));
	assert_false(SKIPS("\x5f\x41" "a\xff"));
	assert_false(SKIPS("\x82\x01\x7f\x61" "a\xff"));
}

static void
a_string_longer_than_what_is_left_is_an_error(void **state)
{
	struct pst_reader table[] = { READER("\x44" "abc"), READER("\x58"), READER("\x59\xff\xff" "abc"),
		READER("\x5b\xff\xff\xff\xff\xff\xff\xff\xff" "abc"), READER("") };
	size_t len;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		assert_null(pst_cbor_bytes(&table[i], &len));
		assert_int_equal(len, 0);
		assert_int_equal(table[i].status, -EBADMSG);
	}
}

static void
fixed_bytes_are_of_that_length(void **state)
{
	struct pst_reader right = READER("\x43" "abc"), less = READER("\x42" "ab"),
	    more = READER("\x44" "abcd");
	uint8_t out[3];

	pst_cbor_fixed(&right, out, 3);
	assert_memory_equal(out, "abc", 3);
	pst_cbor_fixed(&less, out, 3);
	assert_int_equal(less.status, -EBADMSG);
	assert_memory_equal(out, "\0\0\0", 3);
	pst_cbor_fixed(&more, out, 3);
	assert_int_equal(more.status, -EBADMSG);
}

static unsigned
count_items(struct pst_reader *r, struct pst_cbor_list list)
{
	unsigned n = 0;

	while (pst_cbor_more(r, &list)) {
		pst_cbor_skip(r);
		if (list.pairs)
			pst_cbor_skip(r);
		n++;
	}
	/* the end stays the end */
	assert_false(pst_cbor_more(r, &list));
	return n;
}

static void
lists_are_read_definite_and_not(void **state)
{
	struct pst_reader three = READER("\x83\x01\x02\x03\x09"), any = READER("\x9f\x01\x02\x03\xff\x09");
	struct pst_reader pairs = READER("\xa2\x01\x02\x03\x04\x09");
	struct pst_reader any_pairs = READER("\xbf\x01\x02\x03\x04\xff\x09");
	struct pst_reader none = READER("\x80\x09"), any_none = READER("\x9f\xff\x09");

	assert_int_equal(count_items(&three, pst_cbor_array(&three)), 3);
	assert_int_equal(pst_cbor_uint(&three), 9);
	assert_int_equal(count_items(&any, pst_cbor_array(&any)), 3);
	assert_int_equal(pst_cbor_uint(&any), 9);
	assert_int_equal(count_items(&pairs, pst_cbor_map(&pairs)), 2);
	assert_int_equal(pst_cbor_uint(&pairs), 9);
	assert_int_equal(count_items(&any_pairs, pst_cbor_map(&any_pairs)), 2);
	assert_int_equal(pst_cbor_uint(&any_pairs), 9);
	assert_int_equal(count_items(&none, pst_cbor_array(&none)), 0);
	assert_int_equal(pst_cbor_uint(&none), 9);
	assert_int_equal(count_items(&any_none, pst_cbor_array(&any_none)), 0);
	assert_int_equal(pst_cbor_uint(&any_none), 9);
}

static void
a_count_larger_than_the_bytes_is_an_error_at_once(void **state)
{
	struct pst_reader array = READER("\x83\x01\x02"), map = READER("\xa2\x01\x02\x03");
	struct pst_reader huge = READER("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	struct pst_reader huge_map = READER("\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x01");

	pst_cbor_array(&array);
	assert_int_equal(array.status, -EBADMSG);
	pst_cbor_map(&map);
	assert_int_equal(map.status, -EBADMSG);
	pst_cbor_array(&huge);
	assert_int_equal(huge.status, -EBADMSG);
	pst_cbor_map(&huge_map);
	assert_int_equal(huge_map.status, -EBADMSG);
	assert_false(SKIPS("\x82\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

static void
an_unfinished_indefinite_list_is_an_error(void **state)
{
	struct pst_reader r = READER("\x9f\x01");

	assert_int_equal(count_items(&r, pst_cbor_array(&r)), 2);
	assert_int_equal(r.status, -EBADMSG);
	assert_false(SKIPS("\x9f\x01"));
	assert_false(SKIPS("\x9f"));
}

static void
a_break_where_none_belongs_is_an_error(void **state)
{
	assert_false(SKIPS("\xff"));
	assert_false(SKIPS("\x82\x01\xff"));
	assert_false(SKIPS("\xa1\x01\xff"));
	assert_false(SKIPS("\xbf\x01\xff"));         /* in the middle of a pair */
	assert_false(SKIPS("\xbf\x01\x02\x03\xff\xff"));
	assert_true(SKIPS("\xbf\x01\x02\xff"));
	assert_false(SKIPS("\xc1\xff"));
}

static void
skipping_takes_one_item_with_all_it_holds(void **state)
{
	assert_true(SKIPS("\x00"));
	assert_true(SKIPS("\x38\xff"));
	assert_true(SKIPS("\xfb\x00\x00\x00\x00\x00\x00\x00\x00"));
	assert_true(SKIPS("\xf9\x3c\x00"));
	assert_true(SKIPS("\xf7"));
	assert_true(SKIPS("\xc1\xd8\x20\x61" "a")); /* tags */
	assert_true(SKIPS("\xa2\x61" "a\x82\x01\x02\x61" "b\xa1\x01\x9f\x80\xff"));
	assert_false(SKIPS(""));
	assert_false(SKIPS("\x81"));
	assert_false(SKIPS("\xc1"));
}

/* A tower of arrays of one, and an integer on top. */
static bool
tower_skips(size_t high, uint8_t level)
{
	uint8_t bytes[PST_CBOR_DEPTH * 4];

	memset(bytes, level, high);
	bytes[high] = 0;
	return skips(bytes, high + 1);
}

static void
depth_is_limited(void **state)
{
	assert_true(tower_skips(PST_CBOR_DEPTH - 1, 0x81));
	assert_false(tower_skips(PST_CBOR_DEPTH, 0x81));
	assert_false(tower_skips(PST_CBOR_DEPTH * 4 - 1, 0x81));
	assert_true(tower_skips(100, 0xc1)); /* tags are no depth */
}

static void
leaving_skips_what_is_left(void **state)
{
	struct pst_reader r = READER("\x84\x01\x82\x02\x03\xa1\x04\x05\x06\x09");
	struct pst_cbor_list list = pst_cbor_array(&r);

	assert_true(pst_cbor_more(&r, &list));
	assert_int_equal(pst_cbor_uint(&r), 1);
	pst_cbor_leave(&r, &list);
	assert_int_equal(pst_cbor_uint(&r), 9);
	r = READER("\x9f\x01\x82\x02\x03\xff\x09");
	list = pst_cbor_array(&r);
	pst_cbor_leave(&r, &list);
	pst_cbor_leave(&r, &list); /* a second time is nothing */
	assert_false(pst_cbor_more(&r, &list));
	assert_int_equal(pst_cbor_uint(&r), 9);
}

static void
null_is_taken_only_when_there(void **state)
{
	struct pst_reader r = READER("\xf6\x01"), empty = READER("");

	assert_true(pst_cbor_null(&r));
	assert_false(pst_cbor_null(&r));
	assert_int_equal(pst_cbor_uint(&r), 1);
	assert_int_equal(r.status, PST_OK);
	assert_false(pst_cbor_null(&empty));
	assert_int_equal(empty.status, PST_OK);
}

static void
a_choice_is_its_number_and_its_fields(void **state)
{
	struct pst_reader r = READER("\x83\x02\x82\x05\x06\x61" "x\x09"); /* and one item more */
	struct pst_cbor_list outer, fields;

	assert_int_equal(pst_cbor_choice(&r, &outer, &fields), 2);
	assert_true(pst_cbor_more(&r, &fields));
	assert_int_equal(pst_cbor_uint(&r), 5);
	pst_cbor_leave(&r, &fields);
	pst_cbor_leave(&r, &outer);
	assert_int_equal(pst_cbor_uint(&r), 9);
	assert_int_equal(r.status, PST_OK);
}

static void
half_a_choice_is_an_error(void **state)
{
	struct pst_reader table[] = { READER("\x80"), READER("\x81\x02"), READER("\x82\x02\x03"),
		READER("\x82\x61" "a\x80"), READER("\x02"), READER("\x9f\x02\xff"), READER("\x82\x02") };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_cbor_list outer, fields;

		pst_cbor_choice(&table[i], &outer, &fields);
		assert_int_equal(table[i].status, -EBADMSG);
		assert_false(pst_cbor_more(&table[i], &fields));
	}
}

static void
heads_are_as_short_as_they_can_be(void **state)
{
	static const uint64_t numbers[] = { 0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX,
		(uint64_t)UINT32_MAX + 1, UINT64_MAX };
	static const size_t lengths[] = { 1, 1, 2, 2, 3, 3, 5, 5, 9, 9 };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint8_t out[9];
		struct pst_writer w = pst_writer(out, sizeof out);
		struct pst_reader r;

		assert_int_equal(pst_cbor_head_len(numbers[i]), lengths[i]);
		pst_cbor_write_uint(&w, numbers[i]);
		assert_int_equal(pst_writer_len(&w), lengths[i]);
		r = pst_reader(out, lengths[i]);
		assert_true(pst_cbor_uint(&r) == numbers[i]);
		for (size_t room = 0; room < lengths[i]; room++) {
			w = pst_writer(out, room);
			pst_cbor_write_bytes_head(&w, numbers[i]);
			assert_int_equal(w.status, -ENOBUFS);
			assert_int_equal(pst_writer_len(&w), 0);
		}
	}
}

static void
what_is_written_is_these_bytes(void **state)
{
	static const char want[] = "\x84\xa1\x01\xf5\x42" "ab" "\x63" "cde" "\xf6";
	uint8_t out[sizeof want - 1];
	struct pst_writer w = pst_writer(out, sizeof out);

	pst_cbor_write_array(&w, 4);
	pst_cbor_write_map(&w, 1);
	pst_cbor_write_uint(&w, 1);
	pst_cbor_write_bool(&w, true);
	pst_cbor_write_bytes(&w, "ab", 2);
	pst_cbor_write_text(&w, "cde", 3);
	pst_cbor_write_null(&w);
	assert_int_equal(w.status, PST_OK);
	assert_memory_equal(out, want, sizeof out);
	pst_cbor_write_null(&w);
	assert_int_equal(w.status, -ENOBUFS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_may_be_longer_than_needed),
		cmocka_unit_test(what_is_no_such_item_is_an_error_that_sticks),
		cmocka_unit_test(strings_are_borrowed_and_kept_apart),
		cmocka_unit_test(indefinite_strings_are_refused),
		cmocka_unit_test(a_string_longer_than_what_is_left_is_an_error),
		cmocka_unit_test(fixed_bytes_are_of_that_length),
		cmocka_unit_test(lists_are_read_definite_and_not),
		cmocka_unit_test(a_count_larger_than_the_bytes_is_an_error_at_once),
		cmocka_unit_test(an_unfinished_indefinite_list_is_an_error),
		cmocka_unit_test(a_break_where_none_belongs_is_an_error),
		cmocka_unit_test(skipping_takes_one_item_with_all_it_holds),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(leaving_skips_what_is_left),
		cmocka_unit_test(null_is_taken_only_when_there),
		cmocka_unit_test(a_choice_is_its_number_and_its_fields),
		cmocka_unit_test(half_a_choice_is_an_error),
		cmocka_unit_test(heads_are_as_short_as_they_can_be),
		cmocka_unit_test(what_is_written_is_these_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
