/* The server's daemon on the loop, its sockets, and who may stay for how long. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "conn.h"
#include "exchange.h"

/* A certificate with its chain, or a key: ours, and generous. */
#define PEM_MAX (256 * 1024)

/* An upgraded connection goes in several runs, and the library does not say when it wants the next (0.9.75, TLS). */
#define AGAIN_MS 10

#define LIBRARY_CONNECTIONS (1 << 20)

/* ---- the daemon on the loop ---- */

static void time_is_up(struct pst_timer *timer);

void
server_run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;
	bool wants;

	(void)MHD_run(server->daemon);
	wants = MHD_get_timeout(server->daemon, &ms) == MHD_YES;
	if (server->hung_up && (!wants || ms > AGAIN_MS)) {
		wants = true;
		ms = AGAIN_MS;
	}
	if (!wants)
		pst_timer_stop(server->env, &server->timer);
	else if (ms)
		pst_timer_start(server->env, &server->timer, ms, time_is_up);
	else
		server_poke(server);
}

static void
time_is_up(struct pst_timer *timer)
{
	server_run(pst_container_of(timer, struct server, timer));
}

static void
poked(struct pst_task *task)
{
	server_run(pst_container_of(task, struct server, task));
}

void
server_poke(struct server *server)
{
	if (!server->task.link)
		pst_task_post(server->env, &server->task, poked);
}

static void
ready(uv_poll_t *poll, int status, int events)
{
	server_run(pst_container_of(poll, struct server, poll));
}

/* ---- accepting ---- */

void
server_handle_gone(struct server *server)
{
	if (!--server->open_handles && !server->listeners.first && server->on_closed)
		server->on_closed(server);
}

static void
handle_closed(uv_handle_t *handle)
{
	server_handle_gone(handle->data);
}

static void
accepted_closed(uv_handle_t *handle)
{
	struct server *server = handle->data;

	free(handle);
	server_handle_gone(server);
}

static bool
waits(struct pst_listeners *listeners, uv_stream_t *stream)
{
	struct server *server = pst_container_of(listeners, struct server, listeners);
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	int fd;

	if (!tcp || uv_tcp_init(stream->loop, tcp)) {
		free(tcp);
		return false;
	}
	tcp->data = server;
	server->open_handles++;
	/* the library wants a descriptor of its own */
	if (!uv_accept(stream, (uv_stream_t *)tcp) && !uv_fileno((uv_handle_t *)tcp, &fd)) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0)
			conn_add(server, fd);
	}
	uv_close((uv_handle_t *)tcp, accepted_closed);
	return true;
}

static void
listeners_closed(struct pst_listeners *listeners)
{
	struct server *server = pst_container_of(listeners, struct server, listeners);

	server->open_handles++;
	server_handle_gone(server);
}

/* ---- opening and closing ---- */

static int
file_read(char **out, const char *option, const char *path, struct pst_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = PST_OK;
	char *text = sodium_malloc(PEM_MAX + 1);
	ssize_t n = fd >= 0 && text ? read(fd, text, PEM_MAX) : -1;

	if (n < 0)
		rc = pst_fail(err, text ? -errno : -ENOMEM, "%s: %s: %s", option, path,
		    pst_strerror(text ? -errno : -ENOMEM));
	else
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	if (rc)
		sodium_free(text);
	else
		*out = text;
	return rc;
}

static int
daemon_start(struct server *server, const char *certificate, const char *key, struct pst_err *err)
{
	const struct MHD_OptionItem tls[] = {
		{ certificate ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, (void *)certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
	    MHD_ALLOW_UPGRADE | (certificate ? MHD_USE_TLS : 0);

	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, exchange_handle, server,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEAD_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((server->conf.body_ms + 999) / 1000),
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIBRARY_CONNECTIONS, /* ours may change */
	    MHD_OPTION_URI_LOG_CALLBACK, exchange_target, server,
	    MHD_OPTION_NOTIFY_CONNECTION, conn_changed, server,
	    MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, server,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (server->daemon)
		return PST_OK;
	return pst_fail(err, PST_E_CONF, certificate ? "certificate: it and the key are of no use together"
	    : "the HTTP server does not start");
}

static int
daemon_open(struct server *server, struct pst_err *err)
{
	char *certificate = NULL, *key = NULL;
	int rc = PST_OK;

	if (server->conf.certificate)
		rc = file_read(&certificate, "certificate", server->conf.certificate, err);
	if (!rc && server->conf.key)
		rc = file_read(&key, "key", server->conf.key, err);
	if (!rc)
		rc = daemon_start(server, certificate, key, err);
	sodium_free(certificate);
	sodium_free(key);
	return rc;
}

/* Who looks may not be who runs, and so may not read them. */
int
server_check(const struct server_conf *conf, struct pst_err *err)
{
	struct server server = { .conf = *conf };
	int rc = PST_OK;

	if (conf->certificate && sodium_init() >= 0) /* no node may have begun it */
		rc = daemon_open(&server, err);
	if (server.daemon)
		MHD_stop_daemon(server.daemon);
	return rc == -EACCES ? PST_OK : rc;
}

static int
poll_open(struct server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int rc = info ? uv_poll_init(pst_env_loop(server->env), &server->poll, info->epoll_fd) : -ENOTSUP;

	if (rc)
		return rc;
	server->open_handles++;
	server->poll.data = server;
	return uv_poll_start(&server->poll, UV_READABLE, ready);
}

int
server_open(struct server *server, struct pst_err *err)
{
	int rc;

	server->latest = &server->waiting;
	rc = daemon_open(server, err);
	if (!rc)
		rc = poll_open(server);
	server->listeners = (struct pst_listeners){
		.env = server->env, .log = server->log, .waits = waits, .closed = listeners_closed,
	};
	return rc ? rc : pst_listen_all(&server->listeners, server->conf.listen->item, server->conf.listen->count, err);
}

void
server_stop_listening(struct server *server)
{
	pst_listen_no_more(&server->listeners);
}

void
server_close(struct server *server, void (*on_closed)(struct server *server))
{
	server->on_closed = on_closed;
	server_stop_listening(server);
	for (struct conn *c = server->conns; c; c = c->next)
		if (c->exchange)
			exchange_abandon(c->exchange);
	if (server->daemon) {
		/* who has been told must be out of rest before the daemon goes */
		(void)MHD_run(server->daemon);
		MHD_stop_daemon(server->daemon);
		server->daemon = NULL;
	}
	pst_timer_stop(server->env, &server->timer);
	pst_task_cancel(server->env, &server->task);
	/* one more, so that the end comes here if nothing was open */
	server->open_handles++;
	if (server->poll.data)
		uv_close((uv_handle_t *)&server->poll, handle_closed);
	server_handle_gone(server);
}
