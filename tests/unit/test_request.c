#include "sink.h"

#include <string.h>

static struct {
	struct pst_request request;
	unsigned times;
	int rc;
	bool done;
	char answer[16];
	struct pst_gate *from;
	void (*then)(void);
} asked;
static struct sink far;
static struct door one, two;

static void
on_answer(struct pst_request *request, int rc, struct pst_message *answer)
{
	assert_ptr_equal(request, &asked.request);
	asked.times++;
	asked.rc = rc;
	asked.done = true;
	assert_int_equal(answer != NULL, rc == PST_OK);
	if (answer) {
		snprintf(asked.answer, sizeof asked.answer, "%.*s", (int)pst_buf_len(&answer->payload),
		    (const char *)answer->payload.start);
		asked.from = answer->from;
	}
	if (asked.then)
		asked.then();
}

static int
setup(void **state)
{
	memset(&asked, 0, sizeof asked);
	return sink_setup(state);
}

static int
ask(const struct pst_route *route, uint64_t timeout_ms)
{
	struct pst_buf buf;

	assert_int_equal(pst_env_buf(&buf, &test.env, "what?", 5, 0, 0), PST_OK);
	return pst_request_send(&test.env, &asked.request, route, &buf, timeout_ms, on_answer);
}

static int
ask_by(const struct door *door, uint64_t timeout_ms)
{
	struct pst_route route = pst_worker_route(&door->gate.worker);

	return ask(&route, timeout_ms);
}

/* As the answer comes in by a door. */
static int
answer_by(struct door *door)
{
	struct pst_route route = pst_worker_route(&asked.request.worker);

	return sink_send(door, &route);
}

static void
an_answer_by_the_same_gate_is_taken_once(void **state)
{
	struct pst_route route;
	uint8_t bytes[PST_RANDOM_ADDRESS_LEN];

	door_open(&one);
	assert_int_equal(ask_by(&one, 5000), PST_OK);
	assert_int_equal(one.leaves, 1);
	assert_false(asked.done);
	memcpy(bytes, asked.request.worker.random, sizeof bytes);
	assert_int_equal(answer_by(&one), PST_OK);
	assert_int_equal(asked.rc, PST_OK);
	assert_string_equal(asked.answer, "hello");
	assert_ptr_equal(asked.from, &one.gate);
	/* a second answer finds nobody */
	route = (struct pst_route){ bytes, sizeof bytes, 1 };
	assert_int_equal(sink_send(&one, &route), PST_E_NO_ROUTE);
	assert_int_equal(asked.times, 1);
	pst_request_cancel(&asked.request); /* a no-op */
	door_close(&one);
}

static void
an_answer_by_another_gate_is_not_let_in(void **state)
{
	door_open(&one);
	door_open(&two);
	assert_int_equal(ask_by(&one, 5000), PST_OK);
	assert_int_equal(answer_by(&two), PST_E_DENIED);
	assert_false(asked.done);
	pst_request_cancel(&asked.request);
	door_close(&one);
	door_close(&two);
}

static void
no_answer_is_a_timeout(void **state)
{
	door_open(&one);
	assert_int_equal(ask_by(&one, 10), PST_OK);
	loop_until(&asked.done);
	assert_int_equal(asked.rc, UV_ETIMEDOUT);
	assert_int_equal(asked.times, 1);
	door_close(&one);
}

static void
what_there_was_no_memory_for_times_out(void **state)
{
	struct pst_route route;
	struct pst_buf none = PST_BUF_INIT;

	door_open(&one);
	route = pst_worker_route(&one.gate.worker);
	assert_int_equal(pst_request_send(&test.env, &asked.request, &route, &none, 10, on_answer), -ENOMEM);
	loop_until(&asked.done);
	assert_int_equal(asked.rc, UV_ETIMEDOUT);
	assert_int_equal(one.leaves, 0);
	door_close(&one);
}

static void
a_cancelled_request_says_nothing(void **state)
{
	door_open(&one);
	assert_int_equal(ask_by(&one, 0), PST_OK);
	pst_request_cancel(&asked.request);
	pst_request_cancel(&asked.request);
	loop_settle();
	assert_int_equal(asked.times, 0);
	door_close(&one);
}

static void
cancelling_what_was_never_sent_is_nothing(void **state)
{
	pst_request_cancel(&asked.request);
}

static void
answers(struct sink *sink, struct pst_message *m)
{
	struct pst_route own = pst_worker_route(&sink->worker);

	assert_int_equal(pst_send(test.env.router, &m->back, &own, &m->payload), PST_OK);
}

static void
a_worker_of_this_node_may_answer_within_the_call(void **state)
{
	sink_start(&far, "far", PST_REACH_INSIDE);
	far.then = answers;
	struct pst_route route = pst_worker_route(&far.worker);

	assert_int_equal(ask(&route, 5000), PST_OK);
	assert_true(asked.done);
	assert_string_equal(asked.answer, "what?");
	assert_null(asked.from);
	sink_stop(&far);
}

static void
nobody_there_is_told_at_once_and_again_in_time(void **state)
{
	static const uint8_t bytes[] = "\x82\x00\x46nobody";
	const struct pst_route route = { bytes, sizeof bytes - 1, 1 };

	assert_int_equal(ask(&route, 1), PST_E_NO_ROUTE);
	assert_false(asked.done);
	loop_until(&asked.done);
	assert_int_equal(asked.rc, UV_ETIMEDOUT);
	assert_int_equal(ask(&route, 1), PST_E_NO_ROUTE);
	pst_request_cancel(&asked.request);
	loop_settle();
	assert_int_equal(asked.times, 1);
}

static void
ask_again(void)
{
	asked.then = NULL;
	asked.done = false;
	assert_int_equal(ask_by(&one, 600000), PST_OK); /* longer than any machine stands still */
}

static void
it_may_be_sent_again_within_its_answer(void **state)
{
	door_open(&one);
	assert_int_equal(ask_by(&one, 1), PST_OK);
	asked.then = ask_again;
	while (asked.times < 1)
		uv_run(&test.loop, UV_RUN_ONCE);
	assert_int_equal(one.leaves, 2);
	asked.then = ask_again;
	assert_int_equal(answer_by(&one), PST_OK);
	assert_int_equal(one.leaves, 3);
	assert_int_equal(answer_by(&one), PST_OK);
	assert_int_equal(asked.times, 3);
	door_close(&one);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sink_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_by_the_same_gate_is_taken_once),
		TEST(an_answer_by_another_gate_is_not_let_in),
		TEST(no_answer_is_a_timeout),
		TEST(what_there_was_no_memory_for_times_out),
		TEST(a_cancelled_request_says_nothing),
		TEST(cancelling_what_was_never_sent_is_nothing),
		TEST(a_worker_of_this_node_may_answer_within_the_call),
		TEST(nobody_there_is_told_at_once_and_again_in_time),
		TEST(it_may_be_sent_again_within_its_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
