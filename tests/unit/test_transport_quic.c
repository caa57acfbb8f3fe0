/* Links by QUIC over real sockets: what crosses, in order and whole, what does not, and the end. */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include "ends.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic_link.h"

static void
far_open(const char *options)
{
	ends_open("quic", "127.0.0.1", options);
}

static void
messages_and_their_answers_cross(void **state)
{
	far_open("expose = {\"desk\"}");
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
	far_open("expose = {\"fence\"}");
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
	far_open("expose = {\"desk\", \"fence\"}");
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

	far_open("expose = {\"desk\"}  unknown_max_message = 1000");
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
	far_open("");
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

	far_open("handshake_timeout = 100ms");
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
	far_open("expose = {\"desk\"}  handshake_timeout = 1m");
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

/* ---- a name of several addresses ---- */

/* In place of the system's: that name has 127.0.0.2 first, then 127.0.0.1. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*system)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	int rc;

	if (strcmp(host, "two.invalid"))
		return system(host, service, hints, out);
	rc = system("127.0.0.2", service, hints, out);
	return rc ? rc : system("127.0.0.1", service, hints, &(*out)->ai_next);
}

/* Who says nothing is asked once, and not a second time before the other is. */
static void
the_first_address_has_no_longer_than_the_others(void **state)
{
	struct sockaddr_in silent = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	uint8_t bytes[QUIC_DATAGRAM_MAX];

	far_open("");
	silent.sin_port = htons(port);
	assert_int_equal(bind(fd, (struct sockaddr *)&silent, sizeof silent), 0);
	near_open(&near, &far, "two.invalid", port);
	assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
	assert_int_equal(recv(fd, bytes, sizeof bytes, 0), -1);
	near_close(&near, &far);
	links_close(&far);
	close(fd);
}

static struct socket_events refusing;
static const struct socket_events *asked_events;
static bool was_refused;

static bool
refused_as_it_opens(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	struct quic_link *link = pst_container_of(socket, struct quic_link, own);
	bool taken = asked_events->quic(socket, from, bytes, len);

	if (link->pipe.coming_up && !was_refused) {
		was_refused = true;
		socket->events->failed(socket, UV_ECONNREFUSED);
	}
	return taken;
}

/* What comes at once is a handshake's last datagram, and that nobody is there any more: the next one is another connection. */
static void
who_is_refused_as_it_opens_is_not_open(void **state)
{
	struct quic_link *link;

	was_refused = false;
	ends_open("quic", "0.0.0.0", "");
	assert_int_equal(near_begin(&near, &far, "two.invalid", port), PST_OK);
	link = pst_container_of(near.link, struct quic_link, base.link);
	while (!link->own.events)
		uv_run(pst_env_loop(&node.env), UV_RUN_ONCE);
	asked_events = link->own.events;
	refusing = *asked_events;
	refusing.quic = refused_as_it_opens;
	link->own.events = &refusing;
	fake_wait(&node, &near.up);
	assert_true(was_refused);
	assert_true(link->pipe.conn.stream >= 0);
	near_close(&near, &far);
	links_close(&far);
}

static void
closing_while_it_opens_tells_nobody(void **state)
{
	far_open("");
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
	far_open("expose = {\"desk\"}");
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
	far_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	links_close(&far);
	assert_true(near.lost);
	assert_int_equal(near.rc, PST_E_CLOSED);
	desk_stop(&desk);
}

/* Somebody has seen a name of a connection go by, and says something to it at `at`: how much he is told. */
static ssize_t
asked_of(int fd, uint16_t at, const uint8_t name[QUIC_CID_LEN])
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(at) };
	uint8_t bytes[60] = { 0x40 };

	memset(bytes + 1, 0x5a, sizeof bytes - 1);
	memcpy(bytes + 1, name, QUIC_CID_LEN);
	assert_int_equal(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to), sizeof bytes);
	for (unsigned turn = 0; turn < 20; turn++) {
		uv_run(pst_env_loop(&node.env), UV_RUN_NOWAIT);
		usleep(1000);
	}
	return recv(fd, bytes, sizeof bytes, 0);
}

/* Its peer would believe that reset. A name that nobody has is reset: so it is after a restart. */
static void
a_name_of_one_port_is_not_reset_at_another(void **state)
{
	uint16_t other = ends_port_free(), from;
	int fd = ends_socket(&from);
	struct listener *listener;
	uint8_t name[QUIC_CID_LEN];
	char hosts[60];

	snprintf(hosts, sizeof hosts, "127.0.0.1:%u\", \"127.0.0.1", other);
	ends_open("quic", hosts, "");
	near_open(&near, &far, "127.0.0.1", port);
	listener = ends_udp()->listeners;
	if (!listener->names)
		listener = listener->next;
	memcpy(name, (*(const ngtcp2_cid **)listener->names)->data, sizeof name);
	assert_int_equal(asked_of(fd, other, name), -1);
	name[0] ^= 1;
	assert_true(asked_of(fd, other, name) > 0);
	near_close(&near, &far);
	links_close(&far);
	close(fd);
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
		TEST(the_first_address_has_no_longer_than_the_others),
		TEST(who_is_refused_as_it_opens_is_not_open),
		TEST(closing_while_it_opens_tells_nobody),
		TEST(who_goes_says_so),
		TEST(a_section_that_closes_ends_its_links),
		TEST(a_name_of_one_port_is_not_reset_at_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
