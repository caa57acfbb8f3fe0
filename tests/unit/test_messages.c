/* transport/websocket: streams over WebSocket messages, two of them or one beside a peer of the test's own. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include <postern/stream.h>

#include "messages.h"

#define FRAME_MAX (1024 * 1024)
#define SILENCE_MS 3600000

struct side {
	uv_pipe_t handle;
	struct pst_uv_pipe below;
	struct messages messages;
	struct pst_stream stream;
	struct pst_account *account;
	struct pst_buf kept[64];
	size_t kept_count;
	uint32_t seen;
	bool keeps, failed, closed;
	int rc;
};

static struct side server, client;
static int peer; /* where the client is the test; else -1 */
static bool all;
static uint32_t wanted;

static const size_t sizes[] = { 1, 2, 125, 126, 127, 4000, 4096, 65535, 65536, 65537, 200000, FRAME_MAX };
#define SIZES (sizeof sizes / sizeof *sizes)

static uint8_t
byte_of(uint32_t frame, size_t i)
{
	return (uint8_t)(frame * 31 + i * 7 + (i >> 8));
}

static void
on_frame(void *arg, struct pst_buf *frame)
{
	struct side *side = arg;

	for (size_t i = 0; i < pst_buf_len(frame); i++)
		if (frame->start[i] != byte_of(side->seen, i))
			fail_msg("frame %u of %zu bytes differs at %zu", side->seen, pst_buf_len(frame), i);
	side->seen++;
	all = server.seen + client.seen >= wanted;
	if (side->keeps && side->kept_count < 64)
		side->kept[side->kept_count++] = pst_buf_take(frame);
}

static void
on_failed(void *arg, int rc)
{
	struct side *side = arg;

	side->failed = true;
	side->rc = rc;
}

static void
on_room(void *arg)
{
	pst_stream_resume(&((struct side *)arg)->stream);
}

static void
side_open(struct side *side, int fd, bool is_server, uint64_t ping_ms, const char *rest)
{
	static const struct pst_stream_events events = { on_frame, on_failed };

	uv_pipe_init(&test.loop, &side->handle, 0);
	assert_int_equal(uv_pipe_open(&side->handle, fd), 0);
	pst_uv_pipe_init(&side->below, (uv_stream_t *)&side->handle);
	assert_int_equal(messages_open(&side->messages, &test.env, &side->below.pipe, is_server,
	    &side->stream.max_frame, ping_ms, rest, rest ? strlen(rest) : 0), PST_OK);
	side->account = pst_account_new(test.env.pool, SIZE_MAX, on_room, side);
	pst_stream_init(&side->stream, &test.env, &side->messages.pipe, side->account, FRAME_MAX, &events, side);
	assert_int_equal(pst_stream_start(&side->stream), PST_OK);
}

static void
side_closed(void *arg)
{
	struct side *side = arg;

	pst_stream_fini(&side->stream);
	pst_account_close(&side->account);
	side->closed = true;
}

static void
side_close(struct side *side)
{
	if (!side->account)
		return;
	while (side->kept_count)
		pst_buf_free(&side->kept[--side->kept_count]);
	pst_pipe_close(&side->messages.pipe, side_closed, side);
	loop_until(&side->closed);
}

static void
pair(int fds[2])
{
	int small = 65536;

	memset(&server, 0, sizeof server);
	memset(&client, 0, sizeof client);
	all = false;
	wanted = UINT32_MAX;
	peer = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
}

static int
both(void **state)
{
	int fds[2];

	loop_setup(state);
	pair(fds);
	side_open(&server, fds[0], true, SILENCE_MS, NULL);
	side_open(&client, fds[1], false, SILENCE_MS, NULL);
	return 0;
}

static int
only_server(uint64_t ping_ms, const char *rest)
{
	int fds[2];

	pair(fds);
	peer = fds[1];
	fcntl(peer, F_SETFL, O_NONBLOCK);
	side_open(&server, fds[0], true, ping_ms, rest);
	return 0;
}

static int
beside_a_peer(void **state)
{
	loop_setup(state);
	return only_server(SILENCE_MS, NULL);
}

static int
teardown(void **state)
{
	side_close(&client);
	side_close(&server);
	if (peer >= 0)
		close(peer);
	return loop_teardown(state);
}

static void
send_frame(struct side *from, uint32_t number, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, test.env.pool, from->account, 0, len, 0), PST_OK);
	pst_buf_put(&buf, len);
	for (size_t i = 0; i < len; i++)
		buf.start[i] = byte_of(number, i);
	assert_int_equal(pst_stream_send(&from->stream, &buf), PST_OK);
}

static void
peer_says(const void *bytes, size_t len)
{
	assert_int_equal(write(peer, bytes, len), len);
}

/* What the server has sent, until it begins like this. */
static void
peer_hears(const char *bytes, size_t len)
{
	char got[16] = "";
	size_t n = 0;

	for (int i = 0; n < len && i < 10000; i++) {
		ssize_t more = read(peer, got + n, len - n);

		n += more > 0 ? (size_t)more : 0;
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(n, len);
	assert_memory_equal(got, bytes, len);
}

/* ---- two sides ---- */

static void
frames_of_all_sizes_arrive_in_order_both_ways(void **state)
{
	wanted = 6 * SIZES;
	for (uint32_t i = 0; i < 3 * SIZES; i++) {
		send_frame(&server, i, sizes[i % SIZES]);
		send_frame(&client, i, sizes[(i * 5) % SIZES]);
	}
	loop_until(&all);
	assert_int_equal(server.seen, client.seen);
	assert_int_equal(server.stream.box.count + client.stream.box.count, 0);
	assert_int_equal(pst_account_used(server.account) + pst_account_used(client.account), 0);
	assert_false(server.failed || client.failed);
}

static void
many_short_frames_arrive_in_order(void **state)
{
	wanted = 5000;
	for (uint32_t i = 0; i < wanted; i++)
		send_frame(&client, i, 1 + i % 300);
	loop_until(&all);
	assert_int_equal(server.seen, wanted);
}

static void
a_full_account_slows_the_other_side_and_loses_nothing(void **state)
{
	server.keeps = true;
	pst_account_set_window(server.account, 100000);
	wanted = 60;
	for (uint32_t i = 0; i < wanted; i++)
		send_frame(&client, i, 50000);
	loop_settle();
	assert_in_range(server.seen, 1, 10);
	while (!all) {
		while (server.kept_count)
			pst_buf_free(&server.kept[--server.kept_count]);
		loop_settle();
		assert_false(server.failed || client.failed);
	}
}

static void
a_longer_message_than_may_be_ends_it(void **state)
{
	server.stream.max_frame = 1000;
	send_frame(&client, 0, 1000);
	send_frame(&client, 1, 1001);
	loop_until(&server.failed);
	loop_until(&client.failed);
	assert_int_equal(server.seen, 1);
}

static void
who_closes_says_so(void **state)
{
	send_frame(&client, 0, 100);
	pst_stream_flush(&client.stream);
	side_close(&client);
	client.account = NULL;
	loop_until(&server.failed);
	assert_int_equal(server.rc, UV_EOF);
	assert_int_equal(server.seen, 1);
}

/* ---- a peer of the test's own; its masks are zeros, and byte_of(0, 0) is 0 ---- */

static void
a_message_in_pieces_is_one_frame(void **state)
{
	peer_says("\x02\x81\0\0\0\0\0", 7);
	loop_settle();
	assert_int_equal(server.seen, 0);
	peer_says("\x89\x80\0\0\0\0\x80\x81\0\0\0\0\x07", 13); /* a ping may come between them */
	wanted = 1;
	loop_until(&all);
	peer_hears("\x8a\x00", 2);
	assert_int_equal(server.stream.bytes_in, 2);
}

/* A frame of payload bytes from `at` on, of the frame that the server has not seen yet, as a client sends it. */
static size_t
frame_put(uint8_t *out, uint8_t first, size_t at, size_t len)
{
	struct frame frame = { .first = first, .masked = true, .key = { 0x35, 0x9a, 0xc7, 0x01 }, .len = len };
	size_t head = frame_head(out, &frame);

	for (size_t i = 0; i < len; i++)
		out[head + i] = byte_of(server.seen, at + i);
	frame_mask(out + head, len, frame.key, 0);
	return head + len;
}

/* Long frames go around wslay, short ones do not, and a ping stands between them; however it all is cut. */
static void
long_and_short_pieces_become_one_frame(void **state)
{
	uint8_t said[2000];

	for (size_t cut = 1; cut < 400; cut += cut < 20 ? 1 : 63) {
		size_t len = 0;

		server.stream.bytes_in = 0;
		len += frame_put(said + len, 0x02, 0, 200);
		len += frame_put(said + len, 0x00, 200, 5);
		len += frame_put(said + len, 0x89, 0, 0);
		len += frame_put(said + len, 0x00, 205, 0);
		len += frame_put(said + len, 0x80, 205, 300);
		all = false;
		wanted = server.seen + 1;
		for (size_t at = 0; at < len; at += cut) {
			peer_says(said + at, len - at < cut ? len - at : cut);
			loop_settle();
		}
		loop_until(&all);
		assert_int_equal(server.stream.bytes_in, 505);
		peer_hears("\x8a\x00", 2);
	}
	assert_false(server.failed);
}

/* In the midst of a message, a long one that begins anew; and a long continuation of none. */
static void
a_long_frame_out_of_turn_is_a_protocol_error(void **state)
{
	uint8_t said[400];
	size_t len = frame_put(said, 0x02, 0, 3);

	len += frame_put(said + len, 0x82, 0, 200);
	peer_says(said, len);
	peer_hears("\x88\x02\x03\xea", 4);
	loop_until(&server.failed);
	assert_int_equal(server.seen, 0);
	side_close(&server);
	close(peer);
	only_server(SILENCE_MS, NULL);
	peer_says(said, frame_put(said, 0x80, 0, 200));
	peer_hears("\x88\x02\x03\xea", 4);
	loop_until(&server.failed);
	assert_int_equal(server.seen, 0);
}

/* What the peer does not read is bounded by what it can still send; and each ping has its answer in the end. */
static void
pings_of_who_does_not_read_are_not_read_either(void **state)
{
	static const char ping[6] = "\x89\x80\0\0\0";
	static char pings[6000];
	size_t sent = 0, heard = 0, more = 4 * 1024 * 1024;

	for (size_t i = 0; i < sizeof pings; i++)
		pings[i] = ping[i % 6];
	for (int idle = 0; idle < 100 && sent < more; idle++) {
		ssize_t n = write(peer, pings + sent % 6, sizeof pings - 6);

		if (n > 0) {
			sent += (size_t)n;
			idle = 0;
		}
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_true(sent < more);
	for (int i = 0; heard < sent / 6 * 2 && i < 1000000; i++) {
		ssize_t n = read(peer, pings, sizeof pings);

		heard += n > 0 ? (size_t)n : 0;
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(heard, sent / 6 * 2);
	assert_false(server.failed);
}

static void
a_text_is_taken_likewise(void **state)
{
	wanted = 1;
	peer_says("\x81\x82\0\0\0\0\0\x07", 8);
	loop_until(&all);
}

static void
a_frame_without_a_mask_is_a_protocol_error(void **state)
{
	peer_says("\x82\x01x", 3);
	peer_hears("\x88\x02\x03\xea", 4);
	loop_until(&server.failed);
	assert_int_equal(server.seen, 0);
}

/* What is wrong comes while nothing more can be written, and more of it behind: the loop goes on, and what comes is let go. */
static void
a_protocol_error_of_who_does_not_read_holds_nobody_up(void **state)
{
	static uint8_t heard[65536];

	send_frame(&server, 0, FRAME_MAX);
	loop_settle();
	peer_says("\x82\x01x and so on", 12);
	loop_settle();
	peer_says("and on", 6);
	loop_settle();
	assert_false(server.failed);
	assert_int_equal(write(peer, heard, sizeof heard), sizeof heard);
	loop_settle();
	assert_int_equal(write(peer, heard, 1), 1);
	while (!server.failed) {
		(void)!read(peer, heard, sizeof heard);
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(server.rc, UV_EOF);
	assert_int_equal(server.seen, 0);
}

static void
a_long_frame_without_a_mask_is_a_protocol_error(void **state)
{
	peer_says("\x82\x7e\x01\x00x", 5);
	peer_hears("\x88\x02\x03\xea", 4);
	loop_until(&server.failed);
	assert_int_equal(server.seen, 0);
}

static void
an_empty_message_is_a_protocol_error(void **state)
{
	peer_says("\x82\x80\0\0\0\0", 6);
	loop_until(&server.failed);
	assert_int_equal(server.rc, PST_E_PROTOCOL);
}

/* It is seen with the head. */
static void
a_length_over_the_limit_is_too_big(void **state)
{
	peer_says("\x82\xff\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", 14);
	peer_hears("\x88\x02\x03\xf1", 4);
	loop_until(&server.failed);
}

static void
a_peer_that_says_nothing_is_asked_and_then_lost(void **state)
{
	side_close(&server);
	close(peer);
	only_server(20, NULL);
	loop_until(&server.failed);
	assert_int_equal(server.rc, UV_ETIMEDOUT);
	peer_hears("\x89\x00", 2);
}

static void
what_came_with_the_head_is_read_first(void **state)
{
	side_close(&server);
	close(peer);
	only_server(SILENCE_MS, "\x82\x81\x01\x01\x01\x01\x01\x82\x82\x01\x01\x01\x01\x1e");
	peer_says("\x27", 1); /* byte_of(1, …) is 0x1f, 0x26 */
	wanted = 2;
	loop_until(&all);
	assert_int_equal(server.stream.bytes_in, 3);
}

int
main(void)
{
#define BOTH(name) cmocka_unit_test_setup_teardown(name, both, teardown)
#define PEER(name) cmocka_unit_test_setup_teardown(name, beside_a_peer, teardown)
	const struct CMUnitTest tests[] = {
		BOTH(frames_of_all_sizes_arrive_in_order_both_ways),
		BOTH(many_short_frames_arrive_in_order),
		BOTH(a_full_account_slows_the_other_side_and_loses_nothing),
		BOTH(a_longer_message_than_may_be_ends_it),
		BOTH(who_closes_says_so),
		PEER(a_message_in_pieces_is_one_frame),
		PEER(pings_of_who_does_not_read_are_not_read_either),
		PEER(long_and_short_pieces_become_one_frame),
		PEER(a_long_frame_out_of_turn_is_a_protocol_error),
		PEER(a_text_is_taken_likewise),
		PEER(a_frame_without_a_mask_is_a_protocol_error),
		PEER(a_protocol_error_of_who_does_not_read_holds_nobody_up),
		PEER(a_long_frame_without_a_mask_is_a_protocol_error),
		PEER(an_empty_message_is_a_protocol_error),
		PEER(a_length_over_the_limit_is_too_big),
		PEER(a_peer_that_says_nothing_is_asked_and_then_lost),
		PEER(what_came_with_the_head_is_read_first),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
