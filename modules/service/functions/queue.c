/*
 * Calls that come: as many run as `instances` says, as many wait as `queue` says, and more are
 * told when to come again. One that waits for its host still counts as running.
 */
#include <sodium.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "function.h"

/* Idents are 0 to 2^31 - 2: by steps through a prime none comes again for as many calls. */
#define IDENTS UINT32_C(0x7fffffff)

/* Ours: the inputs of all that wait are at most so many times the largest one. */
#define QUEUED_BODIES 4

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 60000

void
queue_open(struct function *f)
{
	f->end = &f->first;
	f->ident = randombytes_uniform(IDENTS);
	f->ident_step = 1 + randombytes_uniform(IDENTS - 1);
}

/* ---- lists ---- */

static void
link_in(struct execution **at, struct execution *x)
{
	x->next = *at;
	x->link = at;
	if (x->next)
		x->next->link = &x->next;
	*at = x;
}

static void
link_out(struct execution *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
}

static void
waiting_put(struct function *f, struct execution *x)
{
	link_in(f->end, x);
	f->end = &x->next;
	f->queued++;
	f->queued_bytes += x->call->body_len;
}

static void
waiting_take(struct function *f, struct execution *x)
{
	if (f->end == &x->next)
		f->end = x->link;
	link_out(x);
	f->queued--;
	f->queued_bytes -= x->call->body_len;
	pst_timer_stop(f->env, &x->timer);
}

/* One without an instance. */
static struct execution *
spare_take(struct function *f)
{
	struct execution *x = f->spare;

	if (!x)
		return calloc(1, sizeof *x);
	f->spare = x->next;
	f->spares--;
	return x;
}

static void
spare_put(struct function *f, struct execution *x)
{
	execution_retire(x);
	if (f->spares >= (size_t)f->conf->instances) {
		free(x);
		return;
	}
	x->next = f->spare;
	f->spare = x;
	f->spares++;
}

static void
execution_give(struct function *f, struct execution *x)
{
	bool again = execution_serves_again(x) && x->program == f->program;

	execution_reset(x);
	if (!again) {
		spare_put(f, x);
		return;
	}
	x->next = f->idle;
	f->idle = x;
}

/* ---- ending ---- */

static void
something_ended(struct pst_task *task)
{
	function_rests(pst_container_of(task, struct function, ended));
}

/* Nothing that capabilities keep for it outlives it. */
static void
lasting_end(struct execution *x)
{
	struct pst_lasting *lasting;

	while ((lasting = x->lasting)) {
		pst_linked_leave(lasting);
		lasting->over(lasting);
	}
}

static void
execution_ended(struct execution *x)
{
	struct function *f = x->function;

	lasting_end(x);
	if (x->memory > f->memory)
		f->memory = x->memory;
	f->run_us = (7 * f->run_us + (uv_hrtime() - x->began_ns) / 1000) / 8;
	outcome_tell(x);
	execution_give(f, x);
	if (f->closing)
		pst_task_post(f->env, &f->ended, something_ended);
}

/* ---- running ---- */

static void queue_feed(struct function *f);

static void
running_end(struct execution *x)
{
	struct function *f = x->function;

	link_out(x);
	f->running--;
	execution_ended(x);
	queue_feed(f);
}

/* Back on the loop: it waits for its host, or it is over. */
static void
execution_back(struct pst_job *job)
{
	struct execution *x = pst_container_of(job, struct execution, job);

	if (x->pending && !atomic_load(&x->over))
		host_ask(x);
	else
		running_end(x);
}

void
queue_go_on(struct execution *x)
{
	int rc = pst_crew_run(x->function->env, &x->job);

	if (!rc)
		return;
	atomic_store(&x->over, OVER_FAILED);
	running_end(x);
}

static void
call_take(struct execution *x, struct function *f, struct pst_called *call)
{
	x->function = f;
	x->call = call;
	x->shown.function = pst_section_name(f->senv);
	x->shown.log = f->log;
	x->shown.lasting = &x->lasting;
	call->arg = x;
}

/* An instance is its execution's: if one is idle, it takes the call over, so that those that run and those that are idle are
 * together never more than `instances`. */
static struct execution *
idle_instead(struct function *f, struct execution *x)
{
	struct execution *idle = f->idle;

	if (!idle)
		return x;
	f->idle = idle->next;
	call_take(idle, f, x->call);
	idle->began_ns = x->began_ns;
	idle->due_ns = x->due_ns;
	execution_reset(x);
	spare_put(f, x);
	return idle;
}

static void
execution_begin(struct execution *x)
{
	struct function *f = x->function;

	x = idle_instead(f, x);
	f->ident = (uint32_t)(((uint64_t)f->ident + f->ident_step) % IDENTS);
	x->shown.ident = f->ident;
	if (x->program != f->program) {
		execution_retire(x);
		x->program = program_ref(f->program);
	}
	x->running = true;
	x->job.work = execution_work;
	x->job.done = execution_back;
	f->running++;
	link_in(&f->running_first, x);
	queue_go_on(x);
}

static void
queue_feed(struct function *f)
{
	while (f->first && f->program && f->running < (size_t)f->conf->instances && !f->closing) {
		struct execution *x = f->first;

		waiting_take(f, x);
		execution_begin(x);
	}
}

/* ---- waiting ---- */

/* Of one that never began. */
static void
waiting_end(struct execution *x, enum over why)
{
	waiting_take(x->function, x);
	atomic_store(&x->over, why);
	execution_ended(x);
}

static void
waited_too_long(struct pst_timer *timer)
{
	waiting_end(pst_container_of(timer, struct execution, timer), OVER_DEADLINE);
}

void
queue_loaded(struct function *f)
{
	while (f->idle && f->idle->program != f->program) {
		struct execution *x = f->idle;

		f->idle = x->next;
		spare_put(f, x);
	}
	while (f->first && !f->program)
		waiting_end(f->first, OVER_FAILED);
	queue_feed(f);
}

/* Who called has gone. */
static void
call_cancelled(struct pst_called *call)
{
	struct execution *x = call->arg;

	if (!x->running) {
		waiting_end(x, OVER_CANCELLED);
	} else if (!atomic_load(&x->over)) {
		atomic_store(&x->over, OVER_CANCELLED);
		host_cancel(x);
	}
}

/* ---- coming ---- */

static uint32_t
retry_after_ms(const struct function *f)
{
	uint64_t ms = f->run_us * (f->queued + 1) / (uint64_t)f->conf->instances / 1000;

	return (uint32_t)(ms < RETRY_MIN_MS ? RETRY_MIN_MS : ms > RETRY_MAX_MS ? RETRY_MAX_MS : ms);
}

static bool
queue_full(const struct function *f, const struct pst_called *call)
{
	return f->queued >= (size_t)f->conf->queue ||
	    f->queued_bytes + call->body_len > QUEUED_BODIES * f->conf->body;
}

static struct execution *
execution_new(struct function *f, struct pst_called *call)
{
	struct execution *x = spare_take(f);
	uint64_t deadline_ms = f->setup->limits.deadline_ms;

	if (!x)
		return NULL;
	if (call->deadline_ms && (!deadline_ms || call->deadline_ms < deadline_ms))
		deadline_ms = call->deadline_ms;
	call_take(x, f, call);
	x->began_ns = uv_hrtime();
	x->due_ns = deadline_ms ? x->began_ns + deadline_ms * 1000000 : 0;
	call->cancelled = call_cancelled;
	return x;
}

void
queue_called(struct pst_callee *callee, struct pst_called *call)
{
	struct function *f = pst_container_of(callee, struct function, callee);
	bool now = f->program && f->running < (size_t)f->conf->instances;
	struct execution *x;

	f->calls++;
	if (f->draining || f->closing) {
		outcome_refuse(f, call, PST_CALL_BUSY, "the node stops", RETRY_MIN_MS);
	} else if (!f->program && f->source.looked) {
		outcome_refuse(f, call, PST_CALL_INTERNAL, "the function's module cannot run", 0);
	} else if (!now && queue_full(f, call)) {
		outcome_refuse(f, call, PST_CALL_BUSY, "the function's queue is full", retry_after_ms(f));
	} else if (!(x = execution_new(f, call))) {
		outcome_refuse(f, call, PST_CALL_BUSY, "out of memory", RETRY_MIN_MS);
	} else if (now) {
		execution_begin(x);
	} else {
		waiting_put(f, x);
		if (x->due_ns)
			pst_timer_start(f->env, &x->timer, (x->due_ns - x->began_ns) / 1000000,
			    waited_too_long);
	}
}

void
queue_close(struct function *f)
{
	while (f->first)
		waiting_end(f->first, OVER_CANCELLED);
	for (struct execution *x = f->running_first; x; x = x->next)
		if (!atomic_load(&x->over)) {
			atomic_store(&x->over, OVER_CANCELLED);
			host_cancel(x);
		}
	pst_task_post(f->env, &f->ended, something_ended);
}
