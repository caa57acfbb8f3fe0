/* Links by QUIC over real sockets: what crosses, in order and whole, what does not, and the end. */
#include "links.h"

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

extern const struct pst_module transport_udp_LTX_pst_module;

/* One section is both ends: it listens, and connects to itself. */
static struct fake_node node;
static struct links_section far;
static struct near near;
static struct desk desk, fence;
static uint16_t port;

static int
setup(void **state)
{
	memset(&far, 0, sizeof far);
	memset(&near, 0, sizeof near);
	links_setup(&node);
	return 0;
}

static int
teardown(void **state)
{
	links_teardown(&node);
	return 0;
}

/* A port of ours at which nobody listens. */
static uint16_t
port_free(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	close(fd);
	return ntohs(sa.sin_port);
}

/* Options are what stands behind `listen`. */
static void
quic_open_on(const char *host, const char *options)
{
	const struct pst_module *module = &transport_udp_LTX_pst_module;
	const struct pst_transport_ops *ops = module->ops;
	char text[500];

	port = port_free();
	snprintf(text, sizeof text, "transport t { use = udp  listen = {\"%s:%u\"} %s }", host, port, options);
	assert_string_equal(ops->also->protocol, "quic");
	assert_int_equal(links_open(&far, &node, module->sections, ops->also, text), PST_OK);
}

static void
quic_open(const char *options)
{
	quic_open_on("127.0.0.1", options);
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
	quic_open_on("0.0.0.0", "expose = {\"desk\", \"fence\"}");
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
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", port_free()), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_ECONNREFUSED);
	assert_false(near.up);
	links_close(&far);
}

/* Somebody who hears everything and says nothing. */
static void
a_peer_that_does_not_answer_is_given_up(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	quic_open("handshake_timeout = 100ms");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", ntohs(sa.sin_port)), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, UV_ETIMEDOUT);
	links_close(&far);
	close(fd);
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

static struct udp *
udp_of(const struct links_section *s)
{
	return s->section.self;
}

static void
loop_until(bool (*done)(void))
{
	for (unsigned turn = 0; turn < 20000 && !done(); turn++) {
		uv_run(pst_env_loop(&node.env), UV_RUN_NOWAIT);
		if (!done())
			usleep(1000);
	}
	assert_true(done());
}

static bool
nobody_left(void)
{
	return !udp_of(&far)->quic.accepted;
}

static void
who_goes_says_so(void **state)
{
	quic_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	assert_int_equal(udp_of(&far)->quic.accepted, 1);
	near_close(&near, &far);
	loop_until(nobody_left);
	desk_stop(&desk);
	links_close(&far);
}

/* ---- somebody who hears us, and opens nothing ---- */

static void
half_up(struct quic_conn *conn)
{
	fail_msg("nobody has answered");
}

static const struct quic_conn_events half_events = { .up = half_up };

static struct quic_tls half_tls;
static struct half {
	struct quic_conn conn;
	struct quic_path path;
	int fd;
} halves[8];
static struct half *asking;
static int64_t opened;

static void
half_say(struct half *half)
{
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	ssize_t n = quic_conn_write(&half->conn, bytes, sizeof bytes, &(struct quic_path){ 0 }, uv_hrtime());

	assert_true(n > 0);
	assert_int_equal(send(half->fd, bytes, (size_t)n, 0), n);
}

static bool
answered(void)
{
	uint8_t byte;

	return recv(asking->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static bool
half_opened(void)
{
	return udp_of(&far)->handshakes == opened && answered();
}

static void
half_open(struct half *half)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	socklen_t len = sizeof half->path.ours;
	ssize_t n;

	memset(half, 0, sizeof *half);
	asking = half;
	half->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(half->fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(half->fd, (struct sockaddr *)&half->path.ours, &len), 0);
	memcpy(&half->path.theirs, &sa, sizeof sa);
	half->conn = (struct quic_conn){ .events = &half_events, .tls = &half_tls, .window = 10000 };
	assert_int_equal(quic_conn_connect(&half->conn, &half->path, uv_hrtime()), PST_OK);
	half_say(half);
	loop_until(answered);
	n = recv(half->fd, bytes, sizeof bytes, 0);
	assert_in_range(n, 1, QUIC_DATAGRAM_MIN - 1);
	assert_int_equal(quic_conn_take(&half->conn, &half->path, bytes, (size_t)n, uv_hrtime()), PST_OK);
	half_say(half); /* with the token */
	loop_until(half_opened);
}

static void
half_close(struct half *half)
{
	quic_conn_fini(&half->conn);
	close(half->fd);
}

static void
of_those_who_only_open_a_few_are_kept(void **state)
{
	const size_t count = sizeof halves / sizeof *halves;

	assert_int_equal(quic_tls_init(&half_tls), PST_OK);
	quic_open("expose = {\"desk\"}  handshakes = 3");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	for (size_t i = 0; i < count; i++) {
		opened = i < 3 ? (int64_t)i + 1 : 3;
		half_open(&halves[i]);
	}
	near_open(&near, &far, "127.0.0.1", port); /* and who means it gets in */
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_close(&near, &far);
	for (size_t i = 0; i < count; i++)
		half_close(&halves[i]);
	desk_stop(&desk);
	links_close(&far);
	quic_tls_fini(&half_tls);
}

/* Sanitizers keep what is freed, and are slow. */
#ifdef PST_SANITIZED
#define MANY 500
#else
#define MANY 10000
#endif

/* Of this process, in KiB. */
static long
memory(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void
ten_thousand_who_only_open_hold_no_more_than_a_few(void **state)
{
	long before = 0;

	assert_int_equal(quic_tls_init(&half_tls), PST_OK);
	quic_open("expose = {\"desk\"}  handshakes = 100  handshake_timeout = 1h");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	for (unsigned i = 0; i < MANY; i++) {
		opened = i < 100 ? (int64_t)i + 1 : 100;
		half_open(&halves[0]);
		half_close(&halves[0]);
		before = i == MANY / 10 ? memory() : before;
	}
	if (MANY == 10000)
		assert_true(memory() - before < 4096);
	near_open(&near, &far, "127.0.0.1", port); /* and who means it gets in */
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
	quic_tls_fini(&half_tls);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(messages_and_their_answers_cross),
		TEST(who_speaks_to_one_of_several_addresses_is_answered_from_it),
		TEST(what_is_not_exposed_is_not_reached),
		TEST(a_message_of_the_greatest_length_crosses),
		TEST(an_unknown_peer_that_sends_too_much_is_let_go),
		TEST(a_port_where_nobody_is_is_refused),
		TEST(a_peer_that_does_not_answer_is_given_up),
		TEST(closing_while_it_opens_tells_nobody),
		TEST(who_goes_says_so),
		TEST(of_those_who_only_open_a_few_are_kept),
		TEST(ten_thousand_who_only_open_hold_no_more_than_a_few),
		TEST(a_section_that_closes_ends_its_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
