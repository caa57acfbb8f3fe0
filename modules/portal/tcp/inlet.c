/* `inlet NAME { listen = …  to = … }`: where an application connects. */
#include <errno.h>
#include <stdlib.h>

#include <postern/listen.h>
#include <postern/multiaddr.h>
#include <postern/path.h>

#include "portal.h"
#include "sections.h"

/* Without a Pong for so long the path is asked whether it lives. */
#define SUSPECT_MS 1000

const struct pst_opt inlet_options[] = {
	PST_OPT(STR, struct inlet_conf, listen, NULL, "address:port where applications connect",
	    .of = "required"),
	PST_OPT(STR, struct inlet_conf, to, NULL, "multiaddr of the outlet"),
	PST_OPT(STR, struct inlet_conf, via, NULL,
	    "in place of `to`: the name of the relay, at a node of the project, of the node with the outlet"),
	PST_OPT(STR, struct inlet_conf, outlet, "outlet", "with `via`: the outlet's address there"),
	PST_OPT(REF, struct inlet_conf, project, NULL, "where the relay is", .of = "project"),
	PST_OPT(REF, struct inlet_conf, channel, NULL, "the section whose channels are used",
	    .of = "channel"),
	PST_OPT(LIST, struct inlet_conf, authorized, NULL,
	    "who the far end of the last channel may be; \"*\" for anybody"),
	PST_OPT(STR, struct inlet_conf, allow, NULL, "the same by a policy over its attributes"),
	PST_OPT(LIST, struct inlet_conf, hops, NULL, "who the ends of the channels before it are, in order"),
	PST_OPT(TIME, struct inlet_conf, connect_timeout, "15s",
	    "an application's connection is reset when nothing answers for so long"),
	PST_OPT(SIZE, struct inlet_conf, window_max, "8M", "bytes a connection may have under way"),
	PST_OPT(INT, struct inlet_conf, streams, "10000", "connections at once"),
	PST_OPT_END,
};

struct inlet {
	struct portal portal;
	const struct inlet_conf *conf;
	uv_tcp_t listener;
	struct pst_listen_again again;
	bool listener_open;
	struct pst_path *path;
	struct pst_gate *gate;  /* of the path; NULL while it is down */
	struct pst_route route; /* to the outlet, while it is up */
};

static struct pst_path_conf
path_conf(const struct inlet_conf *c)
{
	return (struct pst_path_conf){
		.to = c->to,
		.project = c->project,
		.via = c->via,
		.outlet = c->outlet,
		.authorized = &c->authorized,
		.allow = c->allow,
		.type = "tcp-inlet",
		.hops = &c->hops,
		.channel = c->channel,
	};
}

/* A route to an outlet ends with a worker, not with a channel or a port. */
static bool
ends_at_worker(const char *to)
{
	struct pst_multiaddr ma;

	if (pst_multiaddr_parse(&ma, to, NULL))
		return true; /* the path says what is wrong */
	return ma.hop[ma.count - 1].protocol == PST_SERVICE || ma.hop[ma.count - 1].protocol == PST_WORKER;
}

int
inlet_check(const void *conf, struct pst_err *err)
{
	const struct inlet_conf *c = conf;
	struct pst_path_conf path = path_conf(c);
	int rc = pst_listen_check(c->listen, err);

	if (rc)
		return rc;
	if (c->window_max < STREAM_WINDOW)
		return pst_fail(err, PST_E_CONF, "window_max: at least 512K");
	if (c->streams < 1)
		return pst_fail(err, PST_E_CONF, "streams: at least 1");
	if (!c->to && !c->via)
		return pst_fail(err, PST_E_CONF, "to: say where the outlet is, or `via` which relay");
	if (c->to && !ends_at_worker(c->to))
		return pst_fail(err, PST_E_CONF, "to: route \"%s\" ends without /service/NAME, the outlet", c->to);
	return pst_path_check(&path, err);
}

/* ---- one connection ---- */

static void
no_answer(struct pst_timer *timer)
{
	struct stream *s = pst_container_of(timer, struct stream, timer);
	struct inlet *inlet = pst_container_of(s->portal, struct inlet, portal);
	uint64_t waited = pst_now_ms(s->portal->env) - s->since_ms;

	if (inlet->path && s->peer)
		pst_path_suspect(inlet->path);
	if (waited < inlet->conf->connect_timeout) {
		pst_timer_start(s->portal->env, timer, inlet->conf->connect_timeout - waited, no_answer);
		return;
	}
	stream_end(s, END_NO_ANSWER);
}

static void
pong_came(struct stream *s, struct pst_message *m)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct wire_offer ours = portal_offer(s->portal), theirs;
	struct inlet *inlet = pst_container_of(s->portal, struct inlet, portal);
	struct pst_admission *admission = inlet->path ? pst_path_admission(inlet->path) : NULL;

	pst_read_u8(&r);
	theirs = wire_read_offer(&r);
	s->agreed = (struct wire_offer){
		.extended = ours.extended && theirs.extended,
		.windows = ours.windows && theirs.windows,
		.finish = ours.finish && theirs.finish,
		.window = theirs.window,
	};
	portal_rtt(s->portal, uv_hrtime() - s->mark_ns);
	if (stream_attach(s, m->from, &m->back)) {
		stream_fail(s, -ENOMEM);
		return;
	}
	if (admission && m->from->peer)
		stream_admit(s, admission, m->from->peer);
	stream_open(s);
}

/* Ping the outlet; its answer brings the route to the other end. */
static void
stream_ping(struct inlet *inlet, struct stream *s)
{
	struct wire_offer offer = portal_offer(&inlet->portal);
	uint8_t bytes[WIRE_SHORT_MAX];

	if (stream_attach(s, inlet->gate, &inlet->route)) {
		stream_fail(s, -ENOMEM);
		return;
	}
	s->answered = pong_came;
	s->mark_ns = uv_hrtime();
	stream_say(s, bytes, wire_ping(bytes, WIRE_PING, &offer));
}

static int
stream_accept(struct stream *s, uv_stream_t *server)
{
	struct sockaddr_storage from = { 0 };
	int len = sizeof from;
	int rc;

	uv_tcp_init(pst_env_loop(s->portal->env), &s->socket);
	s->has_socket = true;
	rc = uv_accept(server, (uv_stream_t *)&s->socket);
	if (rc)
		return rc;
	stream_guard(s);
	if (!uv_tcp_getpeername(&s->socket, (struct sockaddr *)&from, &len))
		memcpy(&s->application, &from, sizeof s->application);
	return PST_OK;
}

static void
connection_waits(uv_stream_t *server, int status)
{
	struct inlet *inlet = server->data;
	bool full = portal_full(&inlet->portal);
	struct stream *s = NULL;
	int rc = status ? status : stream_new(&s, &inlet->portal);

	if (rc) {
		session_refused(&inlet->portal, NULL, END_FAILED, rc);
		if (!status)
			pst_listen_again(&inlet->again, inlet->portal.env, server, connection_waits);
		return;
	}
	s->patient = true;
	rc = stream_accept(s, server);
	if (rc) {
		stream_fail(s, rc);
		return;
	}
	if (full) {
		stream_end(s, END_LIMIT);
		return;
	}
	pst_timer_start(inlet->portal.env, &s->timer,
	    inlet->conf->connect_timeout < SUSPECT_MS ? inlet->conf->connect_timeout : SUSPECT_MS,
	    no_answer);
	if (inlet->gate)
		stream_ping(inlet, s); /* without a route it waits for one */
}

/* ---- the path ---- */

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct inlet *inlet = arg;

	inlet->route = *route;
	inlet->gate = gate;
	pst_info(inlet->portal.log, "inlet up",
	    PST_STR("peer", gate->peer ? pst_peer_text(gate->peer) : NULL));
	for (struct stream *s = inlet->portal.streams, *next; s && inlet->gate; s = next) {
		next = s->next;
		if (s->state == STREAM_WAITING && !s->peer)
			stream_ping(inlet, s);
	}
}

static void
path_down(void *arg, int rc)
{
	struct inlet *inlet = arg;

	pst_info(inlet->portal.log, "inlet down", PST_RC(rc));
	inlet->gate = NULL;
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static void
path_doubted(struct portal *portal)
{
	struct inlet *inlet = pst_container_of(portal, struct inlet, portal);

	if (inlet->path)
		pst_path_suspect(inlet->path);
}

/* ---- the section ---- */

static void
inlet_gone(struct portal *portal)
{
	struct inlet *inlet = pst_container_of(portal, struct inlet, portal);
	struct pst_section_env *senv = portal->senv;

	if (inlet->listener_open || inlet->path || portal->streams)
		return;
	free(inlet);
	pst_section_closed(senv);
}

static void
path_closed(void *arg)
{
	struct inlet *inlet = arg;

	inlet->path = NULL;
	inlet_gone(&inlet->portal);
}

static void
listener_closed(uv_handle_t *handle)
{
	struct inlet *inlet = handle->data;

	inlet->listener_open = false;
	inlet_gone(&inlet->portal);
}

static void
listener_close(struct inlet *inlet)
{
	pst_listen_no_more(&inlet->again, inlet->portal.env);
	if (inlet->listener_open && !uv_is_closing((uv_handle_t *)&inlet->listener))
		uv_close((uv_handle_t *)&inlet->listener, listener_closed);
}

static void
inlet_drain(void *self)
{
	struct inlet *inlet = self;

	listener_close(inlet);
	portal_drain(&inlet->portal);
}

static void
inlet_status(void *self, struct pst_status *status)
{
	const struct inlet *inlet = self;

	pst_path_status(inlet->path, status);
	portal_status(&inlet->portal, status);
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
	struct pst_path_conf path;
	int rc;

	if (!inlet)
		return -ENOMEM;
	inlet->conf = conf;
	inlet->portal = (struct portal){
		.senv = senv,
		.env = pst_section_env(senv),
		.router = pst_env_router(pst_section_env(senv)),
		.log = pst_section_log(senv),
		.window_max = inlet->conf->window_max,
		.max_streams = inlet->conf->streams,
		.gone = inlet_gone,
		.doubt = path_doubted,
	};
	path = path_conf(inlet->conf);
	rc = pst_path_open(&inlet->path, senv, &path, &path_events, inlet, err);
	if (rc) {
		free(inlet);
		return rc;
	}
	pst_section_hook(senv, &inlet_hooks);
	*self = inlet;
	inlet->listener.data = inlet;
	inlet->listener_open = true;
	rc = pst_listen(&inlet->listener, inlet->portal.env, inlet->portal.log, inlet->conf->listen,
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
	struct pst_path *path = inlet->path;

	listener_close(inlet);
	portal_end(&inlet->portal);
	pst_path_close(&path, path_closed, inlet);
}
