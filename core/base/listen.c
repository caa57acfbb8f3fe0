#include <postern/listen.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/env.h"
#include "base/passed.h"

int
pst_listen_check(const char *address, struct pst_err *err)
{
	struct sockaddr_storage sa;

	if (pst_sockaddr_parse(address, &sa))
		return pst_fail(err, PST_E_CONF, "listen: \"%s\" is no address:port (a number, not a name)",
		    address);
	return PST_OK;
}

/* ---- a socket that was passed ---- */

struct search {
	const struct sockaddr_storage *address;
	bool found;
};

static void
look_at(uv_handle_t *handle, void *arg)
{
	struct search *search = arg;
	struct sockaddr_storage at;
	int fd;

	if (handle->type != UV_TCP || uv_is_closing(handle) || uv_fileno(handle, &fd))
		return;
	at = pst_listening_at(fd);
	search->found |= pst_sockaddr_equal(&at, search->address);
}

/* Two that share a duplicate would each get some of the connections; bind() would have refused. */
static bool
in_use(uv_loop_t *loop, const struct sockaddr_storage *address)
{
	struct search search = { .address = address };

	uv_walk(loop, look_at, &search);
	return search.found;
}

static int
passed_open(uv_tcp_t *handle, struct pst_passed_socket *socket)
{
	int rc, fd = fcntl(socket->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	socket->wanted = true;
	rc = uv_tcp_open(handle, fd);
	if (rc)
		close(fd);
	return rc;
}

/* ---- listening ---- */

static int
address_open(uv_tcp_t *handle, struct pst_env *env, const struct sockaddr_storage *sa, bool *passed)
{
	struct pst_passed_socket *socket = pst_passed_find(env->passed, sa);

	*passed = socket != NULL;
	if (!socket)
		return uv_tcp_bind(handle, (const struct sockaddr *)sa,
		    sa->ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	return in_use(env->loop, sa) ? UV_EADDRINUSE : passed_open(handle, socket);
}

/* Where it is: who has asked for port 0 wants to know which he has got. */
static void
tell(const uv_tcp_t *handle, const struct pst_log *log, const char *address, bool passed)
{
	struct sockaddr_storage sa;
	char text[PST_ADDRESS_TEXT];
	int len = sizeof sa;

	if (!uv_tcp_getsockname(handle, (struct sockaddr *)&sa, &len))
		address = pst_sockaddr_format(&sa, text);
	pst_info(log, "listening", PST_STR("address", address), PST_STR("socket", passed ? "passed" : NULL));
}

static void offer(struct pst_listener *listener);

static void
ask_again(struct pst_timer *timer)
{
	offer(pst_container_of(timer, struct pst_listener, again));
}

static void
refused(struct pst_listeners *listeners, int rc)
{
	pst_warn_rated(listeners->log, &listeners->refused, "connection not accepted", PST_RC(rc));
}

static void
offer(struct pst_listener *listener)
{
	struct pst_listeners *listeners = listener->listeners;

	if (listeners->waits(listeners, &listener->stream))
		return;
	refused(listeners, -ENOMEM);
	if (!uv_is_closing(&listener->handle))
		pst_timer_start(listeners->env, &listener->again, PST_LISTEN_AGAIN_MS, ask_again);
}

static void
connection_waits(uv_stream_t *server, int status)
{
	struct pst_listener *listener = pst_container_of(server, struct pst_listener, stream);

	if (status)
		refused(listener->listeners, status);
	else
		offer(listener);
}

static int
listen_at_address(struct pst_listener *listener, const char *address, struct pst_err *err)
{
	struct pst_listeners *listeners = listener->listeners;
	struct sockaddr_storage sa;
	bool passed = false;
	int rc = uv_tcp_init(listeners->env->loop, &listener->tcp);

	if (!rc)
		rc = pst_sockaddr_parse(address, &sa);
	if (!rc)
		rc = address_open(&listener->tcp, listeners->env, &sa, &passed);
	if (!rc)
		rc = uv_listen(&listener->stream, PST_BACKLOG, connection_waits);
	if (rc)
		return pst_fail(err, rc, "cannot listen on %s: %s", address, pst_strerror(rc));
	tell(&listener->tcp, listeners->log, address, passed);
	return PST_OK;
}

static int
listen_at_path(struct pst_listener *listener, const char *path, struct pst_err *err)
{
	struct pst_listeners *listeners = listener->listeners;
	int rc, fd = pst_local_bind(path, err);

	uv_pipe_init(listeners->env->loop, &listener->pipe, 0);
	if (fd < 0)
		return fd;
	snprintf(listener->path, sizeof listener->path, "%s", path);
	rc = uv_pipe_open(&listener->pipe, fd);
	if (rc)
		close(fd);
	else
		rc = uv_listen(&listener->stream, PST_BACKLOG, connection_waits);
	if (rc)
		return pst_fail(err, rc, "cannot listen on %s: %s", path, pst_strerror(rc));
	pst_info(listeners->log, "listening", PST_STR("address", path));
	return PST_OK;
}

int
pst_listen(struct pst_listeners *listeners, const char *where, struct pst_err *err)
{
	struct pst_listener *listener = calloc(1, sizeof *listener);

	if (!listener)
		return -ENOMEM;
	listener->listeners = listeners;
	listener->next = listeners->first;
	listeners->first = listener;
	return (*where == '/' ? listen_at_path : listen_at_address)(listener, where, err);
}

int
pst_listen_all(struct pst_listeners *listeners, const char *const *where, size_t count,
    struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < count; i++)
		rc = pst_listen(listeners, where[i], err);
	return rc;
}

static void
handle_closed(uv_handle_t *handle)
{
	struct pst_listener *listener = pst_container_of(handle, struct pst_listener, handle);
	struct pst_listeners *listeners = listener->listeners;
	struct pst_listener **at = &listeners->first;

	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
	free(listener);
	if (!listeners->first)
		listeners->closed(listeners);
}

void
pst_listen_no_more(struct pst_listeners *listeners)
{
	for (struct pst_listener *l = listeners->first; l; l = l->next) {
		if (uv_is_closing(&l->handle))
			continue;
		pst_timer_stop(listeners->env, &l->again);
		if (*l->path)
			unlink(l->path);
		uv_close(&l->handle, handle_closed);
	}
}
