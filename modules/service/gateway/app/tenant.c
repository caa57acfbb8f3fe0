/* tenant.json: modules, namespaces, workflows (spec functions.md 4.3, 5.2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* ---- names ---- */

/* "fqmn://tenant/ns/name@ref", "/name/ns/name", "/ref/ref"; spec functions.md 4.1. */
static const struct app_function *
fqmn_find(const struct app *app, const char *text)
{
	const char *path = NULL, *last, *at;
	char namespace_[128], name[128];

	if (!strncmp(text, "/ref/", 5)) {
		for (const struct app_function *f = app->functions; f; f = f->next)
			if (f->ref && !strcmp(f->ref, text + 5))
				return f;
		return NULL;
	}
	if (!strncmp(text, "/name/", 6))
		path = text + 6;
	else if (!strncmp(text, "fqmn://", 7) && (path = strchr(text + 7, '/')))
		path++;
	last = path ? strrchr(path, '/') : NULL;
	if (!last)
		return NULL;
	at = strchr(last, '@');
	if (snprintf(namespace_, sizeof namespace_, "%.*s", (int)(last - path), path) >= (int)sizeof namespace_ ||
	    snprintf(name, sizeof name, "%.*s", at ? (int)(at - last - 1) : (int)strlen(last + 1), last + 1) >=
		(int)sizeof name)
		return NULL;
	return app_function_find(app, name, namespace_);
}

static const struct plan_fn *
resolve(struct app *app, const void *arg, const char *text)
{
	const struct app_function *function = fqmn_find(app, text);
	struct plan_fn *fn = function ? plan_fn(&app->plan, function->fq, function->worker) : NULL;

	if (function && !fn)
		app->rc = -ENOMEM;
	return fn;
}

/* ---- handlers ---- */

static struct plan_handler *
handler_add(struct app *app, const char *pattern, const char *missing)
{
	struct plan_handler *handler = plan_handler_add(&app->plan, PLAN_REQUEST, "POST", pattern);

	if (handler && missing && !(handler->missing = strdup(missing)))
		handler = NULL;
	if (!handler) {
		app->rc = -ENOMEM;
		return NULL;
	}
	handler->by_name = true;
	return handler;
}

static void
handler_of_function(struct app *app, const struct app_function *f, const char *path)
{
	struct plan_handler *handler = handler_add(app, path, NULL);
	struct plan_fn *fn = plan_fn(&app->plan, f->fq, f->worker);

	if (!handler || !fn || !plan_only(&handler->steps, fn) ||
	    pst_map_put(&handler->params, "ident", app->identifier, strlen(app->identifier)) ||
	    pst_map_put(&handler->params, "namespace", f->namespace_, strlen(f->namespace_)) ||
	    pst_map_put(&handler->params, "name", f->name, strlen(f->name)))
		app->rc = -ENOMEM;
}

static void
handlers_by_name(struct app *app)
{
	char path[1024];

	for (const struct app_function *f = app->functions; f; f = f->next) {
		snprintf(path, sizeof path, "/name/%s/%s/%s", app->identifier, f->namespace_, f->name);
		handler_of_function(app, f, path);
		if (!f->ref)
			continue;
		snprintf(path, sizeof path, "/ref/%s", f->ref);
		handler_of_function(app, f, path);
	}
	handler_add(app, "/name/:ident/:namespace/:name", "module not found");
	handler_add(app, "/ref/:ref", "module not found");
	handler_add(app, "/workflow/:ident/:namespace/:workflow", "workflow not found");
}

/* ---- modules ---- */

static void
module_read(struct app *app, const json_t *tree)
{
	const char *name = tree_text(tree, "name"), *namespace_ = tree_text(tree, "namespace");
	const char *fqmn = tree_text(tree, "fqmn"), *ref = tree_text(tree, "ref");
	struct app_function *function;
	char *made = NULL;

	if (!name || !namespace_) {
		app_problem(app, "module %.64s: no %s", name ? name : "", name ? "namespace" : "name");
		return;
	}
	if (app_function_find(app, name, namespace_)) {
		app_problem(app, "module %.64s/%.64s is listed twice", namespace_, name);
		return;
	}
	function = app_function_add(app, name, namespace_);
	if (!function)
		return;
	if (!fqmn && asprintf(&made, "fqmn://%s/%s/%s%s%s", app->identifier, namespace_, name, ref ? "@" : "",
			 ref ? ref : "") < 0)
		made = NULL;
	function->fq = fqmn ? app_copy(app, fqmn) : made;
	function->ref = ref ? app_copy(app, ref) : NULL;
	if (!function->fq)
		app->rc = -ENOMEM;
}

/* ---- namespaces ---- */

static void
workflow_read(struct app *app, const char *namespace_, const json_t *list, size_t at)
{
	const json_t *tree = json_array_get(list, at);
	const char *name = tree_text(tree, "name");
	char where[160], path[1024];
	struct plan_handler *handler;
	struct app_steps in = {
		.where = where,
		.steps = json_object_get(tree, "steps"),
		.response = tree_text(tree, "response"),
		.resolve = resolve,
		.name_key = "fqmn",
	};

	if (!name) {
		app_problem(app, "namespace %.64s: a workflow without name", namespace_);
		return;
	}
	snprintf(where, sizeof where, "workflow %.64s/%.64s", namespace_, name);
	for (size_t i = 0; i < at; i++) {
		const char *other = tree_text(json_array_get(list, i), "name");

		if (other && !strcmp(other, name))
			app_problem(app, "%s is listed twice", where);
	}
	snprintf(path, sizeof path, "/workflow/%s/%s/%s", app->identifier, namespace_, name);
	handler = handler_add(app, path, NULL);
	if (handler)
		app_steps(app, &handler->steps, &in);
}

/* The settings of a connection stand in its config, or beside its type and name. */
static const json_t *
connection_find(struct app *app, const json_t *list, const char *type)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *is = tree_text(one, "type");
		const json_t *config = json_object_get(one, "config");

		if (is && !strcmp(is, type))
			return json_is_object(config) ? config : one;
	}
	return NULL;
}

static void
connections_look(struct app *app, const char *namespace_, const json_t *list)
{
	static const char known[] = " nats kafka redis mysql postgres ";
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *type = tree_text(one, "type");
		char word[32];

		snprintf(word, sizeof word, " %.20s ", type ? type : "?");
		if (!type || !strstr(known, word))
			app_problem(app, "namespace %.64s: a connection of type \"%.32s\"", namespace_, type ? type : "");
	}
}

static void
namespace_read(struct app *app, const json_t *tree)
{
	const char *name = tree_text(tree, "name");
	const json_t *connections = json_object_get(tree, "connections");
	const json_t *workflows = json_object_get(tree, "workflows");
	const json_t *postgres = connection_find(app, connections, "postgres");
	struct app_namespace *namespace_;
	struct app_settings settings = {
		.capabilities = json_object_get(tree, "capabilities"),
		.domains = json_object_get(json_object_get(tree, "authentication"), "domains"),
		.queries = json_object_get(tree, "queries"),
		.redis = connection_find(app, connections, "redis"),
		.database = postgres ? postgres : connection_find(app, connections, "mysql"),
		.database_type = postgres ? "postgresql" : "mysql",
	};

	if (!name) {
		app_problem(app, "a namespace without name");
		return;
	}
	connections_look(app, name, connections);
	namespace_ = app_namespace_add(app, name);
	if (namespace_)
		namespace_->capabilities = app_capabilities(app, &settings);
	for (size_t i = 0; i < json_array_size(workflows); i++)
		workflow_read(app, name, workflows, i);
}

/* Every function has the namespace it names: one that is not described has the defaults. */
static void
namespaces_complete(struct app *app)
{
	static const struct app_settings none;

	for (const struct app_function *f = app->functions; f; f = f->next) {
		struct app_namespace *namespace_ = app->namespaces;

		while (namespace_ && strcmp(namespace_->name, f->namespace_))
			namespace_ = namespace_->next;
		if (!namespace_ && (namespace_ = app_namespace_add(app, f->namespace_)))
			namespace_->capabilities = app_capabilities(app, &none);
	}
}

void
app_tenant(struct app *app, const json_t *tree)
{
	const char *identifier = tree_text(tree, "identifier");
	const json_t *modules = json_object_get(tree, "modules"), *one;
	const json_t *first = json_object_get(tree, "defaultNamespace");
	size_t i;

	if (!tree_is(app, tree, "tenant", "modules", JSON_ARRAY) ||
	    !tree_is(app, tree, "tenant", "namespaces", JSON_ARRAY) ||
	    !tree_is(app, tree, "tenant", "defaultNamespace", JSON_OBJECT))
		return;
	if (!identifier)
		app_problem(app, "identifier: there is none");
	if (!json_array_size(modules))
		app_problem(app, "modules: there is none");
	app->identifier = app_copy(app, identifier ? identifier : "");
	app->version = app_copy(app, "");
	if (app->rc)
		return;
	json_array_foreach((json_t *)modules, i, one)
		module_read(app, one);
	if (json_is_object(first))
		namespace_read(app, first);
	json_array_foreach(json_object_get(tree, "namespaces"), i, one)
		namespace_read(app, one);
	namespaces_complete(app);
	handlers_by_name(app);
}
