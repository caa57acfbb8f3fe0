/* A call that is passed on to one node after the other, until one answers it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/bytes.h>

#include "constellation.h"
#include "outcome.h"

/* When to try again, where nobody says so. */
#define RETRY_AFTER_MS 1000
/* How often the way to a node may be lost to one call: what makes nodes die shall not do so for ever. */
#define LOST_MAX 16

struct passing {
	struct constellation *constellation;
	struct passing *next, **link;
	struct pst_called *called;
	struct pst_call call;
	struct pst_timer timer; /* while it waits for a node */
	struct member *member;  /* who has it now; NULL: it waits */
	struct pst_bytes output;
	unsigned status;
	const struct pst_map *headers;
	uint64_t began_ms;
	bool started;  /* somewhere */
	unsigned lost; /* so often was the way, or the function at its end */
	uint64_t *tried; /* numbers of members */
	size_t tried_count;
};

static void
passing_leave(struct passing *p)
{
	pst_linked_leave(p);
	pst_timer_stop(p->constellation->env, &p->timer);
	if (p->member)
		member_done(p->member);
	p->member = NULL;
}

static void
passing_free(struct passing *p)
{
	passing_leave(p);
	p->constellation->count--;
	pst_bytes_fini(&p->output);
	free(p->tried);
	free(p);
}

static void
passing_fail(struct passing *p, const struct pst_call_failure *failure)
{
	p->constellation->failed++;
	pst_called_fail(&p->called, failure);
	passing_free(p);
}

/* ---- waiting ---- */

/* What is left of its time; 0: it has none of its own. */
static bool
time_left(const struct passing *p, uint64_t *ms)
{
	uint64_t took = pst_now_ms(p->constellation->env) - p->began_ms;

	*ms = p->called->deadline_ms;
	if (*ms && took >= *ms)
		return false;
	if (*ms)
		*ms -= took;
	return true;
}

static void
patience_is_out(struct pst_timer *timer)
{
	struct passing *p = pst_container_of(timer, struct passing, timer);
	uint64_t ms;

	passing_fail(p, &(struct pst_call_failure){ time_left(p, &ms) ? PST_CALL_BUSY : PST_CALL_DEADLINE,
	    OUTCOME_NO_NODE, RETRY_AFTER_MS, p->started });
}

/* ---- who was asked ---- */

bool
passing_tried(const struct passing *p, const struct member *m)
{
	for (size_t i = 0; i < p->tried_count; i++)
		if (p->tried[i] == m->number)
			return true;
	return false;
}

static int
tried_add(struct passing *p, const struct member *m)
{
	uint64_t *more = realloc(p->tried, (p->tried_count + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	p->tried = more;
	p->tried[p->tried_count++] = m->number;
	return PST_OK;
}

/* ---- to the next one ---- */

static const struct pst_call_events events;

static int
send_to(struct passing *p, struct member *m, uint64_t ms)
{
	struct constellation *c = p->constellation;
	const struct pst_called *called = p->called;
	struct pst_call_head head = {
		called->method, called->resource, &called->headers, ms, called->flags,
	};
	struct pst_route route = pst_route_buf_view(&m->route);
	struct pst_buf body = PST_BUF_INIT;
	int rc = tried_add(p, m);

	if (!rc && called->body_len)
		rc = pst_env_buf(&body, c->env, called->body, called->body_len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (rc)
		return rc;
	pst_bytes_fini(&p->output);
	rc = pst_call_begin(&c->caller, &p->call, &route, &head, &body, &events);
	if (rc)
		return rc;
	p->member = m;
	member_enter(m);
	pst_linked_enter(&c->under_way, p);
	return PST_OK;
}

/* To the next node; without one it waits, or fails if the last said why. */
static void
go_on(struct passing *p, const struct pst_call_failure *why)
{
	struct constellation *c = p->constellation;
	struct member *m = constellation_choose(c, p);
	uint64_t ms;

	passing_leave(p);
	if (!time_left(p, &ms)) {
		passing_fail(p, &(struct pst_call_failure){ PST_CALL_DEADLINE, "no answer in time", 0, false });
	} else if (m) {
		if (send_to(p, m, ms))
			passing_fail(p, &(struct pst_call_failure){ PST_CALL_MEMORY, "out of memory", 0, false });
	} else if (why) {
		passing_fail(p, why);
	} else {
		pst_timer_start(c->env, &p->timer, ms && ms < c->conf->connect_timeout ? ms : c->conf->connect_timeout,
		    patience_is_out);
		pst_linked_enter(&c->waiting, p);
	}
}

void
passings_go_on(struct constellation *c)
{
	struct passing *round = NULL, *p;

	pst_linked_take(&round, &c->waiting);
	while ((p = round))
		go_on(p, NULL);
}

/* ---- what comes of it ---- */

static void
answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct passing *p = pst_container_of(call, struct passing, call);

	p->status = status;
	p->headers = headers;
}

static void
body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct passing *p = pst_container_of(call, struct passing, call);
	struct constellation *c = p->constellation;
	uint8_t *bytes;
	size_t len;

	if (pst_bytes_put(&p->output, piece->start, pst_buf_len(piece), c->conf->answer)) {
		if (!last)
			pst_call_cancel(&p->call);
		passing_fail(p, &(struct pst_call_failure){ PST_CALL_INTERNAL, "the answer is too large", 0, true });
		return;
	}
	if (!last)
		return;
	bytes = pst_bytes_take(&p->output, &len);
	pst_called_answer(&p->called, p->status, p->headers, bytes, len);
	passing_free(p);
}

/* Its node has gone, or the function there: whether it comes back is to be seen. */
static bool
is_lost(const struct pst_call_failure *failure)
{
	return failure->code == PST_CALL_CANCELLED || failure->code == PST_CALL_UNKNOWN;
}

/* A call of which no guest has seen anything can be made anywhere; of another its owner says so. */
static bool
may_be_made_again(const struct passing *p, const struct pst_call_failure *failure)
{
	if (failure->code == PST_CALL_DEADLINE)
		return false;
	return !failure->started || p->constellation->conf->idempotent ||
	    (p->called->flags & PST_CALL_IDEMPOTENT);
}

static void
failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct passing *p = pst_container_of(call, struct passing, call);

	if (failure->code == PST_CALL_DEADLINE || failure->code == PST_CALL_CANCELLED)
		member_suspect(p->member);
	p->started |= failure->started;
	p->lost += is_lost(failure);
	if (!may_be_made_again(p, failure) || p->lost >= LOST_MAX) {
		passing_fail(p, failure);
		return;
	}
	p->constellation->retried++;
	go_on(p, is_lost(failure) ? NULL : failure);
}

static const struct pst_call_events events = {
	.answer = answer,
	.body = body,
	.failed = failed,
};

static void
end(struct passing *p, const char *why)
{
	if (p->member)
		pst_call_cancel(&p->call);
	passing_fail(p, &(struct pst_call_failure){ PST_CALL_CANCELLED, why, 0, p->member != NULL });
}

static void
cancelled(struct pst_called *called)
{
	end(called->arg, "cancelled");
}

void
passings_end(struct constellation *c)
{
	while (c->waiting)
		end(c->waiting, "the constellation ends");
	while (c->under_way)
		end(c->under_way, "the constellation ends");
}

void
passing_new(struct constellation *c, struct pst_called *called)
{
	struct passing *p = calloc(1, sizeof *p);

	if (!p) {
		pst_called_fail(&called,
		    &(struct pst_call_failure){ PST_CALL_BUSY, "out of memory", RETRY_AFTER_MS, false });
		return;
	}
	p->constellation = c;
	p->called = called;
	p->began_ms = pst_now_ms(c->env);
	called->arg = p;
	called->cancelled = cancelled;
	c->count++;
	go_on(p, NULL);
}
