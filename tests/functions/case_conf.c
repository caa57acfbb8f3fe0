#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- what is here ---- */

/* The original's name of a capability, ours, and the module that is it. */
static const struct name {
	const char *theirs, *ours, *module;
} names[] = {
	{ "logger", "log", "log" },
	{ "requestHandler", "request", "request" },
	{ "cache", "cache", "cache" },
	{ "file", "file", "file" },
	{ "secrets", "secrets", "secrets" },
	{ "http", "http", "http" },
	{ "graphql", "graphql", "graphql" },
	{ "db", "db", "db-postgresql" },
};

/* NULL: it is part of another. */
static const struct name *
name_of(const char *theirs)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i].theirs, theirs))
			return &names[i];
	return NULL;
}

static const json_t *
config_of(const json_t *one, const char *theirs)
{
	return json_object_get(json_object_get(one, "config"), theirs);
}

/* All are, unless the case says otherwise, but for db. */
static bool
is_enabled(const json_t *one, const char *theirs)
{
	const json_t *enabled = json_object_get(config_of(one, theirs), "enabled");

	return name_of(theirs) && (enabled ? json_is_true(enabled) : strcmp(theirs, "db"));
}

/* What a case names and is on. It does not name the logger whenever there are lines. New. */
static json_t *
granted_of(const json_t *one)
{
	json_t *granted = json_array(), *name;
	bool logger = false;
	size_t i;

	json_array_foreach(json_object_get(one, "capabilities"), i, name) {
		logger = logger || !strcmp(json_string_value(name), "logger");
		if (is_enabled(one, json_string_value(name)))
			json_array_append(granted, name);
	}
	if (!logger)
		json_array_append_new(granted, json_string("logger"));
	return granted;
}

static bool
is_built(const char *module)
{
	const char *directory = getenv("PST_MODULE_PATH");
	char path[PATH_MAX];

	while (directory && *directory) {
		size_t len = strcspn(directory, ":");

		snprintf(path, sizeof path, "%.*s/capability_%s.so", (int)len, directory, module);
		if (!access(path, R_OK))
			return true;
		directory += len + (directory[len] == ':');
	}
	return false;
}

const char *
case_lacks(const struct case_setup *setup, const json_t *one)
{
	static char text[64];
	json_t *granted = granted_of(one), *name;
	const char *lacks = NULL;
	size_t i;

	json_array_foreach(granted, i, name) {
		const char *theirs = json_string_value(name), *module = name_of(theirs)->module;

		if (!is_built(module)) {
			snprintf(text, sizeof text, "capability/%s is not built", module);
			lacks = text;
		} else if (!strcmp(theirs, "db") && !getenv("DBCS")) {
			lacks = "no PostgreSQL";
		}
	}
	if (!setup->tls && (json_object_get(one, "graphql_fixture") || json_object_get(one, "https_fixture")))
		lacks = "no network namespace, or no certificates";
	json_decref(granted);
	return lacks;
}

bool
case_fails_at_start(const json_t *one)
{
	const json_t *step = json_array_get(json_object_get(one, "sequence"), 0);

	return json_is_true(json_object_get(json_object_get(step, "expect"), "setup_error"));
}

/* ---- capabilities ---- */

/* KEY = {"…", …}, of texts and numbers. */
static void
list_write(FILE *out, const char *key, const json_t *list)
{
	const json_t *item;
	size_t i;

	fprintf(out, "  %s = {", key);
	json_array_foreach(list, i, item) {
		fputs(i ? ", " : "", out);
		if (json_is_integer(item))
			fprintf(out, "%d", (int)json_integer_value(item));
		else
			fprintf(out, "\"%s\"", json_string_value(item));
	}
	fputs("}", out);
}

static void
allow_write(FILE *out, const char *key, const json_t *value)
{
	fprintf(out, "  %s = %s", key, json_is_false(value) ? "no" : "yes");
}

static void
web_write(FILE *out, const struct case_setup *setup, const json_t *one, const char *theirs)
{
	const json_t *rules = json_object_get(config_of(one, theirs), "rules"), *credential;
	const json_t *credentials = json_object_get(config_of(one, "auth"), "headers");
	const char *host, *comma = "";

	allow_write(out, "allow_ips", json_object_get(rules, "allowIPs"));
	allow_write(out, "allow_private", json_object_get(rules, "allowPrivate"));
	allow_write(out, "allow_http", json_object_get(rules, "allowHTTP"));
	list_write(out, "allowed_domains", json_object_get(rules, "allowedDomains"));
	list_write(out, "blocked_domains", json_object_get(rules, "blockedDomains"));
	list_write(out, "allowed_ports", json_object_get(rules, "allowedPorts"));
	list_write(out, "blocked_ports", json_object_get(rules, "blockedPorts"));
	fputs("  auth = {", out);
	json_object_foreach((json_t *)credentials, host, credential) {
		fprintf(out, "%s\"%s %s %s\"", comma, host, json_string_value(json_object_get(credential, "headerType")),
		    json_string_value(json_object_get(credential, "value")));
		comma = ", ";
	}
	fputs("}  resolve = {\"api.github.com:443:127.0.0.1\", \"postman-echo.com:443:127.0.0.1\"}", out);
	if (setup->tls)
		fprintf(out, "  ca = \"%s/ca.pem\"", setup->tls);
}

static void
db_write(FILE *out, const json_t *config)
{
	static const char *const types[] = { "insert", "select", "update", "delete" };
	const json_t *query;
	size_t i;

	fprintf(out, "  connection_string = \"%s\"  queries = {", json_string_value(json_object_get(config, "connectionString")));
	json_array_foreach(json_object_get(config, "queries"), i, query)
		fprintf(out, "%s\"%s %s %d %s\"", i ? ", " : "", json_string_value(json_object_get(query, "name")),
		    types[json_integer_value(json_object_get(query, "type"))],
		    (int)json_integer_value(json_object_get(query, "varCount")),
		    json_string_value(json_object_get(query, "query")));
	fputs("}", out);
}

/* One capability of a case, with the rules that it has there. */
static void
capability_write(FILE *out, const struct case_setup *setup, const json_t *one, const char *theirs, const char *id)
{
	const json_t *config = config_of(one, theirs);
	const char *name = name_of(theirs)->ours, *type = json_string_value(json_object_get(config, "dbType"));

	/* a database of a type that is none is a module that is none */
	fprintf(out, "capability %s-%s { use = %s%s", name, id, type && strcmp(type, "pgx") ? "db-" : "",
	    type && strcmp(type, "pgx") ? type : name_of(theirs)->module);
	if (!strcmp(name, "file"))
		fprintf(out, "  directory = \"%s\"", id);
	if (!strcmp(name, "request")) {
		allow_write(out, "allow_get_field", json_object_get(config, "allowGetField"));
		allow_write(out, "allow_set_field", json_object_get(config, "allowSetField"));
	}
	if (!strcmp(name, "secrets"))
		list_write(out, "allowed_keys", json_object_get(json_object_get(config, "env"), "allowedKeys"));
	if (!strcmp(name, "http") || !strcmp(name, "graphql"))
		web_write(out, setup, one, theirs);
	if (!strcmp(name, "db"))
		db_write(out, config);
	fputs(" }\n", out);
}

/* ---- functions ---- */

/* A module's file: beside expected.json, or of an archive there, then unpacked into our directory. */
bool
case_module(char path[PATH_MAX], const struct case_setup *setup, const char *file)
{
	const char *member = strchr(file, '#');
	char command[3 * PATH_MAX];

	if (!member) {
		snprintf(path, PATH_MAX, "%s/%s", setup->modules, file);
		return !access(path, R_OK);
	}
	snprintf(path, PATH_MAX, "%s/%s", run_dir(), member + 1);
	if (!access(path, R_OK))
		return true;
	snprintf(command, sizeof command, "unzip -q -o '%s/%.*s' '%s' -d '%s' 2>/dev/null", setup->modules,
	    (int)(member - file), file, member + 1, run_dir());
	return !system(command) && !access(path, R_OK);
}

void
case_function(char out[256], const char *file, const char *id)
{
	snprintf(out, 256, "%s-%s", file, id);
	for (char *c = out; *c; c++)
		if (*c == '#')
			*c = '.';
}

void
case_target(char out[512], const json_t *step, const char *function)
{
	const char *url = json_string_value(json_object_get(json_object_get(step, "request"), "url"));
	const char *query = url ? strchr(url, '?') : NULL;

	snprintf(out, 512, "/t/default/%s/v0.0.1%s", function, query ? query : "");
}

static void
functions_write(FILE *out, FILE *app, const struct case_setup *setup, const json_t *one, const char *id)
{
	json_t *done = json_object(), *granted = granted_of(one), *step, *name;
	size_t i, j;

	json_array_foreach(json_object_get(one, "sequence"), i, step) {
		const char *file = json_string_value(json_object_get(step, "file"));
		char path[PATH_MAX], function[256];

		if (json_object_get(done, file) || !case_module(path, setup, file))
			continue;
		json_object_set_new(done, file, json_true());
		case_function(function, file, id);
		fprintf(app, "  - {name: %s, namespace: default}\n", function);
		fprintf(out, "function %s { module = \"%s\"  runtime = r  capabilities = {", function, path);
		json_array_foreach(granted, j, name)
			fprintf(out, "%s%s-%s", j ? ", " : "", name_of(json_string_value(name))->ours, id);
		fputs("} }\n", out);
	}
	json_decref(granted);
	json_decref(done);
}

static void
files_write(const json_t *one, const char *id)
{
	const char *name;
	const json_t *text;

	json_object_foreach(json_object_get((json_t *)one, "static_files"), name, text) {
		char path[2 * PATH_MAX], *slash;
		FILE *file;

		snprintf(path, sizeof path, "%s/%s/%s", run_dir(), id, name);
		for (slash = path + strlen(run_dir()) + 1; (slash = strchr(slash, '/')); slash++) {
			*slash = '\0';
			mkdir(path, 0700);
			*slash = '/';
		}
		file = fopen(path, "w");
		if (!file || fputs(json_string_value(text), file) < 0 || fclose(file))
			die("a file does not get written");
	}
	json_object_foreach(json_object_get((json_t *)one, "env"), name, text)
		setenv(name, json_string_value(text), 1);
}

/* ---- all of it ---- */

static FILE *
app_open(void)
{
	char path[PATH_MAX + 32];
	FILE *app;

	snprintf(path, sizeof path, "%s/Directive.yaml", run_dir());
	app = fopen(path, "w");
	if (!app)
		die("a file does not get written");
	fputs("identifier: t\nappVersion: v0.0.1\natmoVersion: v0.4.8\nrunnables:\n", app);
	return app;
}

char *
case_conf(const struct case_setup *setup, const json_t *cases)
{
	char *conf = NULL;
	size_t len, i, j;
	FILE *out = open_memstream(&conf, &len), *app = app_open();
	json_t *one, *name, *granted;

	fprintf(out, "node t { log_format = json  log_rooms = {\"function=debug\"}  drain = 10s }\n"
		     "runtime r { use = %s  deadline = 50s }\n", setup->runtime);
	json_array_foreach(cases, i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));

		files_write(one, id);
		granted = granted_of(one);
		json_array_foreach(granted, j, name)
			capability_write(out, setup, one, json_string_value(name), id);
		json_decref(granted);
		functions_write(out, app, setup, one, id);
	}
	if (setup->gateway)
		fprintf(out, "service front { use = gateway  listen = {\"127.0.0.1:%u\"}  app = \"Directive.yaml\"  headless = yes }\n",
		    setup->gateway);
	fclose(app);
	fclose(out);
	return conf;
}
