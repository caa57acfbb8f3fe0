/* How a plan is filled, and let go. */
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "plan.h"

/* Where the next item of a list goes. */
#define LIST_END(list) \
	({ \
		__typeof__(list) end_ = (list); \
		while (*end_) \
			end_ = &(*end_)->next; \
		end_; \
	})

#define LIST_FREE(list, item_free) \
	while (list) { \
		__typeof__(list) item_ = (list); \
		(list) = item_->next; \
		item_free(item_); \
	}

static void
with_free(struct plan_with *with)
{
	free(with->alias);
	free(with->key);
	free(with);
}

static void
call_free(struct plan_call *call)
{
	LIST_FREE(call->with, with_free)
	LIST_FREE(call->codes, free)
	free(call->as);
	free(call);
}

static void
step_free(struct plan_step *step)
{
	LIST_FREE(step->calls, call_free)
	free(step);
}

static void
steps_fini(struct plan_steps *steps)
{
	LIST_FREE(steps->first, step_free)
	free(steps->response);
}

static void
handler_free(struct plan_handler *handler)
{
	steps_fini(&handler->steps);
	pst_map_fini(&handler->params);
	free(handler->method);
	free(handler->pattern);
	free(handler->missing);
	free(handler);
}

static void
schedule_free(struct plan_schedule *schedule)
{
	steps_fini(&schedule->steps);
	pst_map_fini(&schedule->state);
	free(schedule->name);
	free(schedule);
}

static void
fn_free(struct plan_fn *fn)
{
	free(fn->name);
	free(fn->worker);
	free(fn);
}

void
plan_fini(struct plan *plan)
{
	LIST_FREE(plan->handlers, handler_free)
	LIST_FREE(plan->schedules, schedule_free)
	LIST_FREE(plan->functions, fn_free)
}

struct plan_fn *
plan_fn(struct plan *plan, const char *name, const char *worker)
{
	struct plan_fn *fn;

	for (fn = plan->functions; fn; fn = fn->next)
		if (!strcmp(fn->name, name))
			return fn;
	fn = calloc(1, sizeof *fn);
	if (!fn)
		return NULL;
	*LIST_END(&plan->functions) = fn;
	fn->name = strdup(name);
	fn->worker = strdup(worker);
	return fn->name && fn->worker ? fn : NULL;
}

struct plan_handler *
plan_handler_add(struct plan *plan, enum plan_kind kind, const char *method, const char *pattern)
{
	struct plan_handler *handler = calloc(1, sizeof *handler);

	if (!handler)
		return NULL;
	*LIST_END(&plan->handlers) = handler;
	handler->kind = kind;
	handler->method = strdup(method);
	handler->pattern = strdup(pattern);
	handler->is_path = pattern_is_path(pattern);
	return handler->method && handler->pattern ? handler : NULL;
}

struct plan_schedule *
plan_schedule_add(struct plan *plan, const char *name, uint64_t every_ms)
{
	struct plan_schedule *schedule = calloc(1, sizeof *schedule);

	if (!schedule)
		return NULL;
	*LIST_END(&plan->schedules) = schedule;
	schedule->every_ms = every_ms;
	schedule->name = strdup(name);
	return schedule->name ? schedule : NULL;
}

struct plan_step *
plan_step_add(struct plan_steps *steps, bool group)
{
	struct plan_step *step = calloc(1, sizeof *step);

	if (!step)
		return NULL;
	*LIST_END(&steps->first) = step;
	step->group = group;
	return step;
}

struct plan_call *
plan_call_add(struct plan_step *step, const struct plan_fn *fn, const char *as)
{
	struct plan_call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	*LIST_END(&step->calls) = call;
	call->fn = fn;
	call->as = strdup(as);
	return call->as ? call : NULL;
}

struct plan_with *
plan_with_add(struct plan_call *call, const char *alias, const char *key)
{
	struct plan_with *with = calloc(1, sizeof *with);

	if (!with)
		return NULL;
	*LIST_END(&call->with) = with;
	with->alias = strdup(alias);
	with->key = strdup(key);
	return with->alias && with->key ? with : NULL;
}

struct plan_code *
plan_code_add(struct plan_call *call, int code, bool go_on)
{
	struct plan_code *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	*LIST_END(&call->codes) = c;
	c->code = code;
	c->go_on = go_on;
	return c;
}

struct plan_call *
plan_only(struct plan_steps *steps, const struct plan_fn *fn)
{
	struct plan_step *step = plan_step_add(steps, false);

	return step ? plan_call_add(step, fn, fn->name) : NULL;
}

static bool
methods_meet(const char *a, const char *b)
{
	return !strcmp(a, "*") || !strcmp(b, "*") || !strcmp(a, b);
}

const struct plan_handler *
plan_conflict(const struct plan *plan, const struct plan_handler *handler)
{
	for (const struct plan_handler *h = plan->handlers; h && h != handler; h = h->next)
		if (methods_meet(h->method, handler->method) &&
		    patterns_conflict(h->pattern, handler->pattern))
			return h;
	return NULL;
}
