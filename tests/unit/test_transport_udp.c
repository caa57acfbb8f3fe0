/* transport/udp over real sockets: what crosses, what does not, and the end. What is lost tells nobody. */
#include "ends.h"

#include <arpa/inet.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "allowance.h"

static void
udp_open(const char *options)
{
	ends_open("udp", "127.0.0.1", options);
}

/* Nobody waits for an answer. */
static int
say(const char *name, size_t len)
{
	static const uint8_t bytes[2000];
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route route = pst_worker_route(&near.link->gate.worker);
	struct pst_route_buf onward;
	struct pst_buf buf;

	pst_route_buf_init(&onward);
	assert_int_equal(pst_route_add_route(&onward, &route), PST_OK);
	assert_int_equal(pst_route_add(&onward, PST_ADDRESS_LOCAL, name, strlen(name)), PST_OK);
	assert_int_equal(pst_env_buf(&buf, &node.env, bytes, len, PST_LINK_FRONT, 0), PST_OK);
	route = pst_route_buf_view(&onward);
	return pst_send(pst_env_router(&node.env), &route, &none, &buf);
}

static void
messages_and_their_answers_cross(void **state)
{
	udp_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_true(near.link->gate.unreliable);
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 40000);
	assert_int_equal(desk.count, 2);
	assert_int_equal(desk.len, 40000);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

/* The kernel itself would answer from 127.0.0.1, which our socket does not hear. */
static void
who_speaks_to_one_of_several_addresses_is_answered_from_it(void **state)
{
	ends_open("udp", "0.0.0.0", "expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.2", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 40000);
	assert_int_equal(desk.count, 2);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

/* The fence's answer shows that what was sent before it has been there. */
static void
what_is_not_exposed_is_not_reached(void **state)
{
	udp_open("expose = {\"fence\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_false(gate_reaches(&node, &near.link->gate, &desk, "desk", "fence"));
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

static void
an_unknown_peer_sends_short_messages_until_it_is_admitted(void **state)
{
	udp_open("expose = {\"desk\", \"fence\"}  unknown_max_message = 1000");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_int_equal(say("desk", 1500), PST_OK);
	fence.admits = true;
	gate_ask(&node, &near.link->gate, "fence", 5);
	assert_int_equal(desk.count, 0);
	assert_int_equal(say("desk", 1500), PST_OK);
	gate_ask(&node, &near.link->gate, "fence", 5);
	assert_int_equal(desk.count, 1);
	assert_int_equal(desk.len, 1500);
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

/* ---- strangers ---- */

#define ASKED 1500
#define ANSWER 1400

/* Answers much to little, and hears what of it comes. */
static struct {
	struct pst_worker generous, ear;
	unsigned asked, heard;
} talk;

static void
generous_receives(struct pst_worker *worker, struct pst_message *m)
{
	static const uint8_t bytes[ANSWER];
	struct pst_route own = pst_worker_route(worker);
	struct pst_buf answer;

	talk.asked++;
	assert_int_equal(pst_env_buf(&answer, &node.env, bytes, sizeof bytes, 64, 64), PST_OK);
	pst_send(pst_env_router(&node.env), &m->back, &own, &answer);
}

static void
ear_receives(struct pst_worker *worker, struct pst_message *m)
{
	talk.heard++;
}

/* Ask until so many answers have come, or so many questions. */
static void
ask(unsigned heard, unsigned asked)
{
	struct pst_router *router = pst_env_router(&node.env);
	struct pst_route back = pst_worker_route(&talk.ear);

	for (unsigned i = 0; i < 1000000 && talk.heard < heard && talk.asked < asked; i++) {
		struct pst_route link = pst_worker_route(&near.link->gate.worker), onward;
		struct pst_route_buf route;
		struct pst_buf buf;

		pst_route_buf_init(&route);
		assert_int_equal(pst_route_add_route(&route, &link), PST_OK);
		assert_int_equal(pst_route_add(&route, PST_ADDRESS_LOCAL, "generous", 8), PST_OK);
		assert_int_equal(pst_env_buf(&buf, &node.env, "?", 1, PST_LINK_FRONT, 0), PST_OK);
		onward = pst_route_buf_view(&route);
		assert_int_equal(pst_send(router, &onward, &back, &buf), PST_OK);
		uv_run(&node.loop, UV_RUN_NOWAIT);
	}
}

static void
talk_begin(void)
{
	struct pst_router *router = pst_env_router(&node.env);

	memset(&talk, 0, sizeof talk);
	udp_open("expose = {\"generous\", \"fence\"}");
	assert_int_equal(pst_worker_start_named(router, &talk.generous, "generous", PST_REACH_SECTION,
			     generous_receives), PST_OK);
	assert_int_equal(pst_worker_start(router, &talk.ear, PST_REACH_ANY, ear_receives), PST_OK);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
}

static void
talk_end(void)
{
	struct pst_router *router = pst_env_router(&node.env);

	near_close(&near, &far);
	desk_stop(&fence);
	pst_worker_stop(router, &talk.generous);
	pst_worker_stop(router, &talk.ear);
	links_close(&far);
}

/* He could be somebody else, who has not asked: 2 MB of answers would take two minutes. */
static void
a_stranger_is_told_little_more_than_he_has_said(void **state)
{
	talk_begin();
	ask(UINT_MAX, ASKED);
	assert_in_range(talk.heard, 1, ASKED / 2);
	gate_ask(&node, &near.link->gate, "fence", 1000); /* as much as he says he is told */
	talk_end();
}

/* ---- who writes others' addresses on his datagrams: here they are of this host, and hear what comes of it ---- */

#define VICTIMS 8
#define FORGED 100

static struct {
	int fd[VICTIMS];
	size_t said, told;
} victims;

static int
victim_open(const char *host)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_pton(AF_INET, host, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void
victims_hear(void)
{
	uint8_t bytes[2048];

	uv_run(&node.loop, UV_RUN_NOWAIT);
	for (size_t i = 0; i < VICTIMS; i++)
		for (ssize_t n; (n = recv(victims.fd[i], bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
			victims.told += (size_t)n;
}

/* Questions of one datagram, until the node has answered so many. */
static void
victims_ask(unsigned count)
{
	/* version 1, its number, part 0 of 1; a frame: to `generous`, back to `app`, "?" */
	uint8_t question[] = "\x85\x01\x18\x00\x00\x01\x56\x83\x81\x82\x00\x48" "generous" "\x81\x82\x00\x43" "app" "\x41?";

	for (unsigned i = 0; i < 1000000 && talk.asked < count; i++) {
		question[3] = (uint8_t)(24 + i / VICTIMS % 200);
		assert_int_equal(send(victims.fd[i % VICTIMS], question, sizeof question - 1, 0), sizeof question - 1);
		victims.said += sizeof question - 1;
		victims_hear();
	}
	assert_int_equal(talk.asked, count);
}

/* All addresses of a host together: what they are told is what was said in their names, and what is lent. */
static void
whose_address_is_forged_is_told_no_more_than_what_is_lent(void **state)
{
	static const char *const hosts[] = { "127.0.0.2", "127.0.0.3" };
	uint64_t lent;

	talk_begin();
	for (size_t h = 0; h < 2; h++) {
		uint64_t begin = pst_now_ms(&node.env);

		memset(&victims, 0, sizeof victims);
		talk.asked = 0;
		for (size_t i = 0; i < VICTIMS; i++)
			victims.fd[i] = victim_open(hosts[h]);
		victims_ask(VICTIMS * FORGED);
		victims_hear();
		uv_update_time(&node.loop);
		lent = ALLOWANCE_BYTES + (pst_now_ms(&node.env) - begin) * ALLOWANCE_PER_S / 1000;
		assert_in_range(victims.told, ANSWER, victims.said + lent);
		for (size_t i = 0; i < VICTIMS; i++)
			close(victims.fd[i]);
	}
	talk_end();
}

static void
who_is_admitted_is_told_all(void **state)
{
	talk_begin();
	fence.admits = true;
	gate_ask(&node, &near.link->gate, "fence", 1000);
	ask(ASKED / 2, UINT_MAX);
	assert_int_equal(talk.heard, ASKED / 2);
	talk_end();
}

/* Its host answers a datagram with an ICMP message. */
static void
a_port_where_nobody_is_ends_the_link_that_sent_there(void **state)
{
	udp_open("");
	near_open(&near, &far, "127.0.0.1", ends_port_free());
	assert_int_equal(say("desk", 5), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_ECONNREFUSED);
	links_close(&far);
}

static void
an_address_that_takes_no_datagrams_is_lost(void **state)
{
	udp_open("");
	assert_int_equal(near_begin(&near, &far, "255.255.255.255", port), PST_OK);
	fake_wait(&node, &near.lost);
	assert_true(near.rc < 0);
	assert_false(near.up);
	links_close(&far);
}

static void
closing_while_it_looks_up_tells_nobody(void **state)
{
	udp_open("");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", port), PST_OK);
	near_close(&near, &far);
	links_close(&far);
	assert_false(near.up || near.lost);
}

static void
a_section_that_closes_ends_its_links(void **state)
{
	udp_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	links_close(&far);
	assert_true(near.lost);
	assert_int_equal(near.rc, PST_E_CLOSED);
	desk_stop(&desk);
}

static void
a_message_longer_than_datagrams_carry_is_not_sent(void **state)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route route;
	struct pst_buf buf;

	udp_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	route = pst_worker_route(&near.link->gate.worker);
	assert_int_equal(pst_buf_new(&buf, pst_env_pool(&node.env), near.link->account, PST_LINK_FRONT,
			     16 * 1024 * 1024, 0),
	    PST_OK);
	assert_non_null(pst_buf_put(&buf, 16 * 1024 * 1024));
	assert_int_equal(pst_send(pst_env_router(&node.env), &route, &none, &buf), PST_OK);
	gate_ask(&node, &near.link->gate, "desk", 5); /* and the link goes on */
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ends_setup, ends_teardown)
	const struct CMUnitTest tests[] = {
		TEST(messages_and_their_answers_cross),
		TEST(who_speaks_to_one_of_several_addresses_is_answered_from_it),
		TEST(what_is_not_exposed_is_not_reached),
		TEST(an_unknown_peer_sends_short_messages_until_it_is_admitted),
		TEST(a_stranger_is_told_little_more_than_he_has_said),
		TEST(whose_address_is_forged_is_told_no_more_than_what_is_lent),
		TEST(who_is_admitted_is_told_all),
		TEST(a_port_where_nobody_is_ends_the_link_that_sent_there),
		TEST(an_address_that_takes_no_datagrams_is_lost),
		TEST(closing_while_it_looks_up_tells_nobody),
		TEST(a_section_that_closes_ends_its_links),
		TEST(a_message_longer_than_datagrams_carry_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
