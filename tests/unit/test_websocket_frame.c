/* shared/websocket: heads of frames, and masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static void
heads_are_read_as_they_were_written(void **state)
{
	static const struct {
		uint64_t len;
		size_t head; /* without a key */
	} cases[] = {
		{ 0, 2 }, { 1, 2 }, { 125, 2 }, { 126, 4 }, { 127, 4 }, { 256, 4 }, { 65535, 4 }, { 65536, 10 },
		{ 16 * 1024 * 1024, 10 }, { INT64_MAX, 10 },
	};

	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct frame frame = { .first = 0x82, .masked = i % 2, .len = cases[i / 2].len }, again;
		size_t want = cases[i / 2].head + (frame.masked ? FRAME_KEY : 0);
		uint8_t head[FRAME_HEAD];

		if (frame.masked)
			memcpy(frame.key, "\x11\x22\x33\x44", FRAME_KEY);
		assert_int_equal(frame_head(head, &frame), want);
		assert_int_equal(frame_head_length(head, 0), 2);
		assert_int_equal(frame_head_length(head, 1), 2);
		for (size_t have = 2; have <= want; have++)
			assert_int_equal(frame_head_length(head, have), want);
		assert_true(frame_read(&again, head));
		assert_int_equal(again.first, frame.first);
		assert_int_equal(again.masked, frame.masked);
		assert_memory_equal(again.key, frame.key, FRAME_KEY);
		assert_true(again.len == frame.len);
	}
}

/* RFC 6455, 5.7: "Hello", masked, and heads of 256 and 65536 bytes. */
static void
heads_are_those_of_the_rfc(void **state)
{
	struct frame hello = { .first = 0x81, .masked = true, .key = { 0x37, 0xfa, 0x21, 0x3d }, .len = 5 };
	struct frame bytes = { .first = 0x82, .len = 256 };
	uint8_t head[FRAME_HEAD], text[] = "Hello";

	assert_int_equal(frame_head(head, &hello), 6);
	assert_memory_equal(head, "\x81\x85\x37\xfa\x21\x3d", 6);
	frame_mask(text, 5, hello.key, 0);
	assert_memory_equal(text, "\x7f\x9f\x4d\x51\x58", 5);
	assert_int_equal(frame_head(head, &bytes), 4);
	assert_memory_equal(head, "\x82\x7e\x01\x00", 4);
	bytes.len = 65536;
	assert_int_equal(frame_head(head, &bytes), 10);
	assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

static void
lengths_that_may_not_be_are_told(void **state)
{
	struct frame frame;

	assert_false(frame_read(&frame, (const uint8_t *)"\x82\x7e\0\x7d"));
	assert_true(frame_read(&frame, (const uint8_t *)"\x82\x7e\0\x7e"));
	assert_false(frame_read(&frame, (const uint8_t *)"\x82\x7f\0\0\0\0\0\0\xff\xff"));
	assert_true(frame_read(&frame, (const uint8_t *)"\x82\x7f\0\0\0\0\0\x01\0\0"));
	assert_false(frame_read(&frame, (const uint8_t *)"\x82\x7f\x80\0\0\0\0\0\0\0"));
}

/* Held against a byte at a time, wherever it begins in memory and in the payload; and nothing beside it changes. */
static void
masks_are_the_same_wherever_they_begin(void **state)
{
	static const uint8_t key[FRAME_KEY] = { 0x01, 0x20, 0x80, 0xff };
	uint8_t bytes[160];

	for (size_t start = 0; start < 16; start++) {
		for (size_t len = 0; len <= 128; len++) {
			for (uint64_t at = 0; at < 8; at++) {
				for (size_t i = 0; i < sizeof bytes; i++)
					bytes[i] = (uint8_t)(i * 7);
				frame_mask(bytes + start, len, key, at + UINT32_MAX);
				for (size_t i = 0; i < sizeof bytes; i++) {
					bool in = i >= start && i < start + len;

					assert_int_equal(bytes[i], (uint8_t)(i * 7) ^
					    (in ? key[(i - start + at + UINT32_MAX) % FRAME_KEY] : 0));
				}
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_read_as_they_were_written),
		cmocka_unit_test(heads_are_those_of_the_rfc),
		cmocka_unit_test(lengths_that_may_not_be_are_told),
		cmocka_unit_test(masks_are_the_same_wherever_they_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
