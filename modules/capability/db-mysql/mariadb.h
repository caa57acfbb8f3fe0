/*
 * MySQL or MariaDB as a pool has it: conn is a struct client. Its library is without waiting by coroutines: what
 * it has begun says which events it wants, and goes on when it is told of them.
 */
#ifndef DB_MYSQL_MARIADB_H
#define DB_MYSQL_MARIADB_H

#include <mysql.h>

#include "../shared/db/pool.h"

#include "dsn.h"

/* A column of the row that was fetched: a number, or bytes that are fetched when their length is known. */
struct cell {
	union {
		int64_t integer;
		double real;
	} number;
	char *bytes;
	size_t room;
	unsigned long len;
	my_bool null;
};

struct client {
	MYSQL *mysql;
	MYSQL_STMT **statements; /* by query */
	size_t count;
	/* of the query under way */
	MYSQL_STMT *statement;
	bool preparing, fetching; /* rows; else it is being executed */
	MYSQL_RES *meta;
	MYSQL_BIND *binds;
	struct cell *cells;
	unsigned columns;
	bool parse_time;
};

/* connect.c: the driver's. */
int connect_open(struct link *link, struct pst_err *err);
int connect_prepare(struct link *link, size_t query, struct pst_err *err);
void connect_close(struct link *link);

/* value.c: room for the columns of client->meta, and what is in them. */
PST_MUST_CHECK bool cells_begin(struct client *client);
void cells_end(struct client *client);
/* False: there is no memory, or a value is larger than max. */
PST_MUST_CHECK bool cell_read(struct client *client, unsigned column, struct value *out, uint64_t max);

#endif
