/* Coming to a server, in the lane: it may wait. And leaving it. */
#include <errno.h>
#include <mysqld_error.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mariadb.h"

#define STACK (256 * 1024) /* of a coroutine: names are looked up on it, and certificates checked */

struct waiting { /* for a server */
	const struct link *link;
	struct client *client;
	int wants; /* MYSQL_WAIT_… that the library wants */
};

static int
say(const struct waiting *w, struct pst_err *err, int rc, const char *what)
{
	return pst_fail(err, rc, "%s: %s", what, mysql_error(w->client->mysql));
}

static int
await(const struct waiting *w, struct pst_err *err)
{
	return pool_await(w->link->pool, (int)mysql_get_socket(w->client->mysql),
	    (short)((w->wants & MYSQL_WAIT_READ ? POLLIN : 0) | (w->wants & MYSQL_WAIT_WRITE ? POLLOUT : 0)), w->link->until_ms, err);
}

static void
options_set(MYSQL *mysql, const struct dsn *dsn, uint64_t max)
{
	size_t stack = STACK, packet = max < SIZE_MAX / 4 ? (size_t)max + 1024 * 1024 : SIZE_MAX / 2;
	unsigned int none = 0;
	my_bool yes = 1, verify = dsn->verify;

	mysql_options(mysql, MYSQL_OPT_NONBLOCK, &stack);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &none); /* no server reads our files */
	mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	if (dsn->tls) {
		mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
		mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
}

static int
connected(struct waiting *w, const struct dsn *dsn, struct pst_err *err)
{
	MYSQL *mysql = w->client->mysql, *done = NULL;
	int rc = PST_OK;

	w->wants = mysql_real_connect_start(&done, mysql, dsn->socket ? NULL : dsn->host, dsn->user, dsn->password, dsn->database,
	    dsn->port, dsn->socket, dsn->found_rows ? CLIENT_FOUND_ROWS : 0);
	while (w->wants && !(rc = await(w, err)))
		w->wants = mysql_real_connect_cont(&done, mysql, w->wants);
	return rc || done ? rc : say(w, err, -ENOTCONN, "no connection");
}

/* Nothing of ours goes on for long that nobody waits for. */
static int
session_set(struct waiting *w, struct pst_err *err)
{
	MYSQL *mysql = w->client->mysql;
	unsigned long long ms = w->link->pool->conf->timeout;
	char sql[256];
	int rc = PST_OK, failed = 0;

	if (mariadb_connection(mysql))
		snprintf(sql, sizeof sql, "SET SESSION max_statement_time = IF(@@max_statement_time BETWEEN 0.000001 AND %llu.%03llu,"
		    " @@max_statement_time, %llu.%03llu)", ms / 1000, ms % 1000, ms / 1000, ms % 1000);
	else
		snprintf(sql, sizeof sql, "SET SESSION max_execution_time = IF(@@max_execution_time BETWEEN 1 AND %llu,"
		    " @@max_execution_time, %llu)", ms, ms);
	w->wants = mysql_real_query_start(&failed, mysql, sql, strlen(sql));
	while (w->wants && !(rc = await(w, err)))
		w->wants = mysql_real_query_cont(&failed, mysql, w->wants);
	return rc || !failed ? rc : say(w, err, -EIO, "the session");
}

/* Is it the query that is wrong, or the server that is busy with itself, or gone? */
static bool
is_passing(unsigned number)
{
	return (number >= 2000 && number < 3000) || number == ER_SERVER_SHUTDOWN || number == ER_CON_COUNT_ERROR ||
	    number == ER_OUT_OF_RESOURCES || number == ER_MAX_PREPARED_STMT_COUNT_REACHED;
}

int
connect_prepare(struct link *link, size_t i, struct pst_err *err)
{
	const struct query *query = &link->pool->queries[i];
	struct client *client = link->conn;
	struct waiting w = { .link = link, .client = client };
	MYSQL_STMT *statement = mysql_stmt_init(client->mysql);
	int rc = PST_OK, failed = 0;

	if (!statement)
		return pst_fail(err, -ENOMEM, "out of memory");
	client->statements[client->count++] = statement;
	w.wants = mysql_stmt_prepare_start(&failed, statement, query->sql, strlen(query->sql));
	while (w.wants && !(rc = await(&w, err)))
		w.wants = mysql_stmt_prepare_cont(&failed, statement, w.wants);
	if (!rc && failed)
		rc = pst_fail(err, is_passing(mysql_stmt_errno(statement)) ? -EIO : -EBADMSG, "query %.*s: %s",
		    (int)(query->name_len < 64 ? query->name_len : 64), query->name, mysql_stmt_error(statement));
	return rc;
}

int
connect_open(struct link *link, struct pst_err *err)
{
	const struct pool *pool = link->pool;
	struct client *client = link->conn = calloc(1, sizeof *client);
	struct waiting w = { .link = link, .client = client };
	struct dsn dsn = { 0 };
	int rc = -ENOMEM;

	if (client) {
		client->mysql = mysql_init(NULL);
		client->statements = calloc(pool->query_count + 1, sizeof(MYSQL_STMT *));
	}
	if (client && client->mysql && client->statements)
		rc = dsn_read(&dsn, pool->connection_string, err);
	if (!rc) {
		client->parse_time = dsn.parse_time;
		options_set(client->mysql, &dsn, pool->conf->max);
		rc = connected(&w, &dsn, err);
	}
	if (!rc)
		rc = session_set(&w, err);
	dsn_fini(&dsn);
	if (rc)
		connect_close(link);
	return rc;
}

void
connect_close(struct link *link)
{
	struct client *client = link->conn;
	int fd;

	link->conn = NULL;
	if (!client)
		return;
	/* so that nothing that is said in parting waits */
	fd = client->mysql ? (int)mysql_get_socket(client->mysql) : -1;
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	cells_end(client);
	if (client->mysql)
		mysql_close(client->mysql);
	for (size_t i = 0; i < client->count; i++)
		mysql_stmt_close(client->statements[i]);
	free(client->statements);
	free(client);
}
