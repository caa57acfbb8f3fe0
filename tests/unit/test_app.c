/* Applications: what a Directive.yaml, a tenant.json and their bundles come to, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <cmocka.h>

#include "app/app.h"

#define HEAD "identifier: com.example\nappVersion: v0.1.0\natmoVersion: v0.4.8\n"

static const struct app_options options = { .section = "front", .schedules = true };

static void
read_text(struct app *app, bool is_tenant, const char *text)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = app_read_text(app, &options, is_tenant, (const uint8_t *)text, strlen(text), &err);

	if (rc)
		fail_msg("%s", err.text);
}

/* ---- what a file comes to ---- */

static void
a_directive_becomes_a_plan(void **state)
{
	const struct plan_handler *handler;
	const struct plan_call *call;
	struct app app;

	read_text(&app, false, HEAD
	    "runnables:\n"
	    "  - {name: a, namespace: default}\n"
	    "  - {name: b, namespace: other}\n"
	    "handlers:\n"
	    "  - type: request\n"
	    "    method: POST\n"
	    "    resource: /user/:id\n"
	    "    steps:\n"
	    "      - fn: a\n"
	    "        as: who\n"
	    "        onErr: {code: {404: continue, 500: return}, other: continue}\n"
	    "      - group: [{fn: a}, {fn: 'other::b'}]\n"
	    "      - {fn: 'other::b', with: {input: who}}\n"
	    "    response: who\n"
	    "  - {type: stream, source: server, resource: /live, steps: [{fn: a}]}\n"
	    "schedules:\n"
	    "  - {name: nightly, every: {days: 1, minutes: 2}, state: {k: v}, steps: [{fn: a, with: {x: k}}]}\n");
	assert_int_equal(app.problem_count, 0);
	handler = app.plan.handlers;
	assert_string_equal(handler->pattern, "/user/:id");
	assert_string_equal(handler->steps.response, "who");
	call = handler->steps.first->calls;
	assert_string_equal(call->fn->worker, "a");
	assert_string_equal(call->as, "who");
	assert_true(call->go_on);
	assert_int_equal(call->codes->code, 404);
	assert_true(call->codes->go_on);
	assert_false(call->codes->next->go_on);
	assert_true(handler->steps.first->next->group);
	assert_string_equal(handler->steps.first->next->calls->next->fn->worker, "other.b");
	assert_string_equal(handler->steps.first->next->next->calls->with->key, "who");
	assert_int_equal(handler->next->kind, PLAN_STREAM);
	assert_int_equal(app.plan.schedules->every_ms, 86520000);
	assert_string_equal((char *)pst_map_get(&app.plan.schedules->state, "k")->value, "v");
	assert_string_equal(app.functions->fq, "com.example#default::a@v0.1.0");
	app_fini(&app);
}

static void
a_directive_alone_names_workers_that_are_there(void **state)
{
	struct app app;

	read_text(&app, false, HEAD "handlers: [{type: request, method: GET, resource: /, steps: [{fn: hello}]}]\n");
	assert_int_equal(app.problem_count, 0);
	assert_string_equal(app.plan.handlers->steps.first->calls->fn->worker, "hello");
	app_fini(&app);
}

static void
a_tenant_s_modules_answer_by_name_and_by_hash(void **state)
{
	const struct plan_handler *handler;
	struct app app;

	read_text(&app, true,
	    "{\"identifier\": \"t\", \"modules\": [{\"name\": \"a\", \"namespace\": \"default\", \"ref\": \"00ff\"},"
	    " {\"name\": \"b\", \"namespace\": \"api\"}],"
	    " \"defaultNamespace\": {\"name\": \"default\", \"workflows\": [{\"name\": \"w\", \"response\": \"x\", \"steps\":"
	    " [{\"fqmn\": \"/name/default/a\"}, {\"executableMod\": {\"fqmn\": \"fqmn://t/api/b@1\", \"as\": \"x\"}, \"group\": []},"
	    " {\"group\": [\"/ref/00ff\", {\"fqmn\": \"/name/api/b\"}]}]}]}}");
	assert_int_equal(app.problem_count, 0);
	handler = app.plan.handlers;
	assert_string_equal(handler->pattern, "/workflow/t/default/w");
	assert_string_equal(handler->steps.first->next->calls->as, "x");
	assert_string_equal(handler->steps.first->next->next->calls->fn->worker, "a");
	handler = handler->next;
	assert_string_equal(handler->pattern, "/name/t/default/a");
	assert_true(handler->by_name);
	assert_string_equal(handler->next->pattern, "/ref/00ff");
	assert_string_equal(handler->next->next->pattern, "/name/t/api/b");
	assert_string_equal(handler->next->next->next->missing, "module not found");
	app_fini(&app);
}

static void
settings_go_over_the_defaults_as_a_whole(void **state)
{
	const json_t *all;
	struct app app;

	read_text(&app, false, HEAD
	    "runnables: [{name: a, namespace: default}]\n"
	    "capabilities: {http: {enabled: true}, db: {enabled: false}}\n"
	    "connections: {redis: {serverAddress: 'h:1'}, database: {type: postgresql, connectionString: env(DB)}}\n"
	    "authentication: {domains: {h: {headerType: bearer, value: x}}}\n"
	    "queries: [{name: Q, query: 'SELECT $1, $10'}, {name: R, type: insert, varCount: 3, query: x}]\n");
	assert_int_equal(app.problem_count, 0);
	all = app.namespaces->capabilities;
	assert_null(json_object_get(json_object_get(all, "http"), "rules"));
	assert_true(json_is_true(json_object_get(json_object_get(all, "cache"), "enabled")));
	assert_string_equal(tree_text(json_object_get(json_object_get(all, "cache"), "redis"), "serverAddress"), "h:1");
	assert_string_equal(tree_text(json_object_get(all, "db"), "connectionString"), "env(DB)");
	assert_non_null(json_object_get(json_object_get(json_object_get(all, "auth"), "headers"), "h"));
	{
		json_t *queries = app_queries(&app, json_object_get(json_object_get(all, "db"), "queries"), true);

		assert_string_equal(json_string_value(json_array_get(queries, 0)), "Q select 2 SELECT $1, $10");
		assert_string_equal(json_string_value(json_array_get(queries, 1)), "R insert 3 x");
		json_decref(queries);
	}
	app_fini(&app);
}

/* ---- what is wrong ---- */

static void
has_problem(bool is_tenant, const char *text, const char *want)
{
	const struct app_problem *problem;
	struct app app;

	read_text(&app, is_tenant, text);
	for (problem = app.problems; problem && strcmp(problem->text, want); problem = problem->next)
		;
	if (!problem)
		fail_msg("%s\n: of %zu problems (the first: %s) none is \"%s\"", text, app.problem_count,
		    app.problems ? app.problems->text : "-", want);
	app_fini(&app);
}

#define ONE HEAD "runnables: [{name: a, namespace: default}]\n"
#define H(text) ONE "handlers: [{type: request, method: GET, resource: /, " text "}]\n"

static void
every_problem_of_a_directive_is_found(void **state)
{
	static const struct {
		const char *text, *problem;
	} table[] = {
		{ "x: 1", "identifier: there is none" },
		{ "x: 1", "appVersion: \"\" is no version like v0.1.0" },
		{ "appVersion: 1.2.3", "appVersion: \"1.2.3\" is no version like v0.1.0" },
		{ "handlers: 1", "Directive: handlers must be a list" },
		{ HEAD "runnables: [{name: a}]", "runnable a: no namespace" },
		{ HEAD "runnables: [{namespace: a}]", "runnables: one without a name" },
		{ HEAD "runnables: [{name: a, namespace: b}, {name: a, namespace: b}]", "runnable b::a is listed twice" },
		{ H("steps: []"), "handler GET /: no steps" },
		{ H("steps: [{}]"), "handler GET /: a step is either a function or a group" },
		{ H("steps: [{fn: nope}]"), "handler GET /: there is no function \"nope\"" },
		{ H("steps: [{fn: a, with: {x: y}}]"), "handler GET /: with: no step before it leaves a state \"y\"" },
		{ H("steps: [{fn: a, onErr: {any: continue, code: {1: return}}}]"),
		    "handler GET /: onErr: any stands alone, without code and other" },
		{ H("steps: [{fn: a, onErr: {other: continue}}]"),
		    "handler GET /: onErr: other is for what code does not name, and there is no code" },
		{ H("steps: [{fn: a, onErr: {any: stop}}]"), "handler GET /: onErr: any: it is either continue or return" },
		{ H("steps: [{fn: a, onErr: {code: {1: stop}}}]"),
		    "handler GET /: onErr: code 1: it is either continue or return" },
		{ H("steps: [{fn: a, onErr: {code: {x: return}}}]"), "handler GET /: onErr: \"x\" is no code" },
		{ H("steps: [{group: [{fn: a}]}]"),
		    "handler GET /: its last step is a group: say by response whose output is the answer" },
		{ H("steps: [{fn: a}], response: b"), "handler GET /: response: no step leaves a state \"b\"" },
		{ H("steps: [{forEach: {in: a, fn: a, as: b}}]"), "handler GET /: forEach is not known any more" },
		{ H("steps: [{fn: a}], respondTo: x"), "handler GET /: respondTo is of streams only" },
		{ ONE "handlers: [{type: request, resource: /, steps: [{fn: a}]}]", "handler /: no method" },
		{ ONE "handlers: [{type: x, resource: /}]", "handler /: type: it is either request or stream" },
		{ ONE "handlers: [{type: stream, source: nats, resource: x, steps: [{fn: a}]}]",
		    "handler x: streams of nats are not served here" },
		{ ONE "handlers: [{type: stream, source: y, resource: x, steps: [{fn: a}]}]",
		    "handler x: source: \"y\" is neither server, nats nor kafka" },
		{ ONE "handlers: [{type: request, method: GET, resource: /a, steps: [{fn: a}]},"
		      " {type: request, method: GET, resource: /a, steps: [{fn: a}]}]",
		    "handler GET /a: GET /a answers the same requests" },
		{ ONE "schedules: [{every: {seconds: 1}, steps: [{fn: a}]}]", "schedule without name: every schedule has one" },
		{ ONE "schedules: [{name: s, steps: [{fn: a}]}]", "schedule s: every: no interval" },
		{ ONE "schedules: [{name: s, every: {seconds: 1}}]", "schedule s: no steps" },
		{ ONE "connections: {redis: {}}", "connection redis: no serverAddress" },
		{ ONE "connections: {database: {type: x, connectionString: y}}",
		    "connection database: type: it is postgresql or mysql" },
		{ ONE "authentication: {domains: {h: {}}}", "authentication: h: no value" },
		{ ONE "capabilities: {htp: {enabled: true}}", "capabilities: \"htp\" is not known" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		has_problem(false, table[i].text, table[i].problem);
}

static void
every_problem_of_a_tenant_is_found(void **state)
{
	static const struct {
		const char *text, *problem;
	} table[] = {
		{ "{}", "identifier: there is none" },
		{ "{}", "modules: there is none" },
		{ "{\"modules\": {}}", "tenant: modules must be a list" },
		{ "{\"modules\": [{\"name\": \"a\"}]}", "module a: no namespace" },
		{ "{\"namespaces\": [{}]}", "a namespace without name" },
		{ "{\"namespaces\": [{\"name\": \"n\", \"workflows\": [{}]}]}", "namespace n: a workflow without name" },
		{ "{\"namespaces\": [{\"name\": \"n\", \"workflows\": [{\"name\": \"w\", \"steps\": [{\"fqmn\": \"/name/n/a\"}]}]}]}",
		    "workflow n/w: there is no function \"/name/n/a\"" },
		{ "{\"namespaces\": [{\"name\": \"n\", \"workflows\": [{\"name\": \"w\"}, {\"name\": \"w\"}]}]}",
		    "workflow n/w is listed twice" },
		{ "{\"namespaces\": [{\"name\": \"n\", \"connections\": [{\"type\": \"x\"}]}]}",
		    "namespace n: a connection of type \"x\"" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		has_problem(true, table[i].text, table[i].problem);
}

/* ---- what is no file at all ---- */

static void
is_refused(const char *text, int rc, const char *sentence)
{
	struct pst_err err = PST_ERR_INIT;
	struct app app;

	assert_int_equal(app_read_text(&app, &options, false, (const uint8_t *)text, strlen(text), &err), rc);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\", want \"%s\"", err.text, sentence);
	app_fini(&app);
}

static void
what_is_no_yaml_is_refused(void **state)
{
	char deep[200], bomb[1000] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";

	is_refused("", PST_E_CONF, "it is empty");
	is_refused("- a", PST_E_CONF, "not a mapping");
	is_refused("a: [", PST_E_CONF, "line 2");
	is_refused("a: 1\na: 2", PST_E_CONF, "line 2: \"a\" stands twice");
	is_refused("[a]: 1", PST_E_CONF, "a key that is no text");
	memset(deep, '[', sizeof deep);
	memcpy(deep, "a: ", 3);
	memset(deep + 100, ']', 97);
	deep[197] = '\0';
	is_refused(deep, PST_E_LIMIT, "nested deeper");
	for (int i = 1; i < 10; i++)
		snprintf(bomb + strlen(bomb), sizeof bomb - strlen(bomb),
		    "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
		    i - 1, i - 1, i - 1, i - 1);
	is_refused(bomb, PST_E_LIMIT, "more than 100000 values");
}

static void
what_the_library_would_take_long_over_is_refused_before(void **state)
{
	static char text[400001]; /* 40000 lines of 10, and the end */

	memset(text, '[', sizeof text - 1);
	memcpy(text, "a: ", 3);
	is_refused(text, PST_E_LIMIT, "nested deeper than 64");
	text[0] = '\0';
	for (size_t i = 0, len = 0; i < 40000; i++)
		len += (size_t)sprintf(text + len, "%05zu: &a\n", i);
	is_refused(text, PST_E_LIMIT, "more than 1000 anchors");
}

/* ---- bundles ---- */

struct entry {
	const char *name;
	const char *text;
	size_t zeros; /* instead of text */
};

struct box {
	char dir[64], path[96], out[96];
};

static int
box_make(void **state)
{
	struct box *box = calloc(1, sizeof *box);

	snprintf(box->dir, sizeof box->dir, "%s/app.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(box->dir));
	snprintf(box->path, sizeof box->path, "%s/x.wasm.zip", box->dir);
	snprintf(box->out, sizeof box->out, "%s/out", box->dir);
	*state = box;
	return 0;
}

static int
box_remove(void **state)
{
	struct box *box = *state;
	char command[200];

	snprintf(command, sizeof command, "rm -rf '%s'", box->dir);
	assert_int_equal(system(command), 0);
	free(box);
	return 0;
}

static void
bundle_make(const struct box *box, const struct entry *entries)
{
	zip_t *zip = zip_open(box->path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	assert_non_null(zip);
	for (; entries->name; entries++) {
		size_t len = entries->text ? strlen(entries->text) : entries->zeros;
		char *bytes = calloc(1, len + 1);

		if (entries->text)
			memcpy(bytes, entries->text, len);
		assert_true(zip_file_add(zip, entries->name, zip_source_buffer(zip, bytes, len, 1), 0) >= 0);
	}
	assert_int_equal(zip_close(zip), 0);
}

#define DIRECTIVE { "Directive.yaml", ONE "handlers: [{type: request, method: GET, resource: /, steps: [{fn: a}]}]\n", 0 }

static void
a_bundle_is_unpacked_once(void **state)
{
	struct box *box = *state;
	struct app_options o = { .path = box->path, .section = "front" };
	struct pst_err err = PST_ERR_INIT;
	char *dir, *again, file[256];
	struct stat st;
	struct app app;

	bundle_make(box, (struct entry[]){ DIRECTIVE, { "a.wasm", "wasm", 0 }, { "static/x/y", "z", 0 }, { "other", "x", 0 }, { 0 } });
	assert_int_equal(app_read(&app, &o, &err), PST_OK);
	assert_int_equal(app.problem_count, 0);
	assert_true(app.functions->in_bundle);
	assert_string_equal(app.plan.handlers->steps.first->calls->fn->worker, "front.a");
	app_fini(&app);

	assert_int_equal(bundle_look(box->path, box->out, &dir, &err), PST_OK);
	assert_int_equal(access(box->out, F_OK), -1);
	free(dir);
	assert_int_equal(bundle_unpack(box->path, box->out, &dir, &err), PST_OK);
	assert_int_equal(bundle_unpack(box->path, box->out, &again, &err), PST_OK);
	assert_string_equal(dir, again);
	snprintf(file, sizeof file, "%s/static/x/y", dir);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 1);
	snprintf(file, sizeof file, "%s/other", dir);
	assert_int_equal(access(file, F_OK), -1);
	free(again);

	bundle_make(box, (struct entry[]){ DIRECTIVE, { "a.wasm", "new", 0 }, { 0 } });
	assert_int_equal(bundle_unpack(box->path, box->out, &again, &err), PST_OK);
	assert_string_not_equal(dir, again);
	bundle_sweep(box->out, again);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(again, F_OK), 0);
	free(again);
	free(dir);
}

static void
a_bundle_that_is_wrong_writes_nothing(void **state)
{
	struct box *box = *state;
	static const struct {
		struct entry entries[4];
		const char *sentence;
	} table[] = {
		{ { DIRECTIVE, { "static/../../evil", "x", 0 } }, "a name that leads out" },
		{ { DIRECTIVE, { "static//x", "x", 0 } }, "a name that leads out" },
		{ { DIRECTIVE, { "..\\a.wasm", "x", 0 } }, "a name that leads out" },
		{ { DIRECTIVE, { "static/bomb", NULL, 100 << 20 } }, "it unpacks to more than" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_err err = PST_ERR_INIT;
		char *dir;

		bundle_make(box, table[i].entries);
		assert_int_not_equal(bundle_unpack(box->path, box->out, &dir, &err), PST_OK);
		assert_null(dir);
		if (!strstr(err.text, table[i].sentence))
			fail_msg("\"%s\", want \"%s\"", err.text, table[i].sentence);
		assert_int_equal(rmdir(box->out), 0); /* so it is empty */
	}
}

static void
a_bundle_has_a_description_and_modules_that_it_names(void **state)
{
	struct box *box = *state;
	struct app_options o = { .path = box->path, .section = "front" };
	struct pst_err err = PST_ERR_INIT;
	struct app app;

	bundle_make(box, (struct entry[]){ { "a.wasm", "x", 0 }, { 0 } });
	assert_int_equal(app_read(&app, &o, &err), PST_E_CONF);
	assert_non_null(strstr(err.text, "this archive has neither"));
	app_fini(&app);
	bundle_make(box, (struct entry[]){ DIRECTIVE, { "b.wasm", "x", 0 }, { 0 } });
	assert_int_equal(app_read(&app, &o, &err), PST_OK);
	assert_int_equal(app.problem_count, 1);
	assert_string_equal(app.problems->text, "b.wasm: the bundle has this file, and no function of that name is listed");
	app_fini(&app);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directive_becomes_a_plan),
		cmocka_unit_test(a_directive_alone_names_workers_that_are_there),
		cmocka_unit_test(a_tenant_s_modules_answer_by_name_and_by_hash),
		cmocka_unit_test(settings_go_over_the_defaults_as_a_whole),
		cmocka_unit_test(every_problem_of_a_directive_is_found),
		cmocka_unit_test(every_problem_of_a_tenant_is_found),
		cmocka_unit_test(what_is_no_yaml_is_refused),
		cmocka_unit_test(what_the_library_would_take_long_over_is_refused_before),
		cmocka_unit_test_setup_teardown(a_bundle_is_unpacked_once, box_make, box_remove),
		cmocka_unit_test_setup_teardown(a_bundle_that_is_wrong_writes_nothing, box_make, box_remove),
		cmocka_unit_test_setup_teardown(a_bundle_has_a_description_and_modules_that_it_names, box_make, box_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
