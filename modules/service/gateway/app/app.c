/* An application as a whole: which kind of file it is, and its parts. */
#include "app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond, one more does not help whoever mends them. */
#define PROBLEMS_MAX 200

void
app_problem(struct app *app, const char *fmt, ...)
{
	struct app_problem *problem;
	va_list args;

	if (app->problem_count++ >= PROBLEMS_MAX)
		return;
	problem = calloc(1, sizeof *problem);
	va_start(args, fmt);
	if (!problem || vasprintf(&problem->text, fmt, args) < 0) {
		free(problem);
		problem = NULL;
		app->rc = -ENOMEM;
	}
	va_end(args);
	if (!problem)
		return;
	*app->problems_end = problem;
	app->problems_end = &problem->next;
}

char *
app_copy(struct app *app, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		app->rc = -ENOMEM;
	return copy;
}

static bool
is_default(const char *namespace_)
{
	return !strcmp(namespace_, "default");
}

/* The section of a function, and so its worker's address. A file alone names what is there already. */
static char *
worker_of(const struct app *app, const char *name, const char *namespace_)
{
	bool plain = is_default(namespace_);
	char *worker;
	int n;

	if (app->bundle)
		n = asprintf(&worker, "%s.%s%s%s", app->options->section, plain ? "" : namespace_,
		    plain ? "" : ".", name);
	else
		n = asprintf(&worker, "%s%s%s", plain ? "" : namespace_, plain ? "" : ".", name);
	return n < 0 ? NULL : worker;
}

static void
function_free(struct app_function *function)
{
	free(function->name);
	free(function->namespace_);
	free(function->fq);
	free(function->ref);
	free(function->worker);
	free(function);
}

struct app_function *
app_function_add(struct app *app, const char *name, const char *namespace_)
{
	struct app_function *function = calloc(1, sizeof *function), **end = &app->functions;

	if (function) {
		function->name = strdup(name);
		function->namespace_ = strdup(namespace_);
		function->worker = worker_of(app, name, namespace_);
	}
	if (!function || !function->name || !function->namespace_ || !function->worker) {
		app->rc = -ENOMEM;
		if (function)
			function_free(function);
		return NULL;
	}
	while (*end)
		end = &(*end)->next;
	return *end = function;
}

struct app_function *
app_function_find(const struct app *app, const char *name, const char *namespace_)
{
	struct app_function *function = app->functions;

	while (function && (strcmp(function->name, name) || strcmp(function->namespace_, namespace_)))
		function = function->next;
	return function;
}

struct app_namespace *
app_namespace_add(struct app *app, const char *name)
{
	struct app_namespace *namespace_ = calloc(1, sizeof *namespace_), **end = &app->namespaces;

	if (namespace_)
		namespace_->name = strdup(name);
	if (!namespace_ || !namespace_->name) {
		app->rc = -ENOMEM;
		free(namespace_);
		return NULL;
	}
	while (*end)
		end = &(*end)->next;
	return *end = namespace_;
}

/* ---- reading ---- */

static int
file_read(const char *path, uint8_t **out, size_t *len, struct pst_err *err)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = file ? malloc(APP_TEXT_MAX + 1) : NULL;
	int rc = PST_OK;

	if (!file)
		return pst_fail(err, -errno, "%s", pst_strerror(-errno));
	*len = bytes ? fread(bytes, 1, APP_TEXT_MAX + 1, file) : 0;
	if (!bytes)
		rc = -ENOMEM;
	else if (ferror(file))
		rc = pst_fail(err, -EIO, "it cannot be read");
	else if (*len > APP_TEXT_MAX)
		rc = pst_fail(err, PST_E_LIMIT, "it is larger than %d MiB", APP_TEXT_MAX >> 20);
	fclose(file);
	if (rc) {
		free(bytes);
		bytes = NULL;
	}
	*out = bytes;
	return rc;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Fill in what the text of either kind says. */
static int
text_read(struct app *app, bool is_tenant, const uint8_t *bytes, size_t len, struct pst_err *err)
{
	json_t *tree = is_tenant ? tree_of_json(bytes, len, err) : tree_of_yaml(bytes, len, err);

	if (!tree)
		return err->rc ? err->rc : PST_E_CONF;
	if (is_tenant)
		app_tenant(app, tree);
	else
		app_directive(app, tree);
	json_decref(tree);
	return app->rc;
}

/* A module at the root belongs to a function of the default namespace, or says which in front. */
static void
bundle_file(struct app *app, const char *name)
{
	const char *split = strstr(name, "::");
	size_t n = strlen(name);
	char namespace_[128] = "default", base[128];
	struct app_function *function = NULL;

	if (strchr(name, '/') || !ends_with(name, ".wasm"))
		return;
	if (split && (size_t)(split - name) < sizeof namespace_)
		snprintf(namespace_, sizeof namespace_, "%.*s", (int)(split - name), name);
	if (split)
		name = split + 2;
	n = strlen(name) - strlen(".wasm");
	if (n < sizeof base) {
		snprintf(base, sizeof base, "%.*s", (int)n, name);
		function = app_function_find(app, base, namespace_);
	}
	if (!function)
		app_problem(app, "%.128s: the bundle has this file, and no function of that name is listed", name);
	else
		function->in_bundle = true;
}

static int
bundle_text(struct app *app, struct bundle *bundle, struct pst_err *err)
{
	bool is_tenant = false;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = bundle_read(bundle, "Directive.yaml", APP_TEXT_MAX, &bytes, &len, err);

	if (rc == -ENOENT) {
		is_tenant = true;
		rc = bundle_read(bundle, "tenant.json", APP_TEXT_MAX, &bytes, &len, err);
	}
	if (rc == -ENOENT)
		return pst_fail(err, PST_E_CONF, "a bundle has a Directive.yaml or a tenant.json; this archive has neither");
	if (!rc)
		rc = text_read(app, is_tenant, bytes, len, err);
	if (rc)
		rc = pst_fail_in(err, rc, "%s", is_tenant ? "tenant.json" : "Directive.yaml");
	free(bytes);
	return rc;
}

static void
app_begin(struct app *out, const struct app_options *options)
{
	memset(out, 0, sizeof *out);
	out->options = options;
	out->problems_end = &out->problems;
}

int
app_read_text(struct app *out, const struct app_options *options, bool is_tenant,
    const uint8_t *bytes, size_t len, struct pst_err *err)
{
	app_begin(out, options);
	return text_read(out, is_tenant, bytes, len, err);
}

/* One module, and nothing said about it: every path is its function (spec functions.md 7). */
static int
module_read(struct app *app)
{
	static const char *const methods[] = { "GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS" };
	static const struct app_settings none;
	struct app_namespace *namespace_ = app_namespace_add(app, "default");
	struct app_function *function = app_function_add(app, "function", "default");
	struct plan_fn *fn = function ? plan_fn(&app->plan, function->name, function->worker) : NULL;

	if (!namespace_ || !fn)
		return -ENOMEM;
	namespace_->capabilities = app_capabilities(app, &none);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct plan_handler *handler = plan_handler_add(&app->plan, PLAN_REQUEST, methods[i], "/*any");

		if (!handler || !plan_only(&handler->steps, fn))
			return -ENOMEM;
	}
	return app->rc;
}

int
app_read(struct app *out, const struct app_options *options, struct pst_err *err)
{
	struct bundle *bundle;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	app_begin(out, options);
	if (ends_with(options->path, ".wasm")) {
		out->bundle = true;
		return module_read(out);
	}
	rc = bundle_open(&bundle, options->path, err);
	out->bundle = bundle != NULL;
	if (!rc && bundle) {
		rc = bundle_text(out, bundle, err);
		for (size_t i = 0; !rc && bundle_name(bundle, i); i++)
			bundle_file(out, bundle_name(bundle, i));
		bundle_close(&bundle);
	} else if (!rc) {
		rc = file_read(options->path, &bytes, &len, err);
		if (!rc)
			rc = text_read(out, ends_with(options->path, ".json"), bytes, len, err);
		free(bytes);
	}
	return rc ? rc : out->rc;
}

void
app_fini(struct app *app)
{
	struct app_function *function;
	struct app_namespace *namespace_;
	struct app_problem *problem;

	while ((function = app->functions)) {
		app->functions = function->next;
		function_free(function);
	}
	while ((namespace_ = app->namespaces)) {
		app->namespaces = namespace_->next;
		free(namespace_->name);
		json_decref(namespace_->capabilities);
		free(namespace_);
	}
	while ((problem = app->problems)) {
		app->problems = problem->next;
		free(problem->text);
		free(problem);
	}
	plan_fini(&app->plan);
	free(app->identifier);
	free(app->version);
	memset(app, 0, sizeof *app);
}
