/* The schema of a database: whose it is, which one, and how it becomes ours. */
#include "db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What makes schema n of schema n - 1 stands at n - 1: new ones at the end, old ones as they are. */
static const char *const migrations[] = {
	"CREATE TABLE migration("
	" number integer PRIMARY KEY,"
	" at timestamptz NOT NULL DEFAULT now());"
	"CREATE TABLE item("
	" key text COLLATE \"C\" PRIMARY KEY,"
	" value bytea NOT NULL);"
	"CREATE TABLE writer("
	" id uuid PRIMARY KEY,"
	" epoch bigint NOT NULL DEFAULT 1,"
	" done bigint NOT NULL DEFAULT 0,"
	" at timestamptz NOT NULL DEFAULT now())",
};
#define SCHEMA ((int)(sizeof migrations / sizeof *migrations))

/*
 * What a session asks (session.c).
 *
 * A batch is what stands between two syncs: one transaction, in which an error
 * undoes all. What an expectation divides by is 0 when it does not hold.
 * `lock` makes batches one after the other, whoever sends them, so that
 * nothing changes between an expectation and the end; `mine` refuses one of an
 * earlier epoch. Both hold for a statement each after `lock`: "read committed"
 * shows each statement what was committed before it began.
 *
 * No key with the prefix is above the prefix and as many of the last
 * characters as a key can have.
 */
static const char statements[] =
    "PREPARE lock AS"
    " SELECT pg_advisory_xact_lock(1347638350, hashtext(current_schema()));"
    "PREPARE mine(uuid, bigint, bigint) AS"
    " WITH took AS (UPDATE writer SET done = $3, at = now() WHERE id = $1 AND epoch = $2 RETURNING 1)"
    " SELECT 1 / count(*) FROM took;"
    "PREPARE put(text, bytea) AS"
    " INSERT INTO item(key, value) VALUES ($1, $2)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value;"
    "PREPARE drop(text) AS"
    " DELETE FROM item WHERE key = $1;"
    "PREPARE expect(text, bytea) AS"
    " SELECT 1 / count(*) FROM item WHERE key = $1 AND value = $2;"
    "PREPARE absent(text) AS"
    " SELECT 1 / (1 - count(*)) FROM item WHERE key = $1;"
    "PREPARE get(text) AS"
    " SELECT key, value FROM item WHERE key = $1;"
    "PREPARE list(text) AS"
    " SELECT key, value FROM item"
    " WHERE key >= $1 AND key <= $1 || repeat(chr(1114111), 128) ORDER BY key";

struct found {
	bool schema;      /* there is one of that name */
	int tables;       /* and whatever else is in it */
	bool ours;        /* one of them counts migrations */
};

static int
look(struct db *db, struct found *found, struct pst_err *err)
{
	PGresult *row = NULL;
	int rc = db_query(db, &row, err,
	    "SELECT count(DISTINCT n.oid), count(c.oid), count(c.oid) FILTER (WHERE relname = 'migration')"
	    " FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid WHERE nspname = $1",
	    db->schema);

	if (!rc) {
		found->schema = atoi(PQgetvalue(row, 0, 0)) > 0;
		found->tables = atoi(PQgetvalue(row, 0, 1));
		found->ours = atoi(PQgetvalue(row, 0, 2)) > 0;
	}
	PQclear(row);
	return rc;
}

static int
number(struct db *db, int *out, struct pst_err *err)
{
	PGresult *row = NULL;
	int rc = db_query(db, &row, err, "SELECT coalesce(max(number), 0) FROM migration", NULL);

	if (!rc)
		*out = atoi(PQgetvalue(row, 0, 0));
	PQclear(row);
	return rc;
}

/* sql with the schema's name, quoted, at %s. */
static int
query_named(struct db *db, const char *format, struct pst_err *err)
{
	char *name = PQescapeIdentifier(db->conn, db->schema, strlen(db->schema));
	char sql[512];
	int rc;

	if (!name)
		return db_fail(db, err, -EBADMSG, "schema");
	snprintf(sql, sizeof sql, format, name);
	rc = db_query(db, NULL, err, sql, NULL);
	PQfreemem(name);
	return rc;
}

/* Under the lock that batches take: nobody else migrates, and nobody is half way through a batch. */
static int
migrate(struct db *db, struct pst_err *err)
{
	struct found found;
	int at = 0, rc = look(db, &found, err);

	if (!rc && found.tables && !found.ours)
		return pst_fail(err, -EBADMSG, "schema %s of database %s is of some other program",
		    db->schema, PQdb(db->conn));
	if (!rc && !found.schema)
		rc = query_named(db, "CREATE SCHEMA %s", err);
	if (!rc && found.ours)
		rc = number(db, &at, err);
	if (!rc && at > SCHEMA)
		return pst_fail(err, -EBADMSG,
		    "schema %s of database %s has number %d, this Postern knows %d", db->schema,
		    PQdb(db->conn), at, SCHEMA);
	for (; !rc && at < SCHEMA; at++) {
		char text[NUMBER_TEXT];

		snprintf(text, sizeof text, "%d", at + 1);
		rc = db_query(db, NULL, err, migrations[at], NULL);
		if (!rc)
			rc = db_query(db, NULL, err, "INSERT INTO migration(number) VALUES ($1)", text);
	}
	return rc;
}

int
db_schema(struct db *db, struct pst_err *err)
{
	int rc = query_named(db, "SET search_path = %s", err);

	if (!rc)
		rc = db_query(db, NULL, err, "BEGIN", NULL);
	if (!rc)
		rc = db_query(db, NULL, err, "SELECT pg_advisory_xact_lock(1347638350, hashtext($1))",
		    db->schema);
	if (!rc)
		rc = migrate(db, err);
	if (!rc)
		rc = db_query(db, NULL, err, "COMMIT", NULL);
	if (!rc)
		rc = db_query(db, NULL, err, statements, NULL);
	return rc;
}
