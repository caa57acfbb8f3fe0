/* Coming to a server, in the lane: it may wait. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "postgresql.h"

struct waiting { /* for a server */
	struct pool *pool;
	PGconn *conn;
	uint64_t until_ms;
};

static int
say(const struct waiting *w, struct pst_err *err, const char *what)
{
	const char *text = PQerrorMessage(w->conn);
	int len = (int)strcspn(text, "\n");

	return pst_fail(err, -ENOTCONN, "%s: %.*s", what, len ? len : 7, len ? text : "no more");
}

static void
hush(void *arg, const char *notice)
{
	(void)arg; /* it would go to stderr */
	(void)notice;
}

static int
await(const struct waiting *w, short events, struct pst_err *err)
{
	return pool_await(w->pool, PQsocket(w->conn), events, w->until_ms, err);
}

static int
conn_make(struct waiting *w, struct pst_err *err)
{
	/* what the string says wins over what stands before it, and what stands behind it over the string */
	static const char *const keys[] = { "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname",
		"client_encoding", "fallback_application_name", NULL };
	const char *const values[] = { "10", "5", "3", w->pool->connection_string, "UTF8", "postern", NULL };
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	int rc = PST_OK;

	w->conn = PQconnectStartParams(keys, values, 1);
	if (!w->conn)
		return pst_fail(err, -ENOMEM, "out of memory");
	PQsetNoticeProcessor(w->conn, hush, NULL);
	if (PQstatus(w->conn) == CONNECTION_BAD)
		return say(w, err, "no connection");
	while (!rc && status != PGRES_POLLING_OK) {
		rc = await(w, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, err);
		status = rc ? status : PQconnectPoll(w->conn);
		if (status == PGRES_POLLING_FAILED)
			rc = say(w, err, "no connection");
	}
	return rc;
}

/* The server is busy with itself: shutting down, full, broken. */
static bool
is_passing(const char *state)
{
	static const char *const classes[] = { "08", "53", "57", "58", "XX" };

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (!strncmp(state, classes[i], 2))
			return true;
	return false;
}

/* What has been sent is answered: -EBADMSG where the database does not want it. */
static int
answered(struct waiting *w, const char *what, struct pst_err *err)
{
	PGresult *result = NULL;
	int rc = PST_OK;

	do {
		PQclear(result);
		result = NULL;
		while (!rc && PQisBusy(w->conn)) {
			rc = await(w, POLLIN, err);
			if (!rc && !PQconsumeInput(w->conn))
				rc = say(w, err, what);
		}
		result = rc ? NULL : PQgetResult(w->conn);
		if (result && PQresultStatus(result) == PGRES_FATAL_ERROR) {
			const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

			const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

			rc = !text ? say(w, err, what)
				   : pst_fail(err, state && !is_passing(state) ? -EBADMSG : -EIO, "%s: %s", what, text);
		}
	} while (result && !rc);
	PQclear(result);
	return rc;
}

/*
 * Dates as value.c reads them. And nothing of ours goes on for long that nobody waits for: the server ends what
 * takes longer than our calls may, and what had a connection that is gone, where it can see that (PostgreSQL 14).
 */
static int
session_set(struct waiting *w, struct pst_err *err)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "SET datestyle = ISO; SET bytea_output = hex; SET client_min_messages = error;"
	    "SELECT set_config(name, CASE name WHEN 'statement_timeout' THEN '%llu' ELSE '1000' END, false) FROM pg_settings"
	    " WHERE name IN ('statement_timeout', 'client_connection_check_interval')"
	    " AND (setting = '0' OR name = 'statement_timeout' AND setting::bigint > %llu)",
	    (unsigned long long)w->pool->conf->timeout, (unsigned long long)w->pool->conf->timeout);
	return PQsendQuery(w->conn, sql) ? answered(w, "the session", err) : say(w, err, "the session");
}

static int
queries_prepare(struct waiting *w, struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < w->pool->query_count; i++) {
		const struct query *query = &w->pool->queries[i];
		char name[STATEMENT_NAME], what[80];

		snprintf(name, sizeof name, STATEMENT, (int)i);
		snprintf(what, sizeof what, "query %.*s", (int)(query->name_len < 64 ? query->name_len : 64), query->name);
		rc = PQsendPrepare(w->conn, name, query->sql, 0, NULL) ? answered(w, what, err) : say(w, err, what);
	}
	return rc;
}

int
connect_open(struct link *link, struct pst_err *err)
{
	struct waiting w = { .pool = link->pool, .until_ms = pool_clock_ms() + link->pool->conf->timeout };
	int rc = conn_make(&w, err);

	if (!rc)
		rc = session_set(&w, err);
	if (!rc)
		rc = queries_prepare(&w, err);
	if (!rc && PQsetnonblocking(w.conn, 1))
		rc = say(&w, err, "no connection");
	if (rc)
		PQfinish(w.conn);
	link->conn = rc ? NULL : w.conn;
	return rc;
}
