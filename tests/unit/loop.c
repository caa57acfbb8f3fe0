#include "loop.h"

#define DEADLINE_MS 10000

struct test_loop test;

int
loop_setup(void **state)
{
	assert_int_equal(uv_loop_init(&test.loop), 0);
	assert_int_equal(pst_env_init(&test.env, &test.loop, NULL, SIZE_MAX), PST_OK);
	return 0;
}

int
loop_teardown(void **state)
{
	struct pst_pool_stats stats;

	pst_env_close(&test.env, NULL, NULL);
	assert_int_equal(uv_run(&test.loop, UV_RUN_DEFAULT), 0);
	pst_pool_stats(test.env.pool, &stats);
	assert_int_equal(stats.bytes_charged, 0);
	pst_env_fini(&test.env);
	assert_int_equal(uv_loop_close(&test.loop), 0);
	return 0;
}

static void
deadline_rings(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

void
loop_until(const bool *flag)
{
	uv_timer_t deadline;
	bool late = false;

	uv_timer_init(&test.loop, &deadline);
	deadline.data = &late;
	uv_timer_start(&deadline, deadline_rings, DEADLINE_MS, 0);
	while (!*flag && !late)
		uv_run(&test.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_false(late);
}

void
loop_settle(void)
{
	for (int i = 0; i < 50; i++)
		uv_run(&test.loop, UV_RUN_NOWAIT);
}
