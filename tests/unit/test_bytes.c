#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/bytes.h>

static void
pieces_become_one(void **state)
{
	struct pst_bytes bytes = { 0 };
	uint8_t piece[7], *all;
	size_t len;

	for (size_t i = 0; i < 1000; i++) {
		memset(piece, (int)(i % 251), sizeof piece);
		assert_int_equal(pst_bytes_put(&bytes, piece, i % 8, 1 << 20), PST_OK);
	}
	all = pst_bytes_take(&bytes, &len);
	assert_int_equal(len, 125 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7));
	for (size_t i = 0, at = 0; i < 1000; at += i++ % 8)
		for (size_t j = 0; j < i % 8; j++)
			assert_int_equal(all[at + j], i % 251);
	free(all);
	assert_null(bytes.start);
	assert_int_equal(bytes.len, 0);
}

static void
nothing_is_nothing(void **state)
{
	struct pst_bytes bytes = { 0 };
	size_t len = 1;

	assert_int_equal(pst_bytes_put(&bytes, NULL, 0, 0), PST_OK);
	assert_null(pst_bytes_take(&bytes, &len));
	assert_int_equal(len, 0);
	pst_bytes_fini(&bytes);
}

static void
more_than_the_limit_changes_nothing(void **state)
{
	struct pst_bytes bytes = { 0 };

	assert_int_equal(pst_bytes_put(&bytes, "abc", 3, 5), PST_OK);
	assert_int_equal(pst_bytes_put(&bytes, "def", 3, 5), PST_E_LIMIT);
	assert_int_equal(pst_bytes_put(&bytes, "d", 1, 2), PST_E_LIMIT);
	assert_int_equal(pst_bytes_put(&bytes, "x", SIZE_MAX, 5), PST_E_LIMIT);
	assert_int_equal(pst_bytes_put(&bytes, "de", 2, 5), PST_OK);
	assert_memory_equal(bytes.start, "abcde", 5);
	pst_bytes_fini(&bytes);
	assert_null(bytes.start);
}

static void
room_is_filled_by_who_asks_for_it(void **state)
{
	struct pst_bytes bytes = { 0 };
	uint8_t *room;

	assert_int_equal(pst_bytes_put(&bytes, "ab", 2, 9), PST_OK);
	assert_int_equal(pst_bytes_room(&room, &bytes, 7, 9), PST_OK);
	assert_ptr_equal(room, bytes.start + 2);
	assert_int_equal(bytes.len, 2);
	memcpy(room, "cdefghi", 7);
	bytes.len += 3; /* of which so much has come */
	assert_int_equal(pst_bytes_room(&room, &bytes, 5, 9), PST_E_LIMIT);
	assert_int_equal(pst_bytes_put(&bytes, "F", 1, 9), PST_OK);
	assert_int_equal(bytes.len, 6);
	assert_memory_equal(bytes.start, "abcdeF", 6);
	pst_bytes_fini(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_one),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(more_than_the_limit_changes_nothing),
		cmocka_unit_test(room_is_filled_by_who_asks_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
