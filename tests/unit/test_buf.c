#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/buf.h>

/* Blocks of the middle class, whatever their size is. */
#define SOME 1000

static struct pst_pool *pool;
static struct pst_account *account, *other;
static unsigned rooms;
static bool was_full_in_room;

static void
on_room(void *arg)
{
	rooms++;
	was_full_in_room = pst_account_full(*(struct pst_account **)arg);
}

static int
setup(void **state)
{
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, on_room, &account);
	other = pst_account_new(pool, SIZE_MAX, on_room, &other);
	rooms = 0;
	return 0;
}

static int
teardown(void **state)
{
	struct pst_pool_stats stats;

	pst_pool_stats(pool, &stats);
	assert_int_equal(stats.bytes_charged, 0);
	pst_account_close(&account);
	pst_account_close(&other);
	pst_pool_free(&pool);
	return 0;
}

static struct pst_buf
buf_new(size_t headroom, size_t size, size_t tailroom)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, headroom, size, tailroom), PST_OK);
	return buf;
}

static struct pst_pool_stats
stats_now(void)
{
	struct pst_pool_stats stats;

	pst_pool_stats(pool, &stats);
	return stats;
}

/* ---- bufs ---- */

static void
push_uses_headroom_and_then_refuses(void **state)
{
	struct pst_buf buf = buf_new(10, SOME, 0);
	uint8_t *start = buf.start;

	assert_int_equal(pst_buf_headroom(&buf), 10);
	assert_ptr_equal(pst_buf_push(&buf, 4), start - 4);
	assert_ptr_equal(pst_buf_push(&buf, 6), start - 10);
	assert_null(pst_buf_push(&buf, 1));
	assert_int_equal(pst_buf_len(&buf), 10);
	pst_buf_free(&buf);
}

static void
put_uses_all_room_behind_and_then_refuses(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 10);
	size_t room = pst_buf_tailroom(&buf);

	assert_true(room >= SOME + 10);
	memset(pst_buf_put(&buf, room), 'x', room);
	assert_null(pst_buf_put(&buf, 1));
	assert_non_null(pst_buf_put(&buf, 0));
	assert_int_equal(pst_buf_len(&buf), room);
	pst_buf_free(&buf);
}

static void
pull_and_trim_stop_at_what_there_is(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 0);

	memcpy(pst_buf_put(&buf, 5), "hello", 5);
	pst_buf_trim(&buf, 9);
	assert_int_equal(pst_buf_len(&buf), 5);
	pst_buf_pull(&buf, 1);
	pst_buf_trim(&buf, 3);
	assert_int_equal(pst_buf_len(&buf), 3);
	assert_memory_equal(buf.start, "ell", 3);
	pst_buf_pull(&buf, 100);
	assert_int_equal(pst_buf_len(&buf), 0);
	pst_buf_free(&buf);
}

static void
an_empty_buf_is_no_buf(void **state)
{
	struct pst_buf buf = PST_BUF_INIT, twice;

	assert_int_equal(pst_buf_len(&buf) + pst_buf_headroom(&buf) + pst_buf_tailroom(&buf), 0);
	assert_null(pst_buf_account(&buf));
	assert_null(pst_buf_push(&buf, 1));
	assert_null(pst_buf_put(&buf, 1));
	assert_int_equal(pst_buf_reserve(&buf, 0, 0), PST_OK);
	assert_int_equal(pst_buf_reserve(&buf, 1, 0), -EINVAL);
	pst_buf_charge(&buf, account);
	twice = pst_buf_slice(&buf, 0, 0);
	pst_buf_free(&twice);
	pst_buf_free(&buf);
	pst_buf_free(&buf);
}

static void
taking_leaves_nothing_behind(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 0), taken = pst_buf_take(&buf);

	assert_null(buf.block);
	pst_buf_free(&buf);
	assert_non_null(taken.block);
	pst_buf_free(&taken);
	assert_int_equal(pst_account_used(account), 0);
}

static void
a_slice_outlives_what_it_was_cut_from(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 50), slice;

	memcpy(pst_buf_put(&buf, 10), "0123456789", 10);
	slice = pst_buf_slice(&buf, 3, 4);
	assert_int_equal(pst_buf_tailroom(&slice), 0);
	assert_null(pst_buf_put(&slice, 1));
	pst_buf_free(&buf);
	assert_true(pst_account_used(account) > 0);
	assert_memory_equal(slice.start, "3456", 4);
	pst_buf_free(&slice);
	assert_int_equal(pst_account_used(account), 0);
}

static void
reserve_moves_only_what_lacks_room_and_counts_it(void **state)
{
	struct pst_buf buf = buf_new(10, SOME, 10);
	const struct pst_block *block = buf.block;

	memcpy(pst_buf_put(&buf, 5), "hello", 5);
	assert_int_equal(pst_buf_reserve(&buf, 10, 10), PST_OK);
	assert_ptr_equal(buf.block, block);
	assert_int_equal(stats_now().bytes_copied, 0);
	assert_int_equal(pst_buf_reserve(&buf, 11, 7000), PST_OK);
	assert_int_equal(stats_now().bytes_copied, 5);
	assert_true(pst_buf_headroom(&buf) >= 11 && pst_buf_tailroom(&buf) >= 7000);
	assert_int_equal(pst_buf_len(&buf), 5);
	assert_memory_equal(buf.start, "hello", 5);
	/* the old block is back, and the new one charged to the same */
	assert_int_equal(pst_account_used(account), buf.block->size);
	pst_buf_free(&buf);
}

static void
reserve_leaves_another_view_as_it_is(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 0), slice;

	memcpy(pst_buf_put(&buf, 5), "hello", 5);
	slice = pst_buf_slice(&buf, 1, 3);
	assert_int_equal(pst_buf_reserve(&slice, 0, 16), PST_OK);
	memcpy(pst_buf_put(&slice, 16), "................", 16);
	assert_memory_equal(buf.start, "hello", 5);
	assert_memory_equal(slice.start, "ell.", 4);
	pst_buf_free(&buf);
	pst_buf_free(&slice);
}

/* ---- accounts ---- */

static void
a_block_is_charged_by_its_whole_size_once(void **state)
{
	struct pst_buf buf = buf_new(0, 1, 0), slice;
	size_t used = pst_account_used(account);

	assert_int_equal(used, buf.block->size);
	assert_int_equal(stats_now().bytes_charged, used);
	memset(pst_buf_put(&buf, 1), 0, 1);
	slice = pst_buf_slice(&buf, 0, 1);
	assert_int_equal(pst_account_used(account), used);
	pst_buf_free(&buf);
	assert_int_equal(pst_account_used(account), used);
	pst_buf_free(&slice);
	assert_int_equal(pst_account_used(account), 0);
}

static void
a_charge_moves_as_a_whole(void **state)
{
	struct pst_buf buf = buf_new(0, SOME, 0);
	size_t size = pst_account_used(account);

	pst_buf_charge(&buf, account);
	assert_int_equal(pst_account_used(account), size);
	pst_buf_charge(&buf, other);
	assert_int_equal(pst_account_used(account), 0);
	assert_int_equal(pst_account_used(other), size);
	assert_ptr_equal(pst_buf_account(&buf), other);
	assert_int_equal(stats_now().bytes_charged, size);
	pst_buf_free(&buf);
	assert_int_equal(pst_account_used(other), 0);
}

static void
room_is_told_at_half_the_window_and_once(void **state)
{
	struct pst_buf bufs[9];
	size_t size;

	bufs[0] = buf_new(0, SOME, 0);
	size = pst_account_used(account);
	pst_account_set_window(account, 8 * size);
	for (int i = 1; i < 8; i++)
		bufs[i] = buf_new(0, SOME, 0);
	assert_false(pst_account_full(account)); /* at the window, not over it */
	bufs[8] = buf_new(0, SOME, 0);
	assert_true(pst_account_over(account));
	assert_false(pst_account_stopped(account));
	assert_true(pst_account_full(account));
	assert_true(pst_account_stopped(account));
	for (int i = 8; i > 4; i--) {
		pst_buf_free(&bufs[i]);
		assert_int_equal(rooms, 0);
		assert_true(pst_account_full(account)); /* until it is told */
	}
	pst_buf_free(&bufs[4]);
	assert_int_equal(rooms, 1);
	assert_false(was_full_in_room);
	for (int i = 0; i < 4; i++)
		pst_buf_free(&bufs[i]);
	assert_int_equal(rooms, 1);
}

static void
room_is_not_told_to_who_did_not_ask(void **state)
{
	struct pst_buf buf;

	pst_account_set_window(account, 1);
	buf = buf_new(0, SOME, 0);
	assert_true(pst_account_over(account));
	pst_buf_free(&buf);
	assert_int_equal(rooms, 0);
}

static void
a_charge_that_leaves_makes_room(void **state)
{
	struct pst_buf buf;

	pst_account_set_window(account, 1);
	buf = buf_new(0, SOME, 0);
	assert_true(pst_account_full(account));
	pst_buf_charge(&buf, other);
	assert_int_equal(rooms, 1);
	pst_buf_free(&buf);
}

static void
a_larger_window_makes_room(void **state)
{
	struct pst_buf buf;

	pst_account_set_window(account, 1);
	buf = buf_new(0, SOME, 0);
	assert_true(pst_account_full(account));
	pst_account_set_window(account, 1024 * 1024);
	assert_int_equal(rooms, 1);
	assert_false(pst_account_stopped(account));
	pst_buf_free(&buf);
	assert_int_equal(rooms, 1);
}

static void
an_account_closed_while_charged_tells_nobody(void **state)
{
	struct pst_account *mine = pst_account_new(pool, 1, on_room, &mine);
	struct pst_buf buf, moved;

	assert_int_equal(pst_buf_new(&buf, pool, mine, 0, SOME, 0), PST_OK);
	assert_int_equal(pst_buf_new(&moved, pool, mine, 0, SOME, 0), PST_OK);
	assert_true(pst_account_full(mine));
	pst_account_close(&mine);
	assert_null(mine);
	pst_account_close(&mine);
	/* a copy of what is still charged to it, too */
	memset(pst_buf_put(&buf, 1), 0, 1);
	assert_int_equal(pst_buf_reserve(&buf, 0, 9000), PST_OK);
	pst_buf_charge(&moved, account);
	pst_buf_free(&buf);
	pst_buf_free(&moved);
	assert_int_equal(rooms, 0);
}

/* ---- the pool ---- */

static void
no_new_block_is_made_in_steady_state(void **state)
{
	static const size_t sizes[] = { 1, 100, 600, 4096, 6000, 65536 };
	struct pst_buf bufs[6];
	uint64_t made = 0;

	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < 6; i++)
			bufs[i] = buf_new(PST_RX_HEADROOM, sizes[i], PST_RX_TAILROOM);
		for (size_t i = 0; i < 6; i++)
			pst_buf_free(&bufs[i]);
		if (!round)
			made = stats_now().blocks_made;
	}
	assert_int_equal(stats_now().blocks_made, made);
	assert_int_equal(made, 6);
}

static void
blocks_above_all_classes_are_made_and_go(void **state)
{
	struct pst_buf buf = buf_new(256, 1024 * 1024, 4096);

	assert_true(pst_buf_tailroom(&buf) >= 1024 * 1024 + 4096);
	memset(pst_buf_put(&buf, 1024 * 1024), 1, 1024 * 1024);
	pst_buf_free(&buf);
	assert_int_equal(stats_now().bytes_spare, 0);
}

static void
what_is_kept_spare_is_bounded(void **state)
{
	static struct pst_buf bufs[200];

	for (int i = 0; i < 200; i++)
		bufs[i] = buf_new(0, 65536, 0);
	assert_true(stats_now().bytes_charged > 12 * 1024 * 1024);
	for (int i = 0; i < 200; i++)
		pst_buf_free(&bufs[i]);
	assert_int_equal(stats_now().bytes_charged, 0);
	assert_in_range(stats_now().bytes_spare, 1, 4 * 1024 * 1024);
}

static void
the_pool_is_over_its_limit_by_what_is_charged(void **state)
{
	struct pst_pool *small = pst_pool_new(2000);
	struct pst_account *mine = pst_account_new(small, SIZE_MAX, NULL, NULL);
	struct pst_buf bufs[5];

	for (int i = 0; i < 5; i++) {
		assert_int_equal(pst_pool_over(small), pst_account_used(mine) > 2000);
		assert_int_equal(pst_buf_new(&bufs[i], small, mine, 0, 500, 0), PST_OK);
	}
	assert_true(pst_pool_over(small));
	for (int i = 0; i < 5; i++)
		pst_buf_free(&bufs[i]);
	assert_false(pst_pool_over(small));
	pst_account_close(&mine);
	pst_pool_free(&small);
}

static void
a_block_of_four_gigabytes_is_refused(void **state)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, 0, UINT32_MAX, 0), -ENOMEM);
	assert_null(buf.block);
	assert_int_equal(pst_account_used(account), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(push_uses_headroom_and_then_refuses),
		TEST(put_uses_all_room_behind_and_then_refuses),
		TEST(pull_and_trim_stop_at_what_there_is),
		TEST(an_empty_buf_is_no_buf),
		TEST(taking_leaves_nothing_behind),
		TEST(a_slice_outlives_what_it_was_cut_from),
		TEST(reserve_moves_only_what_lacks_room_and_counts_it),
		TEST(reserve_leaves_another_view_as_it_is),
		TEST(a_block_is_charged_by_its_whole_size_once),
		TEST(a_charge_moves_as_a_whole),
		TEST(room_is_told_at_half_the_window_and_once),
		TEST(room_is_not_told_to_who_did_not_ask),
		TEST(a_charge_that_leaves_makes_room),
		TEST(a_larger_window_makes_room),
		TEST(an_account_closed_while_charged_tells_nobody),
		TEST(no_new_block_is_made_in_steady_state),
		TEST(blocks_above_all_classes_are_made_and_go),
		TEST(what_is_kept_spare_is_bounded),
		TEST(the_pool_is_over_its_limit_by_what_is_charged),
		TEST(a_block_of_four_gigabytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
