#include "messages.h"

#include <errno.h>
#include <stdlib.h>

#include <postern/stream.h>

/* Bytes of a read or of a write below; a head fits. */
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

	if (!m->taking || m->in.len || websocket_queued(ws) > QUEUED_MAX)
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
	uint8_t head[1 + PST_STREAM_HEAD] = { PST_STREAM_VERSION };
	struct pst_writer w = pst_writer(head + 1, PST_STREAM_HEAD);

	(void)text; /* taken likewise */
	pst_write_be32(&w, (uint32_t)len);
	if (pst_bytes_put(&m->in, head + m->version_given, sizeof head - m->version_given, SIZE_MAX) ||
	    pst_bytes_put(&m->in, bytes, len, SIZE_MAX))
		websocket_close(ws, WEBSOCKET_INTERNAL); /* half of it must not be taken for all */
	m->version_given = true;
	free(bytes);
}

/* What tx holds goes below; what does not go at once belongs to below until it has. */
static int
flush(struct messages *m)
{
	uv_buf_t buf = uv_buf_init((char *)m->tx, (unsigned)m->tx_len);
	ssize_t wrote;
	int rc = PST_OK;

	if (m->writing || !m->tx_len)
		return PST_OK;
	wrote = m->below->ops->try_write(m->below, &buf, 1);
	if (wrote < 0)
		return (int)wrote;
	if ((size_t)wrote == m->tx_len) {
		m->tx_len = 0;
		return PST_OK;
	}
	buf = uv_buf_init(buf.base + wrote, (unsigned)(buf.len - (size_t)wrote));
	rc = m->below->ops->write(m->below, &buf, 1);
	m->writing = !rc;
	return rc;
}

static ssize_t
ws_write(struct websocket *ws, const uint8_t *bytes, size_t len)
{
	struct messages *m = pst_container_of(ws, struct messages, ws);
	size_t n;
	int rc = m->tx_len == PIECE ? flush(m) : PST_OK;

	if (rc || m->writing)
		return rc;
	if (!m->tx)
		m->tx = malloc(PIECE);
	if (!m->tx)
		return -ENOMEM;
	n = PIECE - m->tx_len < len ? PIECE - m->tx_len : len;
	memcpy(m->tx + m->tx_len, bytes, n);
	m->tx_len += n;
	return (ssize_t)n;
}

/* Let the WebSocket go on, and send what it has written. */
static int
run(struct messages *m, bool taking)
{
	int rc, sent;

	m->taking = taking;
	m->ws.message_max = *m->message_max;
	rc = websocket_run(&m->ws);
	sent = flush(m);
	if (!m->writing) {
		free(m->tx);
		m->tx = NULL;
		m->tx_len = 0;
	}
	return rc ? rc : sent;
}

/* ---- writing ---- */

static ssize_t
messages_try_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct messages *m = messages_of(pipe);
	ssize_t taken = 0;
	int rc = PST_OK;

	for (unsigned i = 0; !rc && i < n && !m->writing && !websocket_writes(&m->ws); i++) {
		taken += (ssize_t)bufs[i].len;
		if (!m->version_sent) {
			m->version_sent = true;
			continue;
		}
		rc = websocket_send(&m->ws, false, bufs[i].base + PST_STREAM_HEAD, bufs[i].len - PST_STREAM_HEAD);
		if (!rc)
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

/* As far as the stream wants it now: true when all is given. */
static bool
give(struct messages *m)
{
	while (m->given < m->in.len) {
		size_t len = 0, left = m->in.len - m->given;
		uint8_t *room;

		if (!m->reading || pst_pipe_closing(&m->pipe))
			return false;
		room = m->pipe.events->room(m->pipe.arg, &len);
		if (!len) { /* in the next turn */
			pst_task_post(m->env, &m->task, pump_task);
			return false;
		}
		len = len < left ? len : left;
		memcpy(room, m->in.start + m->given, len);
		m->given += len;
		m->pipe.events->came(m->pipe.arg, len);
	}
	pst_bytes_fini(&m->in);
	m->given = 0;
	return true;
}

/* What has come, as far as the stream wants it. Not all of rx may be, and more of it is then in `in`. */
static int
take(struct messages *m)
{
	int rc;

	do {
		rc = run(m, m->reading);
	} while (give(m) && !rc && m->reading && !pst_pipe_closing(&m->pipe) && m->rx_at < m->rx_len &&
	    websocket_queued(&m->ws) <= QUEUED_MAX);
	if (m->rx_at == m->rx_len) {
		free(m->rx);
		m->rx = NULL;
		m->rx_at = m->rx_len = 0;
	}
	return rc;
}

static void
below_read(struct messages *m)
{
	bool want = m->reading && !m->in.len && m->rx_at == m->rx_len;

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

	m->writing = false;
	m->tx_len = 0;
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
	pst_bytes_fini(&m->in);
	free(m->rx);
	free(m->tx);
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
	bool silent = m->below_reading && m->ws.frames == m->frames;
	int rc = PST_OK;

	if (silent && m->pinged) {
		lose(m, UV_ETIMEDOUT);
		return;
	}
	m->frames = m->ws.frames;
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
