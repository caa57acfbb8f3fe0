#include "db.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* How soon `stop` is noticed. */
#define SLICE_MS 100

int
db_fail(const struct db *db, struct pst_err *err, int rc, const char *what)
{
	const char *text = PQerrorMessage(db->conn);
	int len = (int)strcspn(text, "\n");

	return pst_fail(err, rc, "%s: %.*s", what, len ? len : 17, len ? text : "the connection is");
}

static void
hush(void *arg, const char *notice)
{
	(void)arg; /* it would go to stderr */
	(void)notice;
}

/* ---- waiting ---- */

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int
await(struct db *db, short events, uint64_t until_ms, struct pst_err *err)
{
	struct pollfd fd = { .fd = PQsocket(db->conn), .events = events };

	for (;;) {
		int n;

		if (atomic_load(&db->stop))
			return pst_fail(err, PST_E_CLOSED, "closing");
		if (now_ms() >= until_ms)
			return pst_fail(err, -ETIMEDOUT, "the server does not answer");
		n = poll(&fd, 1, SLICE_MS);
		if (n > 0)
			return PST_OK;
		if (n < 0 && errno != EINTR)
			return pst_fail(err, -errno, "poll: %s", pst_strerror(-errno));
	}
}

/* The next of its results; NULL behind the last. */
static int
result_next(struct db *db, PGresult **out, uint64_t until_ms, struct pst_err *err)
{
	*out = NULL;
	while (PQisBusy(db->conn)) {
		int rc = await(db, POLLIN, until_ms, err);

		if (rc)
			return rc;
		if (!PQconsumeInput(db->conn))
			return db_fail(db, err, -ENOTCONN, "connection lost");
	}
	*out = PQgetResult(db->conn);
	return PST_OK;
}

/* All are taken; *out is the last, or the first that is an error. */
static int
result_of(struct db *db, PGresult **out, uint64_t until_ms, struct pst_err *err)
{
	PGresult *result;
	bool failed = false;
	int rc;

	while (!(rc = result_next(db, &result, until_ms, err)) && result) {
		if (failed) {
			PQclear(result);
			continue;
		}
		PQclear(*out);
		*out = result;
		failed = PQresultStatus(result) == PGRES_FATAL_ERROR;
	}
	return rc;
}

int
db_query(struct db *db, PGresult **out, struct pst_err *err, const char *sql,
    const char *parameter)
{
	PGresult *result = NULL;
	int sent = parameter ? PQsendQueryParams(db->conn, sql, 1, NULL, &parameter, NULL, NULL, 0) :
			       PQsendQuery(db->conn, sql);
	int rc;

	if (!sent)
		return db_fail(db, err, -ENOTCONN, "connection lost");
	rc = result_of(db, &result, now_ms() + db->timeout_ms, err);
	if (!rc && PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK) {
		const char *text = PQresultErrorMessage(result);

		rc = pst_fail(err, -EIO, "%.*s", (int)strcspn(text, "\n"), text);
	}
	if (!rc && out) {
		*out = result;
		result = NULL;
	}
	PQclear(result);
	return rc;
}

/* ---- coming to it ---- */

/* What the file says wins over what stands before it, and what stands behind it over the file. */
static int
connect_begin(struct db *db, struct pst_err *err)
{
	static const char *const keys[] = {
		"keepalives_idle", "keepalives_interval", "keepalives_count", "dbname",
		"client_encoding", "fallback_application_name", NULL,
	};
	const char *const values[] = { "10", "5", "3", db->conninfo, "UTF8", "postern", NULL };

	db->conn = PQconnectStartParams(keys, values, 1);
	if (!db->conn)
		return pst_fail(err, -ENOMEM, "out of memory");
	PQsetNoticeProcessor(db->conn, hush, NULL);
	return PST_OK;
}

static int
connect_finish(struct db *db, struct pst_err *err)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	uint64_t until_ms = now_ms() + db->timeout_ms;

	if (PQstatus(db->conn) == CONNECTION_BAD)
		return db_fail(db, err, -ENOTCONN, "no connection");
	while (status != PGRES_POLLING_OK) {
		int rc = await(db, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms, err);

		if (rc)
			return rc;
		status = PQconnectPoll(db->conn);
		if (status == PGRES_POLLING_FAILED)
			return db_fail(db, err, -ENOTCONN, "no connection");
	}
	return PST_OK;
}

/*
 * The server notices within half a minute that we are gone: what we have begun
 * would hold others up. And what it says is done is on disk.
 */
static int
session_set(struct db *db, struct pst_err *err)
{
	static const char sql[] =
	    "SET default_transaction_isolation = 'read committed';"
	    "SET client_min_messages = error;"
	    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
	    "SET tcp_keepalives_count = 3;"
	    "SELECT set_config('synchronous_commit', 'on', false)"
	    " WHERE current_setting('synchronous_commit') = 'off'";
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");

	if (!encoding || strcmp(encoding, "UTF8"))
		return pst_fail(err, -EBADMSG, "the database has the encoding %s, it must be UTF8",
		    encoding ? encoding : "unknown");
	return db_query(db, NULL, err, sql, NULL);
}

/* A new epoch for our row, which may be new. Rows of who has gone for a day are swept. */
static int
writer_take(struct db *db, struct pst_err *err)
{
	PGresult *row = NULL;
	int rc = db_query(db, NULL, err, "DELETE FROM writer WHERE at < now() - interval '1 day'", NULL);

	if (!rc)
		rc = db_query(db, &row, err,
		    "INSERT INTO writer(id) VALUES ($1) ON CONFLICT (id) DO UPDATE"
		    " SET epoch = writer.epoch + 1, at = now() RETURNING epoch, done", db->writer);
	if (!rc) {
		snprintf(db->epoch, sizeof db->epoch, "%s", PQgetvalue(row, 0, 0));
		db->done = strtoull(PQgetvalue(row, 0, 1), NULL, 10);
	}
	PQclear(row);
	return rc;
}

int
db_open(struct db *db, struct pst_err *err)
{
	int rc = connect_begin(db, err);

	if (!rc)
		rc = connect_finish(db, err);
	if (!rc)
		rc = session_set(db, err);
	if (!rc)
		rc = db_schema(db, err);
	if (!rc)
		rc = writer_take(db, err);
	if (!rc && (PQsetnonblocking(db->conn, 1) || !PQenterPipelineMode(db->conn)))
		rc = db_fail(db, err, -EIO, "no pipeline");
	if (rc) {
		PQfinish(db->conn);
		db->conn = NULL;
	}
	return rc;
}

void
db_init(struct db *db, const char *conninfo, const char *schema, uint64_t timeout_ms)
{
	uint8_t random[16];

	memset(db, 0, sizeof *db);
	db->conninfo = conninfo;
	db->schema = schema;
	db->timeout_ms = timeout_ms;
	atomic_init(&db->stop, false);
	while (getrandom(random, sizeof random, 0) != sizeof random)
		;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(db->writer + 2 * i, 3, "%02x", random[i]);
}
