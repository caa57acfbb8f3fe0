/* The life of one half of a flow. */
#include <errno.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "portal.h"

int
flow_new(struct flow **out, struct portal *portal, struct far *far, const union flow_key *key)
{
	struct flow *flow = calloc(1, sizeof *flow);

	if (!flow)
		return -ENOMEM;
	flow->portal = portal;
	flow->since_ms = pst_now_ms(portal->env);
	flow->entry.key = *key;
	flows_enter(&portal->flows, &flow->entry);
	portal->left++;
	flow_move(flow, far);
	*out = flow;
	return PST_OK;
}

void
flow_move(struct flow *flow, struct far *far)
{
	far->uses++;
	pst_linked_leave(flow);
	far_unref(&flow->far);
	flow->far = far;
	flow->opened = false;
	flow->asked_ms = pst_now_ms(flow->portal->env);
	pst_linked_enter(&far->flows, flow);
}

void
flow_opened(struct flow *flow)
{
	flow->opened = true;
	flow->begun = true;
	flow->portal->lacks = WIRE_NO_REASON;
}

static void
flow_used(struct flow *flow)
{
	flows_use(&flow->portal->flows, &flow->entry);
	guests_use(&flow->guest);
}

void
flow_say(struct flow *flow, enum wire_kind kind, const void *data, size_t len)
{
	const struct wire_message m = {
		.kind = kind, .flow = flow->number, .version = WIRE_VERSION, .data = data, .len = len,
	};

	flow_used(flow);
	/* first: an outlet of this node, or that there is none, answers within the call, and may end the flow */
	flow->traffic.datagrams_out++;
	flow->traffic.bytes_out += len;
	if (far_say(flow->far, &m))
		return;
	flow->traffic.datagrams_out--;
	flow->traffic.bytes_out -= len;
	flow->traffic.dropped++;
}

void
flow_took(struct flow *flow, size_t len, int rc)
{
	flow_used(flow);
	if (rc) {
		flow->rc = rc;
		flow->traffic.dropped++;
	} else {
		flow->traffic.datagrams_in++;
		flow->traffic.bytes_in += len;
	}
}

static void
flow_free(struct flow *flow)
{
	struct portal *portal = flow->portal;

	free(flow);
	portal->left--;
	portal_rests(portal);
}

static void
socket_closed(uv_handle_t *handle)
{
	flow_free(pst_container_of(handle, struct flow, socket));
}

void
flow_end(struct flow *flow, enum end why)
{
	const struct wire_message end = { .kind = WIRE_END, .flow = flow->number, .reason = end_reason(why) };

	session_ended(flow, why);
	if (why != END_TOLD && !flow->mute_ms)
		far_say(flow->far, &end);
	if (flow->portal->flow_leaves)
		flow->portal->flow_leaves(flow);
	flows_leave(&flow->portal->flows, &flow->entry);
	pst_linked_leave(flow);
	far_unref(&flow->far);
	if (flow->has_socket)
		uv_close((uv_handle_t *)&flow->socket, socket_closed);
	else
		flow_free(flow);
}
