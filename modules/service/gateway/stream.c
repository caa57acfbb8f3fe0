/*
 * A WebSocket stream: a client that stays, and each message of it is one request (spec functions.md 5.1).
 *
 * One message is answered after the other. While one waits for its turn, or an answer has not gone out, nothing
 * more is read: so a connection holds what it works on, what came in the same read, and one answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <postern/linked.h>
#include <postern/utf8.h>

#include "conn.h"
#include "exchange.h"
#include "front.h"
#include "handshake.h"
#include "outcome.h"
#include "pattern.h"

#include "../../transport/shared/websocket/websocket.h"

/* How long one that we close may take to see it. Ours. */
#define LINGER_MS 1000

/* Of one stream in a turn, however fast its client sends: others have theirs. Ours. */
#define READS_MAX 64

struct message {
	struct message *next;
	uint8_t *bytes;
	size_t len;
};

struct stream {
	struct front *front;
	struct stream *next, **link;
	struct exchange *exchange;
	const struct plan_handler *handler;
	struct MHD_UpgradeResponseHandle *handle;
	int fd;
	uv_poll_t poll;
	struct pst_task task;
	struct websocket ws;
	struct pst_bytes early; /* came behind the head */
	size_t early_read;
	struct message *first, **last; /* wait for their turn */
	struct run run;
	struct pst_timer ping, slow;
	enum { OWES_NOTHING, OWES_READING, OWES_MESSAGE } owes; /* the client; what `slow` is for */
	uint64_t waiting, running, held; /* bytes of messages; held: of all, as the server has counted them */
	unsigned reads;  /* in this turn */
	uint64_t pinged; /* frames that had come when it was asked; UINT64_MAX: it was not */
	bool runs, moved, lingers;
};

/* ---- the end ---- */

static void
stream_closed(uv_handle_t *handle)
{
	struct stream *s = pst_container_of((uv_poll_t *)handle, struct stream, poll);
	struct server *server = &s->front->server;

	free(s);
	server_handle_gone(server);
}

static void
messages_free(struct stream *s)
{
	while (s->first) {
		struct message *m = s->first;

		s->first = m->next;
		free(m->bytes);
		free(m);
	}
	s->last = &s->first;
	s->waiting = 0;
}

/* Messages are bodies: one that comes where those of all are too much lets its stream go. */
static void
bodies_count(struct stream *s)
{
	struct server *server = &s->front->server;
	uint64_t now = s->waiting + s->running + s->ws.body.len, before = s->held;

	s->held = now;
	server->bodies += now - before;
	if (now <= before || server->bodies <= server->conf.bodies_max)
		return;
	pst_warn_rated(server->log, &server->crowded, "a stream was let go: the bodies of all are too much");
	websocket_refuse(&s->ws, WEBSOCKET_INTERNAL); /* 1013, try again, is refused by libraries that have only the RFC's */
	messages_free(s);
	bodies_count(s);
}

static void
stream_end(struct stream *s)
{
	struct front *front = s->front;
	bool ran = s->runs;

	front->server.bodies -= s->held;
	pst_timer_stop(front->env, &s->ping);
	pst_timer_stop(front->env, &s->slow);
	pst_task_cancel(front->env, &s->task);
	if (ran)
		run_fini(&s->run);
	messages_free(s);
	pst_bytes_fini(&s->early);
	websocket_fini(&s->ws);
	uv_close((uv_handle_t *)&s->poll, stream_closed);
	exchange_hang_up(s->exchange, s->handle);
	pst_linked_leave(s);
	front->stream_count--;
	front->count -= ran;
	if (ran)
		front_visited(front, 499);
	front_stream_ended(front);
}

static void
server_ends(struct exchange *exchange)
{
	struct stream *s = exchange->arg;

	/* that it goes away; who does not hear it, sees it */
	websocket_close(&s->ws, WEBSOCKET_GOING_AWAY);
	if (!s->lingers)
		(void)websocket_run(&s->ws);
	stream_end(s);
}

/* ---- bytes ---- */

static bool
is_paused(const struct stream *s)
{
	return s->first || websocket_writes(&s->ws);
}

static ssize_t
early_read(struct stream *s, uint8_t *bytes, size_t len)
{
	size_t left = s->early.len - s->early_read, n = left < len ? left : len;

	memcpy(bytes, s->early.start + s->early_read, n);
	s->early_read += n;
	if (n == left)
		pst_bytes_fini(&s->early);
	return (ssize_t)n;
}

static ssize_t
stream_read(struct websocket *ws, uint8_t *bytes, size_t len)
{
	struct stream *s = pst_container_of(ws, struct stream, ws);
	ssize_t n;

	if (is_paused(s) || s->reads++ >= READS_MAX)
		return 0;
	if (s->early.len)
		return early_read(s, bytes, len);
	n = recv(s->fd, bytes, len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
	return n ? n : UV_EOF;
}

static ssize_t
stream_write(struct websocket *ws, const uint8_t *bytes, size_t len)
{
	struct stream *s = pst_container_of(ws, struct stream, ws);
	ssize_t n = send(s->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	s->moved = s->moved || n > 0;
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
	return n;
}

/* It has been told why; what is still on its way from it is not looked at. 0: until more comes. */
static int
linger(struct stream *s)
{
	uint8_t bytes[4096];
	ssize_t n;

	do
		n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	while (n > 0 && ++s->reads < READS_MAX);
	if (n > 0)
		return PST_OK;
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? PST_OK : PST_E_CLOSED;
}

/* ---- messages ---- */

static void stream_go(struct pst_task *task);

static void
stream_poke(struct stream *s)
{
	if (!s->task.link)
		pst_task_post(s->front->env, &s->task, stream_go);
}

static void
message_came(struct websocket *ws, bool text, uint8_t *bytes, size_t len)
{
	struct stream *s = pst_container_of(ws, struct stream, ws);
	struct message *m = calloc(1, sizeof *m);

	if (!m) {
		free(bytes);
		websocket_close(ws, WEBSOCKET_INTERNAL);
		return;
	}
	m->bytes = bytes;
	m->len = len;
	s->waiting += len;
	*s->last = m;
	s->last = &m->next;
}

/* A run error is told twice, as the original does: as it is, and as the status of a request. */
static int
error_send(struct stream *s, const char *error)
{
	size_t len;
	uint8_t *json = outcome_json(500, error, &len);
	int rc = json ? websocket_send(&s->ws, true, error, strlen(error)) : -ENOMEM;

	if (!rc)
		rc = websocket_send(&s->ws, true, json, len);
	free(json);
	return rc;
}

static void
message_done(struct run *run)
{
	struct stream *s = pst_container_of(run, struct stream, run);
	struct front *front = s->front;
	unsigned status = run->status;
	int rc = run->error ? error_send(s, run->error)
	                    : websocket_send(&s->ws, pst_utf8_whole(run->body, run->len) == run->len, run->body, run->len);

	if (rc)
		websocket_close(&s->ws, WEBSOCKET_INTERNAL);
	run_fini(run);
	s->runs = false;
	s->running = 0;
	front->count--;
	front_visited(front, status);
	stream_poke(s);
}

static int
request_fill(struct stream *s, struct message *m)
{
	struct pst_coordinated *request = &s->run.request;
	const char *path = s->exchange->path;
	char id[EXCHANGE_ID];
	int rc;

	exchange_id(id);
	rc = pst_coordinated_init(request, "GET", path, id);
	if (!rc && !s->handler->is_path)
		rc = pattern_params(s->handler->pattern, path, &request->params);
	request->body = m->bytes;
	request->body_len = m->len;
	m->bytes = NULL;
	return rc;
}

static void
message_begin(struct stream *s)
{
	struct message *m = s->first;
	int rc;

	s->first = m->next;
	if (!s->first)
		s->last = &s->first;
	s->run = front_run(s->front, &s->handler->steps);
	s->run.done = message_done;
	s->waiting -= m->len;
	s->running = m->len;
	s->runs = true;
	s->front->count++;
	rc = request_fill(s, m);
	free(m->bytes);
	free(m);
	if (!rc) {
		run_begin(&s->run);
		return;
	}
	websocket_close(&s->ws, WEBSOCKET_INTERNAL);
	run_fini(&s->run);
	s->runs = false;
	s->running = 0;
	s->front->count--;
	stream_poke(s);
}

/* ---- patience ---- */

static void
too_slow(struct pst_timer *timer)
{
	stream_end(pst_container_of(timer, struct stream, slow));
}

static void
slow_watch(struct stream *s)
{
	bool reads = websocket_writes(&s->ws);
	int owes = reads ? OWES_READING : s->ws.half && !s->first ? OWES_MESSAGE : OWES_NOTHING;

	if (s->lingers || (owes == (int)s->owes && !(reads && s->moved)))
		return;
	s->owes = owes;
	s->moved = false;
	if (owes == OWES_NOTHING)
		pst_timer_stop(s->front->env, &s->slow);
	else
		pst_timer_start(s->front->env, &s->slow, s->front->conf->body_timeout, too_slow);
}

/* Who has said nothing since it was asked is not there any more; of one that we do not read we cannot know. */
static void
ping_due(struct pst_timer *timer)
{
	struct stream *s = pst_container_of(timer, struct stream, ping);

	if (!s->front->conf->ping) /* since a reload */
		return;
	if (s->pinged == s->ws.heard) {
		stream_end(s);
		return;
	}
	s->pinged = UINT64_MAX;
	pst_timer_start(s->front->env, &s->ping, s->front->conf->ping, ping_due);
	if (is_paused(s) || s->lingers)
		return;
	s->pinged = s->ws.heard;
	if (websocket_ping(&s->ws))
		stream_end(s);
	else
		stream_poke(s);
}

/* ---- the loop ---- */

static void
ready(uv_poll_t *poll, int status, int events)
{
	struct stream *s = pst_container_of(poll, struct stream, poll);

	if (status < 0 || (events & UV_DISCONNECT && is_paused(s) && !(events & UV_READABLE)))
		stream_end(s);
	else
		stream_go(&s->task);
}

static int
poll_again(struct stream *s)
{
	int events = UV_DISCONNECT;

	if (s->lingers || !is_paused(s))
		events |= UV_READABLE;
	if (!s->lingers && websocket_writes(&s->ws))
		events |= UV_WRITABLE;
	return uv_poll_start(&s->poll, events, ready);
}

static void
linger_begin(struct stream *s)
{
	s->lingers = true;
	messages_free(s);
	bodies_count(s);
	pst_bytes_fini(&s->early);
	(void)shutdown(s->fd, SHUT_WR);
	pst_timer_start(s->front->env, &s->slow, LINGER_MS, too_slow);
}

/* The node stops: when all is answered that has come. */
static void
leave_if_done(struct stream *s)
{
	if (!s->front->draining || s->runs || is_paused(s) || websocket_is_closing(&s->ws))
		return;
	websocket_close(&s->ws, WEBSOCKET_GOING_AWAY);
	stream_poke(s);
}

static void
stream_go(struct pst_task *task)
{
	struct stream *s = pst_container_of(task, struct stream, task);
	int rc;

	s->reads = 0;
	rc = s->lingers ? linger(s) : websocket_run(&s->ws);
	bodies_count(s);
	if (rc == PST_E_CLOSED && !s->lingers) {
		linger_begin(s);
		rc = PST_OK;
	}
	while (!rc && !s->lingers && s->front->ready && !s->runs && s->first && !websocket_writes(&s->ws))
		message_begin(s);
	if (!rc)
		leave_if_done(s);
	if (!rc)
		rc = poll_again(s);
	if (rc) {
		stream_end(s);
		return;
	}
	/* a turn has seen all that had come: what is read from here on wakes the poll */
	if (s->early.len && !is_paused(s))
		stream_poke(s);
	slow_watch(s);
}

/* ---- the beginning ---- */

static int
stream_open(struct stream *s, const void *early, size_t len)
{
	struct server *server = &s->front->server;
	int rc;

	s->ws = (struct websocket){
		.server = true,
		.message_max = s->front->conf->body,
		.read = stream_read,
		.write = stream_write,
		.message = message_came,
	};
	rc = websocket_open(&s->ws);
	if (!rc)
		rc = pst_bytes_put(&s->early, early, len, SIZE_MAX);
	if (!rc)
		rc = uv_poll_init(pst_env_loop(s->front->env), &s->poll, s->fd);
	if (rc) {
		websocket_fini(&s->ws);
		pst_bytes_fini(&s->early);
		return rc;
	}
	server->open_handles++;
	s->poll.data = server;
	return PST_OK;
}

static void
upgraded(struct exchange *exchange, struct MHD_UpgradeResponseHandle *handle, int fd, const void *early, size_t len)
{
	struct front *front = pst_container_of(exchange->conn->server, struct front, server);
	struct stream *s = calloc(1, sizeof *s);

	if (s) {
		s->front = front;
		s->exchange = exchange;
		s->handler = exchange->arg;
		s->handle = handle;
		s->fd = fd;
		s->last = &s->first;
		s->pinged = UINT64_MAX;
	}
	if (!s || stream_open(s, early, len)) {
		free(s);
		exchange_hang_up(exchange, handle);
		return;
	}
	exchange->arg = s;
	exchange->gone = server_ends;
	pst_linked_enter(&front->streams, s);
	front->stream_count++;
	if (front->conf->ping)
		pst_timer_start(front->env, &s->ping, front->conf->ping, ping_due);
	stream_poke(s);
}

void
stream_new(struct front *front, struct exchange *exchange, const struct plan_handler *handler)
{
	struct pst_map headers = { 0 };
	char accept[WEBSOCKET_ACCEPT];
	const char *why;
	unsigned status = handshake_read(&exchange->request.headers, accept, &why);

	if (!status) {
		exchange->arg = (void *)handler;
		exchange_upgrade(exchange, accept, upgraded);
		front_visited(front, 101);
		return;
	}
	exchange_say(exchange, status, why, pst_map_put(&headers, "Sec-WebSocket-Version", "13", 2) ? NULL : &headers);
	pst_map_fini(&headers);
	front_visited(front, status);
}

void
streams_go_on(struct front *front)
{
	for (struct stream *s = front->streams; s; s = s->next)
		stream_poke(s);
}
