/*
 * What functions of an application may ask: the originals' defaults, over which the
 * application's own settings go, section by section as a whole (spec functions.md 3.1).
 */
#include <errno.h>
#include <string.h>

#include "app.h"

static const char defaults[] =
    "{\"logger\":{\"enabled\":true},"
    "\"http\":{\"enabled\":true,\"rules\":{\"allowIPs\":true,\"allowPrivate\":true,\"allowHTTP\":true}},"
    "\"graphql\":{\"enabled\":true,\"rules\":{\"allowIPs\":true,\"allowPrivate\":true,\"allowHTTP\":true}},"
    "\"auth\":{\"enabled\":true},"
    "\"cache\":{\"enabled\":true,\"rules\":{\"allowSet\":true,\"allowGet\":true,\"allowDelete\":true}},"
    "\"file\":{\"enabled\":true},"
    "\"db\":{\"enabled\":false},"
    "\"requestHandler\":{\"enabled\":true,\"allowGetField\":true,\"allowSetField\":true},"
    "\"secrets\":{\"enabled\":true}}";

static void
set(struct app *app, json_t *object, const char *key, json_t *value)
{
	if (!object || !value || json_object_set_new(object, key, value))
		app->rc = -ENOMEM;
}

static void
written(struct app *app, json_t *all, const json_t *capabilities)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)capabilities, key, value) {
		if (!json_object_get(all, key))
			app_problem(app, "capabilities: \"%.32s\" is not known", key);
		else if (!json_is_object(value))
			app_problem(app, "capabilities: %s must be a mapping", key);
		else
			set(app, all, key, json_deep_copy(value));
	}
}

/* A connection counts unless a db section is there that is enabled. */
static void
database(struct app *app, json_t *all, const struct app_settings *settings)
{
	const char *type = settings->database_type ? settings->database_type : tree_text(settings->database, "type");
	const char *text = tree_text(settings->database, "connectionString");
	json_t *db;
	bool postgresql;

	if (json_is_true(json_object_get(json_object_get(all, "db"), "enabled")))
		return;
	postgresql = type && (!strcmp(type, "postgresql") || !strcmp(type, "postgres"));
	if (!postgresql && (!type || strcmp(type, "mysql")))
		app_problem(app, "connection database: type: it is postgresql or mysql");
	if (!text)
		app_problem(app, "connection database: no connectionString");
	db = json_pack("{s:b s:s s:s*}", "enabled", 1, "dbType", postgresql ? "pgx" : "mysql", "connectionString",
	    text);
	if (settings->queries)
		set(app, db, "queries", json_deep_copy(settings->queries));
	set(app, all, "db", db);
}

static void
domains(struct app *app, json_t *all, const json_t *list)
{
	const char *host;
	json_t *one;

	json_object_foreach((json_t *)list, host, one)
		if (!tree_text(one, "value"))
			app_problem(app, "authentication: %.128s: no value", host);
	set(app, json_object_get(all, "auth"), "headers", json_deep_copy(list));
}

json_t *
app_capabilities(struct app *app, const struct app_settings *settings)
{
	json_t *all = json_loads(defaults, 0, NULL);

	if (!all) {
		app->rc = -ENOMEM;
		return NULL;
	}
	written(app, all, settings->capabilities);
	if (settings->redis)
		set(app, json_object_get(all, "cache"), "redis", json_deep_copy(settings->redis));
	if (settings->database)
		database(app, all, settings);
	if (settings->domains)
		domains(app, all, settings->domains);
	return all;
}
