/* One request and its answer, as the library tells of them. */
#include "exchange.h"

#include "conn.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>


/* A random UUID (RFC 9562, 5.4). */
void
exchange_id(char out[static EXCHANGE_ID])
{
	uint8_t u[16];

	randombytes_buf(u, sizeof u);
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	for (size_t i = 0, at = 0; i < sizeof u; i++) {
		sodium_bin2hex(out + at, 3, &u[i], 1);
		at += 2;
		if (i == 3 || i == 5 || i == 7 || i == 9)
			out[at++] = '-';
	}
	out[EXCHANGE_ID - 1] = '\0';
}

static struct conn *
conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The first line is here: only now are the target's bytes as they came. */
void *
exchange_target(void *server, const char *target, struct MHD_Connection *connection)
{
	struct exchange *ex = calloc(1, sizeof *ex);

	if (!ex)
		return NULL;
	ex->conn = conn_of(connection);
	ex->connection = connection;
	ex->target = strdup(target);
	if (!ex->target) {
		free(ex);
		return NULL;
	}
	ex->conn->exchange = ex;
	return ex;
}

static void
exchange_free(struct exchange *ex)
{
	ex->conn->exchange = NULL;
	ex->conn->server->bodies -= ex->held;
	if (ex->response)
		MHD_destroy_response(ex->response);
	pst_coordinated_fini(&ex->request);
	pst_bytes_fini(&ex->body);
	free(ex->target);
	free(ex->path);
	free(ex);
}

void
exchange_completed(void *server, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *ex = *exchange;

	*exchange = NULL;
	if (!ex)
		return;
	ex->conn->server->hung_up -= ex->hung_up;
	conn_waits(ex->conn);
	exchange_free(ex);
}

/* ---- the answer ---- */

/* What is said of the connection, or of how the body travels, is not the function's to say. */
static bool
is_ours(const char *name)
{
	static const char *const ours[] = { "connection", "content-length", "date", "keep-alive",
		"trailer", "transfer-encoding", "upgrade" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (!strcasecmp(name, ours[i]))
			return true;
	return false;
}

static struct MHD_Response *
response_make(const char *type, const struct pst_map *headers, uint8_t *body, size_t len)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(len, body, len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	if (!response || !len)
		free(body);
	if (!response)
		return NULL;
	if (type)
		(void)MHD_add_response_header(response, "Content-Type", type);
	for (size_t i = 0; headers && i < headers->count; i++) {
		const struct pst_map_item *h = &headers->items[i];
		const char *value = (const char *)h->value;

		if (!is_ours(h->name) && !(type && !strcasecmp(h->name, "content-type")) &&
		    pst_header_is_name(h->name, strlen(h->name)) && pst_header_is_value(value, h->len))
			(void)MHD_add_response_header(response, h->name, value);
	}
	return response;
}

static enum MHD_Result
response_queue(struct exchange *ex)
{
	if (ex->response && ex->last)
		(void)MHD_add_response_header(ex->response, "Connection", "close");
	return ex->response ? MHD_queue_response(ex->connection, ex->status, ex->response) : MHD_NO;
}

void
exchange_answer(struct exchange *ex, unsigned status, const char *type, const struct pst_map *headers,
    uint8_t *body, size_t len)
{
	bool rests = ex->state == EXCHANGE_RESTS;

	ex->status = status;
	ex->response = response_make(type, headers, body, len);
	ex->state = EXCHANGE_ANSWERED;
	conn_answered(ex->conn);
	if (!rests)
		return;
	MHD_resume_connection(ex->connection);
	server_poke(ex->conn->server);
}

void
exchange_say(struct exchange *ex, unsigned status, const char *sentence, const struct pst_map *headers)
{
	char *text;
	int len = asprintf(&text, "%s\n", sentence);

	exchange_answer(ex, status, "text/plain; charset=utf-8", headers,
	    len < 0 ? NULL : (uint8_t *)text, len < 0 ? 0 : (size_t)len);
}

void
exchange_hang_up(struct exchange *ex, struct MHD_UpgradeResponseHandle *handle)
{
	struct server *server = ex->conn->server;

	ex->gone = NULL;
	ex->hung_up = true;
	server->hung_up++;
	(void)shutdown(ex->conn->fd, SHUT_RDWR);
	(void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
	server_poke(server);
}

/* A server that closes has told all who had a stream; this one had none yet. */
static void
on_upgrade(void *arg, struct MHD_Connection *connection, void *context, const char *early, size_t len,
    MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct exchange *ex = context;

	ex->state = EXCHANGE_UPGRADED;
	if (ex->conn->server->on_closed)
		exchange_hang_up(ex, handle);
	else
		ex->upgraded(ex, handle, fd, early, len);
}

void
exchange_upgrade(struct exchange *ex, const char *accept, exchange_upgraded *then)
{
	ex->upgraded = then;
	ex->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	ex->response = MHD_create_response_for_upgrade(on_upgrade, NULL);
	if (ex->response) {
		(void)MHD_add_response_header(ex->response, "Upgrade", "websocket");
		(void)MHD_add_response_header(ex->response, "Sec-WebSocket-Accept", accept);
	}
	ex->state = EXCHANGE_ANSWERED;
	conn_answered(ex->conn);
}

void
exchange_abandon(struct exchange *ex)
{
	if (ex->state == EXCHANGE_UPGRADED && ex->gone)
		ex->gone(ex);
	if (ex->state != EXCHANGE_RESTS)
		return;
	ex->gone(ex);
	exchange_say(ex, 503, "the gateway stops", NULL);
}

/* ---- the request ---- */

/* Ours: of a body without a length that is too large so many times what it may be is read, so that its client hears why. */
#define IGNORED 4

/* Behind a refusal nothing is read any more: whose end is in doubt is no begin of another. */
static enum MHD_Result
refuse(struct exchange *ex, unsigned status)
{
	static const char *const sentences[][2] = {
		{ "400", "bad request" },
		{ "413", "the body is too large" },
		{ "431", "too many headers" },
		{ "501", "no such transfer coding" },
		{ "503", "out of memory" },
	};
	const char *sentence = "bad request";

	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if ((unsigned)atoi(sentences[i][0]) == status)
			sentence = sentences[i][1];
	ex->last = true;
	exchange_say(ex, status, sentence, NULL);
	return response_queue(ex);
}

struct reading {
	struct head head;
	unsigned status;
};

static enum MHD_Result
header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
    size_t value_len)
{
	struct reading *reading = arg;

	reading->status = head_add(&reading->head, name, name_len, value ? value : "",
	    value ? value_len : 0);
	return reading->status ? MHD_NO : MHD_YES;
}

/* The request is made of its head; 0 or the status of a refusal. */
static unsigned
head_read(struct exchange *ex, const char *method, const char *version)
{
	struct pst_map headers = { 0 };
	struct reading reading;
	char id[EXCHANGE_ID];
	int rc;

	reading.status = head_begin(&reading.head, method, ex->target, &headers);
	if (!reading.status)
		(void)MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, header, &reading);
	if (!reading.status)
		reading.status = head_end(&reading.head, !strcmp(version, "HTTP/1.1"));
	if (reading.status) {
		pst_map_fini(&headers);
		return reading.status;
	}
	/* in chunks the library takes more for a line's end than it should: nothing behind them is a request */
	ex->last = reading.head.coding;
	exchange_id(id);
	rc = pst_coordinated_init(&ex->request, method, reading.head.target, id);
	ex->request.headers = headers;
	ex->path = strndup(reading.head.target, reading.head.path_len);
	return rc || !ex->path ? 503 : 0;
}

static unsigned
head_came(struct exchange *ex, const char *method, const char *version)
{
	const struct pst_map_item *length;
	unsigned status;

	conn_head_came(ex->conn);
	status = head_read(ex, method, version);
	if (status)
		return status;
	length = pst_map_get(&ex->request.headers, "content-length");
	if (length && strtoull((const char *)length->value, NULL, 10) > ex->conn->server->conf.body_max)
		return 413;
	ex->state = EXCHANGE_BODY;
	return 0;
}

/* Nothing of it is kept any more; the library takes no answer before its end, which it is given some time to come to. */
static void
body_drop(struct exchange *ex, unsigned status)
{
	struct server *server = ex->conn->server;

	pst_warn_rated(server->log, &server->crowded, "a request was refused", PST_STR("why",
	    status == 413 ? "its body is too large" : "the bodies of all are too much"));
	pst_bytes_fini(&ex->body);
	server->bodies -= ex->held;
	ex->held = 0;
	ex->refused = status;
}

static int
body_put(struct exchange *ex, const char *data, size_t len)
{
	struct server *server = ex->conn->server;

	ex->came += len;
	if (ex->came / IGNORED > server->conf.body_max)
		return PST_E_LIMIT;
	if (!ex->refused && ex->came > server->conf.body_max)
		body_drop(ex, 413);
	else if (!ex->refused && server->bodies + len > server->conf.bodies_max)
		body_drop(ex, 503);
	if (ex->refused)
		return PST_OK;
	server->bodies += len;
	ex->held += len;
	return pst_bytes_put(&ex->body, data, len, server->conf.body_max);
}

static enum MHD_Result
refuse_body(struct exchange *ex)
{
	struct pst_map headers = { 0 };

	if (ex->refused != 503)
		return refuse(ex, ex->refused);
	(void)!pst_map_put(&headers, "Retry-After", "1", 1); /* without it no less refused */
	exchange_say(ex, 503, "too much at once", &headers);
	pst_map_fini(&headers);
	return response_queue(ex);
}

static enum MHD_Result
request_came(struct exchange *ex)
{
	struct server *server = ex->conn->server;

	if (server->on_closed) { /* the run that lets go of who rests may bring another; none may rest any more */
		ex->last = true;
		exchange_say(ex, 503, "the gateway stops", NULL);
		return response_queue(ex);
	}
	ex->request.body = pst_bytes_take(&ex->body, &ex->request.body_len);
	ex->state = EXCHANGE_ASKED;
	server->asked(server, ex);
	if (ex->state == EXCHANGE_ANSWERED)
		return response_queue(ex);
	conn_body_came(ex->conn);
	ex->state = EXCHANGE_RESTS;
	MHD_suspend_connection(ex->connection);
	return MHD_YES;
}

enum MHD_Result
exchange_handle(void *server, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **exchange)
{
	struct exchange *ex = *exchange;
	unsigned status;

	if (!ex)
		return MHD_NO;
	switch (ex->state) {
	case EXCHANGE_NEW:
		status = head_came(ex, method, version);
		return status ? refuse(ex, status) : MHD_YES;
	case EXCHANGE_BODY:
		if (!*len)
			return ex->refused ? refuse_body(ex) : request_came(ex);
		if (body_put(ex, data, *len))
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	case EXCHANGE_ANSWERED:
		return response_queue(ex);
	default:
		return MHD_NO;
	}
}
