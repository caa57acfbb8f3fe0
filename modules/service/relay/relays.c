/* One relay: the name that a node has registered, and the messages that pass. */
#include <stdio.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "message.h"
#include "service.h"

void
relay_end(struct relay *relay, const char *why)
{
	struct service *s = relay->service;

	pst_info(pst_section_log(s->senv), "relay ended", PST_STR("relay", relay->name),
	    PST_STR("reason", why));
	pst_worker_stop(s->router, &relay->worker);
	pst_gate_unwatch(&relay->watch);
	pst_admission_leave(&relay->registrant);
	pst_admission_leave(&relay->admitted);
	pst_linked_leave(relay);
	s->count--;
	pst_peer_unref(&relay->peer);
	free(relay->route);
	free(relay);
}

static void
gate_closed(struct pst_gate_watch *watch)
{
	relay_end(pst_container_of(watch, struct relay, watch), "its link or channel ended");
}

static void
may_not_register(struct pst_admitted *admitted)
{
	struct relay *relay = pst_container_of(admitted, struct relay, registrant);
	struct pst_gate *gate = relay->gate;

	relay_end(relay, "denied by policy");
	if (gate && gate->end) /* or it would not know */
		gate->end(gate, PST_E_DENIED);
}

static void
may_not_send(struct pst_admitted *admitted)
{
	pst_container_of(admitted, struct relay, admitted)->user = 0;
}

/* Who sends by this gate is let through once; the gate's id is never reused. */
static bool
user_enters(struct relay *relay, struct pst_gate *from)
{
	if (!from || from->id == relay->user)
		return true;
	if (!service_admits(relay->service, relay->service->users, from))
		return false;
	if (relay->gate && pst_gate_pair(relay->service->router, from, relay->gate))
		return false;
	if (from->admit && from->peer)
		from->admit(from);
	pst_admission_leave(&relay->admitted);
	if (from->peer)
		pst_admission_enter(relay->service->users, &relay->admitted, from->peer, may_not_send);
	relay->user = from->id;
	return true;
}

/* Spec routing.md 9.2: our address off, the way to the node in front; the
 * return route stays as it is. */
static void
relay_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct relay *relay = pst_container_of(worker, struct relay, worker);
	struct pst_route rest = pst_route_rest(&m->onward);
	struct pst_route_buf onward;

	if (!user_enters(relay, m->from))
		return;
	pst_route_buf_init(&onward);
	if (pst_route_add_route(&onward, relay->route) || pst_route_add_route(&onward, &rest))
		return;

	struct pst_message forward = {
		.onward = pst_route_buf_view(&onward),
		.back = m->back,
		.payload = pst_buf_take(&m->payload),
		.from = m->from,
	};

	pst_router_send(relay->service->router, &forward);
}

/* ---- registering ---- */

int
relay_renew(struct relay *relay, struct pst_message *m)
{
	struct pst_route front = pst_route_without_last(&m->back);
	struct pst_route *route = pst_route_copy(&front);

	if (!route)
		return -ENOMEM;
	free(relay->route);
	relay->route = route;
	relay->gate = m->from;
	relay->user = 0;
	if (m->from)
		pst_gate_watch(m->from, &relay->watch, gate_closed);
	pst_admission_leave(&relay->registrant);
	if (m->from && m->from->peer)
		pst_admission_enter(relay->service->registrants, &relay->registrant, m->from->peer,
		    may_not_register);
	return PST_OK;
}

struct relay *
relay_find(struct service *s, const char *name)
{
	struct pst_route_buf rb;
	struct pst_route route;
	struct pst_worker *worker;
	char address[sizeof RELAY_PREFIX + RELAY_NAME_MAX];

	snprintf(address, sizeof address, RELAY_PREFIX "%s", name);
	pst_route_buf_init(&rb);
	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, address, strlen(address)))
		return NULL;
	route = pst_route_buf_view(&rb);
	worker = pst_router_find(s->router, &route);
	return worker && worker->receive == relay_receives
	    ? pst_container_of(worker, struct relay, worker) : NULL;
}

struct relay *
relay_new(struct service *s, const char *name, struct pst_gate *from)
{
	char address[sizeof RELAY_PREFIX + RELAY_NAME_MAX];
	struct relay *relay = calloc(1, sizeof *relay);

	if (!relay)
		return NULL;
	relay->service = s;
	relay->since_ms = pst_now_ms(s->env);
	snprintf(relay->name, sizeof relay->name, "%s", name);
	snprintf(address, sizeof address, RELAY_PREFIX "%s", name);
	if (pst_worker_start_named(s->router, &relay->worker, address, PST_REACH_SECTION,
	    relay_receives)) {
		free(relay);
		return NULL;
	}
	if (from && from->peer)
		relay->peer = pst_peer_ref(from->peer);
	pst_linked_enter(&s->relays, relay);
	s->count++;
	return relay;
}

bool
relay_belongs(const struct relay *relay, const struct pst_gate *from)
{
	const struct pst_peer *peer = from ? from->peer : NULL;

	if (!relay->peer || !peer)
		return !relay->peer && !peer && relay->gate == from;
	return pst_identifier_equal(pst_peer_identifier(relay->peer), pst_peer_identifier(peer));
}

/* Charged to who asks: who does not read stops himself. */
void
relay_answer(struct relay *relay, const struct pst_message *m)
{
	struct service *s = relay->service;
	struct pst_route own = pst_worker_route(&relay->worker);
	uint8_t text[MESSAGE_MAX];
	size_t len = answer_write(text, relay->name);
	struct pst_buf buf;

	if (pst_env_buf(&buf, s->env, text, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return;
	if (m->payload.block)
		pst_buf_charge(&buf, pst_buf_account(&m->payload));
	pst_send(s->router, &m->back, &own, &buf);
}
