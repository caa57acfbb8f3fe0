/* What the log says of a flow: who, where, how much, how long, and why it ended. */
#include <postern/dial.h>
#include <postern/identity.h>
#include <postern/module.h>

#include "portal.h"

/* The sentence, and what the other end is told. */
static const struct {
	const char *text; /* NULL: what else is known says it */
	enum wire_reason wire;
} ends[] = {
	[END_IDLE] = { "idle", WIRE_IDLE },
	[END_TOLD] = { NULL, WIRE_INTERNAL },
	[END_FAILED] = { NULL, WIRE_INTERNAL },
	[END_UNREACHABLE] = { "target cannot be reached", WIRE_UNREACHABLE },
	[END_NO_ANSWER] = { "no answer from the outlet", WIRE_IDLE },
	[END_DENIED] = { "denied by policy", WIRE_POLICY },
	[END_LIMIT] = { "limit reached", WIRE_LIMIT },
	[END_CROWDED] = { "made way for another", WIRE_LIMIT },
	[END_ROUTE_LOST] = { "route lost", WIRE_SHUTDOWN },
	[END_PROTOCOL] = { "protocol error", WIRE_INTERNAL },
	[END_STOPS] = { "node stops", WIRE_SHUTDOWN },
};

enum wire_reason
end_reason(enum end why)
{
	return ends[why].wire;
}

static const char *
reason_text(enum end why, enum wire_reason told, int rc)
{
	return why == END_FAILED ? pst_strerror(rc) : why == END_TOLD ? wire_reason_text(told) : ends[why].text;
}

static const char *
peer_text(const struct pst_peer *peer)
{
	return peer ? pst_peer_text(peer) : NULL;
}

/* NULL where there is none. */
static const char *
application_text(const struct sockaddr *sa, char out[PST_ADDRESS_TEXT])
{
	struct sockaddr_storage copy = { 0 };

	if (!sa)
		return NULL;
	memcpy(&copy, sa, sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	return pst_sockaddr_format(&copy, out);
}

/* An inlet's flow has the application's address as its key. */
static const struct sockaddr *
application_of(const struct flow *flow)
{
	return flow->portal->target ? NULL : &flow->entry.key.sa;
}

void
session_refused(struct portal *portal, const struct pst_peer *peer, const struct sockaddr *application,
    enum end why, enum wire_reason told, int rc)
{
	char address[PST_ADDRESS_TEXT];

	portal->refusals++;
	pst_log_rated(portal->log, PST_LOG_WARN, &portal->refused, "session refused",
	    PST_STR("peer", peer_text(peer)), PST_STR("application", application_text(application, address)),
	    PST_STR("target", portal->target), PST_STR("reason", reason_text(why, told, rc)),
	    PST_STR("by", why == END_TOLD ? "peer" : NULL));
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
many(enum end why, enum wire_reason told)
{
	return why == END_CROWDED || (why == END_TOLD && told == WIRE_LIMIT);
}

static void
ended_write(const struct flow *flow, enum end why, enum wire_reason told, uint32_t suppressed)
{
	const struct portal *portal = flow->portal;
	const struct traffic *t = &flow->traffic;
	char address[PST_ADDRESS_TEXT];
	const struct pst_field fields[] = {
		PST_STR("peer", peer_text(flow->far->peer)),
		PST_STR("application", application_text(application_of(flow), address)),
		PST_STR("target", portal->target),
		PST_U64("datagrams_in", t->datagrams_in),
		PST_U64("datagrams_out", t->datagrams_out),
		PST_U64("bytes_in", t->bytes_in),
		PST_U64("bytes_out", t->bytes_out),
		PST_U64("dropped", t->dropped),
		PST_U64("took_ms", pst_now_ms(portal->env) - flow->since_ms),
		PST_STR("reason", reason_text(why, told, flow->rc)),
		PST_STR("err", flow->rc ? pst_strerror(flow->rc) : NULL),
		PST_STR("by", why == END_TOLD ? "peer" : NULL),
		PST_U64(many(why, told) ? "suppressed" : NULL, suppressed),
		{ .key = NULL },
	};

	pst_log_write(portal->log, PST_LOG_INFO, "session ended", fields);
}

void
session_ended(const struct flow *flow, enum end why, enum wire_reason told)
{
	struct portal *portal = flow->portal;
	uint32_t suppressed = 0;

	traffic_add(&portal->traffic, &flow->traffic);
	if (flow->mute_ms) /* its line was written when it was turned away */
		return;
	if (!flow->begun) {
		session_refused(portal, flow->far->peer, application_of(flow),
		    why == END_IDLE ? END_NO_ANSWER : why, told, flow->rc);
		return;
	}
	portal->ended++;
	if (pst_log_enabled(portal->log, PST_LOG_INFO) &&
	    (!many(why, told) || pst_rate_pass(&portal->crowded, &suppressed)))
		ended_write(flow, why, told, suppressed);
}

void
portal_status(const struct portal *portal, struct pst_status *status)
{
	struct traffic sum = portal->traffic;
	uint64_t open = 0, waiting = 0;

	for (const struct flow_entry *e = portal->flows.oldest; e; e = e->newer) {
		const struct flow *flow = pst_container_of(e, const struct flow, entry);

		open += flow->begun;
		waiting += !flow->begun;
		traffic_add(&sum, &flow->traffic);
	}
	pst_status_put(status, PST_FIELDS(PST_U64("flows", open), PST_U64("waiting", waiting),
	    PST_U64("sessions", portal->ended + open), PST_U64("refused", portal->refusals),
	    PST_U64("datagrams_in", sum.datagrams_in), PST_U64("datagrams_out", sum.datagrams_out),
	    PST_U64("bytes_in", sum.bytes_in), PST_U64("bytes_out", sum.bytes_out),
	    PST_U64("dropped", sum.dropped)));
}
