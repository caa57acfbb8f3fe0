/*
 * A connection: what a guest calls a stream. It lives until both the guest and the portal have done
 * with it, and belongs to one execution: no other can name it.
 *
 *     guest ── call ── fd ══ socket pair ══ stream ── portal
 *
 * The bytes on their way are in the socket pair, which bounds them; nothing is kept here.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <postern/linked.h>

#include "outlet.h"

/* Ours: streams that one execution has at once. */
#define STREAMS_MAX 16
/* Ours: the most that is read at once. */
#define READ_MAX (64 * 1024)
/* Ours: a guest has closed it, or has gone; what it wrote before, and the target's end, take no longer. */
#define LINGER_MS 5000

/* What a guest gets (doc/functions.md). */
#define REFUSED (-1)
#define FAILED (-2)

struct conn {
	struct conn *next, **link; /* of the section */
	struct outlet *outlet;
	struct pst_lasting lasting; /* in the execution, until the guest has done with it */
	int32_t number;
	struct stream *stream; /* NULL: it is over */
	bool failed;           /* and how */
	int fd;                /* -1: the guest has done with it */
	uv_poll_t poll;
	struct pst_timer timer; /* the end of its end */
	struct pst_host_call *call; /* waits for the fd */
	size_t wrote;          /* of its bytes */
};

/* ---- its end ---- */

static void
conn_gone(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct outlet *outlet = conn->outlet;

	pst_linked_leave(conn);
	free(conn);
	outlet_rests(outlet);
}

static void
conn_rests(struct conn *conn)
{
	if (conn->fd < 0 && !conn->stream)
		uv_close((uv_handle_t *)&conn->poll, conn_gone);
}

static void
lingered(struct pst_timer *timer)
{
	stream_end(pst_container_of(timer, struct conn, timer)->stream, END_FINISHED);
}

/* The guest has done with it. */
static void
conn_leave(struct conn *conn)
{
	pst_linked_leave(&conn->lasting);
	uv_poll_stop(&conn->poll);
	close(conn->fd);
	conn->fd = -1;
	if (conn->stream)
		pst_timer_start(conn->outlet->entry.portal.env, &conn->timer, LINGER_MS, lingered);
	conn_rests(conn);
}

static void
execution_over(struct pst_lasting *lasting)
{
	conn_leave(pst_container_of(lasting, struct conn, lasting));
}

void
conn_over(struct stream *stream, bool finished)
{
	struct conn *conn = stream->owner;

	if (!conn)
		return;
	conn->stream = NULL;
	conn->failed = !finished;
	pst_timer_stop(conn->outlet->entry.portal.env, &conn->timer);
	conn_rests(conn);
}

/* ---- the guest's ---- */

static struct conn *
conn_find(const struct pst_host_call *call, size_t *count)
{
	struct conn *found = NULL;

	*count = 0;
	for (struct pst_lasting *l = *call->execution->lasting; l; l = l->next) {
		struct conn *conn = pst_container_of(l, struct conn, lasting);

		if (l->over != execution_over)
			continue;
		++*count;
		if (conn->number == call->number[0])
			found = conn;
	}
	return found;
}

static void
call_cancelled(struct pst_host_call *call)
{
	struct conn *conn = call->arg;

	conn->call = NULL;
	uv_poll_stop(&conn->poll);
	pst_host_code(call, FAILED);
}

/* Go on when the fd is ready. */
static void
wait_for(struct conn *conn, struct pst_host_call *call, int event, uv_poll_cb ready)
{
	if (uv_poll_start(&conn->poll, event, ready)) {
		pst_host_code(call, FAILED);
		return;
	}
	conn->call = call;
	call->arg = conn;
	call->cancel = call_cancelled;
}

static struct pst_host_call *
waited(uv_poll_t *poll)
{
	struct conn *conn = poll->data;
	struct pst_host_call *call = conn->call;

	uv_poll_stop(poll);
	conn->call = NULL;
	call->cancel = NULL;
	return call;
}

/* ---- open ---- */

static struct conn *
conn_new(struct outlet *outlet, int fd)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		return NULL;
	if (uv_poll_init(pst_env_loop(outlet->entry.portal.env), &conn->poll, fd)) {
		free(conn);
		return NULL;
	}
	conn->poll.data = conn;
	conn->outlet = outlet;
	conn->fd = fd;
	conn->lasting.over = execution_over;
	outlet->last = outlet->last < INT32_MAX ? outlet->last + 1 : 1;
	conn->number = outlet->last;
	pst_linked_enter(&outlet->conns, conn);
	return conn;
}

/* The portal's half; it takes the fd. -errno. */
static int
stream_begin(struct outlet *outlet, struct conn *conn, int fd)
{
	struct stream *s;
	int rc = stream_new(&s, &outlet->entry.portal);

	if (rc) {
		close(fd);
		return rc;
	}
	uv_pipe_init(pst_env_loop(outlet->entry.portal.env), &s->socket.pipe, 0);
	s->has_socket = true;
	rc = uv_pipe_open(&s->socket.pipe, fd);
	if (rc) {
		close(fd);
		stream_fail(s, rc);
		return rc;
	}
	conn->stream = s;
	s->owner = conn;
	entry_begin(&outlet->entry, s);
	return PST_OK;
}

static int
conn_open(struct outlet *outlet, struct conn **out)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	*out = conn_new(outlet, pair[0]);
	if (!*out) {
		close(pair[0]);
		close(pair[1]);
		return -ENOMEM;
	}
	rc = stream_begin(outlet, *out, pair[1]);
	if (rc)
		conn_leave(*out);
	return rc;
}

void
outlet_open(void *capability, struct pst_host_call *call)
{
	struct outlet *outlet = capability;
	struct portal *portal = &outlet->entry.portal;
	struct conn *conn = NULL;
	size_t count;
	int rc = PST_E_LIMIT;

	conn_find(call, &count);
	if (count < STREAMS_MAX && !portal_full(portal) && !outlet->closing)
		rc = conn_open(outlet, &conn);
	if (rc) {
		session_refused(portal, NULL, rc == PST_E_LIMIT ? END_LIMIT : END_FAILED, rc);
		pst_host_code(call, rc == PST_E_LIMIT ? REFUSED : FAILED);
		return;
	}
	pst_linked_enter(call->execution->lasting, &conn->lasting);
	pst_host_code(call, conn->number);
}

/* ---- write ---- */

static void write_on(struct conn *conn, struct pst_host_call *call);

static void
writable(uv_poll_t *poll, int status, int events)
{
	write_on(poll->data, waited(poll));
}

/* What the pair does not take now it takes when the portal has read. */
static void
write_on(struct conn *conn, struct pst_host_call *call)
{
	const struct pst_host_bytes *bytes = &call->text[0];
	ssize_t n = 0;

	while (n >= 0 && conn->wrote < bytes->len) {
		n = send(conn->fd, bytes->bytes + conn->wrote, bytes->len - conn->wrote, MSG_NOSIGNAL);
		conn->wrote += n > 0 ? (size_t)n : 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		wait_for(conn, call, UV_WRITABLE, writable);
	else
		pst_host_code(call, n < 0 ? FAILED : (int32_t)bytes->len);
}

void
outlet_write(void *capability, struct pst_host_call *call)
{
	size_t count;
	struct conn *conn = conn_find(call, &count);

	if (!conn || call->text[0].len > INT32_MAX) {
		pst_host_code(call, REFUSED);
		return;
	}
	conn->wrote = 0;
	write_on(conn, call);
}

/* ---- read ---- */

static void read_on(struct conn *conn, struct pst_host_call *call);

static void
readable(uv_poll_t *poll, int status, int events)
{
	read_on(poll->data, waited(poll));
}

/* An end counts as one only if the portal says so: a pair cannot be reset. */
static void
read_on(struct conn *conn, struct pst_host_call *call)
{
	size_t room = call->text[0].len < READ_MAX ? call->text[0].len : READ_MAX;
	uint8_t *bytes = malloc(room);
	ssize_t n = bytes ? recv(conn->fd, bytes, room, 0) : -1;

	if (n > 0) {
		pst_host_take(call, bytes, (size_t)n);
		return;
	}
	free(bytes);
	if (n < 0 && bytes && (errno == EAGAIN || errno == EINTR))
		wait_for(conn, call, UV_READABLE, readable);
	else
		pst_host_code(call, n < 0 || conn->failed ? FAILED : 0);
}

void
outlet_read(void *capability, struct pst_host_call *call)
{
	size_t count;
	struct conn *conn = conn_find(call, &count);

	if (!conn || !call->text[0].len)
		pst_host_code(call, REFUSED);
	else
		read_on(conn, call);
}

/* ---- close ---- */

void
outlet_close(void *capability, struct pst_host_call *call)
{
	size_t count;
	struct conn *conn = conn_find(call, &count);

	if (conn)
		conn_leave(conn);
	pst_host_code(call, conn ? 0 : REFUSED);
}
