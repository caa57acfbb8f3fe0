/* A request on its way: from its exchange through the steps of its handler, and back. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/linked.h>

#include "exchange.h"
#include "front.h"
#include "outcome.h"
#include "pattern.h"

/* Retry-After where a function is busy and does not say for how long. */
#define RETRY_AFTER_S 1

struct visit {
	struct front *front;
	struct visit *next, **link;
	struct exchange *exchange;
	struct app *app; /* whose handler it is */
	const struct plan_handler *handler;
	struct run run;
	uint64_t since_ms;
	bool begun;
};

static void
visit_free(struct visit *v)
{
	run_fini(&v->run);
	pst_linked_leave(v);
	v->front->count--;
	front_app_unref(&v->app);
	free(v);
}

/* ---- what the request says beside its body ---- */

static int
object_read(struct pst_map *out, const struct pst_map *headers, const char *name)
{
	const struct pst_map_item *header = pst_map_get(headers, name);
	json_t *object = header ? json_loadb((const char *)header->value, header->len, 0, NULL) : NULL;
	const char *key;
	json_t *value;
	int rc = PST_OK;

	/* what is no object of texts says nothing (spec functions.md 5.1) */
	json_object_foreach(object, key, value)
		if (!rc && json_is_string(value))
			rc = pst_map_put(out, key, json_string_value(value), json_string_length(value));
	json_decref(object);
	return rc;
}

static int
request_by_name(struct pst_coordinated *request)
{
	static const char *const states[] = { "x-atmo-state", "x-suborbital-state" };
	static const char *const params[] = { "x-atmo-params", "x-suborbital-params" };
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < 2; i++) {
		rc = object_read(&request->state, &request->headers, states[i]);
		if (!rc)
			rc = object_read(&request->params, &request->headers, params[i]);
	}
	return rc;
}

/* One generation of Sat calls the whole path `any`, the other `*` (spec functions.md 7). */
static int
param_any(struct pst_map *params)
{
	const struct pst_map_item *any = pst_map_get(params, "any");

	return any ? pst_map_put(params, "*", any->value, any->len) : PST_OK;
}

static int
request_fill(struct visit *v)
{
	struct pst_coordinated *request = &v->run.request;
	const struct plan_handler *h = v->handler;
	int rc = h->by_name ? request_by_name(request) : PST_OK;

	for (size_t i = 0; !rc && i < h->params.count; i++)
		rc = pst_map_put(&request->params, h->params.items[i].name, h->params.items[i].value,
		    h->params.items[i].len);
	if (!rc && !h->is_path)
		rc = pattern_params(h->pattern, v->exchange->path, &request->params);
	if (!rc && !strcmp(h->pattern, "/*any"))
		rc = param_any(&request->params);
	return rc;
}

/* ---- the answer ---- */

static int
put_text(struct pst_map *map, const char *name, const char *text)
{
	return pst_map_put(map, name, text, strlen(text));
}

static int
headers_fill(struct visit *v)
{
	struct pst_map *headers = &v->run.request.answer;
	const char *id = v->run.request.id;
	uint32_t ms = v->run.retry_after_ms;
	char seconds[16];
	int rc = put_text(headers, "X-Request-Id", id);

	if (!rc && v->handler->by_name)
		rc = put_text(headers, "X-Atmo-RequestID", id);
	if (!rc && v->handler->by_name)
		rc = put_text(headers, "X-Suborbital-RequestID", id);
	if (rc || v->run.status != 503 || !v->run.failed)
		return rc;
	snprintf(seconds, sizeof seconds, "%u", ms ? (unsigned)((ms + 999) / 1000) : RETRY_AFTER_S);
	return put_text(headers, "Retry-After", seconds);
}

static const char *
content_type(const struct run *run)
{
	if (run->failed)
		return "application/json";
	return pst_map_get(&run->request.answer, "content-type") ? NULL : "application/octet-stream";
}

/* The id of a request is the same in the log, in the answer, and for the functions. */
static void
log_visit(const struct visit *v, unsigned status)
{
	pst_debug(v->front->log, "answered", PST_STR("method", v->handler->method),
	    PST_STR("path", v->exchange->path), PST_U64("status", status),
	    PST_STR("request", v->run.request.id),
	    PST_U64("took_ms", pst_now_ms(v->front->env) - v->since_ms));
}

static void
visit_done(struct run *run)
{
	struct visit *v = pst_container_of(run, struct visit, run);
	struct front *front = v->front;
	unsigned status = run->status < 200 || run->status > 599 ? 502 : run->status;
	uint8_t *body = run->body;

	run->body = NULL;
	if (headers_fill(v)) {
		status = 500;
		run->failed = true;
	}
	log_visit(v, status);
	exchange_answer(v->exchange, status, content_type(run), &run->request.answer, body, run->len);
	visit_free(v);
	front_visited(front, status);
}

static void
visit_gone(struct exchange *exchange)
{
	struct visit *v = exchange->arg;
	struct front *front = v->front;

	visit_free(v);
	front_visited(front, 499);
}

/* ---- the beginning ---- */

static void
visit_begin(struct visit *v)
{
	v->begun = true;
	run_begin(&v->run);
}

void
visit_new(struct front *front, struct exchange *exchange, const struct plan_handler *handler)
{
	struct visit *v = calloc(1, sizeof *v);

	if (!v) {
		exchange_say(exchange, 503, "out of memory", NULL);
		front_visited(front, 503);
		return;
	}
	v->front = front;
	v->exchange = exchange;
	v->app = front->app;
	v->app->refs++;
	v->handler = handler;
	v->since_ms = pst_now_ms(front->env);
	v->run = front_run(front, &handler->steps);
	v->run.done = visit_done;
	v->run.request = exchange->request;
	exchange->request = (struct pst_coordinated){ 0 };
	exchange->arg = v;
	exchange->gone = visit_gone;
	pst_linked_enter(&front->visits, v);
	front->count++;
	if (request_fill(v)) {
		v->run.status = 500;
		v->run.failed = true;
		v->run.body = outcome_json(500, "out of memory", &v->run.len);
		visit_done(&v->run);
	} else if (front->ready) {
		visit_begin(v);
	}
}

void
visits_begin(struct front *front)
{
	struct visit *next;

	for (struct visit *v = front->visits; v; v = next) {
		next = v->next;
		if (!v->begun)
			visit_begin(v);
	}
}
