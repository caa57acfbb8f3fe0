/* PostgreSQL as a pool has it: conn is a PGconn, and a prepared query is called by its number. */
#ifndef DB_POSTGRESQL_H
#define DB_POSTGRESQL_H

#include <libpq-fe.h>

#include "../shared/db/pool.h"

#define STATEMENT "query%d"
#define STATEMENT_NAME 24

/* connect.c: the driver's. */
int connect_open(struct link *link, struct pst_err *err);
int connect_prepare(struct link *link, size_t query, struct pst_err *err);
void connect_close(struct link *link);

/* value.c: one value of a result, which it may change. */
void value_read(struct value *out, PGresult *result, int row, int column);

#endif
