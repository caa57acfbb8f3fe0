/* Many who come by QUIC: how many are kept, and what they take. */
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

/* And no name leads to a link that was. */
static bool
nobody_left(void)
{
	return !ends_udp()->quic.accepted && !ends_udp()->listeners->names;
}

/* ---- many come and go ---- */

#define CROWD 40
#define STRANGERS 5

static struct near crowd[CROWD];

/* What the section counts is what a walk over its links finds. */
static int64_t
strangers(void)
{
	const struct udp *udp = ends_udp();
	int64_t count = 0;

	for (const struct pst_stream_link *l = udp->quic.first; l; l = l->next)
		count += l->accepted && l->up && !l->ended && l->link.gate.admit;
	assert_int_equal(udp->quic.quiet.count, count);
	return count;
}

static bool
all_as_they_are(void)
{
	return ends_udp()->quic.accepted == STRANGERS + 1 && !ends_udp()->opening.count;
}

/* All at once: handshakes end in any order, and each that comes up may send another away. One is admitted. */
static void
strangers_who_come_and_go_are_counted_and_bounded(void **state)
{
	struct near member = { 0 };

	quic_open("expose = {\"desk\"}  unknown_links = 5");
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	for (unsigned round = 0; round < 3; round++) {
		desk.admits = true;
		near_open(&member, &far, "127.0.0.1", port);
		gate_ask(&node, &member.link->gate, "desk", 5);
		desk.admits = false;
		assert_int_equal(strangers(), 0);
		for (size_t i = 0; i < CROWD; i++)
			assert_int_equal(near_begin(&crowd[i], &far, "127.0.0.1", port), PST_OK);
		for (size_t i = 0; i < CROWD; i++) {
			fake_wait(&node, &crowd[i].up);
			assert_in_range(strangers(), 0, STRANGERS);
		}
		ends_turn(all_as_they_are);
		assert_int_equal(strangers(), STRANGERS);
		gate_ask(&node, &member.link->gate, "desk", 5);
		near_close(&member, &far);
		for (size_t i = 0; i < CROWD; i++)
			if (crowd[i].link)
				near_close(&crowd[i], &far);
		ends_turn(nobody_left);
		assert_int_equal(strangers(), 0);
	}
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
	return ends_udp()->opening.count == opened && answered();
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
	ends_turn(answered);
	n = recv(half->fd, bytes, sizeof bytes, 0);
	assert_in_range(n, 1, QUIC_DATAGRAM_MIN - 1);
	assert_int_equal(quic_conn_take(&half->conn, &half->path, bytes, (size_t)n, uv_hrtime()), PST_OK);
	half_say(half); /* with the token */
	ends_turn(half_opened);
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

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ends_setup, ends_teardown)
	const struct CMUnitTest tests[] = {
		TEST(strangers_who_come_and_go_are_counted_and_bounded),
		TEST(of_those_who_only_open_a_few_are_kept),
		TEST(ten_thousand_who_only_open_hold_no_more_than_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
