/* Coming to a server, in the lane: it may wait. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "postgresql.h"

static int
say(const struct link *link, struct pst_err *err, const char *what)
{
	const char *text = PQerrorMessage(link->conn);
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
await(const struct link *link, short events, struct pst_err *err)
{
	return pool_await(link->pool, PQsocket(link->conn), events, link->until_ms, err);
}

static int
conn_make(struct link *link, struct pst_err *err)
{
	/* what the string says wins over what stands before it, and what stands behind it over the string */
	static const char *const keys[] = { "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname",
		"client_encoding", "fallback_application_name", NULL };
	const char *const values[] = { "10", "5", "3", link->pool->connection_string, "UTF8", "postern", NULL };
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	int rc = PST_OK;

	link->conn = PQconnectStartParams(keys, values, 1);
	if (!link->conn)
		return pst_fail(err, -ENOMEM, "out of memory");
	PQsetNoticeProcessor(link->conn, hush, NULL);
	if (PQstatus(link->conn) == CONNECTION_BAD)
		return say(link, err, "no connection");
	while (!rc && status != PGRES_POLLING_OK) {
		rc = await(link, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, err);
		status = rc ? status : PQconnectPoll(link->conn);
		if (status == PGRES_POLLING_FAILED)
			rc = say(link, err, "no connection");
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

static int
refusal(const struct link *link, const PGresult *result, const char *what, struct pst_err *err)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return !text ? say(link, err, what)
		     : pst_fail(err, state && !is_passing(state) ? -EBADMSG : -EIO, "%s: %s", what, text);
}

/* It would have one result after the other of that, and wait for nothing. */
static bool
wants_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* What has been sent is answered: -EBADMSG where the database does not want it. */
static int
answered(struct link *link, const char *what, struct pst_err *err)
{
	PGresult *result = NULL;
	int rc = PST_OK, refused = PST_OK;

	do {
		PQclear(result);
		result = NULL;
		while (!rc && PQisBusy(link->conn)) {
			rc = await(link, POLLIN, err);
			if (!rc && !PQconsumeInput(link->conn))
				rc = say(link, err, what);
		}
		result = rc ? NULL : PQgetResult(link->conn);
		if (result && !refused && PQresultStatus(result) == PGRES_FATAL_ERROR)
			refused = refusal(link, result, what, err);
		if (result && wants_copy(result))
			rc = pst_fail(err, PST_E_PROTOCOL, "%s: the server wants to copy", what);
	} while (result && !rc);
	PQclear(result);
	return rc ? rc : refused;
}

/*
 * Dates as value.c reads them. And nothing of ours goes on for long that nobody waits for: the server ends what
 * takes longer than our calls may, and what had a connection that is gone, where it can see that (PostgreSQL 14).
 */
static int
session_set(struct link *link, struct pst_err *err)
{
	char sql[512];

	snprintf(sql, sizeof sql,
	    "SET datestyle = ISO; SET bytea_output = hex; SET client_min_messages = error;"
	    "SELECT set_config(name, CASE name WHEN 'statement_timeout' THEN '%llu' ELSE '1000' END, false) FROM pg_settings"
	    " WHERE name IN ('statement_timeout', 'client_connection_check_interval')"
	    " AND (setting = '0' OR name = 'statement_timeout' AND setting::bigint > %llu)",
	    (unsigned long long)link->pool->conf->timeout, (unsigned long long)link->pool->conf->timeout);
	return PQsendQuery(link->conn, sql) ? answered(link, "the session", err) : say(link, err, "the session");
}

int
connect_open(struct link *link, struct pst_err *err)
{
	int rc = conn_make(link, err);

	if (!rc)
		rc = session_set(link, err);
	if (rc)
		connect_close(link);
	return rc;
}

int
connect_prepare(struct link *link, size_t i, struct pst_err *err)
{
	const struct query *query = &link->pool->queries[i];
	char name[STATEMENT_NAME], what[80];

	snprintf(name, sizeof name, STATEMENT, (int)i);
	snprintf(what, sizeof what, "query %.*s", (int)(query->name_len < 64 ? query->name_len : 64), query->name);
	return PQsendPrepare(link->conn, name, query->sql, 0, NULL) ? answered(link, what, err) : say(link, err, what);
}

void
connect_close(struct link *link)
{
	PQfinish(link->conn);
	link->conn = NULL;
}
