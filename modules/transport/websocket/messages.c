#include "messages.h"

#include <errno.h>
#include <stdlib.h>

/* Bytes of a read below, a head fits; and what is gathered for a write, where there are many short messages. */
#define PIECE ((size_t)64 * 1024)
/* Answers to pings that wait for a peer which does not read: it is not read then, either. */
#define QUEUED_MAX 16

static struct messages *
messages_of(struct pst_pipe *pipe)
{
	return pst_container_of(pipe, struct messages, pipe);
}

static void
lose(struct messages *m, int rc)
{
	m->pipe.events->lost(m->pipe.arg, rc == PST_E_CLOSED ? UV_EOF : rc);
}

/* ---- what the WebSocket asks for ---- */

/* Nothing more while something waits for the stream: that is how it slows the peer. */
static ssize_t
ws_read(struct websocket *ws, uint8_t *bytes, size_t len)
{
	struct messages *m = pst_container_of(ws, struct messages, ws);
	size_t n = m->rx_len - m->rx_at;

	if (!m->taking || m->head_len || websocket_queued(ws) > QUEUED_MAX)
		return 0;
	n = n < len ? n : len;
	if (n)
		memcpy(bytes, m->rx + m->rx_at, n);
	m->rx_at += n;
	return (ssize_t)n;
}

static void
ws_message(struct websocket *ws, bool text, uint8_t *bytes, size_t len)
{
	struct messages *m = pst_container_of(ws, struct messages, ws);
	struct pst_writer w = pst_writer(m->head, sizeof m->head);

	(void)text; /* taken likewise */
	if (!m->version_given)
		pst_write_u8(&w, PST_STREAM_VERSION);
	m->version_given = true;
	pst_write_be32(&w, (uint32_t)len);
	m->head_len = pst_writer_len(&w);
	m->message = bytes;
	m->len = m->head_len + len;
}

/* What does not go at once belongs to below until it has: the WebSocket learns then that it was taken. */
static ssize_t
ws_write(struct websocket *ws, const uint8_t *bytes, size_t len)
{
	struct messages *m = pst_container_of(ws, struct messages, ws);
	uv_buf_t rest = uv_buf_init((char *)bytes, (unsigned)len);
	ssize_t wrote = (ssize_t)m->written;
	int rc;

	m->written = 0;
	if (m->writing || wrote)
		return wrote;
	wrote = m->below->ops->try_write(m->below, &rest, 1);
	if (wrote < 0 || (size_t)wrote == len)
		return wrote;
	m->writing = len - (size_t)wrote;
	rest = uv_buf_init(rest.base + wrote, (unsigned)m->writing);
	rc = m->below->ops->write(m->below, &rest, 1);
	return rc ? rc : wrote;
}

/* Let the WebSocket go on. Who has said that it goes may not be there any more to be told the same. */
static int
run(struct messages *m, bool taking)
{
	int rc;

	m->taking = taking;
	m->ws.message_max = *m->message_max;
	rc = websocket_run(&m->ws);
	return rc && websocket_is_closing(&m->ws) ? PST_E_CLOSED : rc;
}

/* ---- writing ---- */

static ssize_t
messages_try_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct messages *m = messages_of(pipe);
	ssize_t taken = 0;
	int rc = PST_OK;

	for (unsigned i = 0; !rc && i < n && !m->writing; i++) {
		taken += (ssize_t)bufs[i].len;
		if (m->version_sent)
			rc = websocket_send(&m->ws, false, bufs[i].base + PST_STREAM_HEAD, bufs[i].len - PST_STREAM_HEAD);
		m->version_sent = true;
		if (!rc && (m->ws.out.len >= PIECE || i + 1 == n))
			rc = run(m, false);
	}
	return rc ? rc : taken;
}

/* ---- events to above, from the loop ---- */

static void pump(struct messages *messages);

static void
pump_task(struct pst_task *task)
{
	pump(pst_container_of(task, struct messages, task));
}

/* Of what waits for the stream so many bytes more. */
static void
put(struct messages *m, uint8_t *room, size_t len)
{
	size_t head = m->given < m->head_len ? m->head_len - m->given : 0;

	head = head < len ? head : len;
	memcpy(room, m->head + m->given, head);
	m->given += head;
	if (head < len)
		memcpy(room + head, m->message + (m->given - m->head_len), len - head);
	m->given += len - head;
}

/* As far as the stream wants it now: true when all is given. */
static bool
give(struct messages *m)
{
	while (m->given < m->len) {
		size_t len = 0, left = m->len - m->given;
		uint8_t *room;

		if (!m->reading || pst_pipe_closing(&m->pipe))
			return false;
		room = m->pipe.events->room(m->pipe.arg, &len);
		if (!len) { /* in the next turn */
			pst_task_post(m->env, &m->task, pump_task);
			return false;
		}
		len = len < left ? len : left;
		put(m, room, len);
		m->pipe.events->came(m->pipe.arg, len);
	}
	free(m->message);
	m->message = NULL;
	m->head_len = m->len = m->given = 0;
	return true;
}

/* What has come, as far as the stream wants it: not all of rx may be. */
static int
take(struct messages *m)
{
	int rc;

	do {
		rc = run(m, m->reading);
	} while (give(m) && !rc && m->reading && !pst_pipe_closing(&m->pipe) && m->rx_at < m->rx_len &&
	    websocket_queued(&m->ws) <= QUEUED_MAX && !websocket_is_closing(&m->ws));
	/* what comes behind the last that is heard is read and let go: so a peer that is not there is seen to be silent */
	if (m->rx_at == m->rx_len || websocket_is_closing(&m->ws)) {
		free(m->rx);
		m->rx = NULL;
		m->rx_at = m->rx_len = 0;
	}
	return rc;
}

static void
below_read(struct messages *m)
{
	bool want = m->reading && !m->head_len && m->rx_at == m->rx_len;

	if (want == m->below_reading || pst_pipe_closing(&m->pipe))
		return;
	m->below_reading = want;
	if (m->below->ops->read(m->below, want) && want)
		lose(m, UV_EIO);
}

static void
pump(struct messages *m)
{
	int rc;

	if (pst_pipe_closing(&m->pipe))
		return;
	rc = take(m);
	if (!rc)
		rc = pending_run(&m->pending, &m->pipe);
	if (rc && !pst_pipe_closing(&m->pipe))
		lose(m, rc);
	below_read(m);
}

/* ---- events of below ---- */

static uint8_t *
below_room(void *arg, size_t *len)
{
	struct messages *m = arg;

	*len = 0;
	if (m->rx_at < m->rx_len)
		return NULL;
	if (!m->rx)
		m->rx = malloc(PIECE);
	*len = m->rx ? PIECE : 0;
	return m->rx;
}

static void
below_came(void *arg, size_t len)
{
	struct messages *m = arg;

	m->rx_at = 0;
	m->rx_len = len;
	pump(m);
}

static void
below_written(void *arg)
{
	struct messages *m = arg;

	m->written = m->writing;
	m->writing = 0;
	pump(m);
}

static void
below_lost(void *arg, int rc)
{
	lose(arg, rc);
}

static const struct pst_pipe_events below_events = {
	.room = below_room,
	.came = below_came,
	.written = below_written,
	.lost = below_lost,
};

/* ---- the other operations ---- */

static int
messages_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct messages *m = messages_of(pipe);

	pending_set(&m->pending, bufs, n);
	if (!m->writing)
		pst_task_post(m->env, &m->task, pump_task);
	return PST_OK;
}

static int
messages_read(struct pst_pipe *pipe, bool on)
{
	struct messages *m = messages_of(pipe);

	m->reading = on;
	if (on) /* it may be here already */
		pst_task_post(m->env, &m->task, pump_task);
	else
		below_read(m);
	return PST_OK;
}

static void
below_closed(void *arg)
{
	struct messages *m = arg;

	pst_task_cancel(m->env, &m->task);
	websocket_fini(&m->ws);
	free(m->message);
	free(m->rx);
	m->pipe.closed(m->pipe.arg);
}

static void
messages_close(struct pst_pipe *pipe)
{
	struct messages *m = messages_of(pipe);

	pst_timer_stop(m->env, &m->ping);
	if (!m->writing && !websocket_is_closing(&m->ws)) {
		websocket_close(&m->ws, WEBSOCKET_GOING_AWAY);
		(void)run(m, false); /* as far as it goes */
	}
	pst_pipe_close(m->below, below_closed, m);
}

static const struct pst_pipe_ops messages_ops = {
	.try_write = messages_try_write,
	.write = messages_write,
	.read = messages_read,
	.close = messages_close,
};

/* ---- life ---- */

/* While the stream does not want to read, nobody knows what the peer says. */
static void
ping_due(struct pst_timer *timer)
{
	struct messages *m = pst_container_of(timer, struct messages, ping);
	bool silent = m->below_reading && m->ws.heard == m->heard;
	int rc = PST_OK;

	if (silent && m->pinged) {
		lose(m, UV_ETIMEDOUT);
		return;
	}
	m->heard = m->ws.heard;
	m->pinged = silent;
	if (silent)
		rc = websocket_ping(&m->ws);
	if (!rc && silent)
		rc = run(m, false);
	if (rc)
		lose(m, rc);
	else
		pst_timer_start(m->env, timer, m->ping_ms, ping_due);
}

int
messages_open(struct messages *m, struct pst_env *env, struct pst_pipe *below, bool server,
    const uint32_t *message_max, uint64_t ping_ms, const void *rest, size_t len)
{
	int rc;

	memset(m, 0, sizeof *m);
	m->pipe.ops = &messages_ops;
	m->below = below;
	m->env = env;
	m->message_max = message_max;
	m->ping_ms = ping_ms;
	m->ws = (struct websocket){
		.server = server,
		.message_max = PST_STREAM_FRAME_MAX,
		.read = ws_read,
		.write = ws_write,
		.message = ws_message,
	};
	if (len) {
		m->rx = malloc(PIECE);
		if (!m->rx)
			return -ENOMEM;
		memcpy(m->rx, rest, len);
		m->rx_len = len;
	}
	rc = websocket_open(&m->ws);
	if (rc) {
		free(m->rx);
		return rc;
	}
	below->events = &below_events;
	below->arg = m;
	pst_timer_start(env, &m->ping, ping_ms, ping_due);
	return PST_OK;
}
