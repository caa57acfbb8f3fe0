#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/buf.h>

#define READER(bytes) pst_reader(bytes, sizeof(bytes) - 1)

static void
integers_are_read_as_they_were_written(void **state)
{
	uint8_t out[15];
	struct pst_writer w = pst_writer(out, sizeof out);
	struct pst_reader r = pst_reader(out, sizeof out);

	pst_write_u8(&w, 0xfe);
	pst_write_be16(&w, 0x1234);
	pst_write_be32(&w, 0xfedcba98);
	pst_write_be64(&w, 0xfedcba9876543210);
	assert_int_equal(w.status, PST_OK);
	assert_int_equal(pst_writer_len(&w), sizeof out);
	assert_memory_equal(out, "\xfe\x12\x34\xfe\xdc\xba\x98\xfe\xdc\xba\x98\x76\x54\x32\x10", 15);
	assert_int_equal(pst_read_u8(&r), 0xfe);
	assert_int_equal(pst_read_be16(&r), 0x1234);
	assert_int_equal(pst_read_be32(&r), 0xfedcba98);
	assert_true(pst_read_be64(&r) == 0xfedcba9876543210);
	assert_int_equal(r.status, PST_OK);
	assert_int_equal(pst_reader_left(&r), 0);
}

static void
a_read_past_the_end_gives_zero_and_sticks(void **state)
{
	struct pst_reader r = READER("\x01\x02\x03");

	assert_int_equal(pst_read_be32(&r), 0);
	assert_int_equal(r.status, -EBADMSG);
	assert_int_equal(pst_read_u8(&r), 0); /* though a byte is there */
	assert_null(pst_read_bytes(&r, 0));
	assert_int_equal(pst_read_uvarint(&r), 0);
	assert_int_equal(pst_reader_left(&r), 3);
}

static void
bytes_are_read_where_they_lie(void **state)
{
	static const uint8_t bytes[] = "abc";
	struct pst_reader r = pst_reader(bytes, 3);

	assert_ptr_equal(pst_read_bytes(&r, 2), bytes);
	assert_ptr_equal(pst_read_bytes(&r, 0), bytes + 2);
	assert_null(pst_read_bytes(&r, SIZE_MAX));
	assert_int_equal(r.status, -EBADMSG);
}

static void
an_overflow_of_a_writer_sticks(void **state)
{
	uint8_t out[4] = "....";
	struct pst_writer w = pst_writer(out, 3);

	pst_write_be16(&w, 0x4142);
	pst_write_be16(&w, 0x4344);
	assert_int_equal(w.status, -ENOBUFS);
	pst_write_u8(&w, 'x'); /* though there is room */
	assert_null(pst_write_space(&w, 0));
	assert_memory_equal(out, "AB..", 4);
	assert_int_equal(pst_writer_len(&w), 2);
}

static const struct {
	uint64_t value;
	const char *bytes;
	size_t len;
} uvarints[] = {
	{ 0, "\x00", 1 },
	{ 1, "\x01", 1 },
	{ 127, "\x7f", 1 },
	{ 128, "\x80\x01", 2 },
	{ 300, "\xac\x02", 2 },
	{ 16383, "\xff\x7f", 2 },
	{ 16384, "\x80\x80\x01", 3 },
	{ UINT32_MAX, "\xff\xff\xff\xff\x0f", 5 },
	{ INT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9 },
	{ UINT64_C(1) << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10 },
	{ UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
};

static void
uvarints_are_written_and_read_at_every_length(void **state)
{
	for (size_t i = 0; i < sizeof uvarints / sizeof *uvarints; i++) {
		uint8_t out[10];
		struct pst_writer w = pst_writer(out, sizeof out);
		struct pst_reader r = pst_reader(uvarints[i].bytes, uvarints[i].len);

		pst_write_uvarint(&w, uvarints[i].value);
		assert_int_equal(pst_writer_len(&w), uvarints[i].len);
		assert_memory_equal(out, uvarints[i].bytes, uvarints[i].len);
		assert_true(pst_read_uvarint(&r) == uvarints[i].value);
		assert_int_equal(r.status, PST_OK);
		assert_int_equal(pst_reader_left(&r), 0);
	}
}

static void
a_cut_uvarint_is_an_error(void **state)
{
	for (size_t i = 0; i < sizeof uvarints / sizeof *uvarints; i++) {
		for (size_t len = 0; len < uvarints[i].len; len++) {
			struct pst_reader r = pst_reader(uvarints[i].bytes, len);

			assert_int_equal(pst_read_uvarint(&r), 0);
			assert_int_equal(r.status, -EBADMSG);
		}
	}
}

static void
non_minimal_uvarints_are_read(void **state)
{
	struct pst_reader zero = READER("\x80\x80\x80\x00"), seven = READER("\x87\x80\x00");

	assert_int_equal(pst_read_uvarint(&zero), 0);
	assert_int_equal(zero.status, PST_OK);
	assert_int_equal(pst_read_uvarint(&seven), 7);
	assert_int_equal(pst_reader_left(&seven), 0);
}

/* Spec routing.md 0: a tenth byte other than 01 is an error. */
static void
a_tenth_byte_of_a_uvarint_is_one(void **state)
{
	struct pst_reader two = READER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	struct pst_reader none = READER("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00");
	struct pst_reader more = READER("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00");

	assert_int_equal(pst_read_uvarint(&two), 0);
	assert_int_equal(two.status, -EBADMSG);
	assert_int_equal(pst_read_uvarint(&none), 0);
	assert_int_equal(none.status, -EBADMSG);
	assert_int_equal(pst_read_uvarint(&more), 0);
	assert_int_equal(more.status, -EBADMSG);
}

static void
data_is_read_where_it_lies(void **state)
{
	struct pst_reader r = READER("\x03" "abc" "\x00" "rest");
	size_t len;

	assert_memory_equal(pst_read_data(&r, &len), "abc", 3);
	assert_int_equal(len, 3);
	assert_non_null(pst_read_data(&r, &len));
	assert_int_equal(len, 0);
	assert_int_equal(pst_reader_left(&r), 4);
}

static void
data_longer_than_what_is_left_is_an_error(void **state)
{
	struct pst_reader table[] = { READER(""), READER("\x01"), READER("\x04" "abc"),
		READER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc"), READER("\x80") };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t len = 99;

		assert_null(pst_read_data(&table[i], &len));
		assert_int_equal(len, 0);
		assert_int_equal(table[i].status, -EBADMSG);
	}
}

static void
data_that_does_not_fit_is_not_written(void **state)
{
	uint8_t out[4];
	struct pst_writer w = pst_writer(out, sizeof out);

	pst_write_data(&w, "abc", 3);
	assert_int_equal(w.status, PST_OK);
	pst_write_data(&w, NULL, 0);
	assert_int_equal(w.status, -ENOBUFS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_as_they_were_written),
		cmocka_unit_test(a_read_past_the_end_gives_zero_and_sticks),
		cmocka_unit_test(bytes_are_read_where_they_lie),
		cmocka_unit_test(an_overflow_of_a_writer_sticks),
		cmocka_unit_test(uvarints_are_written_and_read_at_every_length),
		cmocka_unit_test(a_cut_uvarint_is_an_error),
		cmocka_unit_test(non_minimal_uvarints_are_read),
		cmocka_unit_test(a_tenth_byte_of_a_uvarint_is_one),
		cmocka_unit_test(data_is_read_where_it_lies),
		cmocka_unit_test(data_longer_than_what_is_left_is_an_error),
		cmocka_unit_test(data_that_does_not_fit_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
