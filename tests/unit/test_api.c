/* Requests and responses between a client and a server on one router, and by doors. */
#include "sink.h"

#include <postern/api.h>

#include "make_history.h"

static struct pst_api_server server;
static struct pst_api_call *held; /* not answered yet */
static struct {
	struct pst_api_ask ask;
	bool done;
	int rc;
	unsigned status;
	char text[PST_API_TEXT_MAX];
	size_t len;
	char body[64];
} asked;
static struct door door;
static struct pst_peers *peers;

/* ---- the server of these tests ---- */

static void
serves(struct pst_api_server *s, struct pst_api_call *call)
{
	const struct pst_api_request *q = &call->request;

	assert_ptr_equal(s, &server);
	if (q->method == PST_METHOD_POST && q->segments == 1 && !strcmp(q->segment[0], "say"))
		pst_api_answer(&call, q->body.p, pst_reader_left(&q->body));
	else if (q->method == PST_METHOD_GET && q->segments == 2 && !strcmp(q->segment[1], "who"))
		pst_api_refuse(&call, PST_STATUS_FORBIDDEN, "%s may not",
		    call->peer ? pst_peer_text(call->peer) : "the operator");
	else if (q->method == PST_METHOD_PATCH)
		held = call;
	else
		pst_api_unknown(&call);
}

static int
setup(void **state)
{
	memset(&asked, 0, sizeof asked);
	sink_setup(state);
	assert_int_equal(pst_api_serve(&server, &test.env, "server", NULL, serves), PST_OK);
	assert_int_equal(pst_peers_new(&peers, &test.env, NULL, NULL), PST_OK);
	return 0;
}

static int
teardown(void **state)
{
	pst_api_stop(&server);
	assert_int_equal(server.calls, 0);
	pst_peers_close(&peers);
	return sink_teardown(state);
}

/* ---- the client ---- */

static void
on_response(struct pst_api_ask *ask, int rc, const struct pst_api_response *response)
{
	assert_ptr_equal(ask, &asked.ask);
	asked.done = true;
	asked.rc = rc;
	assert_int_equal(response != NULL, rc == PST_OK);
	if (!response)
		return;
	asked.status = response->status;
	asked.len = pst_reader_left(&response->body);
	assert_in_range(asked.len, 0, sizeof asked.body - 1 + PST_API_PATH_MAX);
	snprintf(asked.body, sizeof asked.body, "%.*s", (int)asked.len, (const char *)response->body.p);
	pst_api_error_text(response, asked.text, sizeof asked.text);
}

static void
ask(enum pst_method method, const char *path, const char *body)
{
	struct pst_route to = pst_worker_route(&server.worker);

	asked.done = false;
	assert_int_equal(pst_api_send(&test.env, &asked.ask, &to, method, path, body,
	    body ? strlen(body) : 0, 5000, on_response), PST_OK);
}

static void
a_body_goes_there_and_comes_back(void **state)
{
	ask(PST_METHOD_POST, "/say", "a word");
	assert_true(asked.done);
	assert_int_equal(asked.rc, PST_OK);
	assert_int_equal(asked.status, 200);
	assert_string_equal(asked.body, "a word");
	ask(PST_METHOD_POST, "///say", NULL);
	assert_int_equal(asked.status, 200);
	assert_int_equal(asked.len, 0);
}

static void
a_refusal_says_why(void **state)
{
	ask(PST_METHOD_GET, "/say/who", NULL);
	assert_int_equal(asked.status, 403);
	assert_string_equal(asked.text, "the operator may not");
	ask(PST_METHOD_GET, "/say", NULL);
	assert_int_equal(asked.status, 400);
	assert_string_equal(asked.text, "unknown path");
	ask(PST_METHOD_GET, "/1/2/3/4/5/6", NULL);
	assert_int_equal(asked.status, 400);
}

static void
an_answer_that_is_none_is_told(void **state)
{
	struct pst_route to;
	struct pst_buf buf;
	struct pst_message m;

	ask(PST_METHOD_PATCH, "/", NULL);
	assert_false(asked.done);
	to = pst_worker_route(&asked.ask.request.worker);
	m = (struct pst_message){ .onward = to };
	assert_int_equal(pst_env_buf(&buf, &test.env, "\x03not", 4, 0, 0), PST_OK);
	m.payload = buf;
	assert_int_equal(pst_router_send(test.env.router, &m), PST_OK);
	assert_int_equal(asked.rc, PST_E_PROTOCOL);
	pst_api_answer(&held, NULL, 0);
	assert_null(held);
}

static void
a_cancelled_question_is_not_answered(void **state)
{
	ask(PST_METHOD_PATCH, "/", NULL);
	pst_api_cancel(&asked.ask);
	pst_api_answer(&held, NULL, 0);
	loop_settle();
	assert_false(asked.done);
}

/* ---- by doors ---- */

static struct pst_peer *
somebody(void)
{
	struct maker m = { .count = 0 };
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	struct pst_reader r;
	struct pst_history *history;
	struct pst_peer *peer;

	maker_change(&m, 1, 1, 2);
	r = pst_reader(bytes, maker_history(&m, bytes));
	assert_int_equal(pst_history_read(&history, &r, NULL), PST_OK);
	assert_int_equal(pst_peers_add(peers, &peer, history), PST_OK);
	pst_history_unref(&history);
	return peer;
}

static int
send_by_door(enum pst_method method, const char *path, const char *instead)
{
	uint8_t bytes[PST_API_HEAD_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_message m = {
		.onward = pst_worker_route(&server.worker),
		.back = pst_worker_route(&door.gate.worker),
		.from = &door.gate,
	};

	if (instead)
		pst_write_bytes(&w, instead, strlen(instead));
	else
		pst_api_request_write(&w, 7, method, path, 0);
	assert_int_equal(pst_env_buf(&m.payload, &test.env, bytes, pst_writer_len(&w), 0, 0), PST_OK);
	return pst_router_send(test.env.router, &m);
}

static void
a_peer_is_answered_by_its_channel(void **state)
{
	struct pst_peer *peer = somebody();

	door_open(&door);
	door.gate.peer = peer;
	assert_int_equal(send_by_door(PST_METHOD_GET, "/say/who", NULL), PST_OK);
	assert_int_equal(door.leaves, 1);
	assert_int_equal(send_by_door(PST_METHOD_POST, "/", "no request"), PST_OK);
	assert_int_equal(door.leaves, 2);
	door_close(&door);
	pst_peer_unref(&peer);
}

static void
who_has_no_channel_hears_nothing(void **state)
{
	door_open(&door);
	assert_int_equal(send_by_door(PST_METHOD_POST, "/say", NULL), PST_OK);
	assert_int_equal(send_by_door(PST_METHOD_POST, "/", "no request"), PST_OK);
	assert_int_equal(door.leaves, 0);
	door.gate.local = true; /* the operator */
	assert_int_equal(send_by_door(PST_METHOD_POST, "/say", NULL), PST_OK);
	assert_int_equal(door.leaves, 1);
	door_close(&door);
}

static void
who_has_left_is_not_answered(void **state)
{
	struct pst_peer *peer = somebody();

	door_open(&door);
	door.gate.peer = peer;
	assert_int_equal(send_by_door(PST_METHOD_PATCH, "/", NULL), PST_OK);
	door_close(&door);
	assert_null(held->gate);
	assert_ptr_equal(held->peer, peer);
	pst_peer_unref(&peer);
	pst_api_answer(&held, "late", 4);
	assert_int_equal(door.leaves, 0);
}

static void
requests_under_way_are_bounded(void **state)
{
	static struct pst_api_call *calls[PST_API_CALLS_MAX];

	door_open(&door);
	door.gate.local = true;
	for (size_t i = 0; i < PST_API_CALLS_MAX; i++) {
		assert_int_equal(send_by_door(PST_METHOD_PATCH, "/", NULL), PST_OK);
		calls[i] = held;
	}
	assert_int_equal(door.leaves, 0);
	assert_int_equal(send_by_door(PST_METHOD_PATCH, "/", NULL), PST_OK);
	assert_int_equal(door.leaves, 1);
	for (size_t i = 0; i < PST_API_CALLS_MAX; i++)
		pst_api_answer(&calls[i], NULL, 0);
	assert_int_equal(door.leaves, PST_API_CALLS_MAX + 1);
	door_close(&door);
}

/* ---- what stands in them ---- */

static struct pst_api_response
response_with(const void *body, size_t len, unsigned status)
{
	return (struct pst_api_response){ .status = status, .body = pst_reader(body, len) };
}

static void
texts_of_every_form_are_read_and_made_harmless(void **state)
{
	struct pst_api_response text = response_with("\x63why", 4, 400);
	struct pst_api_response bytes = response_with("\x43why", 4, 400);
	struct pst_api_response record = response_with("\xa2\x01\x61/\x03\x64w\x1b\xff!", 10, 400);
	struct pst_api_response none = response_with("", 0, 403);
	struct pst_api_response strange = response_with("\x18\x18", 2, 999);
	char out[32], small[3];

	assert_string_equal(pst_api_error_text(&text, out, sizeof out), "why");
	assert_string_equal(pst_api_error_text(&bytes, out, sizeof out), "why");
	assert_string_equal(pst_api_error_text(&bytes, small, sizeof small), "wh");
	assert_string_equal(pst_api_error_text(&record, out, sizeof out), "w?" "?!");
	assert_string_equal(pst_api_error_text(&none, out, sizeof out), "forbidden");
	assert_string_equal(pst_api_error_text(&strange, small, sizeof small), "an");
}

static int
read_request(const char *header, size_t len, struct pst_api_request *out)
{
	uint8_t bytes[600];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	pst_write_data(&w, header, len);
	return pst_api_request_read(out, bytes, pst_writer_len(&w));
}

static void
headers_are_read_as_loosely_as_by_peers_and_no_more(void **state)
{
	static struct pst_api_request q;
	char longer[300] = "\xa1\x02\x79\x01\x00";

	/* any order, unknown keys, a null, an indefinite map; no body without the flag */
	assert_int_equal(read_request("\xbf\x19\x03\xe8\x80\x03\x00\x02\x62/a\x04\xf6\x01\x07\xff" "body",
	    20, &q), PST_OK);
	assert_int_equal(q.id, 7);
	assert_int_equal(q.method, PST_METHOD_GET);
	assert_string_equal(q.path, "/a");
	assert_int_equal(pst_reader_left(&q.body), 0);
	assert_int_equal(read_request("\xa1\x03\x18\x63", 4, &q), PST_OK);
	assert_int_equal(q.method, PST_METHOD_OTHER);
	assert_int_equal(q.segments, 1);
	assert_string_equal(q.segment[0], "");
	assert_int_equal(read_request("\xa1\x02\x62/\x1b", 5, &q), -EBADMSG);   /* a control */
	assert_int_equal(read_request("\xa1\x01\x1b\0\0\0\1\0\0\0\0", 11, &q), -EBADMSG); /* 33 bits */
	assert_int_equal(read_request("\xa2\x01\x07", 3, &q), -EBADMSG);
	memset(longer + 5, 'a', 256);
	assert_int_equal(read_request(longer, 5 + 256, &q), -EBADMSG);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_body_goes_there_and_comes_back),
		TEST(a_refusal_says_why),
		TEST(an_answer_that_is_none_is_told),
		TEST(a_cancelled_question_is_not_answered),
		TEST(a_peer_is_answered_by_its_channel),
		TEST(who_has_no_channel_hears_nothing),
		TEST(who_has_left_is_not_answered),
		TEST(requests_under_way_are_bounded),
		cmocka_unit_test(texts_of_every_form_are_read_and_made_harmless),
		cmocka_unit_test(headers_are_read_as_loosely_as_by_peers_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
