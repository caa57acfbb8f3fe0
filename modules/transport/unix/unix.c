/*
 * transport/unix: messages over Unix sockets, framed as over TCP. unix.md is
 * the page for operators. The compiler defines `unix`, hence "uds".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/listen.h>
#include <postern/look.h>
#include <postern/stream_link.h>

#include "peer.h"

/* What listens unless told otherwise, and where in the state directory. */
#define CONTROL_SECTION "control"
#define CONTROL_SOCKET "control.sock"

struct uds_conf {
	const char *listen;
	struct pst_list expose;
	uint64_t max_frame, window;
	int64_t links;
};

struct uds {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct uds_conf *conf;
	struct pst_stream_links links;
	struct pst_listeners listeners; /* one at most */
	bool closing;
};

struct link {
	struct pst_stream_link base;
	struct uds *uds;
	uv_pipe_t handle;
	struct pst_uv_pipe pipe;
	uv_connect_t connecting;
	char name[PST_LOCAL_PATH_MAX + 1]; /* of the peer: the path, or who it is */
};

static const struct pst_opt uds_options[] = {
	PST_OPT(PATH, struct uds_conf, listen, NULL,
	    "socket to accept on; a section named " CONTROL_SECTION " has STATE/" CONTROL_SOCKET),
	PST_OPT(LIST, struct uds_conf, expose, NULL,
	    "workers that may be reached besides local ones; a last * matches any rest"),
	PST_OPT(SIZE, struct uds_conf, max_frame, "16M", "largest frame"),
	PST_OPT(SIZE, struct uds_conf, window, "4M", "bytes of a peer not yet passed on"),
	PST_OPT(INT, struct uds_conf, links, "256", "accepted connections at once; the quietest makes way for one more"),
	PST_OPT_END,
};

/* ---- links ---- */

static void
uds_gone(struct uds *uds)
{
	struct pst_section_env *senv = uds->senv;

	if (!uds->closing || uds->links.first || uds->listeners.first)
		return;
	free(uds);
	pst_section_closed(senv);
}

static void
link_gone(struct pst_stream_link *base)
{
	struct link *link = pst_container_of(base, struct link, base);
	struct uds *uds = link->uds;

	free(link);
	uds_gone(uds);
}

static struct link *
link_new(struct uds *uds, bool accepted)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->uds = uds;
	pst_stream_link_init(&link->base, &uds->links, link->name, accepted);
	uv_pipe_init(pst_env_loop(uds->env), &link->handle, 0);
	pst_uv_pipe_init(&link->pipe, (uv_stream_t *)&link->handle);
	pst_stream_link_take(&link->base, &link->pipe.pipe);
	return link;
}

/* Only who the kernel vouches for gets a link, and that is a local one. */
static int
link_enter(struct link *link, uv_stream_t *server)
{
	struct uds *uds = link->uds;
	uid_t uid;
	pid_t pid;
	int fd, rc = uv_accept(server, (uv_stream_t *)&link->handle);

	if (!rc)
		rc = uv_fileno((uv_handle_t *)&link->handle, &fd);
	if (!rc)
		rc = peer_of(fd, &uid, &pid);
	if (rc)
		return rc;
	snprintf(link->name, sizeof link->name, "uid %u, pid %d", (unsigned)uid, (int)pid);
	if (!peer_may(uid))
		return PST_E_DENIED;
	if (pst_pool_over(pst_env_pool(uds->env)) ||
	    (uds->links.accepted > uds->conf->links && !pst_stream_links_make_way(&uds->links)))
		return PST_E_LIMIT;
	link->base.link.gate.local = true;
	return pst_stream_link_up(&link->base);
}

static bool
connection_waits(struct pst_listeners *listeners, uv_stream_t *server)
{
	struct link *link = link_new(pst_container_of(listeners, struct uds, listeners), true);
	int rc = link ? link_enter(link, server) : PST_OK;

	if (rc)
		pst_stream_link_refuse(&link->base, rc);
	return link != NULL;
}

/* ---- connecting ---- */

static int
server_check(const struct link *link)
{
	uid_t uid;
	pid_t pid;
	int fd, rc = uv_fileno((const uv_handle_t *)&link->handle, &fd);

	if (!rc)
		rc = peer_of(fd, &uid, &pid);
	return !rc && !peer_may_serve(link->name, uid) ? PST_E_DENIED : rc;
}

static void
connected(uv_connect_t *request, int status)
{
	struct link *link = request->data;

	pst_stream_link_connected(&link->base, status ? status : server_check(link));
}

static int
uds_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	struct link *link;

	(void)port;
	if (strlen(host) > PST_LOCAL_PATH_MAX) /* libuv would cut it */
		return UV_ENAMETOOLONG;
	link = link_new(transport, false);
	if (!link)
		return -ENOMEM;
	snprintf(link->name, sizeof link->name, "%s", host);
	link->connecting.data = link;
	link->base.events = events;
	link->base.arg = arg;
	*out = &link->base.link;
	uv_pipe_connect(&link->connecting, &link->handle, host, connected);
	return PST_OK;
}

/* ---- the section ---- */

static void
listener_closed(struct pst_listeners *listeners)
{
	uds_gone(pst_container_of(listeners, struct uds, listeners));
}

static int
uds_listen(struct uds *uds, struct pst_err *err)
{
	char path[4096];

	if (uds->conf->listen)
		return pst_listen(&uds->listeners, uds->conf->listen, err);
	if (strcmp(pst_section_name(uds->senv), CONTROL_SECTION))
		return PST_OK;
	snprintf(path, sizeof path, "%s/" CONTROL_SOCKET, pst_section_state_dir(uds->senv));
	return pst_listen(&uds->listeners, path, err);
}

static int
uds_check(const void *conf, struct pst_err *err)
{
	const struct uds_conf *c = conf;

	if (c->links < 1 || !c->window)
		return pst_fail(err, PST_E_CONF, "want links and window of at least 1");
	if (!c->max_frame || c->max_frame > PST_STREAM_FRAME_MAX)
		return pst_fail(err, PST_E_CONF, "max_frame: more than 0 and at most 16M");
	return c->listen && pst_local_check(c->listen, err) ? PST_E_CONF : PST_OK;
}

static void
uds_status(void *self, struct pst_status *status)
{
	const struct uds *uds = self;
	uint64_t links = 0;

	for (const struct pst_stream_link *link = uds->links.first; link; link = link->next)
		links += link->up;
	for (const struct pst_listener *l = uds->listeners.first; l; l = l->next)
		if (*l->path)
			pst_status_item(status, "listening", PST_FIELDS(PST_STR("address", l->path)));
	pst_status_put(status, PST_FIELDS(PST_U64("links", links), PST_I64("accepted", uds->links.accepted)));
}

static const struct pst_section_hooks uds_hooks = {
	.size = sizeof uds_hooks,
	.status = uds_status,
};

static int
uds_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct uds *uds = calloc(1, sizeof *uds);
	int rc;

	if (!uds)
		return -ENOMEM;
	uds->senv = senv;
	uds->env = pst_section_env(senv);
	uds->conf = conf;
	uds->links = (struct pst_stream_links){
		.env = uds->env,
		.log = pst_section_log(senv),
		.expose = &uds->conf->expose,
		.max_frame = uds->conf->max_frame,
		.window = uds->conf->window,
		.gone = link_gone,
	};
	pst_stream_links_init(&uds->links);
	uds->listeners = (struct pst_listeners){
		.env = uds->env, .log = pst_section_log(senv), .waits = connection_waits, .closed = listener_closed,
	};
	pst_section_hook(senv, &uds_hooks);
	*self = uds;
	rc = uds_listen(uds, err);
	if (rc) /* open all the same, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

static void
uds_close(void *self)
{
	struct uds *uds = self;

	uds->closing = true;
	pst_listen_no_more(&uds->listeners);
	if (!uds->links.first && !uds->listeners.first)
		uds_gone(uds);
	else
		pst_stream_links_end(&uds->links);
}

static const struct pst_transport_ops uds_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "unix",
	.connect = uds_connect,
	.close = pst_stream_link_close,
};

static const struct pst_section uds_sections[] = {
	PST_SECTION("transport", struct uds_conf, uds_options, uds_check, uds_open, uds_close),
	PST_SECTION_END,
};

static int
uds_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct uds_conf *c = conf;

	(void)kind;
	(void)err;
	if (c->listen)
		pst_look_listens(look, "unix", c->listen);
	return PST_OK;
}

PST_MODULE(transport_unix, .kind = PST_KIND_TRANSPORT, .version = "0.1.0",
    .summary = "messages over Unix sockets, to nodes of this machine", .sections = uds_sections,
    .ops = &uds_ops, .look = uds_look);
