/* What the log says of a session. */
#include "session.h"

#include <postern/dial.h>

/* The sentence, and what the other end is told. */
static const struct {
	const char *text; /* NULL: what else is known says it */
	enum wire_reason wire;
} ends[] = {
	[END_FINISHED] = { "finished", WIRE_NO_REASON },
	[END_IDLE] = { "idle", WIRE_IDLE },
	[END_FAILED] = { NULL, WIRE_INTERNAL },
	[END_TOLD] = { NULL, WIRE_NO_REASON },
	[END_REFUSED] = { "target refused the connection", WIRE_REFUSED },
	[END_UNREACHABLE] = { "target cannot be reached", WIRE_UNREACHABLE },
	[END_TIMEOUT] = { "target does not answer", WIRE_TIMEOUT },
	[END_NO_ANSWER] = { "no answer from the outlet", WIRE_TIMEOUT },
	[END_DENIED] = { "denied by policy", WIRE_POLICY },
	[END_LIMIT] = { "limit reached", WIRE_LIMIT },
	[END_OVERRUN] = { "more came than was granted", WIRE_LIMIT },
	[END_CROWDED] = { "made way for another", WIRE_LIMIT },
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
reason_text(const struct session *s)
{
	if (s->why == END_FAILED)
		return pst_strerror(s->rc);
	if (s->why == END_TOLD) /* most often its socket, sometimes itself */
		return s->told == WIRE_INTERNAL ? "reset or failed" : wire_reason_text(s->told);
	return ends[s->why].text;
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

static struct pst_field *
fields_put(struct pst_field *out, const struct pst_field *fields)
{
	while (fields->key)
		*out++ = *fields++;
	return out;
}

/* suppressed: so many lines before it; NULL: that is not said. */
static void
say(const struct pst_log *log, enum pst_log_level level, const char *sentence, const struct session *s,
    const struct pst_field *amounts, const uint32_t *suppressed)
{
	char address[PST_ADDRESS_TEXT];
	const struct pst_field who[] = {
		PST_STR("peer", s->peer ? pst_peer_text(s->peer) : NULL),
		PST_STR("application", application_text(s->application, address)),
		PST_STR("target", s->target),
		{ .key = NULL },
	};
	const struct pst_field how[] = {
		PST_U64("took_ms", s->took_ms),
		PST_STR("reason", reason_text(s)),
		PST_STR("err", s->rc && s->why != END_FAILED ? pst_strerror(s->rc) : NULL),
		PST_STR("by", s->why == END_TOLD ? "peer" : NULL),
		PST_U64(suppressed ? "suppressed" : NULL, suppressed ? *suppressed : 0),
		{ .key = NULL },
	};
	struct pst_field fields[sizeof who / sizeof *who + sizeof how / sizeof *how + SESSION_AMOUNTS];

	*fields_put(fields_put(fields_put(fields, who), amounts), how) = (struct pst_field){ .key = NULL };
	pst_log_write(log, level, sentence, fields);
}

void
session_say_ended(const struct pst_log *log, struct pst_rate *rate, const struct session *s,
    const struct pst_field *amounts)
{
	uint32_t suppressed;

	if (pst_log_enabled(log, PST_LOG_INFO) && (!rate || pst_rate_pass(rate, &suppressed)))
		say(log, PST_LOG_INFO, "session ended", s, amounts, rate ? &suppressed : NULL);
}

void
session_say_refused(const struct pst_log *log, struct pst_rate *rate, const struct session *s)
{
	uint32_t suppressed;

	if (pst_log_enabled(log, PST_LOG_WARN) && pst_rate_pass(rate, &suppressed))
		say(log, PST_LOG_WARN, "session refused", s, PST_FIELDS(), &suppressed);
}
