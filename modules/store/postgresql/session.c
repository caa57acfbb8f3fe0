#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What disturbs a batch, and is no fault of it, may disturb it so often. */
#define TRIES_MAX 5

void
session_init(struct session *session, struct db *db, uv_loop_t *loop, const struct pst_log *log)
{
	session->db = db;
	session->loop = loop;
	session->log = log;
	session->end = session->unsent = &session->first;
}

/* ---- sending ---- */

static bool
statement(PGconn *conn, const char *name, const char *key, const struct pst_store_op *op)
{
	const char *values[] = { key, op ? (const char *)op->item.value : NULL };
	const int lengths[] = { 0, op ? (int)op->item.len : 0 };
	const int formats[] = { 0, 1 };

	return PQsendQueryPrepared(conn, name, !key ? 0 : op ? 2 : 1, values, lengths, formats, 1);
}

static bool
batch_send(struct session *session, struct call *call)
{
	static const struct {
		const char *name;
		bool value;
	} table[] = {
		[PST_STORE_PUT] = { "put", true },
		[PST_STORE_DELETE] = { "drop", false },
		[PST_STORE_EXPECT] = { "expect", true },
		[PST_STORE_EXPECT_ABSENT] = { "absent", false },
	};
	PGconn *conn = session->db->conn;
	char number[NUMBER_TEXT];
	const char *mine[] = { session->db->writer, session->db->epoch, number };
	bool ok;

	snprintf(number, sizeof number, "%llu", (unsigned long long)call->number);
	ok = statement(conn, "lock", NULL, NULL) &&
	    PQsendQueryPrepared(conn, "mine", 3, mine, NULL, NULL, 1);
	for (size_t i = 0; ok && i < call->op_count; i++) {
		const struct pst_store_op *op = &call->ops[i];

		ok = statement(conn, table[op->verb].name, op->item.key,
		    table[op->verb].value ? op : NULL);
	}
	return ok;
}

/* What is settled is a sync alone: it has its turn, and nothing to ask. */
static bool
call_send(struct session *session, struct call *call)
{
	PGconn *conn = session->db->conn;
	bool ok = true;

	if (!call->settled && call->kind == CALL_COMMIT)
		ok = batch_send(session, call);
	else if (!call->settled)
		ok = statement(conn, call->kind == CALL_GET ? "get" : "list", call->key, NULL);
	return ok && PQpipelineSync(conn);
}

static void on_socket(uv_poll_t *poll, int status, int events);

static void
flush(struct session *session)
{
	int left = PQflush(session->db->conn);
	int events = UV_READABLE | (left ? UV_WRITABLE : 0);

	if (left < 0) {
		session_drop(session, PQerrorMessage(session->db->conn));
		return;
	}
	if (events != session->events) /* it costs a system call */
		uv_poll_start(&session->poll, events, on_socket);
	session->events = events;
}

static void
pump(struct session *session)
{
	struct call *call;

	while ((call = *session->unsent) && session->under_way < UNDER_WAY_MAX) {
		bool batch = call->kind == CALL_COMMIT && !call->settled;

		if (batch && session->committing)
			break;
		session->committing = session->committing || batch;
		call->sent = true;
		call->at = 0;
		session->under_way++;
		session->unsent = &call->next;
		if (!call_send(session, call)) {
			session_drop(session, PQerrorMessage(session->db->conn));
			return;
		}
	}
	flush(session);
}

void
session_add(struct session *session, struct call **call)
{
	struct call *last = *call;

	*call = NULL;
	*session->end = last;
	session->end = &last->next;
	if (session->ready)
		pump(session);
}

/* ---- receiving ---- */

/* Its answer stands; the next one is the first. */
static void
call_end(struct session *session)
{
	struct call *call = session->first;

	session->first = call->next;
	if (session->end == &call->next)
		session->end = &session->first;
	if (session->unsent == &call->next)
		session->unsent = &session->first;
	call_answer(&call);
}

static void
call_synced(struct session *session)
{
	struct call *call = session->first;

	if (call->kind == CALL_COMMIT && !call->settled)
		session->committing = false;
	session->under_way--;
	call_end(session);
	session->on_answer(session);
}

/*
 * The connection is no good any more, or somebody came between: everything is
 * asked anew over another.
 */
static bool
is_passing(const struct call *call, const char *state)
{
	static const char *const states[] = { "08", "25006", "40", "57P" };

	if (call->kind == CALL_COMMIT && call->at == 1 && !strcmp(state, "22012"))
		return true; /* `mine`: our row has another epoch, or was swept */
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (!strncmp(state, states[i], strlen(states[i])))
			return true;
	return !*state; /* libpq's own */
}

static int
rc_of(const char *state)
{
	static const struct {
		const char *state;
		int rc;
	} table[] = {
		{ "22012", PST_E_CONFLICT },
		{ "42501", -EACCES },
		{ "53100", -ENOSPC },
		{ "53200", -ENOMEM },
		{ "55P03", -EBUSY },
		{ "57014", -ETIMEDOUT },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(state, table[i].state))
			return table[i].rc;
	return -EIO;
}

static void
call_failed(struct session *session, struct call *call, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	bool passing = is_passing(call, state ? state : "");

	if (!text)
		text = PQresultErrorMessage(result);
	if (passing && call->tries++ < TRIES_MAX) {
		session_drop(session, text); /* and all is asked again */
		return;
	}
	call->rc = passing ? -EIO : rc_of(state);
	if (call->rc != PST_E_CONFLICT)
		pst_warn(session->log, "the database failed", PST_STR("reason", text),
		    PST_RC(call->rc));
}

static void
take(struct session *session, PGresult *result)
{
	struct call *call = session->first;

	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		call_synced(session);
		break;
	case PGRES_TUPLES_OK:
		call->at++;
		if (call->kind == CALL_COMMIT)
			break;
		PQclear(call->found);
		call->found = result;
		return;
	case PGRES_FATAL_ERROR:
		call_failed(session, call, result);
		break;
	default: /* done, or skipped behind an error */
		call->at++;
	}
	PQclear(result);
}

static void
on_socket(uv_poll_t *poll, int status, int events)
{
	struct session *session = poll->data;
	PGconn *conn = session->db->conn;

	(void)events; /* libpq finds out, and of an error, too: libuv says EBADF to all */
	if (!PQconsumeInput(conn) || status) {
		const char *why = PQerrorMessage(conn);

		session_drop(session, *why ? why : "the connection is broken");
		return;
	}
	while (session->ready && !PQisBusy(conn) && session->under_way) {
		PGresult *result = PQgetResult(conn);

		if (result)
			take(session, result);
		else if (PQstatus(conn) == CONNECTION_BAD)
			session_drop(session, PQerrorMessage(conn));
	}
	if (session->ready)
		pump(session);
}

/* ---- begin and end ---- */

/* Was the batch done that the last connection was lost over? */
static void
doubt_end(struct session *session)
{
	for (struct call *call = session->first; call; call = call->next) {
		if (!call->sent)
			continue;
		call->sent = false;
		if (call->kind == CALL_COMMIT && !call->settled && call->number == session->db->done) {
			call->rc = PST_OK;
			call->settled = true;
		}
	}
}

int
session_begin(struct session *session)
{
	int rc = uv_poll_init_socket(session->loop, &session->poll, PQsocket(session->db->conn));

	if (rc) {
		PQfinish(session->db->conn);
		session->db->conn = NULL;
		return rc;
	}
	session->poll.data = session;
	session->events = 0;
	session->ready = session->open = true;
	doubt_end(session);
	pump(session);
	return PST_OK;
}

static void
session_gone(uv_handle_t *poll)
{
	struct session *session = poll->data;

	PQfinish(session->db->conn);
	session->db->conn = NULL;
	session->open = false;
	session->on_lost(session);
}

void
session_drop(struct session *session, const char *why)
{
	if (!session->ready)
		return;
	pst_fail(&session->err, -ENOTCONN, "%.*s", (int)strcspn(why, "\n"), why);
	session->ready = session->committing = false;
	session->under_way = 0;
	session->unsent = &session->first;
	for (struct call *call = session->first; call; call = call->next) {
		PQclear(call->found);
		call->found = NULL;
		call->rc = call->settled ? call->rc : PST_OK;
	}
	uv_close((uv_handle_t *)&session->poll, session_gone);
}

void
session_fail(struct session *session, int rc)
{
	struct call *call = session->first;

	session->first = NULL;
	session->end = session->unsent = &session->first;
	while (call) {
		struct call *next = call->next;

		if (!call->settled)
			call->rc = call->kind == CALL_COMMIT && call->sent ? PST_E_IN_DOUBT : rc;
		call_answer(&call);
		call = next;
	}
}
