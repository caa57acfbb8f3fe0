/* The caller's half of function calls. */
#include "call/message.h"
#include "call/out.h"
#include "call/table.h"

#include <errno.h>
#include <stdlib.h>

/* The callee's deadline runs first: its answer says more than ours. */
#define DEADLINE_LATER_MS 1000

struct id_bytes {
	uint8_t bytes[sizeof(uint64_t)];
};

static struct pst_call_id
id_of(const struct pst_call *call, struct id_bytes *bytes)
{
	struct pst_writer w = pst_writer(bytes->bytes, sizeof bytes->bytes);

	pst_write_be64(&w, call->id);
	return (struct pst_call_id){ bytes->bytes, sizeof bytes->bytes };
}

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

static int
send_buf(struct pst_call *call, struct pst_buf *buf)
{
	struct pst_route back = pst_worker_route(&call->caller->worker);

	return pst_send(pst_env_router(call->caller->env), call->route, &back, buf);
}

static void
send_short(struct pst_call *call, const struct pst_writer *w)
{
	struct pst_buf buf;

	if (!pst_env_buf(&buf, call->caller->env, w->start, pst_writer_len(w), PST_RX_HEADROOM,
	        PST_RX_TAILROOM))
		send_buf(call, &buf);
}

/* ---- the end ---- */

/* The owner's again, before it hears so. */
static void
detach(struct pst_call *call)
{
	struct pst_env *env = call->caller->env;

	pst_call_table_remove(&call->caller->calls, &call->node);
	pst_gate_unwatch(&call->watch);
	pst_timer_stop(env, &call->timer);
	pst_task_cancel(env, &call->out.task);
	pst_buf_free(&call->message);
	pst_buf_free(&call->body);
	free(call->route);
	if (call->over)
		*call->over = true;
	call->caller = NULL;
}

static void
send_cancel(struct pst_call *call)
{
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct id_bytes id_bytes;
	struct pst_call_id id = id_of(call, &id_bytes);

	if (!call->begun)
		return;
	pst_call_write_cancel(&w, &id);
	send_short(call, &w);
}

static void
fail(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct pst_map headers = call->headers;

	detach(call);
	call->headers = (struct pst_map){ 0 };
	call->events->failed(call, failure);
	pst_map_fini(&headers);
}

/* Not the callee says so: it is told. */
static void
give_up(struct pst_call *call, enum pst_call_code code, const char *text)
{
	const struct pst_call_failure failure = { code, text, 0, call->begun };

	send_cancel(call);
	fail(call, &failure);
}

static void
deadline_passed(struct pst_timer *timer)
{
	give_up(pst_container_of(timer, struct pst_call, timer), PST_CALL_DEADLINE,
	    "no answer in time");
}

static void
gate_closed(struct pst_gate_watch *watch)
{
	struct pst_call *call = pst_container_of(watch, struct pst_call, watch);
	const struct pst_call_failure failure = {
		PST_CALL_CANCELLED, "the way to the function is lost", 0, call->begun,
	};

	fail(call, &failure);
}

void
pst_call_cancel(struct pst_call *call)
{
	if (!call->caller)
		return;
	send_cancel(call);
	detach(call);
	pst_map_fini(&call->headers);
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

	detach(call);
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
	struct id_bytes id_bytes;
	struct pst_call_id id = id_of(call, &id_bytes);

	if (call->held || more < PST_CALL_FIRST_GRANT / 2)
		return;
	call->window += more;
	pst_call_write_grant(&w, &id, more);
	send_short(call, &w);
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
		give_up(call, PST_CALL_INTERNAL, "more came than was granted");
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
		give_up(call, PST_CALL_INTERNAL, "two answers came");
		return;
	}
	rc = pst_call_headers_read(&call->headers, msg->headers);
	if (rc) {
		give_up(call, rc == -ENOMEM ? PST_CALL_MEMORY : PST_CALL_INTERNAL,
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
		give_up(call, PST_CALL_INTERNAL, "a body came before its answer");
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
	fail(call, &failure);
}

static void send_piece(struct pst_task *task);

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
		give_up(call, PST_CALL_INTERNAL, "what came is no answer");
	else if (msg.kind == PST_CALL_KIND_ANSWER)
		answer_came(call, &msg, m);
	else if (msg.kind == PST_CALL_KIND_PIECE)
		piece_came(call, &msg, m);
	else if (msg.kind == PST_CALL_KIND_FAILURE)
		failure_came(call, &msg);
	else if (msg.kind == PST_CALL_KIND_GRANT && pst_call_out_grant(&call->out, msg.grant))
		pst_task_post(caller->env, &call->out.task, send_piece);
}

/* ---- what goes ---- */

/* The call itself, built by pst_call_begin(): not within it, since an answer may come at once. */
static void
send_call(struct pst_task *task)
{
	struct pst_call *call = pst_container_of(task, struct pst_call, out.task);
	struct pst_buf message = pst_buf_take(&call->message);
	int rc;

	call->begun = true;
	if (pst_call_out_ready(&call->out))
		pst_task_post(call->caller->env, &call->out.task, send_piece);
	rc = send_buf(call, &message);
	if (rc) {
		const struct pst_call_failure failure = {
			rc == PST_E_NO_ROUTE ? PST_CALL_UNKNOWN : PST_CALL_DENIED, pst_strerror(rc), 0, false,
		};

		fail(call, &failure); /* nobody heard of it, so nothing has ended it */
	}
}

/* One a turn of the loop, so that others are heard between two. */
static void
send_piece(struct pst_task *task)
{
	struct pst_call *call = pst_container_of(task, struct pst_call, out.task);
	struct pst_env *env = call->caller->env;
	struct id_bytes id_bytes;
	struct pst_call_id id = id_of(call, &id_bytes);
	struct pst_buf piece;

	if (pst_call_out_next(&call->out, &piece, env, &id)) {
		give_up(call, PST_CALL_MEMORY, "no memory for the body");
		return;
	}
	if (pst_call_out_ready(&call->out))
		pst_task_post(env, &call->out.task, send_piece);
	else if (!call->out.left)
		pst_buf_free(&call->body);
	send_buf(call, &piece); /* last: it may end the call */
}

/* The first message, with as much of the body as goes into it. */
static int
message_make(struct pst_call *call, struct pst_env *env, const struct pst_call_head *head,
    struct pst_buf *body)
{
	unsigned flags = head->flags & (PST_CALL_IDEMPOTENT | PST_CALL_STREAM);
	struct id_bytes id_bytes;
	struct pst_call_id id = id_of(call, &id_bytes);
	size_t len = pst_buf_len(body), n = len < PST_CALL_PIECE_SENT ? len : PST_CALL_PIECE_SENT;
	int rc = PST_OK;

	if (n == len && body->block)
		call->message = pst_buf_take(body);
	else
		rc = pst_env_buf(&call->message, env, body->start, n,
		    pst_call_head_room(head) + PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (n < len) {
		call->body = pst_buf_take(body);
		flags |= PST_CALL_MORE;
	}
	pst_call_out_init(&call->out, n < len ? call->body.start + n : NULL, len - n, n);
	return rc ? rc : pst_call_push_call(&call->message, &id, head, flags);
}

static int
call_init(struct pst_call *call, struct pst_caller *caller, const struct pst_route *route,
    const struct pst_call_head *head, struct pst_buf *body)
{
	int rc = message_make(call, caller->env, head, body);

	call->route = pst_route_copy(route);
	if (!rc && !call->route)
		rc = -ENOMEM;
	if (!rc)
		rc = pst_call_table_add(&caller->calls, &call->node, call->id);
	if (rc) {
		pst_buf_free(&call->message);
		pst_buf_free(&call->body);
		free(call->route);
	}
	return rc;
}

int
pst_call_begin(struct pst_caller *caller, struct pst_call *call, const struct pst_route *route,
    const struct pst_call_head *head, struct pst_buf *body, const struct pst_call_events *events)
{
	uint64_t ms = head->deadline_ms;
	int rc;

	*call = (struct pst_call){
		.events = events,
		.arg = call->arg,
		.id = caller->next_id++,
		.window = PST_CALL_FIRST_GRANT,
		.out.granted = PST_CALL_FIRST_GRANT,
	};
	rc = call_init(call, caller, route, head, body);
	pst_buf_free(body);
	if (rc)
		return rc;
	call->caller = caller;
	call->gate = pst_router_gate(pst_env_router(caller->env), route);
	if (call->gate)
		pst_gate_watch(call->gate, &call->watch, gate_closed);
	if (ms)
		pst_timer_start(caller->env, &call->timer,
		    ms < PST_CALL_DEADLINE_MAX ? ms + DEADLINE_LATER_MS : PST_CALL_DEADLINE_MAX,
		    deadline_passed);
	pst_task_post(caller->env, &call->out.task, send_call);
	return PST_OK;
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
