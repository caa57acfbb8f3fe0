/*
 * What an end of a portal says of a session, a stream or a flow, that is over: who,
 * where, how much, how long, and why it ended.
 */
#ifndef SECTION_SESSION_H
#define SECTION_SESSION_H

#include <postern/env.h>
#include <postern/identity.h>

#include "reason.h"

/* Why it ended, or was not begun. session.c has what is said of each. */
enum end {
	END_FINISHED,    /* both sides had said all */
	END_IDLE,        /* nothing has passed for too long */
	END_FAILED,      /* mostly the application's or the target's socket: rc */
	END_TOLD,        /* the other end says so: told */
	END_REFUSED,     /* by the target */
	END_UNREACHABLE,
	END_TIMEOUT,     /* the target says nothing */
	END_NO_ANSWER,   /* the outlet says nothing */
	END_DENIED,
	END_LIMIT,
	END_OVERRUN,     /* more came than was granted */
	END_CROWDED,     /* it made way for another */
	END_PROTOCOL,
	END_ROUTE_LOST,
	END_STOPS,       /* this node, or the section */
};

struct session {
	const struct pst_peer *peer;        /* NULL: nobody known */
	const struct sockaddr *application; /* NULL: an outlet's, or it has no address */
	const char *target;                 /* an outlet's, as the configuration has it */
	uint64_t took_ms;
	enum end why;
	enum wire_reason told;
	int rc; /* of a socket, when that says more than why; else 0 */
};

/* What passed, of at most so many kinds. */
#define SESSION_AMOUNTS 5

/* One that is over; amounts end with a NULL key. rate: of those that may be as many as there are
 * messages; NULL: each has its line. */
void session_say_ended(const struct pst_log *log, struct pst_rate *rate, const struct session *session,
    const struct pst_field *amounts);
/* One that was turned away. Anybody can provoke these, as often as he likes. */
void session_say_refused(const struct pst_log *log, struct pst_rate *rate, const struct session *session);
/* What the other end is told. */
enum wire_reason end_reason(enum end why);

#endif
