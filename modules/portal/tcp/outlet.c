/* `outlet NAME { to = … }`: connects to the target for each peer's stream. */
#include <errno.h>
#include <stdlib.h>

#include <postern/descriptors.h>
#include <postern/dial.h>
#include <postern/identity.h>

#include "sections.h"

const struct pst_opt outlet_options[] = {
	DOOR_OPTIONS,
	PST_OPT(TIME, struct outlet_conf, connect_timeout, "15s", "the target may take so long to answer"),
	PST_OPT(SIZE, struct outlet_conf, window_max, "8M", "bytes a connection may have under way"),
	PST_OPT(INT, struct outlet_conf, streams, "10000", "connections at once"),
	PST_OPT_END,
};

struct outlet {
	struct portal portal;
	const struct outlet_conf *conf;
	struct door door;
	char host[PST_HOST_TEXT];
	uint16_t port;
};

int
outlet_check(const void *conf, struct pst_err *err)
{
	const struct outlet_conf *c = conf;

	if (c->window_max < STREAM_WINDOW)
		return pst_fail(err, PST_E_CONF, "window_max: at least 512K");
	if (c->streams < 1)
		return pst_fail(err, PST_E_CONF, "streams: at least 1");
	return door_check(&c->door, err);
}

/* ---- one stream ---- */

static void
pong_send(struct stream *s)
{
	struct wire_offer ours = portal_offer(s->portal);
	uint8_t bytes[WIRE_SHORT_MAX];

	ours.extended &= s->agreed.extended;
	ours.windows &= s->agreed.windows;
	ours.finish &= s->agreed.finish;
	stream_say(s, bytes, wire_ping(bytes, WIRE_PONG, &ours));
}

/* Ockam's inlet waits for ever without an answer: Pong, then Disconnect. */
static void
turn_away(struct stream *s, enum end why)
{
	pong_send(s);
	stream_end(s, why);
}

/* The same where there is no memory for a stream: nobody is to wait for an answer. */
static void
turn_away_at_once(struct outlet *outlet, const struct pst_message *m, const struct wire_offer *offer)
{
	struct pst_route own = pst_worker_route(&outlet->door.names.by_name);
	uint8_t bytes[WIRE_SHORT_MAX];
	size_t len = wire_disconnect(bytes, offer->extended, WIRE_INTERNAL);
	struct pst_buf buf;

	if (pst_env_buf(&buf, outlet->portal.env, bytes, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return;
	pst_buf_charge(&buf, pst_buf_account(&m->payload));
	pst_send(outlet->portal.router, &m->back, &own, &buf);
}

static enum end
end_of(int rc)
{
	return rc == UV_ECONNREFUSED ? END_REFUSED : rc == UV_ETIMEDOUT ? END_TIMEOUT : END_UNREACHABLE;
}

static void
target_answers(void *arg, int rc)
{
	struct stream *s = arg;

	s->dial = NULL;
	s->has_socket = !rc;
	if (s->state == STREAM_CLOSING) { /* the peer is gone */
		stream_release(s);
		return;
	}
	if (rc) {
		s->rc = rc;
		turn_away(s, end_of(rc));
		return;
	}
	if (pst_descriptors_scarce(&s->socket.handle)) {
		turn_away(s, END_LIMIT);
		return;
	}
	stream_guard(s);
	pong_send(s);
	stream_open(s);
}

/* Why a Ping is turned away, if it is. */
static bool
ping_refused(const struct outlet *outlet, const struct pst_message *m, enum end *why)
{
	const struct portal *portal = &outlet->portal;

	*why = !door_admits(&outlet->door, m->from) ? END_DENIED : portal->draining ? END_STOPS : END_LIMIT;
	return *why != END_LIMIT || portal_full(portal);
}

static void
ping_came(struct outlet *outlet, struct pst_message *m, struct pst_reader *r)
{
	enum end why;
	bool refused = ping_refused(outlet, m, &why);
	struct wire_offer offer = { 0 };
	struct stream *s;
	int rc;

	/* who is not even authenticated gets no answer, and nobody one that there
	 * is no memory for */
	if (refused && ((why == END_DENIED && !(m->from && m->from->peer)) ||
	    pst_pool_over(pst_env_pool(outlet->portal.env)))) {
		session_refused(&outlet->portal, m->from, why, 0);
		return;
	}
	if (pst_env_extensions(outlet->portal.env))
		offer = wire_read_offer(r);
	rc = stream_new(&s, &outlet->portal);
	if (rc) {
		session_refused(&outlet->portal, m->from, END_FAILED, rc);
		turn_away_at_once(outlet, m, &offer);
		return;
	}
	s->agreed = offer;
	rc = stream_attach(s, m->from, &m->back);
	if (rc) {
		turn_away_at_once(outlet, m, &offer);
		stream_fail(s, rc);
		return;
	}
	if (refused) {
		turn_away(s, why);
		return;
	}
	if (m->from->peer)
		stream_admit(s, outlet->door.admission, m->from->peer);
	if (m->from->admit && m->from->peer)
		m->from->admit(m->from);
	quiet_watch(&outlet->portal);
	rc = pst_dial(&s->dial, outlet->portal.env, &s->socket.tcp, outlet->host, outlet->port,
	    outlet->conf->connect_timeout, target_answers, s);
	if (rc) {
		s->rc = rc;
		turn_away(s, END_FAILED);
	}
}

static void
outlet_receives(struct names *names, struct pst_message *m)
{
	struct outlet *outlet = pst_container_of(names, struct outlet, door.names);
	struct pst_reader r = pst_buf_reader(&m->payload);
	uint8_t type = pst_read_u8(&r);

	if (!r.status && type == WIRE_PING && m->from && m->onward.hops == 1)
		ping_came(outlet, m, &r);
	else if (pst_refuse(outlet->portal.env, m, PST_REFUSAL_KIND))
		pst_log_rated(outlet->portal.log, PST_LOG_WARN, &outlet->portal.odd,
		    "an inlet for datagrams asks: this outlet is for connections");
	else
		pst_log_rated(outlet->portal.log, PST_LOG_WARN, &outlet->portal.odd, "not a Ping");
}

/* ---- the section ---- */

static void
outlet_gone(struct portal *portal)
{
	struct outlet *outlet = pst_container_of(portal, struct outlet, portal);
	struct pst_section_env *senv = portal->senv;

	door_end(&outlet->door);
	free(outlet);
	pst_section_closed(senv);
}

static void
outlet_neighbours(void *self)
{
	struct outlet *outlet = self;

	names_neighbours(&outlet->door.names);
}

static void
outlet_status(void *self, struct pst_status *status)
{
	const struct outlet *outlet = self;

	door_status(&outlet->door, status);
	portal_status(&outlet->portal, status);
}

static void
outlet_drain(void *self)
{
	struct outlet *outlet = self;

	portal_drain(&outlet->portal);
}

static const struct pst_section_hooks outlet_hooks = {
	.size = sizeof outlet_hooks,
	.status = outlet_status,
	.neighbours = outlet_neighbours,
	.drain = outlet_drain,
};

int
outlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct outlet *outlet = calloc(1, sizeof *outlet);
	int rc;

	if (!outlet)
		return -ENOMEM;
	outlet->conf = conf;
	outlet->portal = (struct portal){
		.senv = senv,
		.env = pst_section_env(senv),
		.router = pst_env_router(pst_section_env(senv)),
		.log = pst_section_log(senv),
		.window_max = outlet->conf->window_max,
		.max_streams = pst_descriptors(outlet->conf->streams), /* those that are being connected have one, too */
		.target = outlet->conf->door.to,
		.gone = outlet_gone,
	};
	rc = pst_host_port(outlet->conf->door.to, outlet->host, &outlet->port);
	if (!rc)
		rc = door_open(&outlet->door, senv, &outlet->conf->door, outlet_receives, err);
	if (rc) {
		door_end(&outlet->door);
		free(outlet);
		return rc;
	}
	pst_section_hook(senv, &outlet_hooks);
	*self = outlet;
	pst_section_up(senv);
	return PST_OK;
}

void
outlet_close(void *self)
{
	struct outlet *outlet = self;

	door_close(&outlet->door);
	portal_end(&outlet->portal);
}
