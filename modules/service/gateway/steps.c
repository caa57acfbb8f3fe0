/* The course of a request through its steps. */
#include "steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/bytes.h>

#include "outcome.h"

/* One call of the step. */
struct member {
	struct run *run;
	const struct plan_call *plan;
	struct pst_call call;
	struct pst_bytes output;
	unsigned status;
	const struct pst_map *headers; /* of the answer; as long as the call */
	bool under_way;
};

static const char out_of_memory[] = "out of memory";

static void step_begin(struct run *run);

/* ---- the end ---- */

static void
members_free(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		if (run->members[i].under_way)
			pst_call_cancel(&run->members[i].call);
		pst_bytes_fini(&run->members[i].output);
	}
	free(run->members);
	run->members = NULL;
	run->count = run->pending = 0;
}

static void
finish(struct run *run)
{
	pst_timer_stop(run->caller->env, &run->timer);
	members_free(run);
	run->done(run);
}

static void
fail(struct run *run, unsigned status, const char *sentence)
{
	run->failed = true;
	run->status = status;
	run->body = outcome_json(status, sentence, &run->len);
	finish(run);
}

void
run_fini(struct run *run)
{
	pst_timer_stop(run->caller->env, &run->timer);
	members_free(run);
	pst_coordinated_fini(&run->request);
	free(run->error);
	free(run->body);
	run->error = NULL;
	run->body = NULL;
}

/* ---- a step is done ---- */

static bool
goes_on(const struct plan_call *plan, int code)
{
	for (const struct plan_code *c = plan->codes; c; c = c->next)
		if (c->code == code)
			return c->go_on;
	return plan->go_on;
}

/* Answer with what stands there: PST_OK with nothing where nobody produced it. */
static int
response_from_state(struct run *run, const char *key)
{
	const struct pst_map_item *item = key ? pst_map_get(&run->request.state, key) : NULL;

	if (!item || !item->len)
		return PST_OK;
	run->body = malloc(item->len);
	if (!run->body)
		return -ENOMEM;
	memcpy(run->body, item->value, item->len);
	run->len = item->len;
	return PST_OK;
}

/* The answer of the last step need not go through the state. */
static bool
is_answer(const struct run *run, const struct plan_call *plan)
{
	const char *response = run->steps->response;

	return !run->step->next && run->count == 1 && (!response || !strcmp(response, plan->as));
}

static void
step_done(struct run *run)
{
	const struct plan_call *last = run->members[run->count - 1].plan;
	bool answered = is_answer(run, last), group = run->step->group;
	const char *response = run->steps->response;
	int rc = PST_OK;

	pst_timer_stop(run->caller->env, &run->timer);
	for (size_t i = 0; !rc && !answered && i < run->count; i++) {
		const struct member *m = &run->members[i];

		rc = pst_map_put(&run->request.state, m->plan->as, m->output.start, m->output.len);
	}
	if (!rc && answered)
		run->body = pst_bytes_take(&run->members[0].output, &run->len);
	if (rc) {
		fail(run, 500, rc == PST_E_LIMIT ? "the state is too large" : out_of_memory);
		return;
	}
	members_free(run);
	run->step = run->step->next;
	if (run->step) {
		step_begin(run);
		return;
	}
	if (!answered)
		rc = response_from_state(run, response ? response : group ? NULL : last->as);
	run->status = 200;
	if (rc)
		fail(run, 500, out_of_memory);
	else
		finish(run);
}

/* A run error: it stands in the state for the output, or ends the run. So does what is no function's. */
static void
member_refused(struct run *run, struct member *m, const struct pst_map_item *error)
{
	if (error && goes_on(m->plan, outcome_code(error))) {
		pst_bytes_fini(&m->output);
		if (pst_bytes_put(&m->output, error->value, error->len, run->output_max))
			fail(run, 500, out_of_memory);
		else if (!--run->pending)
			step_done(run);
		return;
	}
	run->failed = error != NULL;
	run->error = error ? strndup((const char *)error->value, error->len) : NULL;
	run->status = m->status;
	run->body = pst_bytes_take(&m->output, &run->len);
	finish(run);
}

/* ---- the events of a call ---- */

static void
answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct member *m = pst_container_of(call, struct member, call);

	m->status = status;
	m->headers = headers;
}

static void
body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct member *m = pst_container_of(call, struct member, call);
	struct run *run = m->run;
	const struct pst_map_item *error;
	int rc;

	m->under_way = !last;
	if (pst_bytes_put(&m->output, piece->start, pst_buf_len(piece), run->output_max)) {
		fail(run, 502, "the answer is too large");
		return;
	}
	if (!last)
		return;
	error = pst_map_get(m->headers, PST_COORDINATED_ERROR_HEADER);
	if (error || m->status < 200 || m->status > 299) {
		member_refused(run, m, error);
		return;
	}
	rc = outcome_take(&run->request, m->headers, !m->plan->with);
	if (rc)
		fail(run, 500, rc == PST_E_LIMIT ? "the request has become too large" : out_of_memory);
	else if (!--run->pending)
		step_done(run);
}

static void
failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct member *m = pst_container_of(call, struct member, call);

	m->under_way = false;
	m->run->retry_after_ms = failure->retry_after_ms;
	fail(m->run, outcome_status(failure->code), outcome_sentence(failure));
}

static const struct pst_call_events events = {
	.answer = answer,
	.body = body,
	.failed = failed,
};

/* ---- a step begins ---- */

static void
group_too_slow(struct pst_timer *timer)
{
	fail(pst_container_of(timer, struct run, timer), 500, "fn group timed out");
}

/* The request as the function sees it travels in one header. */
static int
member_call(struct run *run, struct member *m, const char *json, size_t json_len)
{
	const struct pst_coordinated *r = &run->request;
	struct pst_map headers = { 0 };
	struct pst_route_buf route;
	struct pst_route view;
	struct pst_buf bytes = PST_BUF_INIT;
	struct pst_call_head head = { r->method, r->url, &headers, run->deadline_ms, 0 };
	struct pst_env *env = run->caller->env;
	int rc;

	pst_route_buf_init(&route);
	rc = pst_route_add(&route, PST_ADDRESS_LOCAL, m->plan->fn->worker, strlen(m->plan->fn->worker));
	if (!rc)
		rc = pst_map_put(&headers, PST_CALL_REQUEST_HEADER, json, json_len);
	if (!rc && *r->id)
		rc = pst_map_put(&headers, PST_CALL_ID_HEADER, r->id, strlen(r->id));
	if (!rc && r->body_len)
		rc = pst_env_buf(&bytes, env, r->body, r->body_len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (!rc) {
		view = pst_route_buf_view(&route);
		rc = pst_call_begin(run->caller, &m->call, &view, &head, &bytes, &events);
	}
	pst_buf_free(&bytes);
	pst_map_fini(&headers);
	m->under_way = !rc;
	return rc;
}

/* `with`: as the state is, but that keys have other names. Only its items are to be freed. */
static int
state_alias(struct pst_map *out, const struct plan_with *with)
{
	struct pst_map_item *items = calloc(out->count + 1, sizeof *items);

	if (!items)
		return -ENOMEM;
	if (out->count)
		memcpy(items, out->items, out->count * sizeof *items);
	out->items = items;
	for (const struct plan_with *w = with; w; w = w->next) {
		struct pst_map_item *item = (struct pst_map_item *)pst_map_get(out, w->key);
		struct pst_map_item *hidden = (struct pst_map_item *)pst_map_get(out, w->alias);

		if (!item)
			return PST_E_NOTHING;
		item->name = w->alias;
		if (hidden && hidden != item)
			*hidden = items[--out->count];
	}
	return PST_OK;
}

static int
member_begin(struct run *run, struct member *m)
{
	struct pst_coordinated seen = run->request;
	char *json = NULL;
	size_t len;
	int rc = PST_OK;

	if (m->plan->with && !run->step->group)
		rc = state_alias(&seen.state, m->plan->with);
	if (!rc)
		rc = pst_coordinated_write(&seen, false, &json, &len);
	if (seen.state.items != run->request.state.items)
		free(seen.state.items);
	if (!rc)
		rc = member_call(run, m, json, len);
	free(json);
	return rc;
}

static const char *
begin_sentence(int rc)
{
	switch (rc) {
	case PST_E_NOTHING:
		return "a key that the step wants is not in the state";
	case PST_E_LIMIT:
		return "the request is too large for a call";
	default:
		return pst_strerror(rc);
	}
}

static int
members_new(struct run *run)
{
	size_t count = 0;

	for (const struct plan_call *c = run->step->calls; c; c = c->next)
		count++;
	run->members = calloc(count, sizeof *run->members);
	if (!run->members)
		return -ENOMEM;
	for (const struct plan_call *c = run->step->calls; c; c = c->next) {
		run->members[run->count].plan = c;
		run->members[run->count++].run = run;
	}
	run->pending = run->count;
	return PST_OK;
}

static void
step_begin(struct run *run)
{
	int rc = members_new(run);

	for (size_t i = 0; !rc && i < run->count; i++)
		rc = member_begin(run, &run->members[i]);
	if (rc)
		fail(run, 500, begin_sentence(rc));
	else if (run->step->group)
		pst_timer_start(run->caller->env, &run->timer, STEPS_GROUP_MS, group_too_slow);
}

void
run_begin(struct run *run)
{
	run->step = run->steps->first;
	step_begin(run);
}
