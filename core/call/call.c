/* A call, from the side of who makes it: how it begins and ends, and what goes. */
#include "call/caller.h"
#include "call/message.h"
#include "call/out.h"
#include "call/table.h"

#include <errno.h>
#include <stdlib.h>

/* The callee's deadline runs first: its answer says more than ours. */
#define DEADLINE_LATER_MS 1000

struct pst_call_id
pst_call_id_of(const struct pst_call *call, struct pst_call_id_bytes *bytes)
{
	struct pst_writer w = pst_writer(bytes->bytes, sizeof bytes->bytes);

	pst_write_be64(&w, call->id);
	return (struct pst_call_id){ bytes->bytes, sizeof bytes->bytes };
}

static int
send_buf(struct pst_call *call, struct pst_buf *buf)
{
	struct pst_route back = pst_worker_route(&call->caller->worker);

	return pst_send(pst_env_router(call->caller->env), call->route, &back, buf);
}

void
pst_call_send(struct pst_call *call, const struct pst_writer *w)
{
	struct pst_buf buf;

	if (!pst_env_buf(&buf, call->caller->env, w->start, pst_writer_len(w), PST_RX_HEADROOM,
	        PST_RX_TAILROOM))
		send_buf(call, &buf);
}

/* ---- the end ---- */

/* The owner's again, before it hears so. */
void
pst_call_detach(struct pst_call *call)
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
	struct pst_call_id_bytes id_bytes;
	struct pst_call_id id = pst_call_id_of(call, &id_bytes);

	if (!call->begun)
		return;
	pst_call_write_cancel(&w, &id);
	pst_call_send(call, &w);
}

void
pst_call_fail(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct pst_map headers = call->headers;

	pst_call_detach(call);
	call->headers = (struct pst_map){ 0 };
	call->events->failed(call, failure);
	pst_map_fini(&headers);
}

/* Not the callee says so: it is told. */
void
pst_call_give_up(struct pst_call *call, enum pst_call_code code, const char *text)
{
	const struct pst_call_failure failure = { code, text, 0, call->begun };

	send_cancel(call);
	pst_call_fail(call, &failure);
}

static void
deadline_passed(struct pst_timer *timer)
{
	pst_call_give_up(pst_container_of(timer, struct pst_call, timer), PST_CALL_DEADLINE,
	    "no answer in time");
}

static void
gate_closed(struct pst_gate_watch *watch)
{
	struct pst_call *call = pst_container_of(watch, struct pst_call, watch);
	const struct pst_call_failure failure = {
		PST_CALL_CANCELLED, "the way to the function is lost", 0, call->begun,
	};

	pst_call_fail(call, &failure);
}

void
pst_call_cancel(struct pst_call *call)
{
	if (!call->caller)
		return;
	send_cancel(call);
	pst_call_detach(call);
	pst_map_fini(&call->headers);
}

/* ---- what goes ---- */

static void send_piece(struct pst_task *task);

/* The call itself, built by pst_call_begin(): not within it, since an answer may come at once. */
static void
send_call(struct pst_task *task)
{
	struct pst_call *call = pst_container_of(task, struct pst_call, out.task);
	struct pst_buf message = pst_buf_take(&call->message);
	const struct pst_call_failure failure = {
		PST_CALL_UNKNOWN, "there is no such worker here", 0, false,
	};

	call->begun = true;
	if (pst_call_out_ready(&call->out))
		pst_task_post(call->caller->env, &call->out.task, send_piece);
	if (send_buf(call, &message))
		pst_call_fail(call, &failure); /* nobody heard of it, so nothing has ended it */
}

/* One a turn of the loop, so that others are heard between two. */
static void
send_piece(struct pst_task *task)
{
	struct pst_call *call = pst_container_of(task, struct pst_call, out.task);
	struct pst_env *env = call->caller->env;
	struct pst_call_id_bytes id_bytes;
	struct pst_call_id id = pst_call_id_of(call, &id_bytes);
	struct pst_buf piece;

	if (pst_call_out_next(&call->out, &piece, env, &id)) {
		pst_call_give_up(call, PST_CALL_MEMORY, "no memory for the body");
		return;
	}
	if (pst_call_out_ready(&call->out))
		pst_task_post(env, &call->out.task, send_piece);
	else if (!call->out.left)
		pst_buf_free(&call->body);
	send_buf(call, &piece); /* last: it may end the call */
}

void
pst_call_granted(struct pst_call *call, uint64_t bytes)
{
	if (pst_call_out_grant(&call->out, bytes))
		pst_task_post(call->caller->env, &call->out.task, send_piece);
}

/* The first message, with as much of the body as goes into it. */
static int
message_make(struct pst_call *call, struct pst_env *env, const struct pst_call_head *head,
    struct pst_buf *body)
{
	unsigned flags = head->flags & (PST_CALL_IDEMPOTENT | PST_CALL_STREAM);
	struct pst_call_id_bytes id_bytes;
	struct pst_call_id id = pst_call_id_of(call, &id_bytes);
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
