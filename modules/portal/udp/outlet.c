/* `outlet NAME { use = udp  to = … }`: a socket to the target for each flow of a peer. */
#include <errno.h>
#include <stdlib.h>

#include <postern/identity.h>
#include <postern/linked.h>

#include "../shared/section/names.h"
#include "portal.h"
#include "sections.h"
#include "target.h"

/* Fixed: there are rarely more than some inlets. */
#define FAR_BUCKETS 256

const struct pst_opt outlet_options[] = {
	PST_OPT(STR, struct outlet_conf, to, NULL, "host:port of the target", .of = "required"),
	PST_OPT(LIST, struct outlet_conf, authorized, NULL,
	    "identifiers that may use it; \"*\" for everybody"),
	PST_OPT(STR, struct outlet_conf, allow, NULL, "who may use it, as a policy over attributes"),
	PST_OPT(REF, struct outlet_conf, project, NULL,
	    "whose credentials count; its members may, when nothing else is said", .of = "project"),
	PST_OPT(TIME, struct outlet_conf, idle, "60s", "end of a flow when quiet"),
	PST_OPT(INT, struct outlet_conf, flows, "10000",
	    "flows at once, a socket each; the least recently used makes way"),
	PST_OPT_END,
};

struct outlet {
	struct portal portal;
	const struct outlet_conf *conf;
	struct pst_admission *admission;
	struct pst_doorman doorman;
	struct names names;
	struct target target;
	struct far *fars[FAR_BUCKETS]; /* by gate and route */
};

static struct pst_admission_conf
admission_conf(const struct outlet_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.project = c->project,
		.type = "tcp-outlet",
		.may = "use it",
	};
}

int
outlet_check(const void *conf, struct pst_err *err)
{
	const struct outlet_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	char host[PST_HOST_TEXT];
	uint16_t port;
	int rc;

	if (pst_host_port(c->to, host, &port) || !port)
		return pst_fail(err, PST_E_CONF, "to: \"%s\" is no host:port", c->to);
	rc = flows_check(c->flows, c->idle, err);
	return rc ? rc : pst_admission_look(&admission, err);
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
	far_admit(*out, outlet->admission);
	if (m->from->admit && m->from->peer)
		m->from->admit(m->from);
	return PST_OK;
}

static bool
allowed(const struct outlet *outlet, const struct pst_message *m)
{
	if (pst_admission_anybody(outlet->admission))
		return true;
	return m->from->peer && pst_admission_allows(outlet->admission, m->from->peer);
}

static bool
peer_named(const struct pst_doorman *doorman, const struct pst_peer *peer)
{
	const struct outlet *outlet = pst_container_of(doorman, struct outlet, doorman);

	return pst_admission_names(outlet->admission, peer);
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
turn_away(struct outlet *outlet, const struct pst_message *m, const struct wire_message *message,
    enum end why, int rc)
{
	session_refused(&outlet->portal, m->from->peer, NULL, why, WIRE_INTERNAL, rc);
	/* who is not even authenticated gets no answer */
	if (m->from->peer || why != END_DENIED)
		far_refuse(&outlet->portal, m, message->flow, end_reason(why));
}

static int
flow_make(struct flow **out, struct outlet *outlet, struct pst_message *m, uint64_t number)
{
	union flow_key key;
	struct far *far;
	int rc = far_get(&far, outlet, m);

	if (rc)
		return rc;
	memset(&key, 0, sizeof key);
	key.pair.far = far->id;
	key.pair.number = number;
	rc = flow_new(out, &outlet->portal, far, &key);
	far_unref(&far);
	if (!rc)
		(*out)->number = number;
	return rc;
}

/* A flow that is not there; NULL: it is turned away, and that is said. */
static struct flow *
flow_begin(struct outlet *outlet, struct pst_message *m, const struct wire_message *message)
{
	const struct sockaddr *target = target_address(&outlet->target);
	enum end why = !allowed(outlet, m) ? END_DENIED : outlet->portal.draining ? END_STOPS
	    : !target ? END_UNREACHABLE : !portal_room(&outlet->portal) ? END_LIMIT : END_FAILED;
	struct flow *flow = NULL;
	int rc = why == END_FAILED ? flow_make(&flow, outlet, m, message->flow) : PST_OK;

	if (!flow) {
		turn_away(outlet, m, message, why, rc);
		return NULL;
	}
	flow->rc = socket_open(flow, target);
	if (flow->rc) {
		flow_end(flow, END_FAILED, WIRE_INTERNAL);
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
	memset(&key, 0, sizeof key);
	key.pair.far = far->id;
	key.pair.number = number;
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
		flow = flow_begin(outlet, m, message);
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
	struct outlet *outlet = pst_container_of(names, struct outlet, names);
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct wire_message message;
	struct flow *flow;

	if (!m->from || m->onward.hops != 1 || wire_read(&message, &r)) {
		pst_warn_rated(outlet->portal.log, &outlet->portal.odd, "not a datagram, nor of a flow");
		return;
	}
	if (message.kind == WIRE_OPEN || message.kind == WIRE_DATAGRAM) {
		datagram_came(outlet, m, &message);
	} else if (message.kind == WIRE_END) {
		flow = flow_find(outlet, m, message.flow);
		if (flow)
			flow_end(flow, END_TOLD, message.reason);
	}
}

/* ---- the section ---- */

static void
outlet_free(struct outlet *outlet)
{
	names_stop(&outlet->names);
	target_fini(&outlet->target);
	pst_admission_free(&outlet->admission);
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

	names_neighbours(&outlet->names);
}

static void
outlet_status(void *self, struct pst_status *status)
{
	const struct outlet *outlet = self;

	names_status(&outlet->names, status);
	pst_status_put(status, PST_FIELDS(PST_STR("target", outlet->conf->to)));
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
	const struct pst_admission_conf admission = admission_conf(conf);
	const struct outlet_conf *c = conf;
	struct outlet *outlet = calloc(1, sizeof *outlet);
	int rc;

	if (!outlet)
		return -ENOMEM;
	outlet->conf = c;
	portal_init(&outlet->portal, senv, c->flows, c->idle);
	outlet->portal.worker = &outlet->names.by_name;
	outlet->portal.target = c->to;
	outlet->portal.far_gone = far_end;
	outlet->portal.gone = outlet_gone;
	rc = target_init(&outlet->target, outlet->portal.env, outlet->portal.log, c->to);
	if (!rc)
		rc = pst_admission_open(&outlet->admission, senv, &admission, err);
	if (!rc)
		rc = names_start(&outlet->names, senv, peer_says, err);
	if (rc) {
		outlet_free(outlet);
		return rc;
	}
	pst_section_hook(senv, &outlet_hooks);
	pst_doorman_enter(outlet->portal.router, &outlet->doorman, peer_named);
	*self = outlet;
	pst_section_up(senv);
	return PST_OK;
}

void
outlet_close(void *self)
{
	struct outlet *outlet = self;

	pst_doorman_leave(&outlet->doorman);
	portal_end(&outlet->portal); /* by whose name peers are told */
	names_stop(&outlet->names);
}
