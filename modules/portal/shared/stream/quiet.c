/* Peers of an outlet that are gone, of which nobody tells it: behind a relay no connection ends with theirs. */
#include "portal.h"

/* An inlet of Postern has a path, which says something every 10 s whether streams do or not. */
#define QUIET_CHECK_MS 10000
#define QUIET_CHECKS 3

/*
 * An inlet grants something as soon as it has our Pong, unless it has asked
 * again by another route meanwhile: then nobody waits for this one.
 */
static bool
wanted(const struct stream *s)
{
	return s->state == STREAM_WAITING || s->granted_once || s->received || s->limit == UINT64_MAX;
}

/* Of Ockam's inlets that is not known. */
static bool
gone(struct stream *s)
{
	if (!s->gate || !s->agreed.extended)
		return false;
	if (s->gate->messages != s->heard && wanted(s))
		s->quiet = 0;
	s->heard = s->gate->messages;
	return s->quiet++ == QUIET_CHECKS;
}

static void
check(struct pst_timer *timer)
{
	struct portal *portal = pst_container_of(timer, struct portal, quiet);

	for (struct stream *s = portal->streams, *next; s; s = next) {
		next = s->next;
		if (s->state != STREAM_CLOSING && gone(s))
			stream_end(s, END_ROUTE_LOST);
	}
	quiet_watch(portal);
}

void
quiet_watch(struct portal *portal)
{
	if (portal->streams && !portal->quiet.armed)
		pst_timer_start(portal->env, &portal->quiet, QUIET_CHECK_MS, check);
}
