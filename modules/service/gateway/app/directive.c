/* Directive.yaml: functions, handlers, schedules (spec functions.md 4.2). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pattern.h"
#include "app.h"

/* v0.1.0, with anything behind - or + */
static bool
is_version(const char *text)
{
	int n = 0;
	unsigned a, b, c;

	if (!text || sscanf(text, "v%u.%u.%u%n", &a, &b, &c, &n) != 3)
		return false;
	return !text[n] || text[n] == '-' || text[n] == '+';
}

static void
version_look(struct app *app, const json_t *tree, const char *key)
{
	const char *text = tree_text(tree, key);

	if (!is_version(text))
		app_problem(app, "%s: \"%.32s\" is no version like v0.1.0", key, text ? text : "");
}

/* ---- functions ---- */

/* "ident#ns::fn@version": each of the three may be absent. Writes namespace and name; false: too long, or empty. */
static bool
fqfn_read(const char *text, char namespace_[static 128], char name[static 128])
{
	const char *hash = strchr(text, '#'), *split, *at;
	int n, m;

	if (hash)
		text = hash + 1;
	split = strstr(text, "::");
	n = split ? snprintf(namespace_, 128, "%.*s", (int)(split - text), text)
		  : snprintf(namespace_, 128, "default");
	if (split)
		text = split + 2;
	at = strchr(text, '@');
	m = snprintf(name, 128, "%.*s", at ? (int)(at - text) : (int)strlen(text), text);
	return n > 0 && n < 128 && m > 0 && m < 128;
}

static const struct plan_fn *
resolve(struct app *app, const void *arg, const char *text)
{
	char namespace_[128], name[128];
	const struct app_function *function;
	struct plan_fn *fn;

	if (!fqfn_read(text, namespace_, name))
		return NULL;
	function = app_function_find(app, name, namespace_);
	/* a file without a list of functions speaks of workers that are there already */
	if (!function && !app->bundle && !*(const bool *)arg)
		function = app_function_add(app, name, namespace_);
	if (!function)
		return NULL;
	fn = plan_fn(&app->plan, text, function->worker);
	if (!fn)
		app->rc = -ENOMEM;
	return fn;
}

static void
function_read(struct app *app, const json_t *tree)
{
	const char *name = tree_text(tree, "name"), *namespace_ = tree_text(tree, "namespace");
	const char *fqfn = tree_text(tree, "fqfn");
	struct app_function *function;
	char *made = NULL;

	if (!name) {
		app_problem(app, "runnables: one without a name");
		return;
	}
	if (!namespace_)
		app_problem(app, "runnable %.64s: no namespace", name);
	else if (app_function_find(app, name, namespace_))
		app_problem(app, "runnable %.64s::%.64s is listed twice", namespace_, name);
	if (!namespace_ || app_function_find(app, name, namespace_))
		return;
	function = app_function_add(app, name, namespace_);
	if (!fqfn && asprintf(&made, "%s#%s::%s@%s", app->identifier, namespace_, name, app->version) < 0)
		made = NULL;
	if (function)
		function->fq = fqfn ? app_copy(app, fqfn) : made;
	if (fqfn || !function)
		free(made);
	if (function && !function->fq)
		app->rc = -ENOMEM;
}

static void
functions_read(struct app *app, const json_t *tree)
{
	const json_t *list = json_object_get(tree, "runnables"), *one;
	size_t i;

	if (app->bundle && !json_array_size(list))
		app_problem(app, "runnables: there is none");
	json_array_foreach((json_t *)list, i, one)
		function_read(app, one);
}

/* ---- handlers ---- */

static void
steps_read(struct app *app, struct plan_steps *out, const char *where, const json_t *tree)
{
	bool listed = false;
	struct app_steps in = {
		.where = where,
		.steps = json_object_get(tree, "steps"),
		.response = tree_text(tree, "response"),
		.state = json_object_get(tree, "state"),
		.resolve = resolve,
		.arg = &listed,
		.name_key = "fn",
	};

	for (const struct app_function *f = app->functions; f; f = f->next)
		listed |= f->fq != NULL;
	app_steps(app, out, &in);
}

static void
handler_conflict(struct app *app, const struct plan_handler *handler, const char *where)
{
	const struct plan_handler *other = plan_conflict(&app->plan, handler);

	if (other)
		app_problem(app, "%s: %s %s answers the same requests", where, other->method, other->pattern);
}

static void
handler_make(struct app *app, enum plan_kind kind, const char *method, const json_t *tree,
    const char *where)
{
	const char *resource = tree_text(tree, "resource");
	struct pst_err err = PST_ERR_INIT;
	struct plan_handler *handler;

	if (!resource || pattern_check(resource, &err)) {
		app_problem(app, "%s: resource: %s", where, resource ? err.text : "there is none");
		return;
	}
	handler = plan_handler_add(&app->plan, kind, method, resource);
	if (!handler) {
		app->rc = -ENOMEM;
		return;
	}
	handler_conflict(app, handler, where);
	steps_read(app, &handler->steps, where, tree);
}

static void
request_read(struct app *app, const json_t *tree, const char *where)
{
	const char *method = tree_text(tree, "method");

	if (!method)
		app_problem(app, "%s: no method", where);
	if (tree_text(tree, "respondTo"))
		app_problem(app, "%s: respondTo is of streams only", where);
	handler_make(app, PLAN_REQUEST, method ? method : "GET", tree, where);
}

static void
stream_read(struct app *app, const json_t *tree, const char *where)
{
	const char *source = tree_text(tree, "source");

	if (!source || !strcmp(source, "server"))
		handler_make(app, PLAN_STREAM, "GET", tree, where);
	else if (!strcmp(source, "nats") || !strcmp(source, "kafka"))
		app_problem(app, "%s: streams of %s are not served here", where, source);
	else
		app_problem(app, "%s: source: \"%.32s\" is neither server, nats nor kafka", where, source);
}

static void
handler_read(struct app *app, const json_t *tree)
{
	const char *type = tree_text(tree, "type"), *resource = tree_text(tree, "resource");
	const char *method = tree_text(tree, "method");
	char where[200];

	snprintf(where, sizeof where, "handler %.16s%s%.128s", method ? method : "", method ? " " : "",
	    resource ? resource : "without resource");
	if (type && !strcmp(type, "request"))
		request_read(app, tree, where);
	else if (type && !strcmp(type, "stream"))
		stream_read(app, tree, where);
	else
		app_problem(app, "%s: type: it is either request or stream", where);
}

/* Each function by its own path, whatever the handlers say (spec functions.md 5.1). */
static void
headless(struct app *app)
{
	for (const struct app_function *f = app->functions; f; f = f->next) {
		struct plan_handler *handler;
		struct plan_fn *fn;
		char path[1024];

		snprintf(path, sizeof path, "/%s/%s/%s/%s", app->identifier, f->namespace_, f->name, app->version);
		handler = plan_handler_add(&app->plan, PLAN_REQUEST, "POST", path);
		fn = plan_fn(&app->plan, f->fq ? f->fq : f->name, f->worker);
		if (!handler || !fn || !plan_only(&handler->steps, fn)) {
			app->rc = -ENOMEM;
			return;
		}
		handler->by_name = true;
	}
}

/* ---- schedules ---- */

static uint64_t
every_ms(const json_t *every)
{
	static const struct {
		const char *key;
		uint64_t ms;
	} units[] = { { "seconds", 1000 }, { "minutes", 60000 }, { "hours", 3600000 }, { "days", 86400000 } };
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		json_int_t n = json_integer_value(json_object_get(every, units[i].key));

		sum += n > 0 && n < 1000000 ? (uint64_t)n * units[i].ms : 0;
	}
	return sum;
}

static void
schedule_read(struct app *app, const json_t *tree)
{
	const char *name = tree_text(tree, "name"), *key;
	uint64_t ms = every_ms(json_object_get(tree, "every"));
	struct plan_schedule *schedule;
	char where[128];
	json_t *value;

	snprintf(where, sizeof where, "schedule %.64s", name ? name : "without name");
	if (!name)
		app_problem(app, "%s: every schedule has one", where);
	if (!ms)
		app_problem(app, "%s: every: no interval", where);
	schedule = plan_schedule_add(&app->plan, name ? name : "", ms);
	if (!schedule) {
		app->rc = -ENOMEM;
		return;
	}
	json_object_foreach(json_object_get(tree, "state"), key, value) {
		const char *text = json_string_value(value);

		if (!text)
			app_problem(app, "%s: state: %.64s must be a text", where, key);
		else if (pst_map_put(&schedule->state, key, text, strlen(text)))
			app->rc = -ENOMEM;
	}
	steps_read(app, &schedule->steps, where, tree);
}

/* ---- settings ---- */

static const json_t *
connection_read(struct app *app, const json_t *connections, const char *name, const char *address)
{
	const json_t *one = json_object_get(connections, name);

	if (one && !json_is_null(one) && !tree_text(one, address))
		app_problem(app, "connection %s: no %s", name, address);
	return json_is_object(one) ? one : NULL;
}

static void
settings_read(struct app *app, const json_t *tree)
{
	const json_t *connections = json_object_get(tree, "connections");
	struct app_settings settings = {
		.capabilities = json_object_get(tree, "capabilities"),
		.domains = json_object_get(json_object_get(tree, "authentication"), "domains"),
		.queries = json_object_get(tree, "queries"),
		.redis = connection_read(app, connections, "redis", "serverAddress"),
		.database = connection_read(app, connections, "database", "connectionString"),
	};

	connection_read(app, connections, "nats", "serverAddress");
	connection_read(app, connections, "kafka", "brokerAddress");
	/* one application, one set of capabilities: each namespace that has functions shares it */
	for (const struct app_function *f = app->functions; f; f = f->next) {
		struct app_namespace *namespace_ = app->namespaces;

		while (namespace_ && strcmp(namespace_->name, f->namespace_))
			namespace_ = namespace_->next;
		if (namespace_)
			continue;
		namespace_ = app_namespace_add(app, f->namespace_);
		if (namespace_ && app->namespaces == namespace_)
			namespace_->capabilities = app_capabilities(app, &settings);
		else if (namespace_)
			namespace_->capabilities = json_incref(app->namespaces->capabilities);
	}
}

void
app_directive(struct app *app, const json_t *tree)
{
	static const struct {
		const char *key;
		json_type type;
	} shapes[] = { { "connections", JSON_OBJECT }, { "authentication", JSON_OBJECT },
		{ "capabilities", JSON_OBJECT }, { "handlers", JSON_ARRAY }, { "schedules", JSON_ARRAY },
		{ "queries", JSON_ARRAY }, { "runnables", JSON_ARRAY } };
	const char *identifier = tree_text(tree, "identifier"), *version = tree_text(tree, "appVersion");
	const json_t *one;
	size_t i;

	for (i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (!tree_is(app, tree, "Directive", shapes[i].key, shapes[i].type))
			return;
	if (!identifier)
		app_problem(app, "identifier: there is none");
	version_look(app, tree, "appVersion");
	version_look(app, tree, "atmoVersion");
	app->identifier = app_copy(app, identifier ? identifier : "");
	app->version = app_copy(app, version ? version : "");
	if (app->rc)
		return;
	functions_read(app, tree);
	if (app->options->headless)
		headless(app);
	else
		json_array_foreach(json_object_get(tree, "handlers"), i, one)
			handler_read(app, one);
	if (app->options->schedules && !app->options->headless)
		json_array_foreach(json_object_get(tree, "schedules"), i, one)
			schedule_read(app, one);
	settings_read(app, tree);
}
