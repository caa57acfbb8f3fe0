/* `inlet NAME { listen = …  to = … }`: where an application connects. */
#include <errno.h>
#include <stdlib.h>

#include <postern/descriptors.h>
#include <postern/listen.h>

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
	struct pst_listeners listeners; /* one */
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

static bool
connection_waits(struct pst_listeners *listeners, uv_stream_t *server)
{
	struct inlet *inlet = pst_container_of(listeners, struct inlet, listeners);
	struct portal *portal = &inlet->entry.portal;
	bool full = portal_full(portal);
	struct stream *s = NULL;
	int rc = stream_new(&s, portal);

	if (rc)
		return false;
	rc = server->type == UV_NAMED_PIPE ? stream_accept_local(s, server) : stream_accept(s, server);
	if (rc)
		stream_fail(s, rc);
	else if (full || pst_descriptors_scarce(&s->socket.handle))
		stream_end(s, END_LIMIT);
	else
		entry_begin(&inlet->entry, s);
	return true;
}

/* ---- the section ---- */

static void
inlet_gone(struct portal *portal)
{
	struct inlet *inlet = pst_container_of(portal, struct inlet, entry.portal);
	struct pst_section_env *senv = portal->senv;

	if (inlet->listeners.first || !entry_rests(&inlet->entry))
		return;
	free(inlet);
	pst_section_closed(senv);
}

static void
listener_closed(struct pst_listeners *listeners)
{
	inlet_gone(&pst_container_of(listeners, struct inlet, listeners)->entry.portal);
}

static void
inlet_drain(void *self)
{
	struct inlet *inlet = self;

	pst_listen_no_more(&inlet->listeners);
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
	inlet->listeners = (struct pst_listeners){
		.env = pst_section_env(senv), .log = pst_section_log(senv), .waits = connection_waits,
		.closed = listener_closed,
	};
	rc = pst_listen(&inlet->listeners, c->listen, err);
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

	pst_listen_no_more(&inlet->listeners);
	entry_close(&inlet->entry);
}
