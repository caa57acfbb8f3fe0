#include "quic_trains.h"

#include <errno.h>
#include <stdlib.h>

static struct quic_pipe *
of_conn(struct quic_conn *conn)
{
	return pst_container_of(conn, struct quic_pipe, conn);
}

static struct quic_pipe *
of_pipe(struct pst_pipe *pipe)
{
	return pst_container_of(pipe, struct quic_pipe, pipe);
}

static uint64_t
now_ns(void)
{
	return uv_hrtime();
}

static void turn(struct pst_task *task);

static void
turn_soon(struct quic_pipe *p)
{
	pst_task_post(p->env, &p->turn, turn);
}

void
quic_pipe_fail(struct quic_pipe *p, int rc)
{
	if (p->failed)
		return;
	p->failed = true;
	pst_timer_stop(p->env, &p->timer);
	if (pst_pipe_closing(&p->pipe))
		turn_soon(p);
	else if (p->up)
		p->pipe.events->lost(p->pipe.arg, rc);
	else
		p->owner->failed(p, rc);
}

/* ---- reading ---- */

/* Into the reader's own room, as far as he gives any; how many he took. */
static size_t
pass_on(struct quic_pipe *p, const uint8_t *bytes, size_t len)
{
	size_t passed = 0;

	while (passed < len && p->reading && !pst_pipe_closing(&p->pipe)) {
		size_t room = 0;
		uint8_t *to = p->pipe.events->room(p->pipe.arg, &room);
		size_t n = len - passed < room ? len - passed : room;

		if (!to || !n)
			break;
		memcpy(to, bytes + passed, n);
		passed += n;
		p->pipe.events->came(p->pipe.arg, n);
	}
	return passed;
}

static void
on_came(struct quic_conn *conn, const uint8_t *bytes, size_t len)
{
	struct quic_pipe *p = of_conn(conn);
	size_t passed = p->inbox.len ? 0 : pass_on(p, bytes, len);

	if (pst_pipe_closing(&p->pipe))
		return;
	if (passed)
		quic_conn_passed(conn, passed);
	if (passed < len && quic_inbox_put(&p->inbox, bytes + passed, len - passed))
		quic_pipe_fail(p, -ENOMEM);
}

/* What has waited; true: there is more for another turn. */
static bool
inbox_pass(struct quic_pipe *p)
{
	while (p->inbox.len && p->reading && !p->failed && !pst_pipe_closing(&p->pipe)) {
		size_t room = 0;
		uint8_t *to = p->pipe.events->room(p->pipe.arg, &room);
		size_t n = to ? quic_inbox_take(&p->inbox, to, room) : 0;

		if (!n)
			return true;
		quic_conn_passed(&p->conn, n);
		p->pipe.events->came(p->pipe.arg, n);
	}
	return false;
}

/* ---- writing ---- */

/* Of the pieces that are the owner's: how many are on their way. */
static size_t
away(const struct quic_pipe *p)
{
	return p->conn.unacked.next - (p->greeted && p->conn.unacked.next);
}

static void
write_all(struct quic_pipe *p)
{
	uint64_t now = now_ns();
	size_t before = away(p);
	int rc = quic_trains_held(p);

	if (!rc)
		rc = quic_trains_go(p, now);
	for (size_t n = away(p) - before; n && !pst_pipe_closing(&p->pipe); n--)
		p->pipe.events->sent(p->pipe.arg);
	if (rc == -EAGAIN || !rc)
		quic_conn_written(&p->conn, now);
	else
		quic_pipe_fail(p, rc);
}

/* ---- time ---- */

static void timer_due(struct pst_timer *timer);

static void
timer_set(struct quic_pipe *p)
{
	uint64_t now = now_ns(), due = quic_conn_due(&p->conn), lost = p->conn.heard + QUIC_SILENCE_MS * 1000000ull;

	if (lost < due)
		due = lost;
	if (pst_pipe_closing(&p->pipe) && p->linger_until < due)
		due = p->linger_until;
	pst_timer_start(p->env, &p->timer, due > now ? (due - now + 999999) / 1000000 : 0, timer_due);
}

static void
timer_due(struct pst_timer *timer)
{
	struct quic_pipe *p = pst_container_of(timer, struct quic_pipe, timer);
	uint64_t now = now_ns();
	int rc;

	if (now >= p->conn.heard + QUIC_SILENCE_MS * 1000000ull) {
		quic_pipe_fail(p, UV_ETIMEDOUT);
		return;
	}
	if (p->up && now > p->conn.heard + QUIC_KNOCK_NS && !pst_pipe_closing(&p->pipe))
		p->owner->silent(p);
	rc = quic_conn_expire(&p->conn, now);
	if (rc)
		quic_pipe_fail(p, rc);
	else
		turn_soon(p);
}

/* ---- a turn ---- */

/* It is closed, but the peer has not got all of it yet. */
static bool
lingers(const struct quic_pipe *p)
{
	return p->up && !p->failed && !p->ended && p->conn.unacked.count && now_ns() < p->linger_until;
}

static void
end(struct quic_pipe *p)
{
	struct quic_path path = { 0 };
	struct train *t = p->scratch;
	ssize_t n;

	if (p->opened && !p->failed)
		write_all(p); /* the last words, as far as they may go at once */
	n = p->opened ? quic_conn_close(&p->conn, t->bytes, QUIC_DATAGRAM_MAX, &path, now_ns()) : 0;
	if (n > 0) {
		quic_train_begin(t, &path, (size_t)n, QUIC_DATAGRAM_MAX);
		if (socket_train(p->socket, t))
			n = 0; /* the peer learns of it by the silence */
	}
	if (p->opened)
		quic_conn_fini(&p->conn);
	quic_inbox_fini(&p->inbox);
	free(p->held);
	pst_timer_stop(p->env, &p->timer);
	pst_task_cancel(p->env, &p->turn);
	p->owner->closing(p);
	p->pipe.closed(p->pipe.arg);
}

/* What the last events have brought about. */
static void
turn(struct pst_task *task)
{
	struct quic_pipe *p = pst_container_of(task, struct quic_pipe, turn);
	bool more;

	if (!p->failed && !pst_pipe_closing(&p->pipe) && p->coming_up) {
		p->coming_up = false;
		p->up = true;
		p->owner->up(p);
	}
	more = p->up && inbox_pass(p);
	if (pst_pipe_closing(&p->pipe) && !lingers(p)) {
		end(p);
		return;
	}
	if (p->ended && !(p->up && p->inbox.len)) /* else it ends when that is read */
		quic_pipe_fail(p, UV_EOF);
	if (p->ended && more)
		turn_soon(p);
	if (p->failed || p->ended)
		return;
	quic_conn_widen(&p->conn, p->owner->window(p));
	write_all(p);
	if (p->failed)
		return;
	timer_set(p);
	if (more)
		turn_soon(p);
}

static void
on_up(struct quic_conn *conn)
{
	of_conn(conn)->coming_up = true;
}

static void
on_acked(struct quic_conn *conn, size_t pieces)
{
	struct quic_pipe *p = of_conn(conn);

	if (p->greeted && pieces) { /* the first of all is our own */
		p->greeted = false;
		pieces--;
	}
	while (pieces-- && !p->failed && !pst_pipe_closing(&p->pipe))
		p->pipe.events->written(p->pipe.arg);
}

void
quic_pipe_take(struct quic_pipe *p, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	struct quic_path path = { .ours = p->socket->asked, .theirs = *from };
	int rc;

	if (p->failed || p->ended)
		return;
	rc = quic_conn_take(&p->conn, &path, bytes, len, now_ns());
	p->ended = rc == UV_EOF;
	if (p->ended)
		pst_timer_stop(p->env, &p->timer);
	if (rc && !p->ended)
		quic_pipe_fail(p, rc);
	else
		turn_soon(p);
}

void
quic_pipe_writable(struct quic_pipe *p)
{
	if (p->held)
		turn_soon(p);
}

void
quic_pipe_move(struct quic_pipe *p)
{
	struct quic_path path = { .ours = p->socket->ours };

	if (getpeername(p->socket->fd, (struct sockaddr *)&path.theirs, &(socklen_t){ sizeof path.theirs }))
		return;
	quic_conn_move(&p->conn, &path, now_ns());
	turn_soon(p);
}

/* ---- the pipe's operations ---- */

/* The stream's first byte is asked to be taken at once; nothing else is. */
static ssize_t
pipe_try_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct quic_pipe *p = of_pipe(pipe);
	int rc;

	if (p->conn.unacked.ring || n != 1 || bufs[0].len != 1)
		return 0;
	p->greeting = (uint8_t)bufs[0].base[0];
	rc = quic_conn_send(&p->conn, &p->greeting, 1);
	if (rc)
		return rc;
	p->greeted = true;
	turn_soon(p);
	return 1;
}

static int
pipe_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct quic_pipe *p = of_pipe(pipe);
	int rc = PST_OK;

	for (unsigned i = 0; !rc && i < n; i++)
		rc = quic_conn_send(&p->conn, bufs[i].base, bufs[i].len);
	turn_soon(p);
	return rc;
}

static int
pipe_read(struct pst_pipe *pipe, bool on)
{
	struct quic_pipe *p = of_pipe(pipe);

	p->reading = on;
	if (on && p->inbox.len)
		turn_soon(p);
	return PST_OK;
}

static void
pipe_close(struct pst_pipe *pipe)
{
	struct quic_pipe *p = of_pipe(pipe);

	p->linger_until = now_ns() + (p->owner->lingers(p) ? QUIC_LINGER_NS : 0);
	turn_soon(p);
}

static const struct pst_pipe_ops pipe_ops = {
	.try_write = pipe_try_write,
	.write = pipe_write,
	.read = pipe_read,
	.close = pipe_close,
	.keeps = true,
};

static int
opened(struct quic_pipe *p, int rc)
{
	p->opened = !rc;
	if (!rc)
		turn_soon(p);
	return rc;
}

static int
on_named(struct quic_conn *conn, const ngtcp2_cid *cid)
{
	struct quic_pipe *p = of_conn(conn);

	return p->owner->named ? p->owner->named(p, cid) : PST_OK;
}

static void
on_unnamed(struct quic_conn *conn, const ngtcp2_cid *cid)
{
	struct quic_pipe *p = of_conn(conn);

	if (p->owner->unnamed)
		p->owner->unnamed(p, cid);
}

static const struct quic_conn_events conn_events = {
	.up = on_up,
	.came = on_came,
	.acked = on_acked,
	.named = on_named,
	.unnamed = on_unnamed,
};

static void
prepare(struct quic_pipe *p)
{
	p->pipe.ops = &pipe_ops;
	p->conn.events = &conn_events;
}

int
quic_pipe_connect(struct quic_pipe *p, const struct quic_path *path)
{
	prepare(p);
	if (p->opened)
		quic_conn_fini(&p->conn);
	free(p->held);
	p->held = NULL;
	p->coming_up = p->ended = false;
	return opened(p, quic_conn_connect(&p->conn, path, now_ns()));
}

int
quic_pipe_accept(struct quic_pipe *p, const struct quic_hello *hello, const struct quic_path *path)
{
	prepare(p);
	return opened(p, quic_conn_accept(&p->conn, hello, path, now_ns()));
}
