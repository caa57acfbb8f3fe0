/* The transports over real sockets: what crosses, who reaches what, and the end. */
#include "links.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct pst_module transport_tcp_LTX_pst_module;
extern const struct pst_module transport_unix_LTX_pst_module;

/* One section is both ends: it listens, and connects to itself. */
static struct fake_node node;
static struct links_section far;
static struct near near;
static struct desk desk, hidden, fence;
static char path[PATH_MAX + 32];
static uint16_t port;

static int
setup(void **state)
{
	memset(&far, 0, sizeof far);
	links_setup(&node);
	snprintf(path, sizeof path, "%s/x.sock", node.state_dir);
	return 0;
}

static int
teardown(void **state)
{
	links_teardown(&node);
	return 0;
}

static int
open_by(const struct pst_module *module, const char *text)
{
	return links_open(&far, &node, module->sections, module->ops, text);
}

static int
unix_open(const char *text)
{
	return open_by(&transport_unix_LTX_pst_module, text);
}

/* Options are what stands behind `listen`. */
static void
tcp_open(const char *options)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[500];

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	close(fd);
	port = ntohs(sa.sin_port);
	snprintf(text, sizeof text, "transport t { listen = {\"127.0.0.1:%u\"} %s }", port, options);
	assert_int_equal(open_by(&transport_tcp_LTX_pst_module, text), PST_OK);
}

static void
lost(int rc)
{
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, rc);
}

/* ---- what crosses ---- */

static void
a_message_and_its_answer_cross_a_unix_link(void **state)
{
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	desk_start(&desk, &node, "desk", PST_REACH_LOCAL);
	near_open(&near, &far, path, 0);
	assert_string_equal(near.link->peer_name, path);
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 1000000);
	assert_int_equal(desk.count, 2);
	assert_int_equal(desk.len, 1000000);
	desk_stop(&desk);
	near_close(&near, &far);
	links_close(&far);
}

static void
an_unknown_peer_sends_small_frames_until_it_is_admitted(void **state)
{
	tcp_open("expose = {\"desk\"}");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 200000);
	desk.admits = true;
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 300000);
	assert_int_equal(desk.len, 300000);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

static void
a_long_frame_of_an_unknown_peer_ends_its_link(void **state)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route route;
	struct pst_buf buf;
	static char bytes[300000];

	tcp_open("");
	near_open(&near, &far, "127.0.0.1", port);
	route = pst_worker_route(&near.link->gate.worker);
	assert_int_equal(pst_env_buf(&buf, &node.env, bytes, sizeof bytes, 64, 0), PST_OK);
	assert_int_equal(pst_send(node.env.router, &route, &none, &buf), PST_OK);
	fake_wait(&node, &near.lost);
	links_close(&far);
}

static void
an_unknown_peer_that_is_silent_is_let_go_and_an_admitted_one_is_not(void **state)
{
	struct near silent;

	tcp_open("expose = {\"desk\"}  unknown_idle = 1s");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk.admits = true;
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_open(&silent, &far, "127.0.0.1", port);
	fake_wait(&node, &silent.lost); /* it came later, so the first one's time has run out too */
	assert_false(near.lost);
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

static void
chatter(uv_timer_t *timer)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route route = pst_worker_route(&near.link->gate.worker);
	struct pst_buf buf;

	if (near.lost)
		return;
	assert_int_equal(pst_env_buf(&buf, &node.env, "x", 1, 64, 0), PST_OK);
	(void)!pst_send(node.env.router, &route, &none, &buf);
}

static void
an_unknown_peer_that_speaks_to_nobody_is_let_go(void **state)
{
	uv_timer_t timer;

	tcp_open("unknown_idle = 1s");
	near_open(&near, &far, "127.0.0.1", port);
	uv_timer_init(&node.loop, &timer);
	uv_timer_start(&timer, chatter, 0, 100);
	fake_wait(&node, &near.lost);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&node.loop, UV_RUN_NOWAIT);
	links_close(&far);
}

static void
the_quietest_unknown_peer_makes_way_and_an_admitted_one_does_not(void **state)
{
	struct near unknown, later;

	tcp_open("expose = {\"desk\"}  links = 2");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	desk.admits = true;
	near_open(&near, &far, "127.0.0.1", port);
	gate_ask(&node, &near.link->gate, "desk", 5);
	desk.admits = false;
	near_open(&unknown, &far, "127.0.0.1", port);
	gate_ask(&node, &unknown.link->gate, "desk", 5);
	near_open(&later, &far, "127.0.0.1", port);
	fake_wait(&node, &unknown.lost);
	gate_ask(&node, &later.link->gate, "desk", 5);
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_close(&later, &far);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

/* ---- who reaches what ---- */

static void
a_tcp_link_does_not_reach_what_is_local(void **state)
{
	tcp_open("expose = {\"*\"}");
	desk_start(&desk, &node, "desk", PST_REACH_LOCAL);
	desk_start(&fence, &node, "fence", PST_REACH_SECTION);
	near_open(&near, &far, "127.0.0.1", port);
	assert_false(gate_reaches(&node, &near.link->gate, &desk, "desk", "fence"));
	near_close(&near, &far);
	desk_stop(&desk);
	desk_stop(&fence);
	links_close(&far);
}

static void
a_unix_link_reaches_what_is_local_and_what_is_exposed_only(void **state)
{
	static const char *const exposes[] = { "", "expose = {\"hid*\"}" };

	for (int i = 0; i < 2; i++) {
		char text[100];

		snprintf(text, sizeof text, "transport x { listen = \"x.sock\" %s }", exposes[i]);
		assert_int_equal(unix_open(text), PST_OK);
		desk_start(&fence, &node, "fence", PST_REACH_LOCAL);
		desk_start(&desk, &node, "inside", PST_REACH_INSIDE);
		desk_start(&hidden, &node, "hidden", PST_REACH_SECTION);
		near_open(&near, &far, path, 0);
		assert_false(gate_reaches(&node, &near.link->gate, &desk, "inside", "fence"));
		assert_int_equal(gate_reaches(&node, &near.link->gate, &hidden, "hidden", "fence"), i);
		desk_stop(&desk);
		desk_start(&desk, &node, "answers", PST_REACH_GATE);
		desk.worker.reach_gate = near.link->gate.id; /* of the other end, not of this one */
		assert_false(gate_reaches(&node, &near.link->gate, &desk, "answers", "fence"));
		near_close(&near, &far);
		desk_stop(&desk);
		desk_stop(&hidden);
		desk_stop(&fence);
		links_close(&far);
	}
}

static void
who_connected_is_no_operator_to_its_own_side(void **state)
{
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	near_open(&near, &far, path, 0);
	assert_false(near.link->gate.local);
	near_close(&near, &far);
	links_close(&far);
}

/* ---- the end ---- */

static void
connecting_to_nobody_is_lost(void **state)
{
	assert_int_equal(unix_open("transport x { }"), PST_OK);
	assert_int_equal(near_begin(&near, &far, path, 0), PST_OK);
	assert_false(near.lost);
	lost(UV_ENOENT);
	links_close(&far);
}

static void
closing_while_it_connects_tells_nobody(void **state)
{
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(near_begin(&near, &far, path, 0), PST_OK);
	near_close(&near, &far);
	links_close(&far);
	assert_false(near.up || near.lost);

	tcp_open("");
	assert_int_equal(near_begin(&near, &far, "127.0.0.1", port), PST_OK);
	near_close(&near, &far);
	links_close(&far);
	assert_false(near.up || near.lost);
}

static void
a_section_that_closes_ends_what_it_accepted(void **state)
{
	struct links_section client = { .values = NULL };
	const struct pst_module *module = &transport_unix_LTX_pst_module;

	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(links_open(&client, &node, module->sections, module->ops,
	    "transport y { }"), PST_OK);
	near_open(&near, &client, path, 0);
	desk_start(&desk, &node, "desk", PST_REACH_LOCAL);
	gate_ask(&node, &near.link->gate, "desk", 5);
	desk_stop(&desk);
	links_close(&far);
	lost(UV_EOF);
	links_close(&client);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_message_and_its_answer_cross_a_unix_link),
		TEST(an_unknown_peer_sends_small_frames_until_it_is_admitted),
		TEST(a_long_frame_of_an_unknown_peer_ends_its_link),
		TEST(an_unknown_peer_that_is_silent_is_let_go_and_an_admitted_one_is_not),
		TEST(an_unknown_peer_that_speaks_to_nobody_is_let_go),
		TEST(the_quietest_unknown_peer_makes_way_and_an_admitted_one_does_not),
		TEST(a_tcp_link_does_not_reach_what_is_local),
		TEST(a_unix_link_reaches_what_is_local_and_what_is_exposed_only),
		TEST(who_connected_is_no_operator_to_its_own_side),
		TEST(connecting_to_nobody_is_lost),
		TEST(closing_while_it_connects_tells_nobody),
		TEST(a_section_that_closes_ends_what_it_accepted),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
