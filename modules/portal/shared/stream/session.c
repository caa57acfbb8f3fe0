/* What is said of streams: a line in the log when one is over, and the sum of all. */
#include <postern/module.h>

#include "portal.h"

void
session_refused(struct portal *portal, const struct pst_gate *from, enum end why, int rc)
{
	const struct session session = {
		.peer = from ? from->peer : NULL,
		.target = portal->target,
		.why = why,
		.rc = rc,
	};

	portal->refusals++;
	session_say_refused(portal->log, &portal->refused, &session);
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
	const struct session session = {
		.peer = s->gate ? s->gate->peer : NULL,
		.application = s->application.sin6_family ? (const struct sockaddr *)&s->application : NULL,
		.target = portal->target,
		.took_ms = pst_now_ms(portal->env) - s->since_ms,
		.why = why,
		.told = s->told,
		.rc = why == END_FAILED || why == END_UNREACHABLE ? s->rc : 0,
	};

	if (is_refused(s, why)) {
		portal->refusals++;
		if (s->patient && why == END_TOLD && wire_reason_lacks(s->told))
			portal->lacks = s->told;
		session_say_refused(portal->log, &portal->refused, &session);
		return;
	}
	portal->ended++;
	portal->bytes_in += s->taken;
	portal->bytes_out += s->sent;
	session_say_ended(portal->log, NULL, &session,
	    PST_FIELDS(PST_U64("bytes_in", s->taken), PST_U64("bytes_out", s->sent)));
}

void
portal_status(const struct portal *portal, struct pst_status *status)
{
	uint64_t open = 0, waiting = 0, in = portal->bytes_in, out = portal->bytes_out;
	const char *lacks = portal->lacks ? wire_reason_text(portal->lacks) : NULL;

	for (const struct stream *s = portal->streams; s; s = s->next) {
		open += s->state == STREAM_OPEN;
		waiting += s->state == STREAM_WAITING;
		if (s->state == STREAM_OPEN) {
			in += s->taken;
			out += s->sent;
		}
	}
	pst_status_put(status, PST_FIELDS(PST_STR("outlet_why", lacks), PST_U64("streams", open), PST_U64("waiting", waiting),
	    PST_U64("sessions", portal->ended + open), PST_U64("refused", portal->refusals),
	    PST_U64("bytes_in", in), PST_U64("bytes_out", out)));
}
