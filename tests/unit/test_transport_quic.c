/* Links by QUIC over real sockets: what crosses, in order and whole, what does not, and the end. */
#include "ends.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic_conn.h"
#include "udp.h"

static void
quic_open(const char *options)
{
	ends_open("quic", "127.0.0.1", options);
}

static void
messages_and_their_answers_cross(void **state)
{
	quic_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_false(near.link->gate.unreliable);
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 200000);
	gate_ask(&node, &near.link->gate, "desk", 1);
	assert_int_equal(desk.count, 3);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

/* The kernel itself would answer from 127.0.0.1, which our socket does not hear. 2 MB go as trains. */
static void
who_speaks_to_one_of_several_addresses_is_answered_from_it(void **state)
{
	ends_open("quic", "0.0.0.0", "expose = {\"desk\", \"fence\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.2", port);
	fence.admits = true;
	gate_ask(&node, &near.link->gate, "fence", 5);
	gate_ask(&node, &near.link->gate, "desk", 2000000);
	assert_int_equal(desk.len, 2000000);
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

static void
what_is_not_exposed_is_not_reached(void **state)
{
	quic_open("expose = {\"fence\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_false(gate_reaches(&node, &near.link->gate, &desk, "desk", "fence"));
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

/* The connection is what a window says; a message of sixteen times as much crosses. */
static void
a_message_of_the_greatest_length_crosses(void **state)
{
	quic_open("expose = {\"desk\", \"fence\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	fence.admits = true;
	gate_ask(&node, &near.link->gate, "fence", 5);
	gate_ask(&node, &near.link->gate, "desk", 16000000);
	assert_int_equal(desk.len, 16000000);
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

static void
an_unknown_peer_that_sends_too_much_is_let_go(void **state)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route route;
	struct pst_buf buf;

	quic_open("expose = {\"desk\"}  unknown_max_message = 1000");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	route = pst_worker_route(&near.link->gate.worker);
	assert_int_equal(pst_buf_new(&buf, pst_env_pool(&node.env), near.link->account, PST_LINK_FRONT, 5000, 0), PST_OK);
	memset(pst_buf_put(&buf, 5000), 0, 5000);
	assert_int_equal(pst_send(pst_env_router(&node.env), &route, &none, &buf), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_EOF);
	assert_int_equal(desk.count, 0);
	desk_stop(&desk);
	links_close(&far);
}

/* Its host answers a datagram with an ICMP message. */
static void
a_port_where_nobody_is_is_refused(void **state)
{
	quic_open("");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", ends_port_free()), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_ECONNREFUSED);
	assert_false(near.up);
	links_close(&far);
}

/* Somebody who hears everything and says nothing. */
static void
a_peer_that_does_not_answer_is_given_up(void **state)
{
	uint16_t silent;
	int fd = ends_socket(&silent);

	quic_open("handshake_timeout = 100ms");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", silent), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_ETIMEDOUT);
	links_close(&far);
	close(fd);
}

/* ---- a way that is cut while somebody connects ---- */

static struct {
	int near, far; /* sockets: who connects asks at the first */
	struct sockaddr_storage from;
	uint8_t name[QUIC_CID_LEN]; /* of whom he asked for first */
	unsigned asked;
	bool whole;
} way;

/* A long head: flags, version, the name's length, the name. */
static bool
asks_anew(const uint8_t *bytes, size_t len)
{
	assert_in_range(len, 6 + QUIC_CID_LEN, QUIC_DATAGRAM_MAX);
	if (!way.asked++)
		memcpy(way.name, bytes + 6, sizeof way.name);
	return memcmp(way.name, bytes + 6, sizeof way.name) != 0;
}

/* Whatever there is goes on its way, once it is whole: and that it is when another handshake has begun. */
static bool
way_up(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	socklen_t len = sizeof way.from;
	ssize_t n;

	while ((n = recvfrom(way.near, bytes, sizeof bytes, 0, (struct sockaddr *)&way.from, &len)) > 0) {
		way.whole = way.whole || asks_anew(bytes, (size_t)n);
		if (way.whole)
			sendto(way.far, bytes, (size_t)n, 0, (struct sockaddr *)&to, sizeof to);
	}
	while ((n = recv(way.far, bytes, sizeof bytes, 0)) > 0)
		sendto(way.near, bytes, (size_t)n, 0, (struct sockaddr *)&way.from, sizeof(struct sockaddr_in));
	return near.up;
}

/* It would ask seconds later: each time after twice as long. */
static void
who_gets_no_answer_asks_anew_and_gets_in(void **state)
{
	uint16_t at, from;

	memset(&way, 0, sizeof way);
	way.near = ends_socket(&at);
	way.far = ends_socket(&from);
	quic_open("expose = {\"desk\"}  handshake_timeout = 1m");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", at), PST_OK);
	ends_turn(way_up);
	assert_true(way.whole);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
	close(way.near);
	close(way.far);
}

static void
closing_while_it_opens_tells_nobody(void **state)
{
	quic_open("");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", port), PST_OK);
	near_close(&near, &far);
	links_close(&far);
	assert_false(near.up || near.lost);
}

static bool
nobody_left(void)
{
	return !ends_udp()->quic.accepted;
}

static void
who_goes_says_so(void **state)
{
	quic_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	assert_int_equal(ends_udp()->quic.accepted, 1);
	near_close(&near, &far);
	ends_turn(nobody_left);
	desk_stop(&desk);
	links_close(&far);
}

static void
a_section_that_closes_ends_its_links(void **state)
{
	quic_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	links_close(&far);
	assert_true(near.lost);
	assert_int_equal(near.rc, PST_E_CLOSED);
	desk_stop(&desk);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ends_setup, ends_teardown)
	const struct CMUnitTest tests[] = {
		TEST(messages_and_their_answers_cross),
		TEST(who_speaks_to_one_of_several_addresses_is_answered_from_it),
		TEST(what_is_not_exposed_is_not_reached),
		TEST(a_message_of_the_greatest_length_crosses),
		TEST(an_unknown_peer_that_sends_too_much_is_let_go),
		TEST(a_port_where_nobody_is_is_refused),
		TEST(a_peer_that_does_not_answer_is_given_up),
		TEST(who_gets_no_answer_asks_anew_and_gets_in),
		TEST(closing_while_it_opens_tells_nobody),
		TEST(who_goes_says_so),
		TEST(a_section_that_closes_ends_its_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
