/*
 * capability/db-postgresql: functions ask a PostgreSQL by named queries (spec functions.md 3.5).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgresql.h"

static PGconn *
conn_of(const struct link *link)
{
	return link->conn;
}

static int
link_fail(struct link *link, const char *text)
{
	int len = (int)strcspn(text, "\n");

	snprintf(link->failure, sizeof link->failure, "%.*s", len ? len : 16, len ? text : "connection lost");
	return -ENOTCONN;
}

/* ---- a query ---- */

/* As the originals' driver says it. */
static void
failure_say(struct link *link, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (text)
		snprintf(link->failure, sizeof link->failure, "%s: %.400s (SQLSTATE %s)", severity ? severity : "ERROR",
		    text, state ? state : "?????");
	else
		link_fail(link, PQresultErrorMessage(result));
}

static const char *
column_name(void *arg, size_t i)
{
	return PQfname(arg, (int)i);
}

static void
rows_take(struct link *link, PGresult *result)
{
	struct answer *answer = &link->answer;

	if (!answer->names)
		answer_columns(answer, (size_t)PQnfields(result), column_name, result);
	for (int row = 0; row < PQntuples(result) && !answer->trouble; row++) {
		for (size_t i = 0; i < answer->columns; i++)
			value_read(&answer->values[i], result, row, (int)i);
		answer_row(answer);
	}
}

static void
done_take(struct link *link, PGresult *result)
{
	const struct request *request = link->request;
	enum query_type type = link->pool->queries[request->query].type;
	char *affected = PQcmdTuples(result);

	if (type == QUERY_SELECT)
		link->json = answer_rows_end(&link->answer, &link->json_len);
	else
		link->json = answer_done(&link->answer, 0,
		    type == QUERY_INSERT || !*affected ? 0 : strtoull(affected, NULL, 10), &link->json_len);
}

/* Negative: it cannot be used any further. */
static int
take(struct link *link, PGresult *result)
{
	bool select = link->pool->queries[link->request->query].type == QUERY_SELECT;

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		if (select)
			rows_take(link, result);
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		done_take(link, result);
		break;
	case PGRES_FATAL_ERROR:
		failure_say(link, result);
		break;
	default:
		return link_fail(link, "the query is none that can be answered");
	}
	return link->answer.trouble ? link_fail(link, link->answer.trouble) : PST_OK;
}

/* The last result is there. */
static int
finish(struct link *link)
{
	if (PQstatus(conn_of(link)) == CONNECTION_BAD)
		return link->failure[0] ? -ENOTCONN : link_fail(link, PQerrorMessage(conn_of(link)));
	if (PQtransactionStatus(conn_of(link)) != PQTRANS_IDLE)
		return link_fail(link, "the query has left a transaction open");
	return 0;
}

static int
pg_go_on(struct link *link, int events)
{
	PGconn *conn = conn_of(link);
	int left;

	if (events & UV_READABLE && !PQconsumeInput(conn))
		return link_fail(link, PQerrorMessage(conn));
	left = PQflush(conn);
	if (left < 0)
		return link_fail(link, PQerrorMessage(conn));
	while (!PQisBusy(conn)) {
		PGresult *result = PQgetResult(conn);
		int rc;

		if (!result)
			return finish(link);
		rc = take(link, result);
		PQclear(result);
		if (rc)
			return rc;
	}
	return UV_READABLE | (left ? UV_WRITABLE : 0);
}

/* As libpq wants them: with a NUL behind each. NULL: no memory, or one has a NUL within. */
static char *
variables_copy(const struct pst_host_call *call, const char **values)
{
	size_t size = 1;
	char *all, *at;

	for (size_t i = 0; i < call->var_count; i++)
		size += call->vars[i].len + 1;
	all = at = malloc(size);
	for (size_t i = 0; all && i < call->var_count; i++) {
		const struct pst_host_bytes *var = &call->vars[i];

		values[i] = at;
		if (var->len)
			memcpy(at, var->bytes, var->len);
		at[var->len] = '\0';
		at += var->len + 1;
	}
	return all;
}

static bool
has_nul(const struct pst_host_call *call)
{
	for (size_t i = 0; i < call->var_count; i++)
		if (call->vars[i].len && memchr(call->vars[i].bytes, 0, call->vars[i].len))
			return true;
	return false;
}

/* One that could not be prepared goes out as it is: it may be right by now, and else the database says what is wrong. */
static bool
query_send(struct link *link, const char *const *values)
{
	int query = link->request->query, count = (int)link->request->call->var_count;
	char name[STATEMENT_NAME];

	snprintf(name, sizeof name, STATEMENT, query);
	return link->prepared[query]
	    ? PQsendQueryPrepared(conn_of(link), name, count, values, NULL, NULL, 0)
	    : PQsendQueryParams(conn_of(link), link->pool->queries[query].sql, count, NULL, values, NULL, NULL, 0);
}

static int
pg_begin(struct link *link)
{
	const struct pst_host_call *call = link->request->call;
	const char **values = calloc(call->var_count + 1, sizeof *values);
	char *copies = values ? variables_copy(call, values) : NULL;
	int events = 0;

	if (has_nul(call)) /* libpq would end it there */
		snprintf(link->failure, sizeof link->failure, "a variable has a NUL in it");
	else if (!copies)
		snprintf(link->failure, sizeof link->failure, "out of memory");
	else if (PQsetnonblocking(conn_of(link), 1) || !query_send(link, values) || !PQsetSingleRowMode(conn_of(link)))
		events = link_fail(link, PQerrorMessage(conn_of(link)));
	else
		events = pg_go_on(link, 0);
	free(copies);
	free(values);
	return events;
}

/* Notices, settings that were changed; and the end of it. */
static int
pg_rest(struct link *link)
{
	PGconn *conn = conn_of(link);

	if (!PQconsumeInput(conn) || PQstatus(conn) == CONNECTION_BAD)
		return link_fail(link, PQerrorMessage(conn));
	return PST_OK;
}

static int
pg_socket(struct link *link)
{
	return PQsocket(conn_of(link));
}

/* ---- the section ---- */

static const struct db_driver driver = {
	.open = connect_open,
	.prepare = connect_prepare,
	.close = connect_close,
	.socket = pg_socket,
	.begin = pg_begin,
	.go_on = pg_go_on,
	.rest = pg_rest,
};

/* libpq's sentences quote what they do not understand, which may be a password. */
static int
string_check(const char *text, struct pst_err *err)
{
	static const char unknown[] = "invalid connection option", query[] = "invalid URI query parameter";
	char *why = NULL;
	PQconninfoOption *options = *text ? PQconninfoParse(text, &why) : NULL;
	bool tell = why && (!strncmp(why, unknown, sizeof unknown - 1) || !strncmp(why, query, sizeof query - 1));
	int rc = options ? PST_OK
			 : pst_fail(err, PST_E_CONF, "connection_string: %.*s", tell ? (int)strcspn(why, "\n") : 64,
			       tell ? why : *text ? "not one of PostgreSQL" : "there is nothing in it");

	PQconninfoFree(options);
	PQfreemem(why);
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

	return rc ? rc : pool_open(self, senv, conf, &driver, err);
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

PST_MODULE(capability_db_postgresql, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions ask a PostgreSQL by named queries", .sections = sections, .ops = &ops);
