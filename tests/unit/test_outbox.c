#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include <postern/outbox.h>

static struct {
	uv_pipe_t handle;
	struct pst_uv_pipe pipe;
	struct pst_outbox box;
	struct pst_account *account;
	int peer;
	bool closed, in_send, finished;
	size_t moved; /* bytes that were told of */
	int rc;
	uint8_t next_sent, next_got; /* bytes count up */
} end;

static void
on_written(void *arg)
{
	ssize_t bytes = pst_outbox_written(&end.box);

	assert_false(end.in_send);
	if (bytes < 0)
		end.rc = (int)bytes;
	else
		end.moved += (size_t)bytes;
}

static void
on_lost(void *arg, int rc)
{
	assert_false(end.in_send);
	end.rc = rc;
}

static const struct pst_pipe_events events = { .written = on_written, .lost = on_lost };

static void
pipe_closed(void *arg)
{
	pst_outbox_fini(&end.box);
	pst_account_close(&end.account);
	end.closed = true;
}

static int
setup(void **state)
{
	int fds[2], small = 20000;

	loop_setup(state);
	memset(&end, 0, sizeof end);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	end.peer = fds[1];
	fcntl(end.peer, F_SETFL, O_NONBLOCK);
	uv_pipe_init(&test.loop, &end.handle, 0);
	assert_int_equal(uv_pipe_open(&end.handle, fds[0]), 0);
	pst_uv_pipe_init(&end.pipe, (uv_stream_t *)&end.handle);
	end.pipe.pipe.events = &events;
	end.account = pst_account_new(test.env.pool, SIZE_MAX, NULL, NULL);
	pst_outbox_init(&end.box, &end.pipe.pipe);
	return 0;
}

static int
teardown(void **state)
{
	pst_pipe_close(&end.pipe.pipe, pipe_closed, NULL);
	loop_until(&end.closed);
	if (end.peer >= 0)
		close(end.peer);
	return loop_teardown(state);
}

static struct pst_buf
buf_of(size_t len, size_t tailroom)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, test.env.pool, end.account, 0, len, tailroom), PST_OK);
	for (size_t i = 0; i < len; i++)
		*pst_buf_put(&buf, 1) = end.next_sent++;
	return buf;
}

static ssize_t
send_bytes(size_t len)
{
	struct pst_buf buf = buf_of(len, 0);
	ssize_t rc;

	end.in_send = true;
	rc = pst_outbox_send(&end.box, &buf);
	end.in_send = false;
	assert_null(buf.block);
	return rc;
}

/* Fill the socket; returns the bytes sent, of which box.bytes wait. */
static size_t
fill(void)
{
	size_t sent = 0;

	while (!end.box.count) {
		assert_true(send_bytes(5000) >= 0);
		sent += 5000;
	}
	return sent;
}

static size_t
peer_reads(size_t most)
{
	uint8_t bytes[4096];
	ssize_t n = read(end.peer, bytes, most < sizeof bytes ? most : sizeof bytes);

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(bytes[i], end.next_got++);
	return n < 0 ? 0 : (size_t)n;
}

static void
peer_reads_all(size_t want)
{
	for (size_t got = 0; got < want;) {
		got += peer_reads(SIZE_MAX);
		uv_run(&test.loop, UV_RUN_NOWAIT);
		assert_int_equal(end.rc, 0);
	}
	loop_settle();
	assert_int_equal(peer_reads(SIZE_MAX), 0);
}

/* ---- tests ---- */

static void
what_the_socket_takes_is_sent_at_once(void **state)
{
	assert_int_equal(send_bytes(100), 100);
	assert_int_equal(end.box.count + end.box.bytes, 0);
	assert_int_equal(pst_account_used(end.account), 0);
	peer_reads_all(100);
	assert_int_equal(end.moved, 0); /* there was nothing to tell */
}

static void
what_was_put_waits_for_the_flush(void **state)
{
	for (int i = 0; i < PST_OUTBOX_BATCH + 3; i++) {
		struct pst_buf buf = buf_of(10, 0);

		assert_int_equal(pst_outbox_put(&end.box, &buf), PST_OK);
		assert_null(buf.block);
	}
	loop_settle();
	assert_int_equal(peer_reads(1000), 0);
	assert_int_equal(pst_outbox_flush(&end.box), (PST_OUTBOX_BATCH + 3) * 10);
	assert_int_equal(peer_reads(1000), (PST_OUTBOX_BATCH + 3) * 10);
	assert_int_equal(pst_outbox_flush(&end.box), 0);
	assert_int_equal(end.moved, 0); /* told by flush itself */
}

static void
the_rest_waits_and_goes_in_order(void **state)
{
	size_t sent = fill(), waiting;

	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(send_bytes(1 + i * 37), 0);
		sent += 1 + i * 37;
	}
	waiting = end.box.bytes;
	assert_true(pst_account_used(end.account) >= waiting);
	peer_reads_all(sent);
	assert_int_equal(end.moved, waiting);
	assert_int_equal(end.box.count + end.box.bytes, 0);
	assert_int_equal(pst_account_used(end.account), 0);
	assert_int_equal(send_bytes(10), 10); /* and at once again */
	peer_reads_all(10);
}

static void
it_can_be_filled_many_times(void **state)
{
	for (int round = 0; round < 30; round++) {
		size_t sent = fill();

		for (int i = 0; i < round; i++) {
			assert_int_equal(send_bytes(50), 0);
			sent += 50;
			if (i % 5 == 0) { /* while it moves */
				sent -= peer_reads(3000);
				uv_run(&test.loop, UV_RUN_NOWAIT);
			}
			if (!end.box.count)
				break;
		}
		peer_reads_all(sent);
	}
}

static void
short_bufs_join_what_waits(void **state)
{
	size_t sent = fill(), copied;
	struct pst_pool_stats stats;
	struct pst_buf buf = buf_of(10, 500);

	assert_int_equal(pst_outbox_send(&end.box, &buf), 0);
	sent += 10;
	pst_pool_stats(test.env.pool, &stats);
	copied = stats.bytes_copied;
	for (int i = 0; i < 10; i++) {
		size_t count = end.box.count;

		buf = buf_of(20, 0);
		assert_true(pst_outbox_merge(&end.box, &buf));
		assert_null(buf.block);
		assert_int_equal(end.box.count, count);
		sent += 20;
	}
	pst_pool_stats(test.env.pool, &stats);
	assert_int_equal(stats.bytes_copied - copied, 200);
	assert_int_equal(pst_buf_len(pst_outbox_at(&end.box, end.box.count - 1)), 210);
	peer_reads_all(sent);
}

static void
nothing_joins_what_is_on_its_way_or_full(void **state)
{
	struct pst_buf buf = buf_of(10, 0), large;

	assert_false(pst_outbox_merge(&end.box, &buf)); /* empty */
	pst_buf_free(&buf);
	end.next_sent = 0;
	fill(); /* the last one is in the request */
	assert_int_equal(end.box.count, end.box.writing);
	buf = buf_of(10, 0);
	assert_false(pst_outbox_merge(&end.box, &buf));
	assert_int_equal(pst_outbox_send(&end.box, &buf), 0);
	large = buf_of(5000, 0);
	assert_false(pst_outbox_merge(&end.box, &large));
	assert_non_null(large.block);
	pst_buf_free(&large);
}

static void
a_peer_that_is_gone_is_an_error_of_send(void **state)
{
	close(end.peer);
	end.peer = -1;
	assert_int_equal(send_bytes(10), UV_EPIPE);
	assert_int_equal(end.box.count, 0);
}

static void
a_peer_that_goes_is_told_once_from_the_loop(void **state)
{
	fill();
	for (int i = 0; i < 40; i++)
		assert_int_equal(send_bytes(100), 0);
	close(end.peer);
	end.peer = -1;
	loop_settle();
	assert_true(end.rc == UV_EPIPE || end.rc == UV_ECONNRESET);
}

static void
what_waits_goes_with_the_handle(void **state)
{
	fill();
	for (int i = 0; i < 40; i++)
		assert_int_equal(send_bytes(100), 0);
	/* teardown asserts that nothing is charged */
}

static void
it_may_be_emptied_before_the_handle_closes(void **state)
{
	fill();
	for (int i = 0; i < 40; i++)
		assert_int_equal(send_bytes(100), 0);
	pst_outbox_fini(&end.box);
	assert_int_equal(pst_account_used(end.account), 0);
	assert_int_equal(end.box.count + end.box.bytes, 0);
}

/* ---- a pipe that keeps what it was given ---- */

static struct {
	struct pst_pipe pipe;
	struct pst_outbox box;
	size_t writes, bytes;
} keeper;

static int
keeper_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	assert_ptr_equal(pipe, &keeper.pipe);
	assert_int_equal(n, 1);
	for (size_t i = 0; i < bufs[0].len; i++)
		assert_int_equal((uint8_t)bufs[0].base[i], end.next_got++);
	keeper.writes++;
	keeper.bytes += bufs[0].len;
	return PST_OK;
}

static const struct pst_pipe_ops keeper_ops = { .write = keeper_write, .keeps = true };

static void
a_pipe_that_keeps_is_given_all_and_gives_back_one_by_one(void **state)
{
	struct pst_buf buf;

	memset(&keeper, 0, sizeof keeper);
	keeper.pipe.ops = &keeper_ops;
	pst_outbox_init(&keeper.box, &keeper.pipe);
	for (size_t i = 1; i <= 40; i++) {
		buf = buf_of(i, 0);
		if (i % 2) {
			assert_int_equal(pst_outbox_put(&keeper.box, &buf), PST_OK);
			assert_int_equal(pst_outbox_flush(&keeper.box), 0);
		} else {
			assert_int_equal(pst_outbox_send(&keeper.box, &buf), 0);
		}
		assert_int_equal(keeper.writes, i);
	}
	assert_int_equal(keeper.bytes, 820);
	assert_int_equal(keeper.box.bytes, 820);
	for (size_t i = 1; i <= 40; i++) {
		assert_int_equal(pst_outbox_written(&keeper.box), i);
		assert_int_equal(keeper.box.count, 40 - i);
	}
	assert_int_equal(keeper.box.bytes + keeper.box.writing_bytes, 0);
	buf = buf_of(7, 0);
	assert_int_equal(pst_outbox_send(&keeper.box, &buf), 0);
	assert_true(pst_account_used(end.account) > 0);
	pst_outbox_fini(&keeper.box);
	assert_int_equal(pst_account_used(end.account), 0);
}

static void
what_is_on_its_way_is_charged_to_another(void **state)
{
	struct pst_account *away = pst_account_new(test.env.pool, SIZE_MAX, NULL, NULL);
	size_t each = 0;

	memset(&keeper, 0, sizeof keeper);
	keeper.pipe.ops = &keeper_ops;
	pst_outbox_init(&keeper.box, &keeper.pipe);
	for (size_t i = 0; i < 3; i++) {
		struct pst_buf buf = buf_of(300, 0);

		assert_int_equal(pst_outbox_send(&keeper.box, &buf), 0);
		each = pst_account_used(end.account) / (i + 1);
	}
	pst_outbox_sent(&keeper.box, away);
	assert_int_equal(pst_account_used(end.account), 2 * each);
	assert_int_equal(pst_account_used(away), each);
	pst_outbox_sent(&keeper.box, NULL);
	assert_int_equal(pst_account_used(end.account), 2 * each);
	assert_int_equal(pst_outbox_written(&keeper.box), 300);
	assert_int_equal(pst_account_used(away), 0);
	pst_outbox_sent(&keeper.box, away); /* the third, though it is the second by now */
	assert_int_equal(pst_account_used(end.account), each);
	assert_int_equal(pst_account_used(away), each);
	assert_int_equal(pst_outbox_written(&keeper.box), 300);
	assert_int_equal(pst_account_used(end.account), 0);
	assert_int_equal(pst_outbox_written(&keeper.box), 300);
	assert_int_equal(pst_account_used(away), 0);
	pst_outbox_fini(&keeper.box);
	pst_account_close(&away);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_the_socket_takes_is_sent_at_once),
		TEST(what_was_put_waits_for_the_flush),
		TEST(the_rest_waits_and_goes_in_order),
		TEST(it_can_be_filled_many_times),
		TEST(short_bufs_join_what_waits),
		TEST(nothing_joins_what_is_on_its_way_or_full),
		TEST(a_peer_that_is_gone_is_an_error_of_send),
		TEST(a_peer_that_goes_is_told_once_from_the_loop),
		TEST(what_waits_goes_with_the_handle),
		TEST(it_may_be_emptied_before_the_handle_closes),
		TEST(a_pipe_that_keeps_is_given_all_and_gives_back_one_by_one),
		TEST(what_is_on_its_way_is_charged_to_another),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
