/* The callee's half of function calls: who asks for what. called.c has a call itself. */
#include "call/callee.h"
#include "call/message.h"
#include "call/table.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/linked.h>

/* What a caller that found too much here may wait before it tries again. */
#define BUSY_MS 1000

/* ---- who waits for an answer ---- */

static uint64_t
hash(const struct pst_callee *callee, const struct pst_route *back, const struct pst_call_id *id)
{
	uint8_t bytes[PST_ROUTE_MAX + PST_CALL_ID_MAX];
	uint64_t h;

	_Static_assert(sizeof callee->key == crypto_shorthash_KEYBYTES, "key");
	_Static_assert(sizeof h == crypto_shorthash_BYTES, "hash");
	memcpy(bytes, id->p, id->len);
	memcpy(bytes + id->len, back->data, back->len);
	crypto_shorthash((uint8_t *)&h, bytes, id->len + back->len, callee->key);
	return h;
}

static struct pst_called *
find(const struct pst_callee *callee, const struct pst_route *back, const struct pst_call_id *id)
{
	struct pst_call_node *node = pst_call_table_find(&callee->calls, hash(callee, back, id));

	for (; node; node = pst_call_table_next(node)) {
		struct pst_called *call = pst_container_of(node, struct pst_called, node);

		if (call->id_len == id->len && !memcmp(call->id, id->p, id->len) &&
		    call->back.len == back->len && !memcmp(call->back.data, back->data, back->len))
			return call;
	}
	return NULL;
}

/* ---- calls ---- */

static void
refuse(struct pst_callee *callee, const struct pst_message *m, const struct pst_call_message *msg,
    enum pst_call_code code, const char *text)
{
	const struct pst_call_failure failure = {
		code, text, code == PST_CALL_BUSY ? BUSY_MS : 0, false,
	};

	if (code != PST_CALL_DENIED || !callee->admits) /* else who denied has said so */
		pst_info_rated(callee->log, &callee->refused, "call refused", PST_STR("reason", text),
		    PST_STR("peer", m->from && m->from->peer ? pst_peer_text(m->from->peer) : NULL));
	pst_callee_send_failure(callee, &m->back, &msg->id, &failure);
}

static char *
text_put(char **p, const struct pst_call_text *text)
{
	char *start = *p;

	memcpy(start, text->p, text->len);
	start[text->len] = '\0';
	*p += text->len + 1;
	return start;
}

static void
enter(struct pst_callee *callee, struct pst_called *call)
{
	call->callee = callee;
	pst_linked_enter(&callee->first, call);
	callee->count++;
}

/* The route and the texts lie behind. */
static int
called_new(struct pst_called **out, struct pst_callee *callee, const struct pst_message *m,
    const struct pst_call_message *msg)
{
	struct pst_called *call = calloc(1,
	    sizeof *call + m->back.len + msg->method.len + 1 + msg->resource.len + 1);
	uint64_t deadline = msg->deadline_ms;
	char *p = (char *)(call + 1);
	int rc;

	if (!call)
		return -ENOMEM;
	rc = pst_call_headers_read(&call->headers, msg->headers);
	if (!rc)
		rc = pst_call_table_add(&callee->calls, &call->node, hash(callee, &m->back, &msg->id));
	if (rc) {
		pst_called_free(call);
		return rc;
	}
	call->reachable = true;
	call->method = text_put(&p, &msg->method);
	call->resource = text_put(&p, &msg->resource);
	memcpy(p, m->back.data, m->back.len);
	call->back = (struct pst_route){ (uint8_t *)p, m->back.len, m->back.hops };
	memcpy(call->id, msg->id.p, msg->id.len);
	call->id_len = (uint8_t)msg->id.len;
	call->flags = (unsigned)(msg->flags & (PST_CALL_IDEMPOTENT | PST_CALL_STREAM));
	call->deadline_ms = deadline < PST_CALL_DEADLINE_MAX ? deadline : PST_CALL_DEADLINE_MAX;
	call->came_ms = pst_now_ms(callee->env);
	call->window = call->out.granted = PST_CALL_FIRST_GRANT;
	if (m->from)
		pst_gate_watch(m->from, &call->watch, pst_called_gate_closed);
	if (m->from && m->from->peer)
		call->peer = pst_peer_ref(m->from->peer);
	enter(callee, call);
	*out = call;
	return PST_OK;
}

static bool
admitted(struct pst_callee *callee, const struct pst_message *m)
{
	struct pst_gate *gate = m->from;

	if (callee->admits ? !callee->admits(callee, gate) : gate && !gate->peer && !gate->local)
		return false;
	if (gate && gate->peer && gate->admit)
		gate->admit(gate);
	return true;
}

static bool
busy(const struct pst_callee *callee)
{
	return pst_account_over(callee->answers) || callee->moving >= callee->calls_max;
}

static void
call_came(struct pst_callee *callee, const struct pst_message *m,
    const struct pst_call_message *msg)
{
	struct pst_called *call;
	int rc;

	if (busy(callee)) {
		refuse(callee, m, msg, PST_CALL_BUSY, "too many calls at once");
		return;
	}
	rc = called_new(&call, callee, m, msg);
	if (rc)
		refuse(callee, m, msg, rc == -ENOMEM ? PST_CALL_MEMORY : PST_CALL_INTERNAL, pst_strerror(rc));
	else
		pst_called_body(call, msg);
}

static void
probe_came(struct pst_callee *callee, const struct pst_message *m,
    const struct pst_call_message *msg)
{
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_call_load load = { 0 };

	if (callee->probed)
		callee->probed(callee, &load);
	pst_call_write_load(&w, &msg->id, &load);
	pst_callee_send(callee, &m->back, &w);
}

/* What begins something. */
static void
asked(struct pst_callee *callee, const struct pst_message *m, const struct pst_call_message *msg,
    int rc)
{
	if (!admitted(callee, m))
		refuse(callee, m, msg, PST_CALL_DENIED, "not allowed");
	else if (rc)
		refuse(callee, m, msg, PST_CALL_INTERNAL, pst_strerror(rc));
	else if (msg->kind == PST_CALL_KIND_CALL)
		call_came(callee, m, msg);
	else
		probe_came(callee, m, msg);
}

/* What goes on with a call. */
static void
went_on(struct pst_called *call, const struct pst_call_message *msg, int rc)
{
	bool body_comes = call->moving && !call->answered;

	if (msg->kind == PST_CALL_KIND_CANCEL)
		pst_called_gone(call);
	else if (msg->kind == PST_CALL_KIND_PIECE && body_comes && rc)
		pst_called_give_up(call, PST_CALL_INTERNAL, pst_strerror(rc));
	else if (msg->kind == PST_CALL_KIND_PIECE && body_comes)
		pst_called_body(call, msg);
	else if (msg->kind == PST_CALL_KIND_GRANT && !rc)
		pst_called_grant(call, msg->grant);
}

static void
callee_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct pst_callee *callee = pst_container_of(worker, struct pst_callee, worker);
	struct pst_call_message msg;
	struct pst_called *call;
	int rc;

	rc = pst_call_message_read(&msg, m->payload.start, pst_buf_len(&m->payload));
	if (!msg.id.p || !m->back.hops)
		return;
	call = find(callee, &m->back, &msg.id);
	if (call)
		went_on(call, &msg, rc);
	else if (msg.kind == PST_CALL_KIND_CALL || msg.kind == PST_CALL_KIND_PROBE)
		asked(callee, m, &msg, rc);
}

/* ---- callees ---- */

int
pst_callee_open(struct pst_callee *callee, struct pst_env *env, const char *name)
{
	int rc;

	callee->worker = (struct pst_worker){ 0 };
	callee->env = env;
	callee->first = NULL;
	callee->calls = (struct pst_call_table){ 0 };
	callee->count = callee->moving = 0;
	randombytes_buf(callee->key, sizeof callee->key);
	callee->answers = pst_account_new(pst_env_pool(env), PST_CALL_ANSWERS_MAX, NULL, NULL);
	if (!callee->answers)
		return -ENOMEM;
	rc = pst_worker_start_named(pst_env_router(env), &callee->worker, name, PST_REACH_SECTION,
	    callee_receives);
	if (rc)
		pst_account_close(&callee->answers);
	return rc;
}

static struct pst_called *
first_moving(const struct pst_callee *callee)
{
	struct pst_called *call = callee->first;

	while (call && !call->moving)
		call = call->next;
	return call;
}

void
pst_callee_close(struct pst_callee *callee)
{
	struct pst_called *call;

	if (!callee->env || !pst_callee_open_still(callee))
		return;
	pst_worker_stop(pst_env_router(callee->env), &callee->worker);
	while ((call = first_moving(callee)))
		pst_called_give_up(call, PST_CALL_UNKNOWN, "the function has closed");
	pst_callee_fini(callee);
}

size_t
pst_callee_calls(const struct pst_callee *callee)
{
	return callee->count;
}

/* Once it has closed and its calls have ended. */
void
pst_callee_fini(struct pst_callee *callee)
{
	if (pst_callee_open_still(callee) || callee->count)
		return;
	pst_call_table_fini(&callee->calls);
	pst_account_close(&callee->answers);
}
