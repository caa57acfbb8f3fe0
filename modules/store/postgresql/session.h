/*
 * A connection in use, on the loop: calls go out as they come, in a pipeline,
 * each with a sync behind it, and their results come back in the same order.
 * One batch at a time is under way, so that one at most is in doubt when the
 * connection is lost; questions are asked anew then.
 */
#ifndef STORE_POSTGRESQL_SESSION_H
#define STORE_POSTGRESQL_SESSION_H

#include "call.h"
#include "db.h"

/* Calls sent and not answered: what libpq keeps in memory of them is little. */
#define UNDER_WAY_MAX 256

struct session {
	struct db *db;
	uv_loop_t *loop;
	const struct pst_log *log;
	uv_poll_t poll;
	int events; /* that are polled for */
	bool ready; /* can be used */
	bool open;  /* or is being closed */
	size_t under_way;
	bool committing;
	/* all that is to be answered, in order; those from `unsent` on are to be sent */
	struct call *first, **end, **unsent;
	/* one has been answered */
	void (*on_answer)(struct session *session);
	/* the connection is gone, and db->conn with it; why is in err, or it was session_drop() */
	void (*on_lost)(struct session *session);
	struct pst_err err;
};

void session_init(struct session *session, struct db *db, uv_loop_t *loop,
    const struct pst_log *log);
/* db->conn is there: send what waits. */
PST_MUST_CHECK int session_begin(struct session *session);
/* Takes it. */
void session_add(struct session *session, struct call **call);
/* Close the connection, on_lost follows. */
void session_drop(struct session *session, const char *why);
/* No connection is there and none will be: answer all there is. */
void session_fail(struct session *session, int rc);

#endif
