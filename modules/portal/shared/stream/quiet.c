/* Peers of an outlet that are gone, of which nobody tells it: behind a relay no connection ends with theirs. */
#include "portal.h"

/* An inlet of Postern has a path, which says something every 10 s whether streams do or not. */
#define QUIET_CHECK_MS 10000
#define QUIET_CHECKS 3

/* Of Ockam's inlets that is not known. */
static bool
gone(struct stream *s)
{
	if (!s->gate || !s->agreed.extended)
		return false;
	if (s->gate->messages != s->heard)
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
