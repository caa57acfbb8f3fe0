/*
 * The bytes of a stream, both ways: what the socket gives goes to the peer
 * as far as its grant and our source account allow; what the peer sends goes
 * to the socket, and is granted anew as the application takes it.
 */
#include <sys/socket.h>

#include "portal.h"

/* A sum of grants beyond this is nonsense (extensions.md 2). */
#define GRANT_SUM_MAX (UINT64_C(1) << 62)

/* ---- the end of one direction ---- */

/* Both have said all they had: gone without another word. */
static bool
ended(struct stream *s)
{
	if (!s->finish_sent || !s->peer_done || s->box.count)
		return false;
	stream_end(s, END_FINISHED);
	return true;
}

/* All that came is written: what waited for that can be done now. */
static void
drained(struct stream *s)
{
	if (s->peer_left || (s->socket_eof && !s->agreed.finish)) {
		stream_end(s, END_FINISHED);
		return;
	}
	if (ended(s))
		return;
	if (s->peer_done && !s->shut) {
		int fd;

		s->shut = true;
		if (!uv_fileno(&s->socket.handle, &fd))
			shutdown(fd, SHUT_WR);
	}
}

static void
socket_ended(struct stream *s)
{
	static const uint8_t finish[] = { WIRE_FINISH };

	s->socket_eof = true;
	if (s->agreed.finish) {
		s->finish_sent = true;
		stream_say(s, finish, sizeof finish);
		ended(s);
	} else if (!s->box.count) {
		stream_end(s, END_FINISHED);
	}
}

/* ---- socket to peer ---- */

static void
no_grant(struct pst_timer *timer)
{
	struct stream *s = pst_container_of(timer, struct stream, timer);

	if (s->granted_once) {
		s->portal->doubt(s);
		return;
	}
	pst_log_rated(s->portal->log, PST_LOG_WARN, &s->portal->odd,
	    "no grant has come: going on without windows");
	s->limit = UINT64_MAX;
	flow_read_on(s);
}

static void
alloc_cb(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct stream *s = pst_container_of(handle, struct stream, socket);
	uint64_t left = s->limit - s->sent;
	size_t n = left < PST_READ_MAX ? (size_t)left : PST_READ_MAX;

	(void)suggested;
	*out = uv_buf_init(NULL, 0);
	if (s->gave) { /* one block a turn of the loop */
		s->gave = false;
		return;
	}
	if (pst_buf_new(&s->rx, pst_env_pool(s->portal->env), s->source,
	    s->front + WIRE_PAYLOAD_HEAD_MAX, n, s->back))
		return;
	s->gave = true;
	*out = uv_buf_init((char *)s->rx.start, (unsigned)n);
}

static void
payload_send(struct stream *s, size_t n)
{
	struct pst_route own = pst_worker_route(&s->worker);

	pst_buf_put(&s->rx, n);
	wire_payload_push(&s->rx);
	s->sent += n;
	pst_pool_count_read(pst_env_pool(s->portal->env), n);
	pst_send(s->portal->router, s->peer, &own, &s->rx);
}

static void read_cb(uv_stream_t *handle, ssize_t nread, const uv_buf_t *buf);

static void
reading_set(struct stream *s)
{
	bool window = s->sent < s->limit;
	bool want = s->state == STREAM_OPEN && !s->socket_eof && window && !pst_account_full(s->source);

	if (s->state == STREAM_OPEN && !window && !s->timer.armed && (!s->granted_once || s->portal->doubt))
		pst_timer_start(s->portal->env, &s->timer,
		    s->granted_once ? STREAM_DOUBT_MS : STREAM_NO_GRANT_MS, no_grant);
	if (want == s->reading || s->state == STREAM_CLOSING)
		return;
	s->reading = want;
	s->gave = false;
	if (want)
		uv_read_start(&s->socket.stream, alloc_cb, read_cb);
	else
		uv_read_stop(&s->socket.stream);
}

void
flow_read_on(struct stream *s)
{
	reading_set(s);
}

static void
read_cb(uv_stream_t *handle, ssize_t nread, const uv_buf_t *buf)
{
	struct stream *s = pst_container_of(handle, struct stream, socket);

	if (nread == UV_ENOBUFS)
		return;
	if (nread < (ssize_t)buf->len)
		s->gave = false;
	if (nread > 0)
		payload_send(s, (size_t)nread);
	else
		pst_buf_free(&s->rx);
	if (nread == UV_EOF)
		socket_ended(s);
	else if (nread < 0)
		stream_fail(s, (int)nread);
	reading_set(s);
}

/* ---- peer to socket ---- */

/*
 * The application takes a whole window within four round trips: double it. One would be as the way is; what a
 * lost segment holds up comes a round trip later, so with two a way of 100 ms that loses 1 % kept its first window.
 */
static void
window_grow(struct stream *s)
{
	uint64_t now;

	if (s->taken - s->mark_taken < s->window)
		return;
	now = uv_hrtime();
	if (now - s->mark_ns <= 4 * s->portal->rtt_ns && s->window < s->portal->window_max &&
	    !pst_pool_over(pst_env_pool(s->portal->env)))
		s->window = s->window * 2 < s->portal->window_max ? s->window * 2 : s->portal->window_max;
	s->mark_taken = s->taken;
	s->mark_ns = now;
}

static void
grant(struct stream *s)
{
	uint8_t bytes[WIRE_SHORT_MAX];
	uint64_t upto;

	if (!s->agreed.windows || s->peer_done)
		return;
	window_grow(s);
	upto = s->taken + s->window;
	if (upto <= s->granted || upto - s->granted < s->window / 2)
		return;
	stream_say(s, bytes, wire_grant(bytes, upto - s->granted));
	s->granted = upto;
}

static void
written(void *arg)
{
	struct stream *s = arg;
	ssize_t wrote = pst_outbox_written(&s->box);

	if (s->state != STREAM_OPEN)
		return;
	if (wrote < 0) {
		stream_fail(s, (int)wrote);
		return;
	}
	s->taken += (size_t)wrote;
	grant(s);
	if (!s->box.count)
		drained(s);
}

static void
lost(void *arg, int rc)
{
	struct stream *s = arg;

	if (s->state == STREAM_OPEN)
		stream_fail(s, rc);
}

/* Of its writing half: the socket is read above. */
const struct pst_pipe_events flow_events = {
	.written = written,
	.lost = lost,
};

static void
payload_take(struct stream *s, struct pst_buf *payload)
{
	size_t len = pst_buf_len(payload);
	ssize_t wrote;

	s->received += len;
	if (s->agreed.windows && s->granted_once && s->received > s->granted) {
		stream_end(s, END_OVERRUN);
		return;
	}
	if (!len)
		return;
	/* what was granted is ours to keep; what comes without stops its link */
	if (s->agreed.windows && s->received <= s->granted)
		pst_buf_charge(payload, s->kept);
	if (len < PST_READ_AHEAD && s->box.count && pst_outbox_merge(&s->box, payload))
		return;
	wrote = pst_outbox_send(&s->box, payload);
	if (wrote < 0) {
		stream_fail(s, (int)wrote);
		return;
	}
	s->taken += (size_t)wrote;
	grant(s);
}

static void
payload_came(struct stream *s, struct pst_message *m, struct pst_reader *r)
{
	struct pst_buf payload;
	int32_t counter;
	size_t len;
	const uint8_t *data = wire_read_payload(r, &len, &counter);

	if (!data || s->peer_done) {
		pst_log_rated(s->portal->log, PST_LOG_WARN, &s->portal->odd, "payload not understood");
		return;
	}
	if (counter >= 0 && counter != (s->counter < 0 ? 0 : s->counter)) {
		stream_end(s, END_PROTOCOL);
		return;
	}
	if (counter >= 0)
		s->counter = (counter + 1) & UINT16_MAX;
	payload = pst_buf_take(&m->payload);
	payload.start += data - payload.start;
	payload.end = payload.start + len;
	payload_take(s, &payload);
	pst_buf_free(&payload);
}

static void
grant_came(struct stream *s, struct pst_reader *r)
{
	uint64_t more = pst_read_uvarint(r);

	if (r->status || !s->agreed.windows)
		return;
	if (s->state == STREAM_OPEN)
		pst_timer_stop(s->portal->env, &s->timer);
	/* the outlet's Pong has been there and back; an inlet measured its Ping */
	if (!s->granted_once && !s->patient)
		portal_rtt(s->portal, uv_hrtime() - s->opened_ns);
	s->granted_once = true;
	if (s->limit == UINT64_MAX) /* already going on without */
		return;
	if (more > GRANT_SUM_MAX || s->limit > GRANT_SUM_MAX - more) {
		stream_end(s, END_PROTOCOL);
		return;
	}
	s->limit += more;
	flow_read_on(s);
}

static void
peer_finished(struct stream *s, bool left)
{
	s->peer_done = true;
	s->peer_left |= left;
	if (!s->box.count)
		drained(s);
}

static void
disconnect_came(struct stream *s, struct pst_reader *r)
{
	s->told = wire_read_reason(r);
	if (!s->told && s->state == STREAM_OPEN)
		peer_finished(s, true);
	else /* not an end that the application should trust */
		stream_end(s, END_TOLD);
}

void
flow_message(struct stream *s, struct pst_message *m)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	uint8_t type = pst_read_u8(&r);

	if (s->state == STREAM_CLOSING)
		return;
	if (s->state == STREAM_WAITING) {
		if (type == WIRE_PONG && s->answered)
			s->answered(s, m);
		else if (type == WIRE_DISCONNECT)
			disconnect_came(s, &r);
		return;
	}
	switch (type) {
	case WIRE_PAYLOAD:
		payload_came(s, m, &r);
		break;
	case WIRE_GRANT:
		grant_came(s, &r);
		break;
	case WIRE_FINISH:
		if (s->agreed.finish)
			peer_finished(s, false);
		break;
	case WIRE_DISCONNECT:
		disconnect_came(s, &r);
		break;
	case WIRE_PING: /* ignored in an established pair */
	case WIRE_PONG:
		break;
	default:
		pst_log_rated(s->portal->log, PST_LOG_WARN, &s->portal->odd, "unknown portal message");
	}
}

void
flow_start(struct stream *s)
{
	uint8_t bytes[WIRE_SHORT_MAX];

	s->mark_ns = s->opened_ns = uv_hrtime();
	if (s->agreed.windows) {
		s->limit = s->agreed.window;
		/* it may be 0: it shows that such messages pass */
		stream_say(s, bytes, wire_grant(bytes, 0));
	}
	reading_set(s);
}
