/* PostgreSQL as a pool has it: conn is a PGconn, and a prepared query is called by its number. */
#ifndef DB_POSTGRESQL_H
#define DB_POSTGRESQL_H

#include <libpq-fe.h>

#include "../shared/pool.h"

#define STATEMENT "query%d"
#define STATEMENT_NAME 24

/* connect.c: the driver's `open`. */
int connect_open(struct link *link, struct pst_err *err);

/* value.c: one value of a result, which it may change. */
void value_read(struct value *out, PGresult *result, int row, int column);

#endif
