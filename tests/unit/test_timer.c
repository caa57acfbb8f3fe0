#include "loop.h"

#define TIMERS 200

static struct pst_timer timers[TIMERS], other;
static int order[TIMERS * 2];
static size_t rung;
static uint64_t late_ms;
static bool done;

static void
rings(struct pst_timer *timer)
{
	uint64_t now = pst_now_ms(&test.env);

	assert_false(timer->armed);
	assert_true(now >= timer->due_ms);
	if (now - timer->due_ms > late_ms)
		late_ms = now - timer->due_ms;
	assert_true(rung < sizeof order / sizeof *order);
	order[rung++] = (int)(timer - timers);
}

static void
ends(struct pst_timer *timer)
{
	done = true;
}

static int
setup(void **state)
{
	memset(timers, 0, sizeof timers);
	memset(&other, 0, sizeof other);
	rung = 0;
	late_ms = 0;
	done = false;
	return loop_setup(state);
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < TIMERS; i++)
		pst_timer_stop(&test.env, &timers[i]);
	pst_timer_stop(&test.env, &other);
	return loop_teardown(state);
}

static void
run_for(uint64_t ms)
{
	done = false;
	pst_timer_start(&test.env, &other, ms, ends);
	loop_until(&done);
}

/* ---- tests ---- */

static void
timers_ring_in_the_order_they_are_due(void **state)
{
	for (unsigned i = 0; i < TIMERS; i++)
		pst_timer_start(&test.env, &timers[i], i * 37 % 50, rings);
	run_for(60);
	assert_int_equal(rung, TIMERS);
	for (size_t i = 1; i < rung; i++) {
		const struct pst_timer *a = &timers[order[i - 1]], *b = &timers[order[i]];

		assert_true(a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a < b));
	}
}

static void
stopped_timers_do_not_ring(void **state)
{
	for (unsigned i = 0; i < TIMERS; i++)
		pst_timer_start(&test.env, &timers[i], i * 37 % 30, rings);
	for (unsigned i = 0; i < TIMERS; i += 2)
		pst_timer_stop(&test.env, &timers[i * 7 % TIMERS]);
	pst_timer_stop(&test.env, &timers[0]); /* a second time is nothing */
	run_for(40);
	assert_int_equal(rung, TIMERS / 2);
	for (size_t i = 0; i < rung; i++)
		assert_int_equal(order[i] % 2, 1);
}

static void
a_timer_started_again_rings_once_at_the_later_time(void **state)
{
	uint64_t start = pst_now_ms(&test.env);

	pst_timer_start(&test.env, &timers[0], 1, rings);
	pst_timer_start(&test.env, &timers[0], 30, rings);
	pst_timer_start(&test.env, &timers[1], 30, rings);
	pst_timer_start(&test.env, &timers[1], 10, rings);
	run_for(40);
	assert_int_equal(rung, 2);
	assert_int_equal(order[0], 1);
	assert_true(timers[0].due_ms >= start + 30);
}

static void
stops_all(struct pst_timer *timer)
{
	rings(timer);
	for (size_t i = 0; i < TIMERS; i++)
		pst_timer_stop(&test.env, &timers[i]);
}

static void
a_timer_may_stop_others_that_are_due_with_it(void **state)
{
	for (size_t i = 0; i < TIMERS; i++)
		pst_timer_start(&test.env, &timers[i], 5, stops_all);
	run_for(20);
	assert_int_equal(rung, 1);
}

static void
starts_itself(struct pst_timer *timer)
{
	rings(timer);
	if (rung < 5)
		pst_timer_start(&test.env, timer, 0, starts_itself);
}

static void
a_timer_may_start_itself_again_and_rings_next_turn(void **state)
{
	pst_timer_start(&test.env, &timers[0], 0, starts_itself);
	pst_timer_start(&test.env, &timers[1], 0, starts_itself);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_int_equal(rung, 2); /* not within the turn */
	run_for(20);
	assert_int_equal(rung, 6);
}

static struct pst_timer *heap_timer;

static void
frees_itself(struct pst_timer *timer)
{
	free(timer);
	heap_timer = NULL;
}

static void
a_timer_may_free_itself(void **state)
{
	heap_timer = calloc(1, sizeof *heap_timer);
	pst_timer_start(&test.env, heap_timer, 1, frees_itself);
	run_for(10);
	assert_null(heap_timer);
}

static void
timers_are_hardly_late(void **state)
{
	for (unsigned i = 0; i < 50; i++)
		pst_timer_start(&test.env, &timers[i], i, rings);
	run_for(60);
	assert_in_range(late_ms, 0, 30);
}

/* Thousands started, stopped and started again: the heap stays a heap. */
static void
any_mixture_keeps_the_order(void **state)
{
	uint64_t seed = 1, last = 0;

	for (int i = 0; i < 20000; i++) {
		struct pst_timer *timer;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		timer = &timers[(seed >> 33) % TIMERS];
		if (seed >> 62)
			pst_timer_start(&test.env, timer, (seed >> 40) % 40, rings);
		else
			pst_timer_stop(&test.env, timer);
	}
	run_for(50);
	for (size_t i = 0; i < rung; i++) {
		assert_true(timers[order[i]].due_ms >= last);
		last = timers[order[i]].due_ms;
	}
	for (size_t i = 0; i < TIMERS; i++)
		assert_false(timers[i].armed);
	assert_null(test.env.timers);
}

static void
a_far_timer_does_not_keep_the_loop_awake(void **state)
{
	pst_timer_start(&test.env, &timers[0], UINT64_MAX / 4, rings);
	run_for(5);
	assert_int_equal(rung, 0);
}

static void
jitter_is_a_quarter_to_both_sides(void **state)
{
	for (int i = 0; i < 1000; i++) {
		assert_in_range(pst_jitter(1000), 750, 1250);
		assert_int_equal(pst_jitter(0), 0);
		assert_in_range(pst_jitter(1), 1, 1);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(timers_ring_in_the_order_they_are_due),
		TEST(stopped_timers_do_not_ring),
		TEST(a_timer_started_again_rings_once_at_the_later_time),
		TEST(a_timer_may_stop_others_that_are_due_with_it),
		TEST(a_timer_may_start_itself_again_and_rings_next_turn),
		TEST(a_timer_may_free_itself),
		TEST(timers_are_hardly_late),
		TEST(any_mixture_keeps_the_order),
		TEST(a_far_timer_does_not_keep_the_loop_awake),
		TEST(jitter_is_a_quarter_to_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
