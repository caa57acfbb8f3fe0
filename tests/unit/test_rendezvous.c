/* service/rendezvous: what it answers, and how much, through a gate that is made of nothing. */
#include "links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <postern/dial.h>

#include "puncture_wire.h"

extern const struct pst_module service_rendezvous_LTX_pst_module;

static struct fake_node node;
static struct links_section service;

/* Where the questions come from, and the answers go. */
static struct {
	struct pst_gate gate;
	struct sockaddr_storage source;
	unsigned answers;
	size_t hops, back_hops; /* of the last one, behind the gate's own */
	size_t len;
	enum rendezvous_type type;
	struct sockaddr_storage told;
} asker;

static void
answer_leaves(struct pst_worker *worker, struct pst_message *m)
{
	struct pst_buf *answer = &m->payload;

	asker.answers++;
	asker.hops = m->onward.hops - 1;
	asker.back_hops = m->back.hops;
	asker.len = pst_buf_len(answer);
	assert_int_equal(rendezvous_read_answer(&asker.type, &asker.told, answer), PST_OK);
}

static void
asker_is(const char *address)
{
	assert_int_equal(pst_sockaddr_parse(address, &asker.source), PST_OK);
	asker.gate.source = &asker.source;
}

/* A question of that many bytes in all; what is behind the request is zero. */
static void
ask(enum rendezvous_type type, size_t len)
{
	uint8_t bytes[RENDEZVOUS_MAX] = { 0 };
	struct pst_route own = pst_worker_route(&asker.gate.worker);
	struct pst_route_buf onward, back;
	struct pst_message m = { .from = &asker.gate };
	size_t request = rendezvous_request(bytes, type);

	assert_in_range(len, request, sizeof bytes);
	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	assert_int_equal(pst_route_add(&onward, PST_ADDRESS_LOCAL, "rendezvous", 10), PST_OK);
	assert_int_equal(pst_route_add_route(&back, &own), PST_OK);
	assert_int_equal(pst_route_add(&back, PST_ADDRESS_LOCAL, "app", 3), PST_OK);
	m.onward = pst_route_buf_view(&onward);
	m.back = pst_route_buf_view(&back);
	assert_int_equal(pst_env_buf(&m.payload, &node.env, bytes, len, 0, 0), PST_OK);
	assert_int_equal(pst_router_send(node.env.router, &m), PST_OK);
}

static int
setup(void **state)
{
	const struct pst_module *module = &service_rendezvous_LTX_pst_module;

	memset(&service, 0, sizeof service);
	memset(&asker, 0, sizeof asker);
	links_setup(&node);
	assert_int_equal(pst_gate_open(node.env.router, &asker.gate, answer_leaves), PST_OK);
	assert_int_equal(links_open(&service, &node, module->sections, module->ops,
			     "service rendezvous { }"),
	    PST_OK);
	return 0;
}

static int
teardown(void **state)
{
	links_close(&service);
	pst_gate_close(node.env.router, &asker.gate);
	links_teardown(&node);
	return 0;
}

static void
who_asks_is_told_its_address_and_no_way_back(void **state)
{
	asker_is("203.0.113.7:4000");
	ask(RENDEZVOUS_ADDRESS, 3);
	assert_int_equal(asker.answers, 1);
	assert_int_equal(asker.type, RENDEZVOUS_ADDRESS);
	assert_true(pst_sockaddr_equal(&asker.told, &asker.source));
	assert_int_equal(asker.hops, 1);
	assert_int_equal(asker.back_hops, 0);
	ask(RENDEZVOUS_PING, 3);
	assert_int_equal(asker.answers, 2);
	assert_int_equal(asker.type, RENDEZVOUS_PING);
	assert_int_equal(asker.len, 3);
}

static void
who_has_not_come_by_udp_is_not_answered(void **state)
{
	ask(RENDEZVOUS_ADDRESS, 3);
	ask(RENDEZVOUS_PING, 3);
	assert_int_equal(asker.answers, 0);
}

static void
the_longest_address_of_ipv4_is_told_to_any_question(void **state)
{
	asker_is("255.255.255.255:65535");
	ask(RENDEZVOUS_ADDRESS, 3);
	assert_int_equal(asker.answers, 1);
	assert_int_equal(asker.len, 25);
}

static void
an_answer_that_is_much_longer_than_its_question_is_not_given(void **state)
{
	asker_is("[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
	ask(RENDEZVOUS_ADDRESS, 3);
	ask(RENDEZVOUS_ADDRESS, 28);
	assert_int_equal(asker.answers, 0);
	ask(RENDEZVOUS_ADDRESS, 51);
	assert_int_equal(asker.answers, 1);
	assert_int_equal(asker.len, 51);
	assert_true(pst_sockaddr_equal(&asker.told, &asker.source));
}

static void
what_is_no_request_is_not_answered(void **state)
{
	asker_is("203.0.113.7:4000");
	ask((enum rendezvous_type)2, 3);
	assert_int_equal(asker.answers, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_asks_is_told_its_address_and_no_way_back),
		TEST(who_has_not_come_by_udp_is_not_answered),
		TEST(the_longest_address_of_ipv4_is_told_to_any_question),
		TEST(an_answer_that_is_much_longer_than_its_question_is_not_given),
		TEST(what_is_no_request_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
