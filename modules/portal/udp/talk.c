/* What passes an inlet: from applications to the outlet, and back. */
#include <postern/identity.h>

#include "inlet.h"

/* After a refusal so long nothing is said for that application. */
#define MUTE_MS 1000

/* ---- what applications say ---- */

/* There are more slots than flows. */
static void
number_give(struct inlet *inlet, struct flow *flow)
{
	struct flow **slot;

	do
		slot = &inlet->numbered[++inlet->last_number % inlet->slots];
	while (*slot);
	*slot = flow;
	flow->number = inlet->last_number;
}

static struct flow *
numbered(struct inlet *inlet, uint64_t number)
{
	struct flow *flow = inlet->numbered[number % inlet->slots];

	return flow && flow->number == number ? flow : NULL;
}

void
inlet_lets_go(struct flow *flow)
{
	struct inlet *inlet = pst_container_of(flow->portal, struct inlet, portal);

	inlet->numbered[flow->number % inlet->slots] = NULL;
}

static struct flow *
flow_of(struct inlet *inlet, const struct sockaddr *from)
{
	struct portal *portal = &inlet->portal;
	struct flow_entry *entry;
	struct flow *flow;
	union flow_key key;

	memset(&key, 0, sizeof key);
	memcpy(&key, from, from->sa_family == AF_INET6 ? sizeof key.in6 : sizeof key.in);
	entry = flows_find(&portal->flows, &key);
	if (entry)
		return pst_container_of(entry, struct flow, entry);
	if (portal->draining || !portal_room(portal, NULL) || flow_new(&flow, portal, inlet->far, &key))
		return NULL;
	number_give(inlet, flow);
	return flow;
}

static void
suspect(struct inlet *inlet, const struct flow *flow)
{
	uint64_t now = pst_now_ms(inlet->portal.env);

	if (now - flow->asked_ms < WAY_SUSPECT_MS || now - inlet->suspected_ms < WAY_SUSPECT_MS)
		return;
	inlet->suspected_ms = now;
	pst_choice_suspect(inlet->paths, flow->far->gate);
}

static bool
is_mute(struct flow *flow)
{
	uint64_t now = pst_now_ms(flow->portal->env);

	if (!flow->mute_ms)
		return false;
	if (now < flow->mute_ms)
		return true;
	flow->mute_ms = 0;
	flow->asked_ms = now;
	return false;
}

static void
application_says(struct inlet *inlet, const struct sockaddr *from, const char *data, size_t len)
{
	struct flow *flow = inlet->far ? flow_of(inlet, from) : NULL;

	if (!flow || is_mute(flow)) {
		inlet->portal.traffic.dropped++;
		return;
	}
	if (flow->far != inlet->far)
		flow_move(flow, inlet->far);
	if (!flow->opened)
		suspect(inlet, flow);
	flow_say(flow, flow->opened ? WIRE_DATAGRAM : WIRE_OPEN, data, len);
}

void
inlet_takes(uv_udp_t *handle, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct inlet *inlet = pst_container_of(handle, struct inlet, listener);

	if (n < 0 || !from || flags & UV_UDP_PARTIAL)
		return;
	pst_pool_count_read(pst_env_pool(inlet->portal.env), (size_t)n);
	application_says(inlet, from, buf->base, (size_t)n);
}

/* ---- what the outlet says ---- */

static void
flow_ended(struct flow *flow, enum wire_reason told)
{
	struct portal *portal = flow->portal;

	flow->told = told;
	if (told == WIRE_NO_FLOW) { /* the next datagram begins it again */
		flow->opened = false;
		flow->asked_ms = pst_now_ms(portal->env);
	} else if (flow->begun) {
		flow_end(flow, END_TOLD);
	} else if (!flow->mute_ms) {
		session_turned_away(flow, END_TOLD);
		flow->mute_ms = pst_now_ms(portal->env) + MUTE_MS;
	}
}

void
inlet_hears(struct pst_worker *worker, struct pst_message *m)
{
	struct inlet *inlet = pst_container_of(worker, struct inlet, worker);
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct wire_message message;
	struct flow *flow;

	if (m->onward.hops != 1 || wire_read(&message, &r)) {
		pst_warn_rated(inlet->portal.log, &inlet->portal.odd, "not a datagram, nor of a flow");
		return;
	}
	flow = numbered(inlet, message.flow);
	if (!flow || !inlet->far || flow->far != inlet->far)
		return; /* late */
	if (message.kind == WIRE_OPENED && message.version <= WIRE_VERSION)
		flow_opened(flow);
	else if (message.kind == WIRE_DATAGRAM)
		flow_took(flow, message.len, portal_write(&inlet->listener, &flow->entry.key.sa, &message));
	else if (message.kind == WIRE_END)
		flow_ended(flow, message.reason);
}
