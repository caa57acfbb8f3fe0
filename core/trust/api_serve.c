/* Who asks and who answers by api.h. */
#include <postern/api.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* Never 0, which says that there is none. */
static uint32_t
id_make(void)
{
	return 1 + randombytes_uniform(UINT32_MAX);
}

/* ---- answers ---- */

static void
gate_closed(struct pst_gate_watch *watch)
{
	pst_container_of(watch, struct pst_api_call, watch)->gate = NULL;
}

static void
call_free(struct pst_api_call *call)
{
	pst_gate_unwatch(&call->watch);
	pst_peer_unref(&call->peer);
	pst_buf_free(&call->asked);
	free(call->back);
	call->server->calls--;
	free(call);
}

/* A payload with the body, the envelope in front. */
static int
message_make(struct pst_buf *out, struct pst_env *env, const struct pst_writer *head,
    const void *body, size_t len)
{
	size_t n = pst_writer_len(head);
	int rc = head->status;

	if (!rc)
		rc = pst_env_buf(out, env, body, len, PST_RX_HEADROOM + n, PST_RX_TAILROOM);
	if (!rc)
		memcpy(pst_buf_push(out, n), head->start, n);
	return rc;
}

/* Charged to who asks: who does not read stops himself. */
static void
response_send(struct pst_api_call *call, unsigned status, const void *body, size_t len)
{
	struct pst_api_server *server = call->server;
	struct pst_route own = pst_worker_route(&server->worker);
	uint8_t bytes[PST_API_HEAD_MAX];
	struct pst_writer head = pst_writer(bytes, sizeof bytes);
	struct pst_buf buf;

	pst_api_response_write(&head, id_make(), call->request.id, status, len);
	if ((call->gate || call->inside) && !message_make(&buf, server->env, &head, body, len)) {
		if (call->asked.block)
			pst_buf_charge(&buf, pst_buf_account(&call->asked));
		pst_send(pst_env_router(server->env), call->back, &own, &buf);
	}
	call_free(call);
}

void
pst_api_answer(struct pst_api_call **call, const void *body, size_t len)
{
	response_send(*call, PST_STATUS_OK, body, len);
	*call = NULL;
}

void
pst_api_refuse(struct pst_api_call **callp, unsigned status, const char *fmt, ...)
{
	struct pst_api_call *call = *callp;
	struct pst_api_server *server = call->server;
	char text[PST_API_TEXT_MAX];
	uint8_t body[PST_API_PATH_MAX + PST_API_TEXT_MAX + 16];
	struct pst_writer w = pst_writer(body, sizeof body);
	va_list args;

	*callp = NULL;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	pst_warn_rated(server->log, &server->refused, "request refused",
	    PST_STR("service", server->name),
	    PST_STR("path", *call->request.path ? call->request.path : NULL),
	    PST_STR("peer", call->peer ? pst_peer_text(call->peer) : NULL),
	    PST_U64("status", status), PST_STR("reason", text));
	pst_api_error_write(&w, *call->request.path ? call->request.path : NULL, call->request.method,
	    text);
	response_send(call, status, body, w.status ? 0 : pst_writer_len(&w));
}

void
pst_api_unknown(struct pst_api_call **call)
{
	pst_api_refuse(call, PST_STATUS_BAD_REQUEST, "unknown path");
}

/* ---- requests ---- */

static struct pst_api_call *
call_new(struct pst_api_server *server, struct pst_message *m)
{
	struct pst_api_call *call = calloc(1, sizeof *call);
	struct pst_route *back = pst_route_copy(&m->back);

	if (!call || !back) {
		free(call);
		free(back);
		return NULL;
	}
	call->server = server;
	call->back = back;
	call->inside = !m->from;
	call->gate = m->from;
	if (m->from)
		pst_gate_watch(m->from, &call->watch, gate_closed);
	if (m->from && m->from->peer)
		call->peer = pst_peer_ref(m->from->peer);
	call->asked = pst_buf_take(&m->payload);
	server->calls++;
	return call;
}

static void
server_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct pst_api_server *server = pst_container_of(worker, struct pst_api_server, worker);
	struct pst_api_call *call;
	int rc;

	if (m->from && !m->from->peer && !m->from->local) {
		pst_warn_rated(server->log, &server->refused, "request refused",
		    PST_STR("service", server->name), PST_STR("reason", "not by a secure channel"));
		return;
	}
	call = call_new(server, m);
	if (!call)
		return;
	rc = pst_api_request_read(&call->request, call->asked.start, pst_buf_len(&call->asked));
	if (rc)
		pst_api_refuse(&call, PST_STATUS_BAD_REQUEST, "not a request");
	else if (server->calls > PST_API_CALLS_MAX)
		pst_api_refuse(&call, PST_STATUS_INTERNAL, "too many requests at once");
	else
		server->serve(server, call);
}

int
pst_api_serve(struct pst_api_server *server, struct pst_env *env, const char *name,
    const struct pst_log *log,
    void (*serve)(struct pst_api_server *server, struct pst_api_call *call))
{
	*server = (struct pst_api_server){ .env = env, .log = log, .name = name, .serve = serve };
	return pst_worker_start_named(pst_env_router(env), &server->worker, name, PST_REACH_SECTION,
	    server_receives);
}

void
pst_api_stop(struct pst_api_server *server)
{
	if (server->env)
		pst_worker_stop(pst_env_router(server->env), &server->worker);
}

/* ---- client ---- */

static void
answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct pst_api_ask *ask = pst_container_of(request, struct pst_api_ask, request);
	struct pst_api_response response;

	if (!rc && pst_api_response_read(&response, answer->payload.start, pst_buf_len(&answer->payload)))
		rc = PST_E_PROTOCOL;
	ask->fn(ask, rc, rc ? NULL : &response);
}

int
pst_api_send(struct pst_env *env, struct pst_api_ask *ask, const struct pst_route *route,
    enum pst_method method, const char *path, const void *body, size_t len, uint64_t timeout_ms,
    void (*fn)(struct pst_api_ask *ask, int rc, const struct pst_api_response *response))
{
	uint8_t bytes[PST_API_HEAD_MAX];
	struct pst_writer head = pst_writer(bytes, sizeof bytes);
	struct pst_buf buf = PST_BUF_INIT;

	ask->fn = fn;
	pst_api_request_write(&head, id_make(), method, path, len);
	/* an empty buf is what pst_request_send() fails with -ENOMEM for */
	(void)!message_make(&buf, env, &head, body, len);
	return pst_request_send(env, &ask->request, route, &buf, timeout_ms, answered);
}

void
pst_api_cancel(struct pst_api_ask *ask)
{
	pst_request_cancel(&ask->request);
}
