/* Callers: what comes for their calls. */
#include "call/caller.h"
#include "call/message.h"
#include "call/table.h"

#include <errno.h>
#include <stdio.h>

static struct pst_call *
call_of(struct pst_caller *caller, const struct pst_call_id *id)
{
	struct pst_reader r = pst_reader(id->p, id->len);
	uint64_t number = pst_read_be64(&r);
	struct pst_call_node *node;

	if (r.status || pst_reader_left(&r))
		return NULL;
	node = pst_call_table_find(&caller->calls, number); /* a hash that no two have */
	return node ? pst_container_of(node, struct pst_call, node) : NULL;
}

/* ---- what comes ---- */

/* An event within which the owner may end the call, and free it. */
struct event {
	bool over, *outer;
};

static void
event_begin(struct event *event, struct pst_call *call)
{
	*event = (struct event){ false, call->over };
	call->over = &event->over;
}

/* True: it has. */
static bool
event_over(const struct event *event, struct pst_call *call)
{
	if (!event->over)
		call->over = event->outer;
	else if (event->outer)
		*event->outer = true;
	return event->over;
}

static void
last_event(struct pst_call *call, struct pst_buf *piece)
{
	struct pst_map headers = call->headers;

	pst_call_detach(call);
	call->events->body(call, piece, true);
	pst_map_fini(&headers);
}

/* As much again as may come, once half of it has. */
static void
grant(struct pst_call *call)
{
	uint64_t more = PST_CALL_FIRST_GRANT - call->window;
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_call_id_bytes id_bytes;
	struct pst_call_id id = pst_call_id_of(call, &id_bytes);

	if (call->held || more < PST_CALL_FIRST_GRANT / 2)
		return;
	call->window += more;
	pst_call_write_grant(&w, &id, more);
	pst_call_send(call, &w);
}

void
pst_call_hold(struct pst_call *call, bool held)
{
	if (!call->caller)
		return;
	call->held = held;
	grant(call);
}

/* The message's body, which it then has no more. */
static void
body_came(struct pst_call *call, const struct pst_call_message *msg, struct pst_message *m)
{
	struct pst_buf piece;
	struct event event;

	if (msg->body_len > call->window) {
		pst_call_give_up(call, PST_CALL_INTERNAL, "more came than was granted");
		return;
	}
	call->window -= msg->body_len;
	piece = pst_buf_take(&m->payload);
	pst_buf_pull(&piece, (size_t)(msg->body - piece.start));
	pst_buf_trim(&piece, msg->body_len);
	if (!(msg->flags & PST_CALL_MORE)) {
		last_event(call, &piece);
		pst_buf_free(&piece);
		return;
	}
	event_begin(&event, call);
	call->events->body(call, &piece, false);
	pst_buf_free(&piece);
	if (!event_over(&event, call))
		grant(call);
}

static void
answer_came(struct pst_call *call, const struct pst_call_message *msg, struct pst_message *m)
{
	struct event event;
	int rc;

	if (call->answered) {
		pst_call_give_up(call, PST_CALL_INTERNAL, "two answers came");
		return;
	}
	rc = pst_call_headers_read(&call->headers, msg->headers);
	if (rc) {
		pst_call_give_up(call, rc == -ENOMEM ? PST_CALL_MEMORY : PST_CALL_INTERNAL,
		    "the answer's headers cannot be read");
		return;
	}
	call->answered = true;
	event_begin(&event, call);
	call->events->answer(call, msg->status, &call->headers);
	if (!event_over(&event, call))
		body_came(call, msg, m);
}

static void
piece_came(struct pst_call *call, const struct pst_call_message *msg, struct pst_message *m)
{
	if (call->answered)
		body_came(call, msg, m);
	else
		pst_call_give_up(call, PST_CALL_INTERNAL, "a body came before its answer");
}

static void
failure_came(struct pst_call *call, const struct pst_call_message *msg)
{
	char text[PST_CALL_TEXT_MAX + 1];
	const struct pst_call_failure failure = {
		.code = pst_call_code_read(&msg->code),
		.text = text,
		.retry_after_ms = msg->retry_after_ms < UINT32_MAX ? (uint32_t)msg->retry_after_ms : UINT32_MAX,
		.started = msg->started,
	};

	snprintf(text, sizeof text, "%.*s", (int)(msg->text.len < sizeof text ? msg->text.len : sizeof text),
	    msg->text.p);
	pst_call_fail(call, &failure);
}

static void
caller_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct pst_caller *caller = pst_container_of(worker, struct pst_caller, worker);
	struct pst_call_message msg;
	int rc = pst_call_message_read(&msg, m->payload.start, pst_buf_len(&m->payload));
	struct pst_call *call = msg.id.p ? call_of(caller, &msg.id) : NULL;

	/* what is over, or is not said by who was asked, is nobody's */
	if (!call || !call->begun || call->gate != m->from)
		return;
	if (rc)
		pst_call_give_up(call, PST_CALL_INTERNAL, "what came is no answer");
	else if (msg.kind == PST_CALL_KIND_ANSWER)
		answer_came(call, &msg, m);
	else if (msg.kind == PST_CALL_KIND_PIECE)
		piece_came(call, &msg, m);
	else if (msg.kind == PST_CALL_KIND_FAILURE)
		failure_came(call, &msg);
	else if (msg.kind == PST_CALL_KIND_GRANT)
		pst_call_granted(call, msg.grant);
}

/* ---- callers ---- */

int
pst_caller_open(struct pst_caller *caller, struct pst_env *env)
{
	*caller = (struct pst_caller){ .env = env };
	/* answers come by the gate of each call: looked at when they do */
	return pst_worker_start(pst_env_router(env), &caller->worker, PST_REACH_ANY, caller_receives);
}

void
pst_caller_close(struct pst_caller *caller)
{
	struct pst_call_table *calls = &caller->calls;

	if (!caller->env)
		return;
	for (size_t i = 0; i < calls->room; i++)
		while (calls->slots[i])
			pst_call_cancel(pst_container_of(calls->slots[i], struct pst_call, node));
	pst_call_table_fini(calls);
	pst_worker_stop(pst_env_router(caller->env), &caller->worker);
	caller->env = NULL;
}
