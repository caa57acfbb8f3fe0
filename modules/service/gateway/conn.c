/* Connections: how many, from where, and for how long they may wait. */
#include "conn.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <postern/descriptors.h>
#include <postern/linked.h>

#include "exchange.h"

/* A client that goes away while its answer is made is noticed from then on. */
#define WATCH_AFTER_MS 500

static void
waiting_remove(struct conn *conn)
{
	struct server *server = conn->server;

	if (!conn->waiting)
		return;
	*conn->waiting = conn->next_waiting;
	if (conn->next_waiting)
		conn->next_waiting->waiting = conn->waiting;
	else
		server->latest = conn->waiting;
	conn->waiting = NULL;
}

/* The library sees the end of its stream, and closes it. */
static void
conn_end(struct conn *conn)
{
	pst_timer_stop(conn->server->env, &conn->timer);
	waiting_remove(conn);
	(void)shutdown(conn->fd, SHUT_RDWR);
}

static void
conn_too_slow(struct pst_timer *timer)
{
	conn_end(pst_container_of(timer, struct conn, timer));
}

void
conn_waits(struct conn *conn)
{
	struct server *server = conn->server;

	pst_timer_start(server->env, &conn->timer, server->conf.head_ms, conn_too_slow);
	if (conn->waiting)
		return;
	conn->next_waiting = NULL;
	conn->waiting = server->latest;
	*server->latest = conn;
	server->latest = &conn->next_waiting;
}

void
conn_head_came(struct conn *conn)
{
	waiting_remove(conn);
	pst_timer_start(conn->server->env, &conn->timer, conn->server->conf.body_ms, conn_too_slow);
}

/* ---- while an answer is made ---- */

/* Sees the end of the client's stream, which the library does not while a connection is at rest. */
struct conn_watch {
	struct conn *conn;
	uv_poll_t poll;
};

static void
watch_closed(uv_handle_t *handle)
{
	struct server *server = handle->data;

	free(pst_container_of((uv_poll_t *)handle, struct conn_watch, poll));
	server_handle_gone(server);
}

static void
watch_stop(struct conn *conn)
{
	if (conn->watch)
		uv_close((uv_handle_t *)&conn->watch->poll, watch_closed);
	conn->watch = NULL;
}

static void
client_gone(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = pst_container_of(poll, struct conn_watch, poll)->conn;

	watch_stop(conn);
	if (conn->exchange)
		exchange_abandon(conn->exchange);
}

/* Most answers are there before this: it costs two calls of the kernel. */
static void
watch_start(struct pst_timer *timer)
{
	struct conn *conn = pst_container_of(timer, struct conn, timer);
	struct server *server = conn->server;
	struct conn_watch *watch = malloc(sizeof *watch);

	if (!watch || uv_poll_init(pst_env_loop(server->env), &watch->poll, conn->fd)) {
		free(watch);
		return;
	}
	server->open_handles++;
	watch->conn = conn;
	watch->poll.data = server;
	conn->watch = watch;
	if (uv_poll_start(&watch->poll, UV_DISCONNECT, client_gone))
		watch_stop(conn);
}

void
conn_body_came(struct conn *conn)
{
	pst_timer_start(conn->server->env, &conn->timer, WATCH_AFTER_MS, watch_start);
}

void
conn_answered(struct conn *conn)
{
	pst_timer_stop(conn->server->env, &conn->timer);
	watch_stop(conn);
}

/* ---- who may stay ---- */

static void
conn_free(struct conn *conn)
{
	struct server *server = conn->server;

	conn_answered(conn);
	waiting_remove(conn);
	pst_linked_leave(conn);
	server->count--;
	free(conn);
}

void
conn_changed(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct server *server = arg;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = server->accepting;
		server->accepting = NULL;
	} else if (*context) {
		conn_free(*context);
		*context = NULL;
	}
}

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		    ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	/* one subscriber has a whole /64 */
	return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
	    &((const struct sockaddr_in6 *)b)->sin6_addr, 8);
}

static size_t
of_same_host(const struct server *server, const struct sockaddr_storage *peer)
{
	size_t n = 0;

	for (const struct conn *c = server->conns; c; c = c->next)
		n += same_host(&c->peer, peer);
	return n;
}

/* Is there room for one from there? Who waits longest for a request has made some, else. */
static bool
make_room(struct server *server, const struct sockaddr_storage *peer)
{
	if (of_same_host(server, peer) >= server->conf.per_address)
		return false;
	if (server->count < server->conf.connections)
		return true;
	if (server->waiting) {
		conn_end(server->waiting);
		server_run(server);
	}
	return server->count < server->conf.connections;
}

static struct conn *
conn_new(struct server *server, int fd, const struct sockaddr_storage *peer)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		return NULL;
	conn->server = server;
	conn->fd = fd;
	conn->peer = *peer;
	pst_linked_enter(&server->conns, conn);
	server->count++;
	conn_waits(conn);
	return conn;
}

void
conn_add(struct server *server, int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof peer;
	struct conn *conn = NULL;

	if (!pst_descriptor_is_kept(fd) && !getpeername(fd, (struct sockaddr *)&peer, &len) && make_room(server, &peer))
		conn = conn_new(server, fd, &peer);
	if (!conn) {
		close(fd);
		pst_warn_rated(server->log, &server->crowded, "a connection was refused: too many");
		return;
	}
	server->accepting = conn;
	if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&peer, len) != MHD_YES &&
	    server->accepting)
		conn_free(conn);
	server->accepting = NULL;
	server_poke(server);
}
