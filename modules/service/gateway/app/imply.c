/* The sections that an application stands for: its functions, and what they may ask of their host. */
#include "imply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define CAPABILITIES_MAX 9

/* Of one namespace: the names of its capabilities, for its functions. */
struct grants {
	struct pst_implied *implied;
	const struct app *app;
	const struct app_namespace *namespace_;
	const json_t *all; /* its capabilities */
	const char *static_dir; /* NULL: there are no files */
	char names[CAPABILITIES_MAX][256];
	const char *list[CAPABILITIES_MAX];
	size_t count;
};

static bool
is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* Begin the section of one, if it is enabled; what it says. */
static const json_t *
begin(struct grants *g, const char *key, const char *use)
{
	const json_t *one = json_object_get(g->all, key);
	const char *section = g->app->options->section, *name = g->namespace_->name;
	bool plain = !strcmp(name, "default");
	char *full = g->names[g->count];

	/* what a build leaves out is as if it were not enabled */
	if (!is_true(one, "enabled") || !pst_implied_has(g->implied, "capability", use))
		return NULL;
	snprintf(full, sizeof g->names[0], "%s%s%s.%s", section, plain ? "" : ".", plain ? "" : name, use);
	g->list[g->count++] = full;
	pst_imply(g->implied, "capability", full, use);
	return one;
}

static void
flag(struct grants *g, const char *key, const json_t *object, const char *member)
{
	pst_imply_value(g->implied, key, is_true(object, member) ? "yes" : "no");
}

/* Texts, and numbers as texts. */
static void
list(struct grants *g, const char *key, const json_t *array)
{
	size_t count = json_array_size(array), i;
	const char **items = calloc(count + 1, sizeof *items);
	char (*numbers)[24] = calloc(count + 1, sizeof *numbers);
	const json_t *item;

	if (items && numbers) {
		json_array_foreach((json_t *)array, i, item) {
			snprintf(numbers[i], sizeof *numbers, "%" JSON_INTEGER_FORMAT, json_integer_value(item));
			items[i] = json_is_string(item) ? json_string_value(item) : numbers[i];
		}
		if (count)
			pst_imply_list(g->implied, key, items, count);
	}
	free(items);
	free(numbers);
}

/* "HOST TYPE VALUE" */
static void
auth(struct grants *g)
{
	const json_t *section = json_object_get(g->all, "auth"), *headers = json_object_get(section, "headers");
	json_t *texts = json_array();
	const char *host;
	json_t *one;

	if (!is_true(section, "enabled"))
		headers = NULL;
	json_object_foreach((json_t *)headers, host, one) {
		const char *type = tree_text(one, "headerType"), *value = tree_text(one, "value");
		char text[2048];

		if (value) {
			snprintf(text, sizeof text, "%s %s %s", host, type ? type : "bearer", value);
			json_array_append_new(texts, json_string(text));
		}
	}
	list(g, "auth", texts);
	json_decref(texts);
}

static void
web(struct grants *g, const char *use)
{
	const json_t *one = begin(g, use, use), *rules = json_object_get(one, "rules");

	if (!one)
		return;
	list(g, "allowed_domains", json_object_get(rules, "allowedDomains"));
	list(g, "blocked_domains", json_object_get(rules, "blockedDomains"));
	list(g, "allowed_ports", json_object_get(rules, "allowedPorts"));
	list(g, "blocked_ports", json_object_get(rules, "blockedPorts"));
	flag(g, "allow_ips", rules, "allowIPs");
	flag(g, "allow_private", rules, "allowPrivate");
	flag(g, "allow_http", rules, "allowHTTP");
	auth(g);
}

static void
text(struct grants *g, const char *key, const json_t *object, const char *member)
{
	const char *value = tree_text(object, member);

	if (value)
		pst_imply_value(g->implied, key, value);
}

static void
cache(struct grants *g)
{
	const json_t *redis = json_object_get(json_object_get(g->all, "cache"), "redis"), *rules, *one;
	bool remote = tree_text(redis, "serverAddress") != NULL;

	one = begin(g, "cache", remote ? "redis" : "cache");
	rules = json_object_get(one, "rules");
	if (!one)
		return;
	flag(g, "allow_set", rules, "allowSet");
	flag(g, "allow_get", rules, "allowGet");
	if (!remote)
		return;
	text(g, "server_address", redis, "serverAddress");
	text(g, "username", redis, "username");
	text(g, "password", redis, "password");
}

static void
database(struct grants *g, struct app *app)
{
	const json_t *db = json_object_get(g->all, "db"), *one;
	const char *type = tree_text(db, "dbType");
	bool postgresql = type && !strcmp(type, "pgx");
	json_t *queries;

	if (is_true(db, "enabled") && !postgresql && (!type || strcmp(type, "mysql")))
		app_problem(app, "capabilities: db: database type invalid");
	one = begin(g, "db", postgresql ? "db-postgresql" : "db-mysql");
	if (!one)
		return;
	text(g, "connection_string", db, "connectionString");
	queries = app_queries(app, json_object_get(db, "queries"), postgresql);
	list(g, "queries", queries);
	json_decref(queries);
}

static void
grants_imply(struct grants *g, struct app *app)
{
	const json_t *one;

	g->all = g->namespace_->capabilities;
	begin(g, "logger", "log");
	web(g, "http");
	web(g, "graphql");
	cache(g);
	if (g->static_dir && begin(g, "file", "file"))
		pst_imply_value(g->implied, "directory", g->static_dir);
	database(g, app);
	if ((one = begin(g, "requestHandler", "request"))) {
		flag(g, "allow_get_field", one, "allowGetField");
		flag(g, "allow_set_field", one, "allowSetField");
	}
	if ((one = begin(g, "secrets", "secrets")))
		list(g, "allowed_keys", json_object_get(json_object_get(one, "env"), "allowedKeys"));
}

/* dir NULL: the file is the application. */
static void
function_path(const struct app *app, const struct app_function *f, const char *dir, char out[static 4096])
{
	bool plain = !strcmp(f->namespace_, "default");

	if (dir)
		snprintf(out, 4096, "%s/%s%s%s.wasm", dir, plain ? "" : f->namespace_, plain ? "" : "::", f->name);
	else
		snprintf(out, 4096, "%s", app->options->path);
}

static void
functions_imply(const struct grants *g, const char *dir)
{
	for (const struct app_function *f = g->app->functions; f; f = f->next) {
		char path[4096];

		if (strcmp(f->namespace_, g->namespace_->name))
			continue;
		function_path(g->app, f, dir, path);
		pst_imply(g->implied, "function", f->worker, NULL);
		pst_imply_value(g->implied, "module", path);
		pst_imply_list(g->implied, "capabilities", g->list, g->count);
	}
}

static void
problems_tell(const struct app *app, struct pst_implied *implied)
{
	for (const struct app_problem *p = app->problems; p; p = p->next)
		pst_imply_problem(implied, "%s", p->text);
}

static int
sections_imply(struct app *app, struct pst_implied *implied, const char *dir)
{
	char static_dir[4096];
	struct grants *g = calloc(1, sizeof *g);

	if (!g)
		return -ENOMEM;
	snprintf(static_dir, sizeof static_dir, "%s/static", dir ? dir : "");
	for (const struct app_namespace *n = app->namespaces; n; n = n->next) {
		*g = (struct grants){ .implied = implied, .app = app, .namespace_ = n, .static_dir = dir ? static_dir : NULL };
		grants_imply(g, app);
		functions_imply(g, dir);
	}
	free(g);
	return app->rc;
}

/* Is there an archive, whose files have to lie somewhere? */
static bool
is_archive(const struct app *app)
{
	size_t n = strlen(app->options->path);

	return app->bundle && (n < 5 || strcmp(app->options->path + n - 5, ".wasm"));
}

int
app_imply(const struct app_options *options, struct pst_implied *implied, struct pst_err *err)
{
	struct app app;
	char *dir = NULL;
	int rc = app_read(&app, options, err);

	if (!rc && is_archive(&app) && !app.problem_count)
		rc = pst_implied_runs(implied) ? bundle_unpack(options->path, pst_implied_dir(implied), &dir, err)
					       : bundle_look(options->path, pst_implied_dir(implied), &dir, err);
	if (!rc && app.bundle && !app.problem_count)
		rc = sections_imply(&app, implied, dir);
	if (!rc)
		problems_tell(&app, implied);
	free(dir);
	app_fini(&app);
	return rc;
}

void
app_sweep(const struct app *app, const char *dir)
{
	struct pst_err err = PST_ERR_INIT;
	char *keep;

	if (!is_archive(app) || bundle_unpack(app->options->path, dir, &keep, &err))
		return;
	bundle_sweep(dir, keep);
	free(keep);
}
