/*
 * A peer's bytes on a stream, however they are cut: the frames that come out
 * are those that a plain look at the bytes finds, and each is sent back whole.
 *
 * First byte: how many bytes are written between two turns of the loop, whether
 * the reader holds on to frames until its account is full, whether the peer
 * reads nothing before its end, and whether the stream is sparing.
 * Covers: core/base/stream.c
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <postern/stream.h>

#include "base/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FRAME_MAX 5000
#define WINDOW 8000
#define KEPT_MAX 64

struct end {
	uv_loop_t loop;
	struct pst_env env;
	uv_pipe_t handle;
	struct pst_uv_pipe pipe;
	struct pst_stream stream;
	struct pst_account *account;
	int peer;
	bool keeps, deaf;
	struct pst_buf kept[KEPT_MAX];
	size_t kept_count;
	const uint8_t *next, *end; /* what has not come out yet */
	int failed;
};

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
kept_drop(struct end *e)
{
	while (e->kept_count)
		pst_buf_free(&e->kept[--e->kept_count]);
}

static int
send_back(struct end *e, const uint8_t *bytes, size_t len)
{
	struct pst_buf frame;

	check(!pst_env_buf(&frame, &e->env, bytes, len, PST_STREAM_HEAD, 0));
	return pst_stream_send(&e->stream, &frame);
}

/* Out of it comes what is next in the bytes, with a length in bounds. */
static void
frame_came(void *arg, struct pst_buf *frame)
{
	struct end *e = arg;
	struct pst_reader r = pst_reader(e->next, (size_t)(e->end - e->next));
	size_t n = pst_read_be32(&r);

	check(!e->failed && n && n <= FRAME_MAX && n == pst_buf_len(frame) && n <= pst_reader_left(&r));
	check(!memcmp(frame->start, r.p, n));
	e->next = r.p + n;
	check(!send_back(e, frame->start, n));
	if (e->keeps && e->kept_count < KEPT_MAX)
		e->kept[e->kept_count++] = pst_buf_take(frame);
}

static void
stream_failed(void *arg, int rc)
{
	struct end *e = arg;

	check(!e->failed);
	e->failed = rc;
}

static const struct pst_stream_events events = { frame_came, stream_failed };

static void
account_has_room(void *arg)
{
	pst_stream_resume(&((struct end *)arg)->stream);
}

static void
end_init(struct end *e)
{
	int fds[2], least = 1;

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	check(!uv_loop_init(&e->loop) && !pst_env_init(&e->env, &e->loop, NULL, SIZE_MAX));
	check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	e->peer = fds[1];
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	uv_pipe_init(&e->loop, &e->handle, 0);
	check(!uv_pipe_open(&e->handle, fds[0]));
	pst_uv_pipe_init(&e->pipe, (uv_stream_t *)&e->handle);
	e->account = pst_account_new(pst_env_pool(&e->env), WINDOW, account_has_room, e);
	pst_stream_init(&e->stream, &e->env, &e->pipe.pipe, e->account, FRAME_MAX, &events, e);
	check(!pst_stream_start(&e->stream));
}

static void
pipe_closed(void *arg)
{
	struct end *e = arg;

	pst_stream_fini(&e->stream);
	pst_account_close(&e->account);
	pst_env_close(&e->env, NULL, NULL);
}

static void
end_fini(struct end *e)
{
	kept_drop(e);
	pst_pipe_close(&e->pipe.pipe, pipe_closed, e);
	check(!uv_run(&e->loop, UV_RUN_DEFAULT));
	pst_env_fini(&e->env);
	check(!uv_loop_close(&e->loop));
}

/* A peer that listens reads what came back. */
static void
turn(struct end *e)
{
	uint8_t away[65536];

	uv_run(&e->loop, UV_RUN_NOWAIT);
	while (!e->deaf && read(e->peer, away, sizeof away) > 0)
		;
}

/* All of it; while the socket is full, the reader lets go of what it holds. */
static void
peer_writes(struct end *e, const uint8_t *data, size_t len)
{
	while (len && !e->failed) {
		ssize_t n = write(e->peer, data, len);

		check(n > 0 || (n < 0 && errno == EAGAIN));
		if (n < 0)
			kept_drop(e);
		else
			len -= (size_t)n;
		data += n > 0 ? n : 0;
		turn(e);
	}
}

/* Until nothing comes any more. */
static void
settle(struct end *e)
{
	for (int quiet = 0; quiet < 5; quiet++) {
		const uint8_t *before = e->next;

		kept_drop(e);
		turn(e);
		if (e->next != before)
			quiet = 0;
	}
}

/* Whether what has not come out cannot be the beginning of a frame. */
static bool
wrong(const struct end *e, const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(e->next, (size_t)(e->end - e->next));
	uint32_t n = pst_read_be32(&r);

	return (len && *data != PST_STREAM_VERSION) || (!r.status && (!n || n > FRAME_MAX));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct end e = { .next = data };
	bool sparing;
	size_t piece;

	if (!len)
		return 0;
	e.keeps = *data & 1;
	e.deaf = *data & 0x20;
	sparing = *data & 0x40;
	piece = (size_t)1 << (*data >> 1 & 15);
	data++;
	len--;
	e.next = data + (len > 0);
	e.end = data + len;
	end_init(&e);
	e.stream.sparing = sparing;
	for (size_t at = 0; at < len; at += piece)
		peer_writes(&e, data + at, piece < len - at ? piece : len - at);
	e.deaf = false;
	settle(&e);
	check(e.failed == (wrong(&e, data, len) ? PST_E_PROTOCOL : 0));
	close(e.peer);
	settle(&e);
	check(e.failed && send_back(&e, (const uint8_t *)"", 1) == PST_E_CLOSED);
	end_fini(&e);
	return 0;
}
