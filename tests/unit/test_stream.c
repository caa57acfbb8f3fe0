/* Frames over one end of a socket pair; the test itself is the other end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include <postern/stream.h>

#define FRAME_MAX (1024 * 1024)
#define KEPT_MAX 4096
#define SENT_MAX (4 * 1024 * 1024)

static struct {
	uv_pipe_t handle;
	struct pst_uv_pipe pipe;
	struct pst_stream stream;
	struct pst_account *account;
	int peer;
	bool closed, failed;
	int rc;
	unsigned failures;
	/* what the consumer does */
	bool keeps, seals, closes;
	struct pst_buf kept[KEPT_MAX];
	size_t first_kept, kept_end;
	uint32_t seen; /* frames; the next is number `seen` */
	bool enough;
	uint32_t wanted;
} end;

/* What the peer has to write yet. */
static uint8_t out[SENT_MAX];
static size_t out_len, out_at;
static uint32_t out_frames;

/* ---- frames with known bytes ---- */

static uint8_t
byte_of(uint32_t frame, size_t i)
{
	return (uint8_t)(frame * 31 + i * 7 + (i >> 8));
}

static void
fill(uint8_t *p, uint32_t frame, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = byte_of(frame, i);
}

static void
check(const uint8_t *p, uint32_t frame, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != byte_of(frame, i))
			fail_msg("frame %u of %zu bytes differs at %zu", frame, len, i);
}

static void
out_add(size_t len)
{
	struct pst_writer w = pst_writer(out + out_len, PST_STREAM_HEAD);

	assert_true(out_len + PST_STREAM_HEAD + len <= sizeof out);
	pst_write_be32(&w, (uint32_t)len);
	fill(out + out_len + PST_STREAM_HEAD, out_frames++, len);
	out_len += PST_STREAM_HEAD + len;
}

/* ---- this end ---- */

static void
pipe_closed(void *arg)
{
	pst_stream_fini(&end.stream);
	pst_account_close(&end.account);
	end.closed = true;
}

static void
end_close(void)
{
	if (!pst_pipe_closing(&end.pipe.pipe))
		pst_pipe_close(&end.pipe.pipe, pipe_closed, NULL);
}

static void
on_frame(void *arg, struct pst_buf *frame)
{
	check(frame->start, end.seen++, pst_buf_len(frame));
	end.enough = end.seen >= end.wanted;
	if (end.closes)
		end_close();
	if (end.seals) { /* as a relay's channel does: all the room there is */
		size_t front = pst_buf_headroom(frame), back = pst_buf_tailroom(frame);

		memset(pst_buf_push(frame, front), 0xee, front);
		memset(pst_buf_put(frame, back), 0xee, back);
	}
	if (end.keeps) {
		assert_true(end.kept_end < KEPT_MAX);
		end.kept[end.kept_end++] = pst_buf_take(frame);
	}
}

static void
on_failed(void *arg, int rc)
{
	end.failed = true;
	end.failures++;
	end.rc = rc;
}

static void
on_room(void *arg)
{
	pst_stream_resume(&end.stream);
}

static int
setup(void **state)
{
	static const struct pst_stream_events events = { on_frame, on_failed };
	int fds[2], small = 65536;

	loop_setup(state);
	memset(&end, 0, sizeof end);
	out_len = out_at = out_frames = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	end.peer = fds[1];
	fcntl(end.peer, F_SETFL, O_NONBLOCK);
	uv_pipe_init(&test.loop, &end.handle, 0);
	assert_int_equal(uv_pipe_open(&end.handle, fds[0]), 0);
	pst_uv_pipe_init(&end.pipe, (uv_stream_t *)&end.handle);
	end.account = pst_account_new(test.env.pool, SIZE_MAX, on_room, NULL);
	end.wanted = UINT32_MAX;
	pst_stream_init(&end.stream, &test.env, &end.pipe.pipe, end.account, FRAME_MAX, &events, NULL);
	assert_int_equal(pst_stream_start(&end.stream), PST_OK);
	out[out_len++] = PST_STREAM_VERSION;
	return 0;
}

static void
kept_drop(size_t n)
{
	while (n-- && end.first_kept < end.kept_end)
		pst_buf_free(&end.kept[end.first_kept++]);
}

static int
teardown(void **state)
{
	kept_drop(KEPT_MAX);
	end_close();
	loop_until(&end.closed);
	if (end.peer >= 0)
		close(end.peer);
	return loop_teardown(state);
}

/* ---- the other end ---- */

/* Write at most n bytes of what is to be written; false when it would wait. */
static bool
peer_writes(size_t n)
{
	size_t left = out_len - out_at;
	ssize_t wrote = write(end.peer, out + out_at, n < left ? n : left);

	if (wrote < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	out_at += (size_t)wrote;
	return true;
}

/* All of it, in pieces of so many bytes, the loop running between them. */
static void
peer_writes_all(size_t piece)
{
	while (out_at < out_len) {
		assert_false(end.failed);
		peer_writes(piece);
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	end.wanted = out_frames;
	end.enough = end.seen >= end.wanted;
	loop_until(&end.enough);
}

static size_t
peer_reads(uint8_t *into, size_t size)
{
	ssize_t n = read(end.peer, into, size);

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	return n < 0 ? 0 : (size_t)n;
}

static void
peer_says(const void *bytes, size_t len)
{
	assert_int_equal(write(end.peer, bytes, len), len);
}

/* An unread byte would make it a reset. */
static void
peer_closes(void)
{
	uint8_t version;

	peer_reads(&version, 1);
	close(end.peer);
	end.peer = -1;
}

/* ---- receiving ---- */

static const size_t sizes[] = { 1, 2, 3, 5, 100, 4000, 4091, 4092, 4093, 4096, 4097, 8192, 10000,
	65535, 65536, 65537, 70000, 1, 200000, 7 };
#define SIZES (sizeof sizes / sizeof *sizes)

static void
frames_in_pieces_of_one_byte_arrive(void **state)
{
	for (size_t i = 0; i < 8; i++)
		out_add(sizes[i]);
	peer_writes_all(1);
}

static void
many_small_frames_in_one_read_arrive_in_order(void **state)
{
	for (size_t i = 0; i < 2000; i++)
		out_add(1 + i % 40);
	peer_writes_all(SIZE_MAX);
}

static void
frames_of_all_sizes_arrive_however_they_are_cut(void **state)
{
	static const size_t pieces[] = { 3, 1000, 4095, 4096, 4097, 65536, SIZE_MAX };

	for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
		for (size_t i = 0; i < SIZES; i++)
			out_add(sizes[i]);
		peer_writes_all(pieces[p]);
		out_len = out_at = 0;
	}
}

/* The next frame lies behind the long one, in the same block. */
static void
what_lies_behind_a_frame_survives_its_sealing(void **state)
{
	end.seals = true;
	for (size_t n = 0; n < 40; n++) {
		out_add(65536);
		for (size_t i = 0; i < n; i++)
			out_add(1 + i * 13 % 300);
	}
	peer_writes_all(SIZE_MAX);
}

static void
frames_kept_by_their_reader_stay_as_they_are(void **state)
{
	end.keeps = true;
	for (size_t n = 0; n < 100; n++)
		out_add(sizes[n % 16]);
	peer_writes_all(50000);
	assert_int_equal(end.kept_end, out_frames);
	for (size_t i = 0; i < end.kept_end; i++)
		check(end.kept[i].start, (uint32_t)i, pst_buf_len(&end.kept[i]));
}

static void
a_frame_has_room_on_both_sides(void **state)
{
	end.keeps = true;
	out_add(100);
	peer_writes_all(SIZE_MAX);
	out_add(60000);
	peer_writes_all(SIZE_MAX);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pst_buf_headroom(&end.kept[i]), PST_RX_HEADROOM);
		assert_true(pst_buf_tailroom(&end.kept[i]) >= PST_RX_TAILROOM);
	}
}

static void
of_a_long_frame_only_the_read_ahead_is_copied(void **state)
{
	struct pst_pool_stats stats;

	for (int i = 0; i < 20; i++)
		out_add(65536);
	peer_writes_all(SIZE_MAX);
	pst_pool_stats(test.env.pool, &stats);
	assert_int_equal(stats.bytes_read, out_len);
	assert_in_range(stats.bytes_copied, 0, 20 * PST_READ_AHEAD);
}

/* What a head says is believed as far as bytes come; blocks are of some sizes only, from 5120 the next is 73728. */
static void
a_sparing_stream_takes_memory_as_bytes_come(void **state)
{
	end.stream.sparing = true;
	out_add(FRAME_MAX);
	out_add(100);
	for (size_t come = 1; out_at < out_len; come *= 2) {
		while (out_at < come && out_at < out_len) {
			peer_writes(come - out_at);
			uv_run(&test.loop, UV_RUN_NOWAIT);
		}
		loop_settle();
		assert_in_range(pst_account_used(end.account), 0, 5120 + 16 * come);
	}
	peer_writes_all(SIZE_MAX); /* which waits for the last of them */
}

static void
frames_of_all_sizes_arrive_at_a_sparing_stream(void **state)
{
	static const size_t pieces[] = { 1000, 4096, 65536, SIZE_MAX };

	end.stream.sparing = end.seals = true;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		for (size_t k = 0; k < SIZES; k++)
			out_add(sizes[k]);
		peer_writes_all(pieces[i]);
	}
}

static void
no_block_is_made_in_steady_state(void **state)
{
	struct pst_pool_stats before, after;

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < SIZES; i++)
			out_add(sizes[i] > 65536 ? 65536 : sizes[i]);
		peer_writes_all(SIZE_MAX);
		if (!round)
			pst_pool_stats(test.env.pool, &before);
		out_len = out_at = 0;
	}
	pst_pool_stats(test.env.pool, &after);
	assert_int_equal(before.blocks_made, after.blocks_made);
}

static void
a_full_account_stops_reading_and_loses_nothing(void **state)
{
	const size_t window = 200000;

	end.keeps = true;
	pst_account_set_window(end.account, window);
	for (size_t i = 0; i < 1500; i++)
		out_add(sizes[i % 14] % 5000 + 1);
	while (end.seen < out_frames) {
		while (peer_writes(SIZE_MAX) && out_at < out_len)
			uv_run(&test.loop, UV_RUN_NOWAIT);
		loop_settle();
		/* one block more than the window at most, the one of the last frame */
		assert_in_range(pst_account_used(end.account), 0, window + 80000);
		if (out_at < out_len)
			assert_true(pst_account_stopped(end.account));
		kept_drop(20);
		assert_false(end.failed);
	}
}

static void
one_frame_a_time_passes_the_smallest_window(void **state)
{
	end.keeps = true;
	pst_account_set_window(end.account, 1);
	for (size_t i = 0; i < 60; i++)
		out_add(sizes[i % 10]);
	end.wanted = out_frames;
	while (!end.enough) {
		if (out_at < out_len)
			peer_writes(SIZE_MAX);
		loop_settle();
		assert_false(end.failed);
		assert_in_range(end.kept_end - end.first_kept, 1, 2);
		kept_drop(2);
	}
}

/* ---- what ends a stream ---- */

static void
check_failed(int rc)
{
	loop_until(&end.failed);
	loop_settle();
	assert_int_equal(end.rc, rc);
	assert_int_equal(end.failures, 1);
}

/* live-tcp-version-0, live-tcp-version-2 */
static void
another_version_is_a_protocol_error(void **state)
{
	uint8_t first;

	peer_says("\x02\x00\x00\x00\x01x", 6);
	check_failed(PST_E_PROTOCOL);
	assert_int_equal(end.seen, 0);
	assert_int_equal(peer_reads(&first, 1), 1);
	assert_int_equal(first, PST_STREAM_VERSION); /* ours went out at once */
}

static void
a_length_of_zero_is_a_protocol_error(void **state)
{
	out_add(3);
	peer_says(out, out_len);
	peer_says("\x00\x00\x00\x00", 4);
	check_failed(PST_E_PROTOCOL);
	assert_int_equal(end.seen, 1);
}

static void
a_length_over_the_limit_is_a_protocol_error(void **state)
{
	out_add(FRAME_MAX);
	peer_writes_all(SIZE_MAX);
	assert_int_equal(end.seen, 1);
	peer_says("\x00\x10\x00\x01", 4);
	check_failed(PST_E_PROTOCOL);
	assert_true(pst_account_used(end.account) == 0);
}

/* live-tcp-too-long */
static void
the_longest_length_is_a_protocol_error(void **state)
{
	peer_says("\x01\x01\x00\x00\x01", 5);
	check_failed(PST_E_PROTOCOL);
}

static void
a_peer_that_closes_ends_it(void **state)
{
	out_add(10);
	peer_writes_all(SIZE_MAX);
	peer_closes();
	check_failed(UV_EOF);
}

static void
a_peer_that_closes_within_a_frame_ends_it(void **state)
{
	peer_says("\x01\x00\x00\xff\xff" "abc", 8);
	loop_settle();
	peer_closes();
	check_failed(UV_EOF);
	assert_int_equal(end.seen, 0);
}

static void
what_came_before_the_end_is_delivered_first(void **state)
{
	end.keeps = true;
	pst_account_set_window(end.account, 10000);
	for (int i = 0; i < 30; i++)
		out_add(1000);
	assert_true(peer_writes(SIZE_MAX) && out_at == out_len);
	peer_closes();
	while (!end.failed) {
		loop_settle();
		kept_drop(1);
	}
	assert_int_equal(end.seen, 30);
	assert_int_equal(end.rc, UV_EOF);
}

static void
a_consumer_may_close_it_within_a_frame(void **state)
{
	end.closes = true;
	for (int i = 0; i < 10; i++)
		out_add(100);
	assert_true(peer_writes(SIZE_MAX));
	loop_until(&end.closed);
	assert_int_equal(end.seen, 1);
	assert_false(end.failed);
}

static void
a_consumer_may_close_it_within_a_long_frame(void **state)
{
	end.closes = true;
	out_add(30000);
	out_add(100);
	assert_true(peer_writes(SIZE_MAX));
	loop_until(&end.closed);
	assert_int_equal(end.seen, 1);
}

/* ---- sending ---- */

static struct pst_account *
send_frame(struct pst_account *account, uint32_t number, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, test.env.pool, account, number % 2 ? 64 : 0, len, 0), PST_OK);
	fill(pst_buf_put(&buf, len), number, len);
	assert_int_equal(pst_stream_send(&end.stream, &buf), PST_OK);
	assert_null(buf.block);
	return account;
}

static void
a_peer_that_does_not_read_gets_all_of_it_later(void **state)
{
	struct pst_account *account = pst_account_new(test.env.pool, SIZE_MAX, NULL, NULL);
	uint8_t *got = malloc(SENT_MAX), *p;
	size_t len = 0, want = 1;

	for (uint32_t i = 0; i < 300; i++) {
		send_frame(account, i, sizes[i % 14]);
		want += PST_STREAM_HEAD + sizes[i % 14];
	}
	loop_settle();
	assert_true(pst_account_used(account) > 0); /* they wait, charged to who sends */
	while (len < want) {
		len += peer_reads(got + len, len % 7 ? 30000 : 1);
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(got[0], PST_STREAM_VERSION);
	p = got + 1;
	for (uint32_t i = 0; i < 300; i++) {
		struct pst_reader r = pst_reader(p, PST_STREAM_HEAD);

		assert_int_equal(pst_read_be32(&r), sizes[i % 14]);
		check(p + PST_STREAM_HEAD, i, sizes[i % 14]);
		p += PST_STREAM_HEAD + sizes[i % 14];
	}
	loop_settle();
	assert_int_equal(pst_account_used(account), 0);
	assert_int_equal(end.stream.box.count, 0);
	assert_false(end.failed);
	pst_account_close(&account);
	free(got);
}

/* What the peer gets now, without the loop; the version byte aside. */
static size_t
peer_has(void)
{
	static uint8_t bytes[1024 * 1024];
	size_t n = peer_reads(bytes, sizeof bytes);

	return n && end.stream.bytes_out && bytes[0] == PST_STREAM_VERSION ? n - 1 : n;
}

static void
short_frames_go_out_together_when_the_turn_ends(void **state)
{
	for (uint32_t i = 0; i < 5; i++)
		send_frame(end.account, i, 100);
	assert_int_equal(peer_has(), 0);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_int_equal(peer_has(), 5 * (PST_STREAM_HEAD + 100));
	assert_int_equal(end.stream.box.count, 0);
}

static void
much_goes_out_at_once_and_what_waited_before_it(void **state)
{
	send_frame(end.account, 0, 100);
	send_frame(end.account, 1, PST_STREAM_BATCH);
	assert_int_equal(peer_has(), 2 * PST_STREAM_HEAD + 100 + PST_STREAM_BATCH);
	for (uint32_t i = 0; i < PST_OUTBOX_BATCH; i++)
		send_frame(end.account, i, 10);
	assert_int_equal(peer_has(), PST_OUTBOX_BATCH * (PST_STREAM_HEAD + 10));
}

static void
the_last_words_are_flushed(void **state)
{
	send_frame(end.account, 0, 100);
	pst_stream_flush(&end.stream);
	end_close();
	assert_int_equal(peer_has(), PST_STREAM_HEAD + 100);
	assert_int_equal(pst_account_used(end.account), 0);
}

static void
what_was_not_sent_goes_with_the_stream(void **state)
{
	struct pst_account *account = pst_account_new(test.env.pool, SIZE_MAX, NULL, NULL);

	for (uint32_t i = 0; i < 50; i++)
		send_frame(account, i, 65536);
	end_close();
	loop_until(&end.closed);
	assert_int_equal(pst_account_used(account), 0);
	pst_account_close(&account);
}

static void
sending_to_nobody_fails_from_the_loop(void **state)
{
	struct pst_buf buf;

	peer_closes();
	for (uint32_t i = 0; i < 3; i++)
		send_frame(end.account, i, 100); /* they go out when the turn ends */
	pst_stream_flush(&end.stream);
	assert_false(end.failed);
	assert_int_equal(pst_account_used(end.account), 0);
	loop_until(&end.failed);
	assert_int_equal(end.failures, 1);
	assert_int_equal(pst_buf_new(&buf, test.env.pool, end.account, 4, 100, 0), PST_OK);
	assert_int_equal(pst_stream_send(&end.stream, &buf), PST_E_CLOSED);
	assert_null(buf.block);
}

static void
a_frame_over_16_mib_is_not_sent(void **state)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, test.env.pool, end.account, 4, PST_STREAM_FRAME_MAX + 1, 0),
	    PST_OK);
	pst_buf_put(&buf, PST_STREAM_FRAME_MAX + 1);
	assert_int_equal(pst_stream_send(&end.stream, &buf), PST_E_LIMIT);
	assert_null(buf.block);
	loop_settle();
	assert_false(end.failed);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(frames_in_pieces_of_one_byte_arrive),
		TEST(many_small_frames_in_one_read_arrive_in_order),
		TEST(frames_of_all_sizes_arrive_however_they_are_cut),
		TEST(what_lies_behind_a_frame_survives_its_sealing),
		TEST(frames_kept_by_their_reader_stay_as_they_are),
		TEST(a_frame_has_room_on_both_sides),
		TEST(of_a_long_frame_only_the_read_ahead_is_copied),
		TEST(a_sparing_stream_takes_memory_as_bytes_come),
		TEST(frames_of_all_sizes_arrive_at_a_sparing_stream),
		TEST(no_block_is_made_in_steady_state),
		TEST(a_full_account_stops_reading_and_loses_nothing),
		TEST(one_frame_a_time_passes_the_smallest_window),
		TEST(another_version_is_a_protocol_error),
		TEST(a_length_of_zero_is_a_protocol_error),
		TEST(a_length_over_the_limit_is_a_protocol_error),
		TEST(the_longest_length_is_a_protocol_error),
		TEST(a_peer_that_closes_ends_it),
		TEST(a_peer_that_closes_within_a_frame_ends_it),
		TEST(what_came_before_the_end_is_delivered_first),
		TEST(a_consumer_may_close_it_within_a_frame),
		TEST(a_consumer_may_close_it_within_a_long_frame),
		TEST(a_peer_that_does_not_read_gets_all_of_it_later),
		TEST(short_frames_go_out_together_when_the_turn_ends),
		TEST(much_goes_out_at_once_and_what_waited_before_it),
		TEST(the_last_words_are_flushed),
		TEST(what_was_not_sent_goes_with_the_stream),
		TEST(sending_to_nobody_fails_from_the_loop),
		TEST(a_frame_over_16_mib_is_not_sent),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
