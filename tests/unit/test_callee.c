/* Callees, and who does not keep to the protocol: messages made by hand. */
#include "calls.h"

#include <stdio.h>

#include <postern/cbor.h>

static struct sink me; /* where a callee's messages go */
static struct {
	unsigned count;
	uint64_t kind;
	char code[16], text[200];
	uint64_t number; /* the item behind the id, of other kinds */
	uint64_t granted;
} came;

/* ---- what a callee says ---- */

static void
copy(char *out, size_t size, const char *text, size_t len)
{
	snprintf(out, size, "%.*s", (int)len, text);
}

static void
said(struct sink *sink, struct pst_message *m)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct pst_cbor_list items = pst_cbor_array(&r);
	const char *text;
	size_t len;

	came.count++;
	assert_true(pst_cbor_more(&r, &items));
	came.kind = pst_cbor_uint(&r);
	assert_true(pst_cbor_more(&r, &items));
	pst_cbor_bytes(&r, &len);
	if (came.kind == 4) {
		assert_int_equal(items.left, 4);
		text = pst_cbor_text(&r, &len);
		copy(came.code, sizeof came.code, text, len);
		text = pst_cbor_text(&r, &len);
		copy(came.text, sizeof came.text, text, len);
	} else if (pst_cbor_more(&r, &items)) {
		came.number = pst_cbor_uint(&r);
		came.granted += came.kind == 6 ? came.number : 0;
	}
	assert_int_equal(r.status, PST_OK);
}

static int
setup(void **state)
{
	calls_setup(state);
	memset(&came, 0, sizeof came);
	sink_start(&me, "me", PST_REACH_ANY);
	me.then = said;
	serve = NULL;
	return 0;
}

static int
teardown(void **state)
{
	sink_stop(&me);
	return calls_teardown(state);
}

/* To the callee, as if it had come in by the far gate. */
static void
say(const void *bytes, size_t len)
{
	struct pst_route gate = pst_worker_route(&bridge.far.worker), own = pst_worker_route(&me.worker);
	struct pst_message m = { .onward = near_route(), .from = &bridge.far };
	struct pst_route_buf back;

	pst_route_buf_init(&back);
	assert_int_equal(pst_route_add_route(&back, &gate), PST_OK);
	assert_int_equal(pst_route_add_route(&back, &own), PST_OK);
	m.back = pst_route_buf_view(&back);
	assert_int_equal(pst_env_buf(&m.payload, &test.env, bytes, len, 0, 0), PST_OK);
	pst_router_send(test.env.router, &m);
}

#define SAY(text) say(text, sizeof text - 1)

static void
assert_refused(const char *code)
{
	assert_int_equal(came.kind, 4);
	assert_string_equal(came.code, code);
	assert_int_equal(heard.calls, 0);
	assert_int_equal(pst_callee_calls(&callee), 0);
	came.kind = 0;
}

/* [1, h'07', "GET", "/", {}, deadline, flags, body] */
static void
say_call(uint64_t deadline, unsigned flags, const void *body, size_t len)
{
	static uint8_t bytes[100000];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	pst_cbor_write_array(&w, 8);
	pst_cbor_write_uint(&w, 1);
	pst_cbor_write_bytes(&w, "\x07", 1);
	pst_cbor_write_text(&w, "GET", 3);
	pst_cbor_write_text(&w, "/", 1);
	pst_cbor_write_map(&w, 0);
	pst_cbor_write_uint(&w, deadline);
	pst_cbor_write_uint(&w, flags);
	pst_cbor_write_bytes(&w, body, len);
	assert_int_equal(w.status, PST_OK);
	say(bytes, pst_writer_len(&w));
}

/* [2, h'07', flags, body] */
static void
say_piece(unsigned flags, const void *body, size_t len)
{
	static uint8_t bytes[100000];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	pst_cbor_write_array(&w, 4);
	pst_cbor_write_uint(&w, 2);
	pst_cbor_write_bytes(&w, "\x07", 1);
	pst_cbor_write_uint(&w, flags);
	pst_cbor_write_bytes(&w, body, len);
	assert_int_equal(w.status, PST_OK);
	say(bytes, pst_writer_len(&w));
}

static void
what_is_no_message_is_not_answered(void **state)
{
	SAY("");
	SAY("\x00");
	SAY("\x80");
	SAY("\x81\x01");
	SAY("\x82\x01\x40");             /* an id of no bytes */
	SAY("\x82\x01\x51" "12345678901234567"); /* and of 17 */
	SAY("\x82\x01\x61" "7");         /* a text */
	SAY("\x82\x41\x07\x01");
	SAY("\x82\x09\x41\x07");         /* a kind that is not known */
	SAY("\x82\x18\x63\x41\x07");
	SAY("\x84\x03\x41\x07\x18\xc8\xa0"); /* what callers get */
	SAY("\x82\x05\x41\x07");         /* a call that is not known */
	SAY("\x83\x06\x41\x07\x01");
	SAY("\x84\x02\x41\x07\x00\x40");
	assert_int_equal(came.count, 0);
	assert_int_equal(heard.calls, 0);
}

static void
what_is_no_call_fails(void **state)
{
	SAY("\x82\x01\x41\x07");
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\xa0\x00\x00\x41"); /* cut */
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GE\n\x61/\xa0\x00\x00\x40");
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61\xff\xa0\x00\x00\x40");
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\x80\x00\x00\x40");
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\xa1\x61" "A\x60\x00\x00\x40"); /* upper case */
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\xa1\x60\x60\x00\x00\x40"); /* no name */
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\xa1\x61" "a\x62\r\n\x00\x00\x40");
	assert_refused("internal");
	SAY("\x88\x01\x41\x07\x63GET\x61/\xa1\x61" "a\x01\x00\x00\x40");
	assert_refused("internal");
	SAY("\x89\x01\x41\x07\x63GET\x61/\xa1\x61" "a\x61" "b\x00\x00\x40\x00"); /* an item more */
	assert_int_equal(heard.calls, 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
	assert_int_equal(came.kind, 3);
	assert_int_equal(came.number, 200);
}

static void
heads_have_an_end(void **state)
{
	static uint8_t bytes[PST_CALL_HEAD_MAX + 1000];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	char name[] = "a00";

	pst_write_bytes(&w, "\x88\x01\x41\x07\x63GET\x61/", 10);
	pst_cbor_write_map(&w, PST_CALL_HEADERS_MAX + 1);
	for (int i = 0; i <= PST_CALL_HEADERS_MAX; i++) {
		name[1] = (char)('a' + i / 10);
		name[2] = (char)('0' + i % 10);
		pst_cbor_write_text(&w, name, 3);
		pst_cbor_write_text(&w, "", 0);
	}
	pst_write_bytes(&w, "\x00\x00\x40", 3);
	say(bytes, pst_writer_len(&w));
	assert_refused("internal");
	w = pst_writer(bytes, sizeof bytes);
	pst_write_bytes(&w, "\x88\x01\x41\x07\x63GET\x7a\x00\x10\x00\x00", 13); /* 1 MiB of it */
	memset(pst_write_space(&w, PST_CALL_HEAD_MAX), '/', PST_CALL_HEAD_MAX);
	pst_write_bytes(&w, "\xa0\x00\x00\x40", 4);
	assert_int_equal(w.status, PST_OK);
	say(bytes, pst_writer_len(&w));
	assert_refused("internal");
}

static void
an_id_is_used_once_at_a_time(void **state)
{
	say_call(0, 0, "", 0);
	say_call(0, 0, "", 0);
	assert_int_equal(heard.calls, 1);
	assert_int_equal(came.count, 0);
	SAY("\x82\x05\x41\x07");
	assert_int_equal(heard.cancelled, 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
	assert_int_equal(came.count, 0);
	say_call(0, 0, "", 0);
	assert_int_equal(heard.calls, 2);
	say_piece(0, "more", 4); /* of a body that was whole */
	pst_called_answer(&held, 200, NULL, NULL, 0);
	assert_int_equal(came.count, 1);
}

static void
a_body_keeps_to_what_was_granted(void **state)
{
	static const uint8_t body[PST_CALL_PIECE + 1];
	size_t sent = 0;

	say_call(0, PST_CALL_MORE, body, PST_CALL_PIECE);
	assert_int_equal(callee.moving, 1);
	for (sent = PST_CALL_PIECE; sent + PST_CALL_PIECE <= BODY_MAX; sent += PST_CALL_PIECE)
		say_piece(PST_CALL_MORE, body, PST_CALL_PIECE);
	assert_int_equal(callee.moving, 1);
	assert_in_range(came.granted, BODY_MAX - PST_CALL_FIRST_GRANT, BODY_MAX);
	say_piece(0, body, 1);
	assert_refused("memory");
	say_call(0, PST_CALL_MORE, "", 0);
	say_piece(0, body, PST_CALL_PIECE + 1);
	assert_refused("internal");
	say_call(0, 0, body, PST_CALL_PIECE + 1);
	assert_refused("internal");
}

static void
a_body_that_does_not_come_ends_with_its_deadline(void **state)
{
	say_call(1, PST_CALL_MORE, "abc", 3);
	assert_int_equal(pst_callee_calls(&callee), 1);
	while (pst_callee_calls(&callee))
		uv_run(&test.loop, UV_RUN_ONCE);
	assert_refused("deadline");
}

static void
bodies_on_their_way_are_bounded(void **state)
{
	struct asked many[CALLS_MAX];

	for (size_t i = 0; i < CALLS_MAX; i++)
		ask(&many[i], far_route(), BODY_MAX);
	while (callee.moving < CALLS_MAX)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	say_call(0, 0, "", 0);
	assert_int_equal(came.kind, 4);
	assert_string_equal(came.code, "busy");
	for (size_t i = 0; i < CALLS_MAX; i++)
		pst_call_cancel(&many[i].call);
	say_call(0, 0, "", 0);
	assert_int_equal(heard.calls, 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
}

static void
answers_that_nobody_reads_are_bounded(void **state)
{
	struct pst_buf kept;

	/* what waits in a link is charged to the callee */
	assert_int_equal(pst_env_buf(&kept, &test.env, "", 0, PST_CALL_ANSWERS_MAX + 1, 0), PST_OK);
	pst_buf_charge(&kept, callee.answers);
	say_call(0, 0, "", 0);
	assert_refused("busy");
	pst_buf_free(&kept);
	say_call(0, 0, "", 0);
	assert_int_equal(heard.calls, 1);
	pst_called_answer(&held, 200, NULL, NULL, 0);
}

static void
who_may_not_is_denied(void **state)
{
	admitting = false;
	say_call(0, 0, "", 0);
	assert_refused("denied");
	SAY("\x82\x07\x41\x07");
	assert_refused("denied");
	callee.admits = NULL; /* all but who comes by no channel */
	bridge.far.local = false;
	say_call(0, 0, "", 0);
	assert_refused("denied");
}

static void
an_answer_that_no_message_may_have_fails(void **state)
{
	struct pst_map headers = { 0 };

	say_call(0, 0, "", 0);
	assert_int_equal(pst_map_put(&headers, "x", "a\r\nb: c", 7), PST_OK);
	pst_called_answer(&held, 200, &headers, NULL, 0);
	assert_string_equal(came.code, "internal");
	pst_map_fini(&headers);
	say_call(0, 0, "", 0);
	pst_called_answer(&held, 20, NULL, NULL, 0);
	assert_int_equal(came.count, 2);
	assert_string_equal(came.code, "internal");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_message_is_not_answered),
		TEST(what_is_no_call_fails),
		TEST(heads_have_an_end),
		TEST(an_id_is_used_once_at_a_time),
		TEST(a_body_keeps_to_what_was_granted),
		TEST(a_body_that_does_not_come_ends_with_its_deadline),
		TEST(bodies_on_their_way_are_bounded),
		TEST(answers_that_nobody_reads_are_bounded),
		TEST(who_may_not_is_denied),
		TEST(an_answer_that_no_message_may_have_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
