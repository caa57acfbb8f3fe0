/* A pipe over libuv: one end of a socket pair; the test itself is the other end. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include <postern/pipe.h>

#define MUCH (4 * 1024 * 1024)

static struct {
	uv_pipe_t handle;
	struct pst_uv_pipe pipe;
	int peer;
	bool closed, written, lost;
	int rc;
	uint8_t bytes[100];
	size_t room, len; /* how many may come, and have */
	unsigned asked;
} end;

static uint8_t *
on_room(void *arg, size_t *len)
{
	end.asked++;
	*len = end.room;
	return end.bytes + end.len;
}

static void
on_came(void *arg, size_t len)
{
	assert_in_range(len, 0, end.room);
	end.len += len;
}

static void
on_written(void *arg)
{
	assert_false(end.closed || pst_pipe_closing(&end.pipe.pipe));
	end.written = true;
}

static void
on_lost(void *arg, int rc)
{
	end.lost = true;
	end.rc = rc;
}

static const struct pst_pipe_events events = { .room = on_room, .came = on_came, .written = on_written, .lost = on_lost };

static void
on_closed(void *arg)
{
	assert_ptr_equal(arg, &test);
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
	end.room = sizeof end.bytes;
	return 0;
}

static void
end_close(void)
{
	if (!pst_pipe_closing(&end.pipe.pipe))
		pst_pipe_close(&end.pipe.pipe, on_closed, &test);
}

static int
teardown(void **state)
{
	end_close();
	loop_until(&end.closed);
	if (end.peer >= 0)
		close(end.peer);
	return loop_teardown(state);
}

static void
read_on(bool on)
{
	assert_int_equal(end.pipe.pipe.ops->read(&end.pipe.pipe, on), 0);
}

static void
peer_says(const char *text)
{
	assert_int_equal(write(end.peer, text, strlen(text)), strlen(text));
}

static void
bytes_come_to_where_there_is_room(void **state)
{
	read_on(true);
	peer_says("abc");
	loop_settle();
	assert_memory_equal(end.bytes, "abc", 3);
	end.room = 2; /* in pieces then */
	peer_says("defgh");
	loop_settle();
	assert_int_equal(end.len, 8);
	assert_memory_equal(end.bytes, "abcdefgh", 8);
}

static void
without_room_it_asks_again_later(void **state)
{
	end.room = 0;
	read_on(true);
	peer_says("abc");
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_in_range(end.asked, 1, 10);
	assert_int_equal(end.len, 0);
	end.room = sizeof end.bytes;
	uv_run(&test.loop, UV_RUN_NOWAIT);
	assert_int_equal(end.len, 3);
}

static void
nothing_comes_while_reading_is_off(void **state)
{
	peer_says("abc");
	loop_settle();
	read_on(true);
	read_on(false);
	loop_settle();
	assert_int_equal(end.asked, 0);
	read_on(true);
	loop_settle();
	assert_int_equal(end.len, 3);
}

static void
the_peers_end_is_told(void **state)
{
	read_on(true);
	peer_says("abc");
	close(end.peer);
	end.peer = -1;
	loop_until(&end.lost);
	assert_int_equal(end.len, 3);
	assert_int_equal(end.rc, UV_EOF);
}

/* A part goes at once, the rest when the peer reads; the array need not stay. */
static void
what_cannot_be_written_at_once_is_later(void **state)
{
	uint8_t *bytes = malloc(MUCH), *got = malloc(MUCH);
	struct pst_pipe *pipe = &end.pipe.pipe;
	uv_buf_t bufs[2] = { uv_buf_init((char *)bytes, MUCH / 2), uv_buf_init((char *)bytes + MUCH / 2, MUCH / 2) };
	size_t at = 0;
	ssize_t n;

	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	n = pipe->ops->try_write(pipe, bufs, 2);
	assert_in_range(n, 1, MUCH / 2 - 1);
	bufs[0] = uv_buf_init((char *)bytes + n, (unsigned)(MUCH / 2 - n));
	assert_int_equal(pipe->ops->write(pipe, bufs, 2), 0);
	memset(bufs, 0, sizeof bufs);
	while (at < MUCH) {
		assert_false(end.written && at < MUCH / 2);
		n = read(end.peer, got + at, MUCH - at);
		at += n > 0 ? (size_t)n : 0;
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	loop_until(&end.written);
	assert_memory_equal(got, bytes, MUCH);
	assert_int_equal(pipe->ops->try_write(pipe, &(uv_buf_t){ (char *)bytes, 5 }, 1), 5);
	free(bytes);
	free(got);
}

static void
a_full_socket_takes_nothing_at_once(void **state)
{
	static char bytes[100000];
	uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
	ssize_t n;

	while ((n = end.pipe.pipe.ops->try_write(&end.pipe.pipe, &buf, 1)) > 0)
		;
	assert_int_equal(n, 0);
}

static void
who_writes_to_nobody_learns_of_it(void **state)
{
	static char bytes[1000000];
	uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);

	assert_int_equal(end.pipe.pipe.ops->write(&end.pipe.pipe, &buf, 1), 0);
	close(end.peer);
	end.peer = -1;
	loop_until(&end.lost);
	assert_true(end.rc == UV_EPIPE || end.rc == UV_ECONNRESET);
	assert_int_equal(end.pipe.pipe.ops->try_write(&end.pipe.pipe, &buf, 1), UV_EPIPE);
}

/* on_written() would fail. */
static void
after_the_close_nothing_is_told_but_its_end(void **state)
{
	uv_buf_t buf = uv_buf_init((char[]){ 'x' }, 1);

	read_on(true);
	peer_says("abc");
	assert_int_equal(end.pipe.pipe.ops->write(&end.pipe.pipe, &buf, 1), 0);
	end_close();
	loop_until(&end.closed);
	assert_false(end.written || end.lost);
	assert_int_equal(end.len, 0);
}

static void
nor_of_what_never_goes(void **state)
{
	static char bytes[1000000];
	uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);

	assert_int_equal(end.pipe.pipe.ops->write(&end.pipe.pipe, &buf, 1), 0);
	end_close();
	loop_until(&end.closed);
	assert_false(end.written || end.lost);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bytes_come_to_where_there_is_room),
		TEST(without_room_it_asks_again_later),
		TEST(nothing_comes_while_reading_is_off),
		TEST(the_peers_end_is_told),
		TEST(what_cannot_be_written_at_once_is_later),
		TEST(a_full_socket_takes_nothing_at_once),
		TEST(who_writes_to_nobody_learns_of_it),
		TEST(after_the_close_nothing_is_told_but_its_end),
		TEST(nor_of_what_never_goes),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
