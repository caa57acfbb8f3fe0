/* Function calls that go well, or end as somebody wants them to. */
#include "calls.h"

#include <stdio.h>

static struct asked one, two;

static void
assert_failed(struct asked *asked, enum pst_call_code code, bool started)
{
	loop_until(&asked->done);
	assert_true(asked->failed);
	assert_string_equal(pst_call_code_text(asked->code), pst_call_code_text(code));
	assert_int_equal(asked->started, started);
	assert_true(*asked->text);
	asked_fini(asked);
}

static void
assert_echoed(struct asked *asked, size_t len)
{
	uint8_t *want = pattern(len);

	loop_until(&asked->done);
	assert_false(asked->failed);
	assert_int_equal(asked->status, 200);
	assert_int_equal(asked->len, len);
	assert_memory_equal(asked->body, want, len);
	free(want);
	asked_fini(asked);
}

static void
a_call_is_answered(void **state)
{
	struct pst_map headers = { 0 };
	const struct pst_call_head head = {
		.method = "PUT",
		.resource = "/a?b=\xc3\xbc",
		.headers = &headers,
		.deadline_ms = 600000,
		.flags = PST_CALL_IDEMPOTENT,
	};

	assert_int_equal(pst_map_put(&headers, "x-ask", "what\tis it", 10), PST_OK);
	assert_int_equal(ask_head(&one, near_route(), &head, "hello", 5), PST_OK);
	pst_map_fini(&headers);
	assert_int_equal(heard.calls, 0);
	loop_until(&one.done);
	assert_int_equal(heard.calls, 1);
	assert_string_equal(heard.method, "PUT");
	assert_string_equal(heard.resource, "/a?b=\xc3\xbc");
	assert_string_equal(heard.header, "what\tis it");
	assert_in_range(heard.deadline_ms, 1, 600000);
	assert_int_equal(heard.flags, PST_CALL_IDEMPOTENT);
	assert_int_equal(one.status, 200);
	assert_string_equal(one.header, "what\tis it");
	assert_int_equal(one.pieces, 1);
	assert_memory_equal(one.body, "hello", 5);
	assert_int_equal(pst_callee_calls(&callee), 0);
	asked_fini(&one);
}

static void
bodies_of_all_sizes_go_both_ways(void **state)
{
	static const size_t sizes[] = {
		0, 1, PST_READ_MAX, PST_READ_MAX + 1, PST_CALL_FIRST_GRANT, PST_CALL_FIRST_GRANT + 1, BODY_MAX,
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		ask(&one, near_route(), sizes[i]);
		assert_echoed(&one, sizes[i]);
		ask(&one, far_route(), sizes[i]);
		assert_echoed(&one, sizes[i]);
	}
	assert_in_range(bridge.largest, 1, PST_CALL_PIECE + 64);
	assert_int_equal(callee.moving, 0);
}

static void
many_calls_are_under_way_at_once(void **state)
{
	static struct asked many[500];

	for (size_t i = 0; i < 500; i++)
		ask(&many[i], i % 2 ? far_route() : near_route(), i);
	for (size_t i = 0; i < 500; i++)
		assert_echoed(&many[i], i);
	assert_int_equal(caller.calls.count, 0);
	assert_int_equal(callee.calls.count, 0);
}

static void
who_is_not_there_is_unknown(void **state)
{
	static const uint8_t bytes[] = "\x82\x00\x46nobody";

	ask(&one, (struct pst_route){ bytes, sizeof bytes - 1, 1 }, 3);
	assert_failed(&one, PST_CALL_UNKNOWN, false);
}

static void
a_failure_says_why(void **state)
{
	const struct pst_call_failure failure = { PST_CALL_TRAP, "unreachable\n", 7, true };

	serve = NULL;
	ask(&one, far_route(), 0);
	ask(&two, far_route(), 0);
	loop_settle();
	pst_called_fail(&held, &failure);
	assert_null(held);
	assert_true(two.done);
	assert_string_equal(two.text, "unreachable"); /* up to what is no text */
	assert_int_equal(two.retry_after_ms, 7);
	assert_failed(&two, PST_CALL_TRAP, true);
	pst_caller_close(&caller);
	assert_int_equal(heard.cancelled, 1);
	assert_false(one.done);
	held = callee.first;
	pst_called_fail(&held, &failure);
}

static void
no_answer_in_time_is_a_failure_and_the_callee_hears(void **state)
{
	const struct pst_call_head head = { .method = "GET", .resource = "/", .deadline_ms = 1 };

	serve = NULL;
	assert_int_equal(ask_head(&one, far_route(), &head, "", 0), PST_OK);
	assert_failed(&one, PST_CALL_DEADLINE, true);
	assert_int_equal(heard.cancelled, 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
	assert_null(held);
	assert_int_equal(bridge.to_near, 0);
}

static void
a_cancelled_call_is_heard_of_no_more(void **state)
{
	ask(&one, far_route(), 5);
	pst_call_cancel(&one.call); /* before it has left */
	loop_settle();
	assert_int_equal(bridge.to_far, 0);
	serve = NULL;
	ask(&one, far_route(), 5);
	loop_settle();
	pst_call_cancel(&one.call);
	pst_call_cancel(&one.call);
	assert_int_equal(heard.cancelled, 1);
	assert_int_equal(pst_callee_calls(&callee), 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
	loop_settle();
	assert_false(one.done);
	assert_int_equal(pst_callee_calls(&callee), 0);
}

static void
a_cancelled_body_is_dropped(void **state)
{
	ask(&one, far_route(), BODY_MAX);
	while (!callee.moving)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	pst_call_cancel(&one.call);
	assert_int_equal(pst_callee_calls(&callee), 0);
	assert_int_equal(heard.calls, 0);
	ask(&one, far_route(), BODY_MAX);
	while (!one.pieces)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	pst_call_cancel(&one.call); /* while its answer comes */
	assert_int_equal(pst_callee_calls(&callee), 0);
	assert_int_equal(heard.cancelled, 0);
	asked_fini(&one);
}

static void
a_lost_way_ends_both_sides(void **state)
{
	serve = NULL;
	ask(&one, far_route(), 5);
	ask(&two, far_route(), BODY_MAX);
	while (!held || !callee.moving)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	pst_gate_close(test.env.router, &bridge.near);
	assert_failed(&one, PST_CALL_CANCELLED, true);
	assert_failed(&two, PST_CALL_CANCELLED, true);
	assert_int_equal(heard.cancelled, 0);
	pst_gate_close(test.env.router, &bridge.far);
	assert_int_equal(heard.cancelled, 1);
	assert_int_equal(pst_callee_calls(&callee), 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
}

/* ---- what an event may do ---- */

static void
cancels(struct asked *asked)
{
	pst_call_cancel(&asked->call);
}

static void
a_call_may_be_cancelled_within_each_of_its_events(void **state)
{
	ask(&one, far_route(), BODY_MAX);
	one.then = cancels; /* in its answer */
	while (!one.answered)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	loop_settle();
	assert_int_equal(one.pieces, 0);
	ask(&one, near_route(), 7);
	one.then = cancels;
	loop_settle();
	assert_true(one.answered);
	assert_false(one.done);
	assert_int_equal(pst_callee_calls(&callee), 0);
}

static void
asks_again(struct asked *asked)
{
	if (!asked->done)
		return;
	asked_fini(asked);
	ask(asked, far_route(), 3);
}

static void
a_call_may_begin_again_within_its_last_event(void **state)
{
	ask(&one, far_route(), BODY_MAX);
	one.then = asks_again;
	while (one.then)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_echoed(&one, 3);
}

static void
closes_all(struct asked *asked)
{
	pst_caller_close(&caller);
	pst_callee_close(&callee);
}

static void
both_halves_may_close_within_an_event(void **state)
{
	ask(&one, near_route(), 5);
	ask(&two, near_route(), BODY_MAX);
	one.then = closes_all;
	loop_settle();
	assert_true(one.answered);
	assert_false(one.done || two.done);
	pst_caller_close(&caller);
}

static void
closes_callee(struct asked *asked)
{
	pst_callee_close(&callee);
}

static void
a_callee_that_closes_fails_what_moves(void **state)
{
	uint8_t *body = malloc(BODY_MAX);

	ask(&one, far_route(), BODY_MAX);
	one.then = closes_callee; /* in its answer */
	assert_failed(&one, PST_CALL_UNKNOWN, true);
	calls_teardown(state);
	calls_setup(state);
	serve = NULL;
	ask(&one, far_route(), 5);
	ask(&two, far_route(), 5);
	loop_settle();
	pst_callee_close(&callee);
	assert_int_equal(pst_callee_calls(&callee), 2);
	pst_called_answer(&held, 200, NULL, NULL, 0); /* a short one still goes */
	loop_until(&two.done);
	assert_false(two.failed);
	held = callee.first;
	pst_called_answer(&held, 200, NULL, body, BODY_MAX);
	assert_failed(&one, PST_CALL_INTERNAL, true);
	asked_fini(&two);
}

static void
a_held_answer_comes_as_far_as_it_was_granted(void **state)
{
	ask(&one, far_route(), BODY_MAX);
	pst_call_hold(&one.call, true);
	while (one.len < PST_CALL_FIRST_GRANT)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	loop_settle();
	assert_int_equal(one.len, PST_CALL_FIRST_GRANT);
	pst_call_hold(&one.call, false);
	assert_echoed(&one, BODY_MAX);
	pst_call_hold(&one.call, false);
}

/* ---- probes ---- */

static struct {
	struct pst_call_probe probe;
	bool done;
	int rc;
} asking;

static void
on_load(struct pst_call_probe *probe, int rc, const struct pst_call_load *load)
{
	asking.done = true;
	asking.rc = rc;
	assert_int_equal(load != NULL, rc == PST_OK);
	if (!load)
		return;
	assert_int_equal(load->running, 1);
	assert_int_equal(load->queued, 2);
	assert_int_equal(load->capacity, 3);
	assert_int_equal(load->version[31], 7);
}

static void
a_probe_is_answered(void **state)
{
	struct pst_route route = far_route();

	asking.done = false;
	assert_int_equal(pst_call_probe(&test.env, &asking.probe, &route, 5000, on_load), PST_OK);
	loop_until(&asking.done);
	assert_int_equal(asking.rc, PST_OK);
	admitting = asking.done = false;
	assert_int_equal(pst_call_probe(&test.env, &asking.probe, &route, 5000, on_load), PST_OK);
	loop_until(&asking.done);
	assert_int_equal(asking.rc, PST_E_DENIED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, calls_setup, calls_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_answered),
		TEST(bodies_of_all_sizes_go_both_ways),
		TEST(many_calls_are_under_way_at_once),
		TEST(who_is_not_there_is_unknown),
		TEST(a_failure_says_why),
		TEST(no_answer_in_time_is_a_failure_and_the_callee_hears),
		TEST(a_cancelled_call_is_heard_of_no_more),
		TEST(a_cancelled_body_is_dropped),
		TEST(a_lost_way_ends_both_sides),
		TEST(a_call_may_be_cancelled_within_each_of_its_events),
		TEST(a_call_may_begin_again_within_its_last_event),
		TEST(both_halves_may_close_within_an_event),
		TEST(a_callee_that_closes_fails_what_moves),
		TEST(a_held_answer_comes_as_far_as_it_was_granted),
		TEST(a_probe_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
