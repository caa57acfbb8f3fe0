/* What the log says of a session: who, where, how much, how long, and why it ended. */
#include <postern/dial.h>
#include <postern/identity.h>
#include <postern/module.h>

#include "portal.h"

/* The sentence, and what the peer is told. */
static const struct {
	const char *text; /* NULL: what the stream says */
	enum wire_reason wire;
} ends[] = {
	[END_FINISHED] = { "finished", WIRE_NO_REASON },
	[END_FAILED] = { NULL, WIRE_INTERNAL },
	[END_TOLD] = { NULL, WIRE_NO_REASON },
	[END_REFUSED] = { "target refused the connection", WIRE_REFUSED },
	[END_UNREACHABLE] = { "target cannot be reached", WIRE_UNREACHABLE },
	[END_TIMEOUT] = { "target does not answer", WIRE_TIMEOUT },
	[END_NO_ANSWER] = { "no answer from the outlet", WIRE_TIMEOUT },
	[END_DENIED] = { "denied by policy", WIRE_POLICY },
	[END_LIMIT] = { "limit reached", WIRE_LIMIT },
	[END_OVERRUN] = { "more came than was granted", WIRE_LIMIT },
	[END_PROTOCOL] = { "protocol error", WIRE_INTERNAL },
	[END_ROUTE_LOST] = { "route lost", WIRE_SHUTDOWN },
	[END_STOPS] = { "node stops", WIRE_SHUTDOWN },
};

enum wire_reason
end_reason(enum end why)
{
	return ends[why].wire;
}

static const char *
peer_text(const struct pst_gate *gate)
{
	return gate && gate->peer ? pst_peer_text(gate->peer) : NULL;
}

/* NULL where there is none. */
static const char *
application_text(const struct stream *s, char out[PST_ADDRESS_TEXT])
{
	struct sockaddr_storage sa = { 0 };

	if (!s->application.sin6_family)
		return NULL;
	memcpy(&sa, &s->application, sizeof s->application);
	return pst_sockaddr_format(&sa, out);
}

static const char *
reason_text(enum end why, enum wire_reason told, int rc)
{
	if (why == END_FAILED)
		return pst_strerror(rc);
	if (why == END_TOLD) /* most often its socket, sometimes itself */
		return told == WIRE_INTERNAL ? "reset or failed" : wire_reason_text(told);
	return ends[why].text;
}

/* Anybody can provoke these, as often as he likes. */
void
session_refused(struct portal *portal, const struct pst_gate *from, enum end why, int rc)
{
	portal->refusals++;
	pst_log_rated(portal->log, PST_LOG_WARN, &portal->refused, "session refused",
	    PST_STR("peer", peer_text(from)), PST_STR("target", portal->target),
	    PST_STR("reason", reason_text(why, WIRE_NO_REASON, rc)));
}

static void
stream_refused(const struct stream *s, enum end why)
{
	struct portal *portal = s->portal;
	char address[PST_ADDRESS_TEXT];

	portal->refusals++;
	pst_log_rated(portal->log, PST_LOG_WARN, &portal->refused, "session refused",
	    PST_STR("peer", peer_text(s->gate)), PST_STR("application", application_text(s, address)),
	    PST_STR("target", portal->target), PST_U64("took_ms", pst_now_ms(portal->env) - s->since_ms),
	    PST_STR("reason", reason_text(why, s->told, s->rc)),
	    PST_STR("err", why == END_UNREACHABLE ? pst_strerror(s->rc) : NULL),
	    PST_STR("by", why == END_TOLD ? "peer" : NULL));
}

/* An outlet answers before it turns away: Ockam's inlet would wait for ever. */
static bool
is_refused(const struct stream *s, enum end why)
{
	return s->state == STREAM_WAITING ||
	    (why == END_TOLD && s->told < WIRE_SHUTDOWN && !s->received);
}

void
session_ended(const struct stream *s, enum end why)
{
	struct portal *portal = s->portal;
	char address[PST_ADDRESS_TEXT];

	if (is_refused(s, why)) {
		stream_refused(s, why);
		return;
	}
	portal->ended++;
	portal->bytes_in += s->taken;
	portal->bytes_out += s->sent;
	pst_info(portal->log, "session ended", PST_STR("peer", peer_text(s->gate)),
	    PST_STR("application", application_text(s, address)), PST_STR("target", portal->target),
	    PST_U64("bytes_in", s->taken), PST_U64("bytes_out", s->sent),
	    PST_U64("took_ms", pst_now_ms(portal->env) - s->since_ms),
	    PST_STR("reason", reason_text(why, s->told, s->rc)),
	    PST_STR("by", why == END_TOLD ? "peer" : NULL));
}

void
portal_status(const struct portal *portal, struct pst_status *status)
{
	uint64_t open = 0, waiting = 0, in = portal->bytes_in, out = portal->bytes_out;

	for (const struct stream *s = portal->streams; s; s = s->next) {
		open += s->state == STREAM_OPEN;
		waiting += s->state == STREAM_WAITING;
		if (s->state == STREAM_OPEN) {
			in += s->taken;
			out += s->sent;
		}
	}
	pst_status_put(status, PST_FIELDS(PST_U64("streams", open), PST_U64("waiting", waiting),
	    PST_U64("sessions", portal->ended + open), PST_U64("refused", portal->refusals),
	    PST_U64("bytes_in", in), PST_U64("bytes_out", out)));
}
