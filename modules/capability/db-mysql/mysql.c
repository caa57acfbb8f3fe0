/*
 * capability/db-mysql: functions ask a MySQL or MariaDB by named queries (spec functions.md 3.5).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mariadb.h"

static struct client *
client_of(const struct link *link)
{
	return link->conn;
}

static const struct query *
query_of(const struct link *link)
{
	return &link->pool->queries[link->request->query];
}

static int
link_fail(struct link *link, const char *text)
{
	snprintf(link->failure, sizeof link->failure, "%s", text);
	return -ENOTCONN;
}

/* ---- what the library wants ---- */

static int
events_of(int wants)
{
	return (wants & MYSQL_WAIT_READ ? UV_READABLE : 0) | (wants & MYSQL_WAIT_WRITE ? UV_WRITABLE : 0);
}

static int
wants_of(int events)
{
	return (events & UV_READABLE ? MYSQL_WAIT_READ : 0) | (events & UV_WRITABLE ? MYSQL_WAIT_WRITE : 0);
}

/* ---- the end of a query ---- */

/* As the originals' driver says it. Those of the library itself are of a connection that is gone. */
static int
failed(struct link *link)
{
	MYSQL_STMT *statement = client_of(link)->statement;
	MYSQL *mysql = client_of(link)->mysql;
	unsigned number = mysql_stmt_errno(statement);

	/* of a row that does not come the connection knows */
	snprintf(link->failure, sizeof link->failure, "Error %u: %s", number ? number : mysql_errno(mysql),
	    number ? mysql_stmt_error(statement) : mysql_error(mysql));
	return !number || (number >= 2000 && number < 3000) ? -ENOTCONN : 0;
}

static int
finished(struct link *link)
{
	struct client *client = client_of(link);
	MYSQL_STMT *statement = client->statement;
	enum query_type type = query_of(link)->type;
	/* behind rows (RETURNING) the server tells neither */
	uint64_t id = type == QUERY_INSERT && !client->meta ? mysql_stmt_insert_id(statement) : 0;
	uint64_t affected = type == QUERY_INSERT || client->meta ? 0 : mysql_stmt_affected_rows(statement);

	cells_end(client);
	mysql_stmt_free_result(statement); /* all of it was read: this does not wait */
	if (client->mysql->server_status & SERVER_STATUS_IN_TRANS)
		return link_fail(link, "the query has left a transaction open");
	link->json = type == QUERY_SELECT ? answer_rows_end(&link->answer, &link->json_len)
					  : answer_done(&link->answer, id, affected, &link->json_len);
	return link->json ? 0 : link_fail(link, link->answer.trouble);
}

/* ---- rows ---- */

static const char *
column_name(void *arg, size_t i)
{
	return mysql_fetch_field_direct(arg, (unsigned)i)->name;
}

static void
row_take(struct link *link)
{
	struct client *client = client_of(link);
	struct answer *answer = &link->answer;

	for (unsigned i = 0; i < client->columns; i++)
		if (!cell_read(client, i, &answer->values[i], answer->max))
			answer->trouble = "a value is larger than it may be";
	answer_row(answer);
}

/* Rows, as far as they are there. fetched: what the last step has said, if it was one. */
static int
rows_go_on(struct link *link, int wants, int fetched)
{
	struct client *client = client_of(link);

	for (;;) {
		if (wants)
			return events_of(wants);
		if (fetched == MYSQL_NO_DATA)
			return finished(link);
		if (fetched == 1) { /* the library could wait now for rows that never come: not this one any more */
			failed(link);
			return -ENOTCONN;
		}
		if (query_of(link)->type == QUERY_SELECT)
			row_take(link);
		if (link->answer.trouble)
			return link_fail(link, link->answer.trouble);
		wants = mysql_stmt_fetch_start(&fetched, client->statement);
	}
}

/* It is executed; there are rows, or not. */
static int
executed(struct link *link, int rc)
{
	struct client *client = client_of(link);
	int fetched, wants;

	if (rc)
		return failed(link);
	client->meta = mysql_stmt_result_metadata(client->statement);
	if (!client->meta)
		return finished(link);
	if (query_of(link)->type == QUERY_SELECT)
		answer_columns(&link->answer, mysql_num_fields(client->meta), column_name, client->meta);
	if (link->answer.trouble || !cells_begin(client) || mysql_stmt_bind_result(client->statement, client->binds))
		return link_fail(link, "out of memory");
	client->fetching = true;
	wants = mysql_stmt_fetch_start(&fetched, client->statement);
	return rows_go_on(link, wants, fetched);
}

/* ---- the beginning ---- */

/* The guest's texts, which stay where they are until the answer. */
static bool
variables_bind(MYSQL_STMT *statement, const struct pst_host_call *call)
{
	MYSQL_BIND *binds = calloc(call->var_count + 1, sizeof *binds);
	bool ok = binds;

	for (size_t i = 0; ok && i < call->var_count; i++) {
		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].buffer = call->vars[i].len ? (void *)(uintptr_t)call->vars[i].bytes : "";
		binds[i].buffer_length = call->vars[i].len;
	}
	/* it takes a copy of what is in them */
	ok = ok && (!call->var_count || !mysql_stmt_bind_param(statement, binds));
	free(binds);
	return ok;
}

static int
execute(struct link *link)
{
	MYSQL_STMT *statement = client_of(link)->statement;
	const struct pst_host_call *call = link->request->call;
	int rc = 0, wants;

	if (mysql_stmt_param_count(statement) != call->var_count) {
		snprintf(link->failure, sizeof link->failure, "expected %lu arguments, got %zu", mysql_stmt_param_count(statement),
		    call->var_count);
		return 0;
	}
	if (!variables_bind(statement, call)) {
		snprintf(link->failure, sizeof link->failure, "out of memory");
		return 0;
	}
	wants = mysql_stmt_execute_start(&rc, statement);
	return wants ? events_of(wants) : executed(link, rc);
}

static int
prepared(struct link *link, int rc)
{
	if (rc)
		return failed(link);
	client_of(link)->preparing = false;
	link->prepared[link->request->query] = true;
	return execute(link);
}

/* One that could not be prepared may be right by now, and else the database says what is wrong. */
static int
mysql_begin(struct link *link)
{
	struct client *client = client_of(link);
	const char *sql = query_of(link)->sql;
	int rc = 0, wants;

	client->statement = client->statements[link->request->query];
	client->fetching = false;
	client->preparing = !link->prepared[link->request->query];
	if (!client->preparing)
		return execute(link);
	wants = mysql_stmt_prepare_start(&rc, client->statement, sql, strlen(sql));
	return wants ? events_of(wants) : prepared(link, rc);
}

static int
mysql_go_on(struct link *link, int events)
{
	struct client *client = client_of(link);
	int rc = 0, wants;

	if (client->preparing) {
		wants = mysql_stmt_prepare_cont(&rc, client->statement, wants_of(events));
		return wants ? events_of(wants) : prepared(link, rc);
	}
	if (client->fetching) {
		wants = mysql_stmt_fetch_cont(&rc, client->statement, wants_of(events));
		return rows_go_on(link, wants, rc);
	}
	wants = mysql_stmt_execute_cont(&rc, client->statement, wants_of(events));
	return wants ? events_of(wants) : executed(link, rc);
}

static int
mysql_rest(struct link *link)
{
	return link_fail(link, "the server has ended the connection");
}

static int
mysql_socket(struct link *link)
{
	return (int)mysql_get_socket(client_of(link)->mysql);
}

/* ---- the section ---- */

static const struct db_driver driver = {
	.open = connect_open,
	.prepare = connect_prepare,
	.close = connect_close,
	.socket = mysql_socket,
	.begin = mysql_begin,
	.go_on = mysql_go_on,
	.rest = mysql_rest,
};

static int
string_check(const char *text, struct pst_err *err)
{
	struct dsn dsn;
	int rc = dsn_read(&dsn, text, err);

	if (!rc)
		dsn_fini(&dsn);
	return rc;
}

static int
bank_check(const void *conf, struct pst_err *err)
{
	const char *text = ((const struct db_conf *)conf)->connection_string;
	int rc = pool_check(conf, err);

	return rc || pst_capability_unset(text) ? rc : string_check(pst_capability_setting(text), err);
}

static int
bank_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	int rc = string_check(pst_capability_setting(((const struct db_conf *)conf)->connection_string), err);

	if (rc)
		return rc;
	if (mysql_library_init(0, NULL, NULL)) /* once, and not in two lanes at a time */
		return -ENOMEM;
	return pool_open(self, senv, conf, &driver, err);
}

static const struct pst_host_function serves[] = {
	{ .name = "db_exec", .later = pool_exec },
	{ .name = NULL },
};
static const struct pst_capability_ops ops = { .size = sizeof ops, .serves = serves };

static const struct pst_opt options[] = { DB_OPTIONS };
static const struct pst_section sections[] = {
	PST_SECTION("capability", struct db_conf, options, bank_check, bank_open, pool_close),
	PST_SECTION_END,
};

PST_MODULE(capability_db_mysql, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions ask a MySQL or MariaDB by named queries", .sections = sections, .ops = &ops);
