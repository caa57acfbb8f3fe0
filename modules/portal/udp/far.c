/* Where the other halves of flows are: a route by one gate, and who is there. */
#include <errno.h>
#include <stdlib.h>

#include <postern/identity.h>
#include <postern/linked.h>

#include "portal.h"

static void
gate_closed(struct pst_gate_watch *watch)
{
	struct far *far = pst_container_of(watch, struct far, watch);

	far->gate = NULL;
	pst_admission_leave(&far->admitted); /* of a path that may go now */
	far->portal->far_gone(far, END_ROUTE_LOST);
}

static void
no_longer_allowed(struct pst_admitted *admitted)
{
	struct far *far = pst_container_of(admitted, struct far, admitted);

	far->portal->far_gone(far, END_DENIED);
}

int
far_new(struct far **out, struct portal *portal, struct pst_gate *gate, const struct pst_route *route)
{
	struct pst_worker *first = pst_router_find(portal->router, route);
	struct far *far = calloc(1, sizeof *far);

	if (!far)
		return -ENOMEM;
	far->route = pst_route_copy(route);
	far->account = pst_account_new(pst_env_pool(portal->env), FAR_WINDOW, NULL, NULL);
	if (!far->route || !far->account) {
		pst_account_close(&far->account);
		free(far->route);
		free(far);
		return -ENOMEM;
	}
	far->portal = portal;
	far->gate = gate;
	far->peer = gate->peer ? pst_peer_ref(gate->peer) : NULL;
	far->front = (uint16_t)((first ? first->front : 0) + PST_RX_HEADROOM / 2);
	far->back = first ? first->back : 0;
	far->id = ++portal->fars;
	far->uses = 1;
	pst_gate_watch(gate, &far->watch, gate_closed);
	*out = far;
	return PST_OK;
}

void
far_admit(struct far *far, struct pst_admission *admission)
{
	if (far->peer)
		pst_admission_enter(admission, &far->admitted, far->peer, no_longer_allowed);
}

void
far_unref(struct far **out)
{
	struct far *far = *out;

	*out = NULL;
	if (!far || --far->uses)
		return;
	pst_linked_leave(far);
	pst_gate_unwatch(&far->watch);
	pst_admission_leave(&far->admitted);
	if (far->peer)
		pst_peer_unref(&far->peer);
	pst_account_close(&far->account);
	free(far->route);
	free(far);
}

void
far_end(struct far *far, enum end why)
{
	far->uses++; /* it outlives its flows */
	while (far->flows)
		flow_end(far->flows, why);
	far_unref(&far);
}

/* ---- messages ---- */

static int
message_write(struct pst_buf *out, struct portal *portal, struct pst_account *account, size_t front,
    size_t back, const struct wire_message *m)
{
	int rc = pst_buf_new(out, pst_env_pool(portal->env), account, front + WIRE_HEAD_MAX, m->len, back);

	if (rc)
		return rc;
	if (m->len)
		memcpy(pst_buf_put(out, m->len), m->data, m->len);
	wire_push(out, m);
	return PST_OK;
}

bool
far_say(struct far *far, const struct wire_message *m)
{
	struct portal *portal = far->portal;
	struct pst_route own = pst_worker_route(portal->worker);
	struct pst_buf buf;

	if (!far->gate || pst_account_over(far->account) ||
	    message_write(&buf, portal, far->account, far->front, far->back, m))
		return false;
	return pst_send(portal->router, far->route, &own, &buf) == PST_OK;
}

/* Who asks without reading stops himself: it is charged as what it answers. */
void
far_refuse(struct portal *portal, const struct pst_message *m, uint64_t number, enum wire_reason reason)
{
	const struct wire_message end = { .kind = WIRE_END, .flow = number, .reason = reason };
	struct pst_route own = pst_worker_route(portal->worker);
	struct pst_buf buf;

	if (!message_write(&buf, portal, pst_buf_account(&m->payload), PST_RX_HEADROOM, PST_RX_TAILROOM, &end))
		pst_send(portal->router, &m->back, &own, &buf);
}
