/* Tasks, work in the pool, and lanes. */
#include "loop.h"

static struct pst_task tasks[10];
static int order[100];
static size_t ran;

static void
task_runs(struct pst_task *task)
{
	assert_null(task->link);
	order[ran++] = (int)(task - tasks);
}

static int
setup(void **state)
{
	memset(tasks, 0, sizeof tasks);
	ran = 0;
	return loop_setup(state);
}

static void
check_ran(size_t n, const int *which)
{
	assert_int_equal(ran, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(order[i], which[i]);
}
#define CHECK_RAN(...) check_ran(sizeof (int[]){ __VA_ARGS__ } / sizeof(int), (int[]){ __VA_ARGS__ })

/* ---- tasks ---- */

static void
tasks_run_in_order_and_not_within_the_post(void **state)
{
	for (int i = 0; i < 3; i++)
		pst_task_post(&test.env, &tasks[i], task_runs);
	assert_int_equal(ran, 0);
	loop_settle();
	CHECK_RAN(0, 1, 2);
}

static void
a_task_posted_twice_runs_once(void **state)
{
	pst_task_post(&test.env, &tasks[0], task_runs);
	pst_task_post(&test.env, &tasks[1], task_runs);
	pst_task_post(&test.env, &tasks[0], task_runs);
	loop_settle();
	CHECK_RAN(0, 1);
	pst_task_post(&test.env, &tasks[0], task_runs);
	loop_settle();
	CHECK_RAN(0, 1, 0);
}

static void
a_cancelled_task_does_not_run(void **state)
{
	for (int first = 0; first < 3; first++) { /* in front, between, at the end */
		ran = 0;
		for (int i = 0; i < 3; i++)
			pst_task_post(&test.env, &tasks[i], task_runs);
		pst_task_cancel(&test.env, &tasks[first]);
		pst_task_cancel(&test.env, &tasks[first]);
		pst_task_post(&test.env, &tasks[3], task_runs);
		loop_settle();
		assert_int_equal(ran, 3);
		for (size_t i = 0; i < ran; i++)
			assert_int_not_equal(order[i], first);
	}
	pst_task_post(&test.env, &tasks[0], task_runs);
	pst_task_cancel(&test.env, &tasks[0]);
	loop_settle();
	assert_int_equal(ran, 3);
}

static void
posts_two(struct pst_task *task)
{
	task_runs(task);
	pst_task_post(&test.env, &tasks[7], task_runs);
	pst_task_post(&test.env, &tasks[8], task_runs);
}

static void
what_a_task_posts_runs_next_turn(void **state)
{
	pst_task_post(&test.env, &tasks[0], posts_two);
	pst_task_post(&test.env, &tasks[1], task_runs);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	CHECK_RAN(0, 1);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	CHECK_RAN(0, 1, 7, 8);
}

static void
posts_itself(struct pst_task *task)
{
	task_runs(task);
	if (ran < 5)
		pst_task_post(&test.env, task, posts_itself);
}

static void
a_task_may_post_itself(void **state)
{
	pst_task_post(&test.env, &tasks[2], posts_itself);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_int_equal(ran, 1);
	loop_settle();
	assert_int_equal(ran, 5);
}

static void
cancels_some(struct pst_task *task)
{
	task_runs(task);
	pst_task_cancel(&test.env, &tasks[1]); /* next */
	pst_task_cancel(&test.env, &tasks[4]); /* last */
	pst_task_post(&test.env, &tasks[5], task_runs);
	pst_task_post(&test.env, &tasks[6], task_runs);
	pst_task_cancel(&test.env, &tasks[6]); /* last of the next turn */
	pst_task_post(&test.env, &tasks[1], task_runs);
}

static void
a_task_may_cancel_others_of_its_turn(void **state)
{
	pst_task_post(&test.env, &tasks[0], cancels_some);
	for (int i = 1; i < 5; i++)
		pst_task_post(&test.env, &tasks[i], task_runs);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	CHECK_RAN(0, 2, 3);
	loop_settle();
	CHECK_RAN(0, 2, 3, 5, 1);
}

static void
cancels_all(struct pst_task *task)
{
	task_runs(task);
	for (int i = 0; i < 10; i++)
		pst_task_cancel(&test.env, &tasks[i]);
}

static void
a_task_may_cancel_all(void **state)
{
	for (int i = 0; i < 10; i++)
		pst_task_post(&test.env, &tasks[i], cancels_all);
	loop_settle();
	CHECK_RAN(0);
	pst_task_post(&test.env, &tasks[3], task_runs);
	loop_settle();
	CHECK_RAN(0, 3);
}

static void
frees_itself(struct pst_task *task)
{
	free(task);
	ran++;
}

static void
a_task_may_free_itself(void **state)
{
	struct pst_task *one = calloc(1, sizeof *one);

	pst_task_post(&test.env, one, frees_itself);
	pst_task_post(&test.env, &tasks[0], task_runs);
	loop_settle();
	assert_int_equal(ran, 2);
}

static void
without_tasks_the_loop_sleeps(void **state)
{
	pst_task_post(&test.env, &tasks[0], task_runs);
	loop_settle();
	assert_false(uv_is_active((uv_handle_t *)&test.env.idle));
}

/* ---- work ---- */

struct piece {
	int value;
	int rc;
	bool worked, done;
	uv_thread_t thread;
};

static int
piece_works(void *arg)
{
	struct piece *piece = arg;

	piece->thread = uv_thread_self();
	piece->worked = true;
	return piece->value;
}

static void
piece_done(void *arg, int rc)
{
	struct piece *piece = arg;

	assert_true(piece->worked);
	piece->rc = rc;
	piece->done = true;
	order[ran++] = piece->value;
}

static void
work_is_done_in_another_thread_and_tells_its_result(void **state)
{
	struct piece piece = { .value = -EXDEV };
	uv_thread_t self = uv_thread_self();

	assert_int_equal(pst_work(&test.env, piece_works, piece_done, &piece), PST_OK);
	assert_false(piece.done);
	loop_until(&piece.done);
	assert_int_equal(piece.rc, -EXDEV);
	assert_false(uv_thread_equal(&self, &piece.thread));
}

/* ---- lanes ---- */

static void
lane_closed(void *arg)
{
	*(bool *)arg = true;
}

static void
a_lane_works_in_order_in_one_thread(void **state)
{
	struct piece pieces[50] = { 0 };
	struct pst_lane *lane;
	bool closed = false;

	assert_int_equal(pst_lane_new(&lane, &test.env, "lane"), PST_OK);
	for (int i = 0; i < 50; i++) {
		pieces[i].value = i;
		assert_int_equal(pst_lane_run(lane, piece_works, piece_done, &pieces[i]), PST_OK);
		assert_false(pieces[i].done);
	}
	loop_until(&pieces[49].done);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(order[i], i);
		assert_true(uv_thread_equal(&pieces[0].thread, &pieces[i].thread));
	}
	pst_lane_close(&lane, lane_closed, &closed);
	assert_null(lane);
	loop_until(&closed);
}

static void
what_is_queued_is_done_before_a_lane_closes(void **state)
{
	struct piece pieces[50] = { 0 };
	struct pst_lane *lane;
	bool closed = false;

	assert_int_equal(pst_lane_new(&lane, &test.env, "lane"), PST_OK);
	for (int i = 0; i < 50; i++)
		assert_int_equal(pst_lane_run(lane, piece_works, piece_done, &pieces[i]), PST_OK);
	pst_lane_close(&lane, lane_closed, &closed);
	assert_false(closed);
	loop_until(&closed);
	assert_int_equal(ran, 50);
}

static struct pst_lane *own_lane;
static bool own_closed;

static void
closes_the_lane(void *arg, int rc)
{
	pst_lane_close(&own_lane, lane_closed, &own_closed);
}

static void
a_lane_may_be_closed_by_what_it_did(void **state)
{
	struct piece piece = { 0 };

	own_closed = false;
	assert_int_equal(pst_lane_new(&own_lane, &test.env, "lane"), PST_OK);
	assert_int_equal(pst_lane_run(own_lane, piece_works, closes_the_lane, &piece), PST_OK);
	loop_until(&own_closed);
}

static void
an_idle_lane_closes(void **state)
{
	struct pst_lane *lane;
	bool closed = false;

	assert_int_equal(pst_lane_new(&lane, &test.env, "lane"), PST_OK);
	pst_lane_close(&lane, lane_closed, &closed);
	loop_until(&closed);
	assert_int_equal(pst_lane_new(&lane, &test.env, "lane"), PST_OK);
	pst_lane_close(&lane, NULL, NULL);
	uv_run(&test.loop, UV_RUN_DEFAULT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, loop_teardown)
	const struct CMUnitTest tests[] = {
		TEST(tasks_run_in_order_and_not_within_the_post),
		TEST(a_task_posted_twice_runs_once),
		TEST(a_cancelled_task_does_not_run),
		TEST(what_a_task_posts_runs_next_turn),
		TEST(a_task_may_post_itself),
		TEST(a_task_may_cancel_others_of_its_turn),
		TEST(a_task_may_cancel_all),
		TEST(a_task_may_free_itself),
		TEST(without_tasks_the_loop_sleeps),
		TEST(work_is_done_in_another_thread_and_tells_its_result),
		TEST(a_lane_works_in_order_in_one_thread),
		TEST(what_is_queued_is_done_before_a_lane_closes),
		TEST(a_lane_may_be_closed_by_what_it_did),
		TEST(an_idle_lane_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
