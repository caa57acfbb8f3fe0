/* What is said of flows: a line in the log when one is over, and the sum of all. */
#include <postern/module.h>

#include "portal.h"

static struct session
session_of(const struct flow *flow, enum end why)
{
	const struct portal *portal = flow->portal;

	return (struct session){
		.peer = flow->far->peer,
		.application = portal->target ? NULL : &flow->entry.key.sa, /* an inlet's flow has it as its key */
		.target = portal->target,
		.took_ms = pst_now_ms(portal->env) - flow->since_ms,
		.why = why,
		.told = flow->told,
		.rc = flow->rc,
	};
}

void
session_refused(struct portal *portal, const struct pst_peer *peer, enum end why, int rc)
{
	const struct session session = { .peer = peer, .target = portal->target, .why = why, .rc = rc };

	portal->refusals++;
	session_say_refused(portal->log, &portal->refused, &session);
}

void
session_turned_away(const struct flow *flow, enum end why)
{
	const struct session session = session_of(flow, why);

	flow->portal->refusals++;
	if (why == END_TOLD && wire_reason_lacks(flow->told))
		flow->portal->lacks = flow->told;
	session_say_refused(flow->portal->log, &flow->portal->refused, &session);
}

static void
traffic_add(struct traffic *sum, const struct traffic *more)
{
	sum->datagrams_in += more->datagrams_in;
	sum->datagrams_out += more->datagrams_out;
	sum->bytes_in += more->bytes_in;
	sum->bytes_out += more->bytes_out;
	sum->dropped += more->dropped;
}

/* Those that make way may be as many as there are datagrams. */
static bool
many(const struct flow *flow, enum end why)
{
	return why == END_CROWDED || (why == END_TOLD && flow->told == WIRE_LIMIT);
}

void
session_ended(const struct flow *flow, enum end why)
{
	struct portal *portal = flow->portal;
	const struct traffic *t = &flow->traffic;
	const struct session session = session_of(flow, why);

	traffic_add(&portal->traffic, t);
	if (flow->mute_ms) /* its line was written when it was turned away */
		return;
	if (!flow->begun) {
		session_turned_away(flow, why == END_IDLE ? END_NO_ANSWER : why);
		return;
	}
	portal->ended++;
	session_say_ended(portal->log, many(flow, why) ? &portal->crowded : NULL, &session,
	    PST_FIELDS(PST_U64("datagrams_in", t->datagrams_in), PST_U64("datagrams_out", t->datagrams_out),
	    PST_U64("bytes_in", t->bytes_in), PST_U64("bytes_out", t->bytes_out),
	    PST_U64("dropped", t->dropped)));
}

void
portal_status(const struct portal *portal, struct pst_status *status)
{
	struct traffic sum = portal->traffic;
	const char *lacks = portal->lacks ? wire_reason_text(portal->lacks) : NULL;
	uint64_t open = 0, waiting = 0;

	for (const struct flow_entry *e = portal->flows.oldest; e; e = e->newer) {
		const struct flow *flow = pst_container_of(e, const struct flow, entry);

		open += flow->begun;
		waiting += !flow->begun;
		traffic_add(&sum, &flow->traffic);
	}
	pst_status_put(status, PST_FIELDS(PST_STR("outlet_why", lacks), PST_U64("flows", open), PST_U64("waiting", waiting),
	    PST_U64("sessions", portal->ended + open), PST_U64("refused", portal->refusals),
	    PST_U64("datagrams_in", sum.datagrams_in), PST_U64("datagrams_out", sum.datagrams_out),
	    PST_U64("bytes_in", sum.bytes_in), PST_U64("bytes_out", sum.bytes_out),
	    PST_U64("dropped", sum.dropped)));
}
