#include <postern/listen.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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

/* ---- any socket ---- */

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

int
pst_listen(uv_tcp_t *handle, struct pst_env *env, const struct pst_log *log, const char *address,
    uv_connection_cb waits, struct pst_err *err)
{
	struct sockaddr_storage sa;
	bool passed = false;
	int rc = uv_tcp_init(env->loop, handle);

	if (!rc)
		rc = pst_sockaddr_parse(address, &sa);
	if (!rc)
		rc = address_open(handle, env, &sa, &passed);
	if (!rc)
		rc = uv_listen((uv_stream_t *)handle, PST_BACKLOG, waits);
	if (rc)
		return pst_fail(err, rc, "cannot listen on %s: %s", address, pst_strerror(rc));
	tell(handle, log, address, passed);
	return PST_OK;
}

/* ---- again ---- */

static void
ask_again(struct pst_timer *timer)
{
	struct pst_listen_again *again = pst_container_of(timer, struct pst_listen_again, timer);

	again->waits(again->server, 0);
}

void
pst_listen_again(struct pst_listen_again *again, struct pst_env *env, uv_stream_t *server,
    uv_connection_cb waits)
{
	again->server = server;
	again->waits = waits;
	pst_timer_start(env, &again->timer, PST_LISTEN_AGAIN_MS, ask_again);
}

void
pst_listen_no_more(struct pst_listen_again *again, struct pst_env *env)
{
	pst_timer_stop(env, &again->timer);
}
