/* `outlet NAME { use = udp  to = … }`: a socket to the target for each flow of a peer. */
#include <errno.h>
#include <stdlib.h>

#include <postern/descriptors.h>
#include <postern/identity.h>
#include <postern/linked.h>

#include "portal.h"
#include "sections.h"
#include "target.h"

/* Fixed: there are rarely more than some inlets. */
#define FAR_BUCKETS 256

const struct pst_opt outlet_options[] = {
	DOOR_OPTIONS,
	PST_OPT(TIME, struct outlet_conf, idle, "60s", "end of a flow when quiet"),
	PST_OPT(INT, struct outlet_conf, flows, "10000",
	    "flows at once, a socket each; the least recently used makes way, of a peer with its share one of its own"),
	PST_OPT_END,
};

struct outlet {
	struct portal portal;
	const struct outlet_conf *conf;
	struct door door;
	struct target target;
	struct guests guests;
	struct far *fars[FAR_BUCKETS]; /* by gate and route */
};

int
outlet_check(const void *conf, struct pst_err *err)
{
	const struct outlet_conf *c = conf;
	int rc = flows_check(c->flows, c->idle, err);

	return rc ? rc : door_check(&c->door, err);
}

/* ---- who is at the other end ---- */

static struct far **
fars_of(struct outlet *outlet, const struct pst_message *m)
{
	uint8_t bytes[sizeof m->from->id + PST_ROUTE_MAX];
	uint64_t hash;

	memcpy(bytes, &m->from->id, sizeof m->from->id);
	memcpy(bytes + sizeof m->from->id, m->back.data, m->back.len);
	crypto_shorthash((uint8_t *)&hash, bytes, sizeof m->from->id + m->back.len,
	    outlet->portal.flows.secret);
	return &outlet->fars[hash % FAR_BUCKETS];
}

static struct far *
far_of(struct outlet *outlet, const struct pst_message *m)
{
	struct far *far = *fars_of(outlet, m);

	while (far && (far->gate != m->from || far->route->len != m->back.len ||
	    memcmp(far->route->data, m->back.data, m->back.len)))
		far = far->next;
	return far;
}

/* Ours, too: with one use more. */
static int
far_get(struct far **out, struct outlet *outlet, struct pst_message *m)
{
	int rc;

	*out = far_of(outlet, m);
	if (*out) {
		(*out)->uses++;
		return PST_OK;
	}
	rc = far_new(out, &outlet->portal, m->from, &m->back);
	if (rc)
		return rc;
	pst_linked_enter(fars_of(outlet, m), *out);
	far_admit(*out, outlet->door.admission);
	if (m->from->admit && m->from->peer)
		m->from->admit(m->from);
	return PST_OK;
}

/* ---- what the target says ---- */

/* That nobody is there ends nothing: somebody may be, later. */
static void
target_says(uv_udp_t *handle, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct flow *flow = pst_container_of(handle, struct flow, socket);

	if (n < 0)
		flow->rc = (int)n;
	if (n < 0 || !from || flags & UV_UDP_PARTIAL)
		return;
	flow->rc = 0;
	pst_pool_count_read(pst_env_pool(flow->portal->env), (size_t)n);
	flow_say(flow, WIRE_DATAGRAM, buf->base, (size_t)n);
}

static int
socket_open(struct flow *flow, const struct sockaddr *target)
{
	int rc = uv_udp_init(pst_env_loop(flow->portal->env), &flow->socket);

	if (rc)
		return rc;
	flow->has_socket = true;
	flow->socket.data = flow->portal;
	rc = uv_udp_connect(&flow->socket, target);
	return rc ? rc : uv_udp_recv_start(&flow->socket, portal_alloc, target_says);
}

/* ---- what peers say ---- */

static void
turn_away(struct outlet *outlet, const struct pst_message *m, uint64_t number, enum end why, int rc)
{
	session_refused(&outlet->portal, m->from->peer, why, rc);
	/* who is not even authenticated gets no answer */
	if (m->from->peer || why != END_DENIED)
		far_refuse(&outlet->portal, m, number, end_reason(why));
}

/* All of it, since all of it is compared. */
static void
key_set(union flow_key *key, const struct far *far, uint64_t number)
{
	memset(key, 0, sizeof *key);
	key->pair.far = far->id;
	key->pair.number = number;
}

static const struct pst_identifier *
who(const struct pst_message *m)
{
	return m->from->peer ? pst_peer_identifier(m->from->peer) : NULL;
}

static int
flow_make(struct flow **out, struct outlet *outlet, struct pst_message *m, uint64_t number)
{
	union flow_key key;
	struct far *far;
	int rc = far_get(&far, outlet, m);

	if (rc)
		return rc;
	key_set(&key, far, number);
	rc = flow_new(out, &outlet->portal, far, &key);
	far_unref(&far);
	if (rc)
		return rc;
	(*out)->number = number;
	rc = guests_enter(&outlet->guests, &(*out)->guest, who(m));
	if (rc)
		flow_end(*out, END_FAILED);
	return rc;
}

/* The one that makes way for another of a peer's, where that has its share. */
static struct flow *
own_flow(struct outlet *outlet, const struct pst_message *m)
{
	struct guest_entry *entry = guests_own(&outlet->guests, who(m), outlet->portal.most);

	return entry ? pst_container_of(entry, struct flow, guest) : NULL;
}

static void
outlet_lets_go(struct flow *flow)
{
	struct outlet *outlet = pst_container_of(flow->portal, struct outlet, portal);

	guests_leave(&outlet->guests, &flow->guest);
}

/* Why a flow is not begun, where there is a reason. */
static bool
refused(struct outlet *outlet, const struct pst_message *m, enum end *why)
{
	if (!door_admits(&outlet->door, m->from))
		*why = END_DENIED;
	else if (outlet->portal.draining)
		*why = END_STOPS;
	else if (!target_address(&outlet->target))
		*why = END_UNREACHABLE;
	else if (!portal_room(&outlet->portal, own_flow(outlet, m)))
		*why = END_LIMIT;
	else
		return false;
	return true;
}

/* A flow that is not there; NULL: it is turned away, and that is said. */
static struct flow *
flow_begin(struct outlet *outlet, struct pst_message *m, uint64_t number)
{
	struct flow *flow;
	enum end why;
	int rc;

	if (refused(outlet, m, &why)) {
		turn_away(outlet, m, number, why, PST_OK);
		return NULL;
	}
	rc = flow_make(&flow, outlet, m, number);
	if (rc) {
		turn_away(outlet, m, number, END_FAILED, rc);
		return NULL;
	}
	flow->rc = socket_open(flow, target_address(&outlet->target));
	if (flow->rc) {
		flow_end(flow, END_FAILED);
		return NULL;
	}
	flow_opened(flow);
	return flow;
}

static struct flow *
flow_find(struct outlet *outlet, const struct pst_message *m, uint64_t number)
{
	const struct far *far = far_of(outlet, m);
	struct flow_entry *entry;
	union flow_key key;

	if (!far)
		return NULL;
	key_set(&key, far, number);
	entry = flows_find(&outlet->portal.flows, &key);
	return entry ? pst_container_of(entry, struct flow, entry) : NULL;
}

static void
datagram_came(struct outlet *outlet, struct pst_message *m, const struct wire_message *message)
{
	struct flow *flow = flow_find(outlet, m, message->flow);
	const struct wire_message opened = {
		.kind = WIRE_OPENED, .flow = message->flow, .version = WIRE_VERSION,
	};

	if (!flow && message->kind == WIRE_OPEN)
		flow = flow_begin(outlet, m, message->flow);
	else if (!flow && m->from->peer)
		far_refuse(&outlet->portal, m, message->flow, WIRE_NO_FLOW);
	if (!flow)
		return;
	if (message->kind == WIRE_OPEN) /* again, where the first was lost */
		far_say(flow->far, &opened);
	flow_took(flow, message->len, portal_write(&flow->socket, NULL, message));
}

static void
peer_says(struct names *names, struct pst_message *m)
{
	struct outlet *outlet = pst_container_of(names, struct outlet, door.names);
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct wire_message message;
	struct flow *flow;

	if (!m->from || m->onward.hops != 1 || wire_read(&message, &r)) {
		if (pst_refuse(outlet->portal.env, m, PST_REFUSAL_KIND))
			pst_warn_rated(outlet->portal.log, &outlet->portal.odd,
			    "an inlet for connections asks: this outlet is for datagrams");
		else
			pst_warn_rated(outlet->portal.log, &outlet->portal.odd, "not a datagram, nor of a flow");
		return;
	}
	if (message.kind == WIRE_OPEN || message.kind == WIRE_DATAGRAM) {
		datagram_came(outlet, m, &message);
	} else if (message.kind == WIRE_END) {
		flow = flow_find(outlet, m, message.flow);
		if (!flow)
			return;
		flow->told = message.reason;
		flow_end(flow, END_TOLD);
	}
}

/* ---- the section ---- */

static void
outlet_free(struct outlet *outlet)
{
	door_end(&outlet->door);
	target_fini(&outlet->target);
	portal_fini(&outlet->portal);
	free(outlet);
}

static void
outlet_gone(struct portal *portal)
{
	struct pst_section_env *senv = portal->senv;

	outlet_free(pst_container_of(portal, struct outlet, portal));
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
	const struct outlet_conf *c = conf;
	struct outlet *outlet = calloc(1, sizeof *outlet);
	int rc;

	if (!outlet)
		return -ENOMEM;
	outlet->conf = c;
	portal_init(&outlet->portal, senv, pst_descriptors(c->flows), c->idle);
	outlet->guests.env = outlet->portal.env;
	outlet->portal.worker = &outlet->door.names.by_name;
	outlet->portal.target = c->door.to;
	outlet->portal.far_gone = far_end;
	outlet->portal.flow_leaves = outlet_lets_go;
	outlet->portal.gone = outlet_gone;
	rc = target_init(&outlet->target, outlet->portal.env, outlet->portal.log, c->door.to);
	if (!rc)
		rc = door_open(&outlet->door, senv, &c->door, peer_says, err);
	if (rc) {
		outlet_free(outlet);
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

	portal_end(&outlet->portal); /* peers are told by its name */
	door_close(&outlet->door);
}
