/*
 * Coming to a database: everything here may wait, and runs in the lane's
 * thread. What it leaves is a connection with the session set up, the schema
 * as we know it and all statements prepared, which the loop then uses without
 * ever waiting (session.h).
 *
 * A thread, because libpq looks up names, and reads its files, as it connects.
 *
 * The schema holds item(key, value), and writer(id, epoch, done): one row a
 * store that some process has open, with the number of the last batch it has
 * committed. Who lost the connection over a batch looks there whether it was
 * done, and takes the next epoch; what its old connection has still under way
 * is of another epoch then, and is refused.
 */
#ifndef STORE_POSTGRESQL_DB_H
#define STORE_POSTGRESQL_DB_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include <postern/store.h>

/* A number in decimal and its NUL. */
#define NUMBER_TEXT 24

struct db {
	const char *conninfo, *schema;
	uint64_t timeout_ms;
	char writer[33];  /* our row: hexadecimal, made by db_init() */
	atomic_bool stop; /* do not wait any longer */
	/* by db_open() */
	PGconn *conn;
	char epoch[NUMBER_TEXT];
	uint64_t done; /* the last batch of ours that was committed */
};

void db_init(struct db *db, const char *conninfo, const char *schema, uint64_t timeout_ms);

/*
 * -EBADMSG   the server is there, and the schema is not one to be used
 * PST_E_CLOSED  stopped
 * others     it may be better next time
 */
PST_MUST_CHECK int db_open(struct db *db, struct pst_err *err);

/* schema.c: bring the schema to ours; every statement the session will use. */
PST_MUST_CHECK int db_schema(struct db *db, struct pst_err *err);

/* Do it and wait. PST_OK, and *out (may be NULL) is the last result, the caller's. */
PST_MUST_CHECK int db_query(struct db *db, PGresult **out, struct pst_err *err, const char *sql,
    const char *parameter);

/* libpq's sentence: its first line. */
int db_fail(const struct db *db, struct pst_err *err, int rc, const char *what);

#endif
