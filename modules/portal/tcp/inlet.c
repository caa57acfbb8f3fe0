/* `inlet NAME { listen = …  to = … }`: where an application connects. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <postern/listen.h>
#include <postern/local.h>

#include "sections.h"

const struct pst_opt inlet_options[] = {
	PST_OPT(STR, struct entry_conf, listen, NULL,
	    "address:port where applications connect, or the absolute path of a Unix socket",
	    .of = "required"),
	ENTRY_OPTIONS("10000"),
	PST_OPT_END,
};

struct inlet {
	struct entry entry;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} listener;
	struct pst_listen_again again;
	bool listener_open;
	bool bound; /* to a path, which goes with it */
};

static bool
is_path(const char *listen)
{
	return *listen == '/';
}

int
inlet_check(const void *conf, struct pst_err *err)
{
	const struct entry_conf *c = conf;
	int rc = is_path(c->listen) ? pst_local_check(c->listen, err) : pst_listen_check(c->listen, err);

	return rc ? rc : entry_check(c, err);
}

/* ---- one connection ---- */

/* Whoever may connect is the file's business. */
static int
stream_accept_local(struct stream *s, uv_stream_t *server)
{
	uv_pipe_init(pst_env_loop(s->portal->env), &s->socket.pipe, 0);
	s->has_socket = true;
	return uv_accept(server, &s->socket.stream);
}

static int
stream_accept(struct stream *s, uv_stream_t *server)
{
	struct sockaddr_storage from = { 0 };
	int len = sizeof from;
	int rc;

	uv_tcp_init(pst_env_loop(s->portal->env), &s->socket.tcp);
	s->has_socket = true;
	rc = uv_accept(server, &s->socket.stream);
	if (rc)
		return rc;
	stream_guard(s);
	if (!uv_tcp_getpeername(&s->socket.tcp, (struct sockaddr *)&from, &len))
		memcpy(&s->application, &from, sizeof s->application);
	return PST_OK;
}

static void
connection_waits(uv_stream_t *server, int status)
{
	struct inlet *inlet = server->data;
	struct portal *portal = &inlet->entry.portal;
	bool full = portal_full(portal);
	struct stream *s = NULL;
	int rc = status ? status : stream_new(&s, portal);

	if (rc) {
		session_refused(portal, NULL, END_FAILED, rc);
		if (!status)
			pst_listen_again(&inlet->again, portal->env, server, connection_waits);
		return;
	}
	rc = server->type == UV_NAMED_PIPE ? stream_accept_local(s, server) : stream_accept(s, server);
	if (rc)
		stream_fail(s, rc);
	else if (full)
		stream_end(s, END_LIMIT);
	else
		entry_begin(&inlet->entry, s);
}

/* ---- the section ---- */

static void
inlet_gone(struct portal *portal)
{
	struct inlet *inlet = pst_container_of(portal, struct inlet, entry.portal);
	struct pst_section_env *senv = portal->senv;

	if (inlet->listener_open || !entry_rests(&inlet->entry))
		return;
	free(inlet);
	pst_section_closed(senv);
}

static void
listener_closed(uv_handle_t *handle)
{
	struct inlet *inlet = handle->data;

	inlet->listener_open = false;
	inlet_gone(&inlet->entry.portal);
}

static void
listener_close(struct inlet *inlet)
{
	pst_listen_no_more(&inlet->again, inlet->entry.portal.env);
	if (!inlet->listener_open || uv_is_closing(&inlet->listener.handle))
		return;
	if (inlet->bound)
		unlink(inlet->entry.conf->listen);
	uv_close(&inlet->listener.handle, listener_closed);
}

static int
listen_local(struct inlet *inlet, const char *path, struct pst_err *err)
{
	int rc, fd = pst_local_bind(path, err);

	uv_pipe_init(pst_env_loop(inlet->entry.portal.env), &inlet->listener.pipe, 0);
	if (fd < 0)
		return fd;
	inlet->bound = true;
	rc = uv_pipe_open(&inlet->listener.pipe, fd);
	if (rc)
		close(fd);
	else
		rc = uv_listen(&inlet->listener.stream, PST_BACKLOG, connection_waits);
	if (rc)
		return pst_fail(err, rc, "cannot listen on %s: %s", path, pst_strerror(rc));
	pst_info(inlet->entry.portal.log, "listening", PST_STR("address", path));
	return PST_OK;
}

static void
inlet_drain(void *self)
{
	struct inlet *inlet = self;

	listener_close(inlet);
	portal_drain(&inlet->entry.portal);
}

static void
inlet_status(void *self, struct pst_status *status)
{
	const struct inlet *inlet = self;

	entry_status(&inlet->entry, status);
}

static const struct pst_section_hooks inlet_hooks = {
	.size = sizeof inlet_hooks,
	.status = inlet_status,
	.drain = inlet_drain,
};

int
inlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct inlet *inlet = calloc(1, sizeof *inlet);
	const struct entry_conf *c = conf;
	int rc;

	if (!inlet)
		return -ENOMEM;
	rc = entry_open(&inlet->entry, senv, c, inlet_gone, err);
	if (rc) {
		free(inlet);
		return rc;
	}
	pst_section_hook(senv, &inlet_hooks);
	*self = inlet;
	inlet->listener.handle.data = inlet;
	inlet->listener_open = true;
	rc = is_path(c->listen) ? listen_local(inlet, c->listen, err)
	    : pst_listen(&inlet->listener.tcp, pst_section_env(senv), pst_section_log(senv), c->listen,
	          connection_waits, err);
	if (rc) /* stays open, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

void
inlet_close(void *self)
{
	struct inlet *inlet = self;

	listener_close(inlet);
	entry_close(&inlet->entry);
}
