/* One call that came: its body, its answer, its end. */
#include "call/callee.h"
#include "call/message.h"
#include "call/out.h"
#include "call/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/linked.h>

static struct pst_call_id
id_of(const struct pst_called *call)
{
	return (struct pst_call_id){ call->id, call->id_len };
}

static void
send_buf(struct pst_callee *callee, const struct pst_route *back, struct pst_buf *buf)
{
	struct pst_route own = PST_ROUTE_EMPTY;

	if (pst_callee_open_still(callee)) {
		own = pst_worker_route(&callee->worker);
		pst_buf_charge(buf, callee->answers);
	}
	pst_send(pst_env_router(callee->env), back, &own, buf);
}

void
pst_callee_send(struct pst_callee *callee, const struct pst_route *back, const struct pst_writer *w)
{
	struct pst_buf buf;

	if (!pst_env_buf(&buf, callee->env, w->start, pst_writer_len(w), PST_RX_HEADROOM,
	        PST_RX_TAILROOM))
		send_buf(callee, back, &buf);
}

void
pst_callee_send_failure(struct pst_callee *callee, const struct pst_route *back, const struct pst_call_id *id,
    const struct pst_call_failure *failure)
{
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	pst_call_write_failure(&w, id, failure);
	pst_callee_send(callee, back, &w);
}

/* ---- the end of a call ---- */

/* Nobody waits for its answer any more. */
static void
leave(struct pst_called *call)
{
	if (!call->reachable)
		return;
	call->reachable = false;
	pst_call_table_remove(&call->callee->calls, &call->node);
	pst_gate_unwatch(&call->watch);
}

/* Its body is here, or has gone. */
static void
come_to_rest(struct pst_called *call)
{
	struct pst_env *env = call->callee->env;

	pst_timer_stop(env, &call->timer);
	pst_task_cancel(env, &call->out.task);
	call->callee->moving -= call->moving;
	call->moving = false;
}

/* Out of everything but its own memory: before its last message, after which nothing here
 * may be as it was. */
static void
detach(struct pst_called *call)
{
	leave(call);
	come_to_rest(call);
	pst_linked_leave(call);
	call->callee->count--;
	pst_callee_fini(call->callee);
}

void
pst_called_free(struct pst_called *call)
{
	pst_map_fini(&call->headers);
	pst_peer_unref(&call->peer);
	free(call->body);
	free(call);
}

void
pst_called_fail(struct pst_called **callp, const struct pst_call_failure *failure)
{
	struct pst_called *call = *callp;
	struct pst_call_id id = id_of(call);
	bool reachable = call->reachable;

	*callp = NULL;
	detach(call);
	if (reachable)
		pst_callee_send_failure(call->callee, &call->back, &id, failure);
	pst_called_free(call);
}

void
pst_called_give_up(struct pst_called *call, enum pst_call_code code, const char *text)
{
	const struct pst_call_failure failure = { code, text, 0, call->answered };

	pst_called_fail(&call, &failure);
}

/* Cancelled, or out of reach. One that is not its owner's, yet or any more, ends. */
void
pst_called_gone(struct pst_called *call)
{
	leave(call);
	if (call->moving) {
		detach(call);
		pst_called_free(call);
	} else if (call->cancelled) {
		call->cancelled(call);
	}
}

void
pst_called_gate_closed(struct pst_gate_watch *watch)
{
	pst_called_gone(pst_container_of(watch, struct pst_called, watch));
}

static uint64_t
time_left(const struct pst_called *call)
{
	uint64_t now = pst_now_ms(call->callee->env), due = call->came_ms + call->deadline_ms;

	return !call->deadline_ms ? UINT64_MAX : due > now ? due - now : 0;
}

static void
stalled(struct pst_timer *timer)
{
	struct pst_called *call = pst_container_of(timer, struct pst_called, timer);

	pst_called_give_up(call, PST_CALL_DEADLINE,
	    call->answered ? "nobody takes the answer" : "the body does not come");
}

/* A piece of its body goes or comes: there is time for another. */
static void
move(struct pst_called *call)
{
	uint64_t left = call->answered ? UINT64_MAX : time_left(call);

	call->callee->moving += !call->moving;
	call->moving = true;
	pst_timer_start(call->callee->env, &call->timer,
	    left < PST_CALL_STALL_MS ? left : PST_CALL_STALL_MS, stalled);
}

/* ---- the answer ---- */

/* One a turn of the loop, so that others are heard between two. */
static void
send_piece(struct pst_task *task)
{
	struct pst_called *call = pst_container_of(task, struct pst_called, out.task);
	struct pst_callee *callee = call->callee;
	struct pst_call_id id = id_of(call);
	struct pst_buf piece;

	if (pst_call_out_next(&call->out, &piece, callee->env, &id)) {
		pst_called_give_up(call, PST_CALL_MEMORY, "no memory for the answer");
		return;
	}
	move(call);
	if (pst_call_out_ready(&call->out))
		pst_task_post(callee->env, &call->out.task, send_piece);
	if (call->out.left) {
		send_buf(callee, &call->back, &piece); /* it may end the call */
		return;
	}
	detach(call);
	send_buf(callee, &call->back, &piece);
	pst_called_free(call);
}

static int
answer_make(struct pst_called *call, struct pst_buf *out, unsigned status,
    const struct pst_map *headers)
{
	struct pst_call_id id = id_of(call);
	size_t n = call->body_len < PST_CALL_PIECE_SENT ? call->body_len : PST_CALL_PIECE_SENT;
	int rc;

	/* what is left goes after a while, when a closed callee may be no more */
	if (n < call->body_len && !pst_callee_open_still(call->callee))
		return PST_E_CLOSED;
	rc = pst_env_buf(out, call->callee->env, call->body, n,
	    pst_call_answer_room(headers) + PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (rc)
		return rc;
	pst_call_out_init(&call->out, call->body + n, call->body_len - n, n);
	rc = pst_call_push_answer(out, &id, status, headers, call->out.left ? PST_CALL_MORE : 0);
	if (rc)
		pst_buf_free(out);
	return rc;
}

static void
answer_fail(struct pst_called *call, int rc)
{
	char text[PST_CALL_TEXT_MAX];
	const struct pst_call_failure failure = {
		rc == -ENOMEM ? PST_CALL_MEMORY : PST_CALL_INTERNAL, text, 0, true,
	};

	snprintf(text, sizeof text, "the answer cannot be sent: %s", pst_strerror(rc));
	pst_called_fail(&call, &failure);
}

void
pst_called_answer(struct pst_called **callp, unsigned status, const struct pst_map *headers,
    uint8_t *body, size_t len)
{
	struct pst_called *call = *callp;
	struct pst_buf buf = PST_BUF_INIT;
	int rc;

	*callp = NULL;
	free(call->body);
	call->body = body;
	call->body_len = len;
	rc = call->reachable ? answer_make(call, &buf, status, headers) : PST_OK;
	if (rc) {
		answer_fail(call, rc);
		return;
	}
	call->answered = true;
	if (call->out.left) {
		move(call);
		pst_task_post(call->callee->env, &call->out.task, send_piece);
		send_buf(call->callee, &call->back, &buf); /* it may end the call */
		return;
	}
	detach(call);
	if (buf.block)
		send_buf(call->callee, &call->back, &buf);
	pst_called_free(call);
}

void
pst_called_grant(struct pst_called *call, uint64_t bytes)
{
	if (pst_call_out_grant(&call->out, bytes))
		pst_task_post(call->callee->env, &call->out.task, send_piece);
}

/* ---- the body ---- */

/* Not more than is there is asked for: the length of a body is known when it has come. */
static int
body_add(struct pst_called *call, const uint8_t *bytes, size_t len)
{
	size_t need = call->body_len + len, room = call->body_room ? call->body_room * 2 : need;
	uint8_t *body = call->body;

	if (!len)
		return PST_OK;
	if (need > call->body_room) {
		room = room < need ? need : room;
		body = realloc(body, room);
		if (!body)
			return -ENOMEM;
		call->body_room = room;
	}
	memcpy(body + call->body_len, bytes, len);
	call->body = body;
	call->body_len = need;
	return PST_OK;
}

/* All of it is here: the owner's. */
static void
give(struct pst_called *call)
{
	uint64_t left = time_left(call);

	come_to_rest(call);
	if (!left) {
		pst_called_give_up(call, PST_CALL_DEADLINE, "the deadline passed before the body was here");
		return;
	}
	call->deadline_ms = call->deadline_ms ? left : 0;
	call->callee->called(call->callee, call);
}

static void
grant(struct pst_called *call)
{
	uint64_t more = PST_CALL_FIRST_GRANT - call->window;
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_call_id id = id_of(call);

	if (more < PST_CALL_FIRST_GRANT / 2)
		return;
	call->window += more;
	pst_call_write_grant(&w, &id, more);
	pst_callee_send(call->callee, &call->back, &w); /* last: it may end the call */
}

/* What a message has of the body. */
void
pst_called_body(struct pst_called *call, const struct pst_call_message *msg)
{
	if (msg->body_len > call->window)
		pst_called_give_up(call, PST_CALL_INTERNAL, "more of the body came than was granted");
	else if (msg->body_len > call->callee->body_max - call->body_len)
		pst_called_give_up(call, PST_CALL_MEMORY, "the body is too large");
	else if (body_add(call, msg->body, msg->body_len))
		pst_called_give_up(call, PST_CALL_MEMORY, "no memory for the body");
	else if (!(msg->flags & PST_CALL_MORE))
		give(call);
	else {
		call->window -= msg->body_len;
		move(call);
		grant(call);
	}
}

