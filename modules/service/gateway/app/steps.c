/* Steps of a handler, a schedule or a workflow, and which state they leave behind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* One list of steps being read. known: an object that has a member for each state key so far. */
struct reading {
	struct app *app;
	const struct app_steps *in;
	json_t *known;
	struct plan_call *last; /* NULL: the last step is a group, or there is none */
};

/* "404: continue" */
static void
code_read(struct reading *r, struct plan_call *call, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);
	char *end;
	long code = strtol(key, &end, 10);

	if (*end || end == key || code < -1 || code > 99999)
		app_problem(r->app, "%s: onErr: \"%.32s\" is no code", r->in->where, key);
	else if (!text || (strcmp(text, "continue") && strcmp(text, "return")))
		app_problem(r->app, "%s: onErr: code %ld: it is either continue or return", r->in->where, code);
	else if (!plan_code_add(call, (int)code, !strcmp(text, "continue")))
		r->app->rc = -ENOMEM;
}

static bool
goes_on(struct reading *r, const json_t *on_err, const char *key)
{
	const char *text = tree_text(on_err, key);

	if (text && strcmp(text, "continue") && strcmp(text, "return"))
		app_problem(r->app, "%s: onErr: %s: it is either continue or return", r->in->where, key);
	return text && !strcmp(text, "continue");
}

static void
on_err_read(struct reading *r, struct plan_call *call, const json_t *on_err)
{
	const json_t *codes = json_object_get(on_err, "code");
	bool any = tree_text(on_err, "any") != NULL, other = tree_text(on_err, "other") != NULL;
	bool has_codes = json_object_size(codes) > 0;
	const char *key;
	json_t *value;

	if (!on_err || json_is_null(on_err))
		return;
	if (any && (has_codes || other))
		app_problem(r->app, "%s: onErr: any stands alone, without code and other", r->in->where);
	if (other && !has_codes)
		app_problem(r->app, "%s: onErr: other is for what code does not name, and there is no code",
		    r->in->where);
	json_object_foreach((json_t *)codes, key, value)
		code_read(r, call, key, value);
	call->go_on = goes_on(r, on_err, "any") | goes_on(r, on_err, "other");
}

static void
with_read(struct reading *r, struct plan_call *call, const json_t *with)
{
	const char *alias;
	json_t *value;

	json_object_foreach((json_t *)with, alias, value) {
		const char *key = json_string_value(value);

		if (!key || !json_object_get(r->known, key))
			app_problem(r->app, "%s: with: no step before it leaves a state \"%.64s\"", r->in->where,
			    key ? key : "");
		else if (!plan_with_add(call, alias, key))
			r->app->rc = -ENOMEM;
	}
}

/* The function's own text, or an object with it and more. */
static const char *
fn_text(const struct reading *r, const json_t *fn)
{
	return json_is_string(fn) ? json_string_value(fn) : tree_text(fn, r->in->name_key);
}

/* The key of its output is `known` from the next step on: add it to `left`. */
static void
call_read(struct reading *r, struct plan_step *step, const json_t *fn, json_t *left)
{
	const char *text = fn_text(r, fn), *as = tree_text(fn, "as");
	const struct plan_fn *known = text ? r->in->resolve(r->app, r->in->arg, text) : NULL;
	struct plan_call *call;

	if (!text)
		app_problem(r->app, "%s: a member of a group without function", r->in->where);
	else if (!known)
		app_problem(r->app, "%s: there is no function \"%.128s\"", r->in->where, text);
	if (!known)
		return;
	call = plan_call_add(step, known, as ? as : text);
	if (!call || json_object_set_new(left, call->as, json_true())) {
		r->app->rc = -ENOMEM;
		return;
	}
	with_read(r, call, json_object_get(fn, "with"));
	on_err_read(r, call, json_object_get(fn, "onErr"));
	r->last = call;
}

static void
step_read(struct reading *r, struct plan_steps *out, const json_t *step)
{
	const json_t *group = json_object_get(step, "group"), *member;
	bool is_group = json_array_size(group) > 0;
	const json_t *single = json_object_get(step, "executableMod");
	struct plan_step *made;
	json_t *left;
	size_t i;

	if (!single || json_is_null(single))
		single = step;
	if (json_object_get(step, "forEach"))
		app_problem(r->app, "%s: forEach is not known any more", r->in->where);
	if (is_group == (fn_text(r, single) != NULL)) {
		app_problem(r->app, "%s: a step is either a function or a group", r->in->where);
		return;
	}
	made = plan_step_add(out, is_group);
	left = json_object();
	if (!made || !left) {
		r->app->rc = -ENOMEM;
	} else if (is_group) {
		json_array_foreach((json_t *)group, i, member)
			call_read(r, made, member, left);
		r->last = NULL;
	} else {
		call_read(r, made, single, left);
	}
	json_object_update(r->known, left);
	json_decref(left);
}

static void
response_read(struct reading *r, struct plan_steps *out)
{
	const char *response = r->in->response;

	if (response && !json_object_get(r->known, response))
		app_problem(r->app, "%s: response: no step leaves a state \"%.64s\"", r->in->where, response);
	else if (response)
		out->response = app_copy(r->app, response);
}

void
app_steps(struct app *app, struct plan_steps *out, const struct app_steps *in)
{
	struct reading r = { .app = app, .in = in, .known = json_object() };
	json_t *step;
	size_t i;

	if (!r.known) {
		app->rc = -ENOMEM;
		return;
	}
	if (in->state)
		json_object_update(r.known, (json_t *)in->state);
	if (!json_array_size(in->steps))
		app_problem(app, "%s: no steps", in->where);
	json_array_foreach((json_t *)in->steps, i, step)
		step_read(&r, out, step);
	if (json_array_size(in->steps) && out->first && !r.last && !in->response) {
		const struct plan_step *last = out->first;

		while (last->next)
			last = last->next;
		if (last->group)
			app_problem(app, "%s: its last step is a group: say by response whose output is the answer", in->where);
	}
	response_read(&r, out);
	json_decref(r.known);
}
