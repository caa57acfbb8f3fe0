/*
 * Two QUIC connections and a wire of our own between them, which loses, doubles and
 * reorders datagrams as a seed says; its time is ours, too.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <uv.h>

#include <postern/env.h>

#include "quic_door.h"

#define WIRE_MAX 4096
#define MS 1000000ull

struct end {
	struct quic_conn conn;
	struct quic_path path;
	struct end *peer;
	bool open, up, over;
	size_t pieces;       /* acknowledged */
	size_t got;          /* bytes, each of them right */
	size_t hold;         /* bytes that are not passed on yet */
	bool slow;           /* it passes nothing on */
	size_t bytes_in, bytes_out;
};

struct datagram {
	struct end *to;
	uint64_t due;
	size_t len;
	struct quic_path path;
	uint8_t bytes[QUIC_DATAGRAM_MAX];
};

static struct {
	struct end client, server;
	struct quic_tls tls;
	struct datagram *wire;
	size_t count;
	uint64_t now, delay;
	unsigned loss, twice, late; /* of 1000 */
	bool cut;
	uint64_t held; /* nothing arrives before */
	size_t mtu;
	uint32_t seed;
} it;

static uint8_t
byte_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

static unsigned
dice(void)
{
	it.seed = it.seed * 1664525u + 1013904223u;
	return (it.seed >> 8) % 1000;
}

static struct end *
end_of(struct quic_conn *conn)
{
	return pst_container_of(conn, struct end, conn);
}

static void
on_up(struct quic_conn *conn)
{
	end_of(conn)->up = true;
}

static void
on_came(struct quic_conn *conn, const uint8_t *bytes, size_t len)
{
	struct end *e = end_of(conn);

	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], byte_at(e->got + i));
	e->got += len;
	e->hold += len;
	assert_true(e->hold <= conn->window);
	if (e->slow)
		return;
	quic_conn_passed(conn, e->hold);
	e->hold = 0;
}

static void
on_acked(struct quic_conn *conn, size_t pieces)
{
	end_of(conn)->pieces += pieces;
}

static const struct quic_conn_events events = { .up = on_up, .came = on_came, .acked = on_acked };

/* ---- the wire ---- */

static void
wire_put(struct end *to, const struct quic_path *path, const uint8_t *bytes, size_t len, uint64_t due)
{
	struct datagram *d = &it.wire[it.count];

	if (it.cut || len > it.mtu || it.count == WIRE_MAX)
		return;
	it.count++;
	*d = (struct datagram){ .to = to, .due = due, .len = len, .path = { path->theirs, path->ours } };
	memcpy(d->bytes, bytes, len);
}

static void
wire_send(struct end *from, const struct quic_path *path, const uint8_t *bytes, size_t len)
{
	uint64_t due = (it.now > it.held ? it.now : it.held) + it.delay;

	from->bytes_out += len;
	if (dice() < it.late)
		due += it.delay;
	if (dice() >= it.loss)
		wire_put(from->peer, path, bytes, len, due);
	if (dice() < it.twice)
		wire_put(from->peer, path, bytes, len, due + it.delay / 2);
}

static void
end_write(struct end *e)
{
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	struct quic_path path;
	ssize_t n = 1;

	while (e->open && !e->over && n > 0) {
		memset(&path, 0, sizeof path);
		n = quic_conn_write(&e->conn, bytes, sizeof bytes, &path, it.now);
		if (n > 0)
			wire_send(e, &path, bytes, (size_t)n);
	}
	if (e->open && !e->over)
		quic_conn_written(&e->conn, it.now);
	if (n < 0)
		e->over = true;
}

/* At the server's door. */
static void
door_take(struct end *e, const struct datagram *d)
{
	uint8_t answer[QUIC_DATAGRAM_MIN];
	struct quic_hello hello;
	size_t n;

	if (quic_door_open(&hello, &it.tls, &d->path.theirs, d->bytes, d->len, answer, &n, it.now)) {
		assert_int_equal(quic_conn_accept(&e->conn, &hello, &d->path, it.now), PST_OK);
		e->open = true;
	} else if (n) {
		assert_true(n <= d->len);
		wire_send(e, &d->path, answer, n);
	}
}

static void
datagram_arrives(const struct datagram *d)
{
	struct end *e = d->to;

	e->bytes_in += d->len;
	if (!e->open && e == &it.server)
		door_take(e, d);
	if (e->open && !e->over && quic_conn_take(&e->conn, &d->path, d->bytes, d->len, it.now))
		e->over = true;
	/* nobody who has not shown that he hears us gets more than he sent */
	if (e == &it.server && !e->open)
		assert_true(e->bytes_out <= e->bytes_in);
}

static uint64_t
next_event(void)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < it.count; i++)
		if (it.wire[i].due < next)
			next = it.wire[i].due;
	for (struct end *e = &it.client;; e = &it.server) {
		uint64_t due = e->open && !e->over ? quic_conn_due(&e->conn) : UINT64_MAX;

		if (due < next)
			next = due;
		if (e == &it.server)
			return next;
	}
}

static void
end_expire(struct end *e)
{
	if (e->open && !e->over && quic_conn_due(&e->conn) <= it.now && quic_conn_expire(&e->conn, it.now))
		e->over = true;
}

static void
arrivals(void)
{
	struct datagram d;

	for (size_t i = 0; i < it.count;) {
		if (it.wire[i].due > it.now) {
			i++;
			continue;
		}
		d = it.wire[i];
		it.wire[i] = it.wire[--it.count];
		datagram_arrives(&d);
	}
}

/* Until that time, or until done() says so; what it said last. */
static bool
run(uint64_t until, bool (*done)(void))
{
	while (!(done && done())) {
		uint64_t next;

		end_write(&it.client);
		end_write(&it.server);
		next = next_event();
		if (next > until) {
			it.now = until;
			return done && done();
		}
		it.now = next > it.now ? next : it.now + MS / 10;
		arrivals();
		end_expire(&it.client);
		end_expire(&it.server);
	}
	return true;
}

static bool
both_up(void)
{
	return it.client.up && it.server.up;
}

/* ---- */

static void
address(struct sockaddr_storage *out, uint32_t host, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof *out);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(host);
	in->sin_port = htons(port);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&it, 0, sizeof it);
	it.wire = malloc(WIRE_MAX * sizeof *it.wire);
	it.now = 1000000 * MS;
	it.delay = 5 * MS;
	it.mtu = QUIC_DATAGRAM_MAX;
	it.seed = 1;
	it.client.peer = &it.server;
	it.server.peer = &it.client;
	for (struct end *e = &it.client;; e = &it.server) {
		e->conn = (struct quic_conn){ .events = &events, .tls = &it.tls, .window = 256 * 1024 };
		if (e == &it.server)
			break;
	}
	address(&it.client.path.ours, 0x0a000001, 1000);
	address(&it.client.path.theirs, 0x0a000002, 4000);
	return !it.wire || quic_tls_init(&it.tls);
}

static int
tear_down(void **state)
{
	(void)state;
	if (it.client.open)
		quic_conn_fini(&it.client.conn);
	if (it.server.open)
		quic_conn_fini(&it.server.conn);
	quic_tls_fini(&it.tls);
	free(it.wire);
	return 0;
}

static uint8_t first[] = { 0 };

static bool
client_up(void)
{
	return it.client.up;
}

static void
connect_both(void)
{
	assert_int_equal(quic_conn_connect(&it.client.conn, &it.client.path, it.now), PST_OK);
	it.client.open = true;
	assert_true(run(it.now + 60000 * MS, client_up));
}

/* The client speaks first: its stream is there for the server with its first byte. */
static void
bring_up(void)
{
	first[0] = byte_at(0);
	connect_both();
	assert_int_equal(quic_conn_send(&it.client.conn, first, 1), PST_OK);
	assert_true(run(it.now + 60000 * MS, both_up));
}

static uint8_t *
send_bytes(struct end *e, size_t from, size_t len, size_t piece)
{
	uint8_t *bytes = malloc(len);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(from + i);
	for (size_t i = 0; i < len; i += piece)
		assert_int_equal(quic_conn_send(&e->conn, bytes + i, len - i < piece ? len - i : piece), PST_OK);
	return bytes;
}

#define MUCH (1024 * 1024)

static bool
much_there(void)
{
	return it.server.got == MUCH + 1 && it.client.pieces == 1 + (MUCH + 9999) / 10000;
}

static void
much_crosses(void)
{
	uint8_t *bytes;

	bring_up();
	bytes = send_bytes(&it.client, 1, MUCH, 10000);
	assert_true(run(it.now + 600000 * MS, much_there));
	free(bytes);
}

static void
a_stream_comes_up_and_its_bytes_cross(void **state)
{
	(void)state;
	much_crosses();
}

static void
bytes_cross_a_wire_that_loses_doubles_and_reorders(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 5; seed++) {
		it.seed = seed;
		it.loss = 100;
		it.twice = 50;
		it.late = 100;
		much_crosses();
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
}

static void
a_narrow_path_is_found_out(void **state)
{
	(void)state;
	it.mtu = 1300;
	much_crosses();
	assert_true(quic_conn_fits(&it.client.conn) <= 1300);
}

static void
a_wide_path_is_found_out(void **state)
{
	(void)state;
	much_crosses();
	assert_true(quic_conn_fits(&it.client.conn) > 1400);
}

static void
a_slow_reader_is_sent_no_more_than_its_window(void **state)
{
	uint8_t *bytes;

	(void)state;
	bring_up();
	it.server.slow = true;
	bytes = send_bytes(&it.client, 1, MUCH, 10000);
	run(it.now + 5000 * MS, NULL);
	assert_true(it.server.hold == 256 * 1024 || it.server.hold == 256 * 1024 - 1);
	/* it may have more of somebody who is known by now */
	quic_conn_widen(&it.server.conn, 512 * 1024);
	run(it.now + 5000 * MS, NULL);
	assert_true(it.server.hold >= 512 * 1024 - 1);
	it.server.slow = false;
	quic_conn_passed(&it.server.conn, it.server.hold);
	it.server.hold = 0;
	assert_true(run(it.now + 60000 * MS, much_there));
	free(bytes);
}

static size_t before;

static bool
more_there(void)
{
	return it.server.got > before;
}

static void
after_a_cut_it_goes_on_within_a_second(void **state)
{
	static const uint64_t cuts[] = { 1111, 3333, 5000, 5252, 7171, 13131, 25252 };
	uint8_t *bytes;
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		bring_up();
		it.delay = 10 * MS;
		bytes = send_bytes(&it.client, 1, MUCH, 10000);
		run(it.now + 30 * MS, NULL);
		assert_true(it.server.got < MUCH);
		it.cut = true;
		run(it.now + cuts[i] * MS, NULL);
		it.cut = false;
		back = it.now;
		before = it.server.got;
		assert_true(run(it.now + 60000 * MS, more_there));
		assert_in_range((it.now - back) / MS, 0, 600);
		assert_true(run(it.now + 60000 * MS, much_there));
		free(bytes);
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
}

/* The peer has something to say by itself: that the way is there again need not be asked. */
static void
who_is_heard_after_a_cut_is_sent_to_at_once(void **state)
{
	static uint8_t word[] = { 0 };
	uint8_t *bytes;

	(void)state;
	word[0] = byte_at(0);
	bring_up();
	it.delay = 10 * MS;
	bytes = send_bytes(&it.client, 1, MUCH, 10000);
	run(it.now + 30 * MS, NULL);
	it.cut = true;
	run(it.client.conn.heard + 5100 * MS, NULL); /* a knock has just been lost */
	it.cut = false;
	before = it.server.got;
	assert_int_equal(quic_conn_send(&it.server.conn, word, 1), PST_OK);
	assert_true(run(it.now + 100 * MS, more_there));
	assert_true(run(it.now + 60000 * MS, much_there));
	free(bytes);
}

/* One in a hundred is lost, and nobody is slow for that: so it is where nothing is full. */
static void
a_long_way_that_loses_some_is_filled(void **state)
{
	uint64_t begun;
	uint8_t *bytes;

	(void)state;
	it.delay = 50 * MS;
	bring_up();
	quic_conn_widen(&it.server.conn, 4 * 1024 * 1024);
	it.loss = 10;
	begun = it.now;
	bytes = send_bytes(&it.client, 1, MUCH, 10000);
	assert_true(run(it.now + 600000 * MS, much_there));
	assert_in_range((it.now - begun) / MS, 500, 1100); /* 0.75 s; by the default rule 1.4 */
	free(bytes);
}

/* As by a machine that sleeps: nothing is lost, all of it comes late, and at once. */
static void
what_was_held_up_makes_nobody_slow(void **state)
{
	static const uint64_t holds[] = { 700, 3333, 5000, 13131, 25252 };
	uint8_t *bytes;

	(void)state;
	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
		bring_up();
		it.delay = 10 * MS;
		bytes = send_bytes(&it.client, 1, MUCH, 10000);
		run(it.now + 30 * MS, NULL);
		assert_true(it.server.got < MUCH);
		it.held = it.now + holds[i] * MS;
		run(it.held, NULL);
		assert_true(run(it.now + 60000 * MS, much_there));
		/* what it measured meanwhile is what there was */
		assert_in_range(ngtcp2_conn_get_pto(it.client.conn.conn) / MS, 0, holds[i] + 1000);
		free(bytes);
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
}

/* Nor is a reset that nobody can verify, as of a peer that was started anew: it is silent, and known to be. */
static void
what_anybody_may_have_written_is_not_heard(void **state)
{
	struct datagram d = { .len = 100 };
	uint64_t heard;

	(void)state;
	bring_up();
	run(it.now + 1000 * MS, NULL);
	heard = it.client.conn.heard;
	randombytes_buf(d.bytes, d.len);
	d.bytes[0] = 0x40 | (d.bytes[0] & 0x3f);
	it.now += 1000 * MS;
	assert_int_equal(quic_conn_take(&it.client.conn, &it.client.path, d.bytes, d.len, it.now), PST_OK);
	assert_int_equal(it.client.conn.heard, heard);
	assert_int_equal(quic_conn_send(&it.server.conn, first, 1), PST_OK);
	run(it.now + 1000 * MS, NULL);
	assert_true(it.client.conn.heard > heard);
}

/* Whoever has seen the name of a connection may knock; from wherever he says that he is. */
static void
a_knock_is_answered_where_it_came_from_in_as_many_bytes(void **state)
{
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	struct quic_path path;

	(void)state;
	bring_up();
	run(it.now + 1000 * MS, NULL);
	assert_int_equal(quic_knock_write(bytes, ngtcp2_conn_get_dcid(it.client.conn.conn), QUIC_KNOCK), QUIC_KNOCK_LEN);
	path = (struct quic_path){ it.client.path.theirs, it.client.path.ours };
	address(&path.theirs, 0x0a000009, 9);
	assert_int_equal(quic_conn_take(&it.server.conn, &path, bytes, QUIC_KNOCK_LEN, it.now), PST_OK);
	memset(&path, 0, sizeof path);
	assert_int_equal(quic_conn_write(&it.server.conn, bytes, sizeof bytes, &path, it.now), QUIC_KNOCK_LEN);
	assert_int_equal(quic_knock_read(bytes, QUIC_KNOCK_LEN), QUIC_KNOCK_ANSWER);
	assert_int_equal(ntohs(((struct sockaddr_in *)&path.theirs)->sin_port), 9);
	assert_int_equal(quic_conn_write(&it.server.conn, bytes, sizeof bytes, &path, it.now), 0);
	/* and who has something to say goes on there where he was */
	assert_int_equal(quic_conn_take(&it.client.conn, &it.client.path, bytes, QUIC_KNOCK_LEN, it.now), PST_OK);
	assert_int_equal(quic_conn_write(&it.client.conn, bytes, sizeof bytes, &path, it.now), 0);
}

static void
a_client_may_get_another_address(void **state)
{
	struct quic_path path;
	uint8_t *bytes;

	(void)state;
	bring_up();
	bytes = send_bytes(&it.client, 1, MUCH, 10000);
	run(it.now + 30 * MS, NULL);
	path = it.client.path;
	address(&path.ours, 0x0a000003, 1001);
	quic_conn_move(&it.client.conn, &path, it.now);
	assert_true(run(it.now + 60000 * MS, much_there));
	free(bytes);
}

static void
strangers_leave_nothing_behind(void **state)
{
	(void)state;
	it.loss = 0;
	assert_int_equal(quic_conn_connect(&it.client.conn, &it.client.path, it.now), PST_OK);
	it.client.open = true;
	/* ten thousand addresses say hello once */
	for (uint32_t i = 0; i < 10000; i++) {
		uint8_t bytes[QUIC_DATAGRAM_MAX], answer[QUIC_DATAGRAM_MIN];
		struct quic_path path = it.client.path;
		struct quic_hello hello;
		size_t answer_len;
		ssize_t n;

		if (!i) {
			n = quic_conn_write(&it.client.conn, bytes, sizeof bytes, &path, it.now);
			assert_in_range(n, QUIC_DATAGRAM_MIN, QUIC_DATAGRAM_MAX);
			memcpy(it.wire[0].bytes, bytes, (size_t)n);
			it.wire[0].len = (size_t)n;
		}
		address(&path.ours, 0x0b000000 + i, 1000);
		assert_false(quic_door_open(&hello, &it.tls, &path.ours, it.wire[0].bytes, it.wire[0].len, answer,
		    &answer_len, it.now));
		assert_true(answer_len > 0 && answer_len <= it.wire[0].len);
	}
}

static void
a_token_is_of_one_address_and_one_moment(void **state)
{
	(void)state;
	assert_int_equal(quic_conn_connect(&it.client.conn, &it.client.path, it.now), PST_OK);
	it.client.open = true;
	end_write(&it.client); /* asks */
	it.now += it.delay;
	arrivals(); /* gets its token back, later */
	assert_false(it.server.open);
	it.now += it.delay;
	arrivals();
	end_write(&it.client); /* asks again, with the token */
	assert_true(it.count > 0);

	struct datagram d = it.wire[it.count - 1];
	uint8_t answer[QUIC_DATAGRAM_MIN];
	struct quic_hello hello;
	size_t n;

	assert_true(quic_door_open(&hello, &it.tls, &d.path.theirs, d.bytes, d.len, answer, &n, it.now));
	assert_false(quic_door_open(&hello, &it.tls, &d.path.theirs, d.bytes, d.len, answer, &n, it.now + 11000 * MS));
	address(&d.path.theirs, 0x0a000009, 1000);
	assert_false(quic_door_open(&hello, &it.tls, &d.path.theirs, d.bytes, d.len, answer, &n, it.now));
	assert_int_equal(n, 0);
}

static void
the_end_is_told(void **state)
{
	uint8_t bytes[QUIC_DATAGRAM_MAX];
	struct quic_path path;
	ssize_t n;

	(void)state;
	bring_up();
	memset(&path, 0, sizeof path);
	n = quic_conn_close(&it.server.conn, bytes, sizeof bytes, &path, it.now);
	assert_true(n > 0);
	path = it.client.path;
	assert_int_equal(quic_conn_take(&it.client.conn, &path, bytes, (size_t)n, it.now), UV_EOF);
	it.client.over = it.server.over = true;
}

static void
who_is_forgotten_is_told_so(void **state)
{
	uint8_t bytes[QUIC_DATAGRAM_MAX], answer[QUIC_DATAGRAM_MIN];
	struct quic_hello hello;
	struct quic_path path;
	size_t n;
	ssize_t len;
	ngtcp2_cid name;
	static const uint8_t more[100];

	(void)state;
	bring_up();
	run(it.now + 1000 * MS, NULL);
	assert_int_equal(quic_conn_send(&it.client.conn, more, sizeof more), PST_OK);
	memset(&path, 0, sizeof path);
	len = quic_conn_write(&it.client.conn, bytes, sizeof bytes, &path, it.now);
	assert_true(len > 0);
	assert_true(quic_is(bytes, (size_t)len) && quic_door_name(&name, bytes, (size_t)len));
	assert_false(quic_door_open(&hello, &it.tls, &path.ours, bytes, (size_t)len, answer, &n, it.now));
	assert_in_range(n, 1, len - 1); /* nobody may be made to say more than was said */
	assert_int_equal(quic_conn_take(&it.client.conn, &it.client.path, answer, n, it.now), UV_EOF);
	it.client.over = true;
}

/* So a node that was started anew tells them, too. */
static void
its_secret_outlives_the_node(void **state)
{
	char path[] = "/tmp/postern-secret.XXXXXX";
	uint8_t secret[QUIC_SECRET_LEN], other[QUIC_SECRET_LEN];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && !close(fd) && !unlink(path));
	assert_int_equal(quic_secret_of(secret, path), PST_OK);
	assert_int_equal(quic_secret_of(it.tls.secret, path), PST_OK);
	assert_memory_equal(secret, it.tls.secret, sizeof secret);
	assert_int_equal(truncate(path, 31), 0); /* half of it is none */
	assert_int_equal(quic_secret_of(other, path), PST_OK);
	assert_memory_not_equal(secret, other, sizeof secret);
	assert_int_equal(quic_secret_of(secret, path), PST_OK);
	assert_memory_equal(secret, other, sizeof secret);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(quic_secret_of(secret, "/nowhere/secret"), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stream_comes_up_and_its_bytes_cross, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_cross_a_wire_that_loses_doubles_and_reorders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_narrow_path_is_found_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wide_path_is_found_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_reader_is_sent_no_more_than_its_window, set_up, tear_down),
		cmocka_unit_test_setup_teardown(after_a_cut_it_goes_on_within_a_second, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_heard_after_a_cut_is_sent_to_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_way_that_loses_some_is_filled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_held_up_makes_nobody_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_anybody_may_have_written_is_not_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_knock_is_answered_where_it_came_from_in_as_many_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_client_may_get_another_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strangers_leave_nothing_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_token_is_of_one_address_and_one_moment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_forgotten_is_told_so, set_up, tear_down),
		cmocka_unit_test(its_secret_outlives_the_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
