/* Callers, and who does not keep to the protocol: messages made by hand. */
#include "calls.h"

#include <postern/cbor.h>

static struct asked one;
static struct sink me; /* whom a caller asks */
static uint64_t kind;  /* of what it said last */
static struct pst_route_buf to_caller;
static struct {
	uint8_t bytes[PST_CALL_ID_MAX];
	size_t len;
} its_id;

static int
setup(void **state)
{
	calls_setup(state);
	sink_start(&me, "me", PST_REACH_ANY);
	return 0;
}

static int
teardown(void **state)
{
	sink_stop(&me);
	return calls_teardown(state);
}

/* Remembers who asked, and by which id. */
static void
remembers(struct sink *sink, struct pst_message *m)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct pst_cbor_list items = pst_cbor_array(&r);
	const uint8_t *id;
	size_t len;

	pst_cbor_more(&r, &items);
	kind = pst_cbor_uint(&r);
	pst_cbor_more(&r, &items);
	id = pst_cbor_bytes(&r, &len);
	assert_in_range(len, 1, PST_CALL_ID_MAX);
	memcpy(its_id.bytes, id, len);
	its_id.len = len;
	pst_route_buf_init(&to_caller);
	assert_int_equal(pst_route_add_route(&to_caller, &m->back), PST_OK);
}

static void
ask_me(void)
{
	static struct pst_route_buf rb;
	struct pst_route gate = pst_worker_route(&bridge.near.worker), own = pst_worker_route(&me.worker);

	me.then = remembers;
	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add_route(&rb, &gate), PST_OK);
	assert_int_equal(pst_route_add_route(&rb, &own), PST_OK);
	kind = 0;
	ask(&one, pst_route_buf_view(&rb), 0);
	while (!kind)
		uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_int_equal(kind, 1);
}

/* [number, id, …rest] to the caller, from who was asked; or from here. */
static void
reply(unsigned items, unsigned number, const void *rest, size_t len, bool from_here)
{
	static uint8_t bytes[100000];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_route route = pst_route_buf_view(&to_caller), own = pst_worker_route(&me.worker);
	struct pst_buf buf;

	pst_cbor_write_array(&w, items);
	pst_cbor_write_uint(&w, number);
	pst_cbor_write_bytes(&w, its_id.bytes, its_id.len);
	pst_write_bytes(&w, rest, len);
	assert_int_equal(w.status, PST_OK);
	assert_int_equal(pst_env_buf(&buf, &test.env, bytes, pst_writer_len(&w), 0, 0), PST_OK);
	if (from_here)
		route = pst_worker_route(&caller.worker);
	pst_send(test.env.router, &route, &own, &buf);
}

#define REPLY(items, number, rest) reply(items, number, rest, sizeof rest - 1, false)

/* It has failed here, and who was asked hears so. */
static void
assert_given_up(const char *text)
{
	assert_true(one.failed);
	assert_int_equal(one.code, PST_CALL_INTERNAL);
	assert_string_equal(one.text, text);
	assert_true(one.started);
	assert_int_equal(kind, 5);
	asked_fini(&one);
}

static void
only_who_was_asked_answers(void **state)
{
	ask_me();
	reply(6, 3, "\x18\xc8\xa0\x00\x40", 5, true);
	its_id.bytes[its_id.len - 1] ^= 1;
	REPLY(6, 3, "\x18\xc8\xa0\x00\x40");
	its_id.bytes[its_id.len - 1] ^= 1;
	its_id.len--;
	REPLY(6, 3, "\x18\xc8\xa0\x00\x40");
	its_id.len++;
	assert_false(one.answered);
	REPLY(3, 9, "\x00"); /* not known */
	REPLY(6, 3, "\x18\xc8\xa0\x00\x41x");
	assert_true(one.done);
	assert_false(one.failed);
	REPLY(6, 3, "\x18\xc8\xa0\x00\x41x"); /* again */
	REPLY(6, 4, "\x64trap\x60\x00\xf5");
	assert_int_equal(one.pieces, 1);
	asked_fini(&one);
}

static void
answers_that_are_none_fail(void **state)
{
	ask_me();
	REPLY(6, 3, "\x18\xc8\xa0\x00\x60");
	assert_given_up("what came is no answer");
	ask_me();
	REPLY(6, 3, "\x18\x63\xa0\x00\x40"); /* 99 */
	assert_given_up("what came is no answer");
	ask_me();
	REPLY(6, 3, "\x18\xc8\xa1\x61" "A\x60\x00\x40");
	assert_given_up("the answer's headers cannot be read");
	ask_me();
	REPLY(4, 2, "\x00\x40");
	assert_given_up("a body came before its answer");
	ask_me();
	REPLY(6, 3, "\x18\xc8\xa0\x01\x41x");
	REPLY(6, 3, "\x18\xc8\xa0\x00\x41x");
	assert_given_up("two answers came");
	ask_me();
	REPLY(6, 4, "\x63odd\x62is\x1a\xff\xff\xff\xff\xf4");
	assert_true(one.failed);
	assert_int_equal(one.code, PST_CALL_INTERNAL);
	assert_string_equal(one.text, "is");
	assert_int_equal(one.retry_after_ms, UINT32_MAX);
	assert_false(one.started);
}

static void
more_than_was_granted_is_not_taken(void **state)
{
	static uint8_t piece[PST_CALL_PIECE + 6] = "\x01\x5a\x00\x01\x00\x00";

	ask_me();
	pst_call_hold(&one.call, true);
	REPLY(6, 3, "\x18\xc8\xa0\x01\x40");
	for (int i = 0; i < PST_CALL_FIRST_GRANT / PST_CALL_PIECE; i++)
		reply(4, 2, piece, sizeof piece, false);
	assert_int_equal(one.len, PST_CALL_FIRST_GRANT);
	REPLY(4, 2, "\x00\x40"); /* nothing more is fine */
	assert_true(one.done);
	assert_false(one.failed);
	asked_fini(&one);
	ask_me();
	pst_call_hold(&one.call, true);
	REPLY(6, 3, "\x18\xc8\xa0\x01\x41x");
	for (int i = 0; i < PST_CALL_FIRST_GRANT / PST_CALL_PIECE; i++)
		reply(4, 2, piece, sizeof piece, false);
	assert_given_up("more came than was granted");
}

static void
what_no_message_may_have_is_not_sent(void **state)
{
	struct pst_map headers = { 0 };
	struct pst_call_head head = { .method = "GET", .resource = "/", .headers = &headers };
	char *longest = malloc(PST_CALL_HEAD_MAX + 1);

	assert_int_equal(pst_map_put(&headers, "Upper", "", 0), PST_OK);
	assert_int_equal(ask_head(&one, far_route(), &head, "", 0), -EINVAL);
	pst_map_fini(&headers);
	assert_int_equal(pst_map_put(&headers, "n", "\xff", 1), PST_OK);
	assert_int_equal(ask_head(&one, far_route(), &head, "", 0), -EINVAL);
	pst_map_fini(&headers);
	head.resource = "/\n";
	assert_int_equal(ask_head(&one, far_route(), &head, "", 0), -EINVAL);
	memset(longest, '/', PST_CALL_HEAD_MAX);
	longest[PST_CALL_HEAD_MAX] = '\0';
	head.resource = longest;
	assert_int_equal(ask_head(&one, far_route(), &head, "", 0), PST_E_LIMIT);
	pst_call_cancel(&one.call);
	loop_settle();
	assert_int_equal(bridge.to_far, 0);
	free(longest);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_who_was_asked_answers),
		TEST(answers_that_are_none_fail),
		TEST(more_than_was_granted_is_not_taken),
		TEST(what_no_message_may_have_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
