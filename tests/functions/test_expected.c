/*
 * What the originals answered to existing modules (functions/expected.json beside the tree, or where
 * POSTERN_FUNCTIONS says): every case whose capabilities are built, through each runtime. The
 * modules are used in place.
 */
#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "tap.h"

#define CONF_MAX (256 * 1024)

static const char *modules;
static json_t *expected;

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- a case as a configuration ---- */

/* The original's name of a capability, ours, and its part of a case's `config`. */
static const struct {
	const char *theirs, *ours;
} capabilities[] = {
	{ "logger", "log" },
	{ "requestHandler", "request" },
	{ "cache", "cache" },
	{ "file", "file" },
	{ "secrets", "secrets" },
};

static const char *
ours(const char *theirs)
{
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		if (!strcmp(capabilities[i].theirs, theirs))
			return capabilities[i].ours;
	return NULL;
}

/* NULL, or what it needs that is not here. */
static const char *
lacks(const json_t *one)
{
	const json_t *name, *config = json_object_get(one, "config");
	size_t i;

	json_array_foreach(json_object_get(one, "capabilities"), i, name) {
		const char *theirs = json_string_value(name);
		const json_t *enabled = json_object_get(json_object_get(config, theirs), "enabled");

		bool off = json_is_false(enabled) || (!enabled && !strcmp(theirs, "db")); /* by default */

		if (!ours(theirs) && !off && strcmp(theirs, "auth"))
			return theirs;
	}
	return NULL;
}

static bool
enabled(const json_t *one, const char *theirs)
{
	const json_t *config = json_object_get(json_object_get(one, "config"), theirs);

	return !json_is_false(json_object_get(config, "enabled"));
}

/* One capability of a case, with the rules that it has there. */
static void
capability_write(FILE *out, const json_t *one, const char *theirs, const char *id)
{
	const json_t *config = json_object_get(json_object_get(one, "config"), theirs), *key;
	const char *name = ours(theirs);
	size_t i;

	fprintf(out, "capability %s-%s { use = %s", name, id, name);
	if (!strcmp(name, "file"))
		fprintf(out, "  directory = \"%s\"", id);
	if (!strcmp(name, "request"))
		fprintf(out, "  allow_get_field = %s  allow_set_field = %s",
		    json_is_false(json_object_get(config, "allowGetField")) ? "no" : "yes",
		    json_is_false(json_object_get(config, "allowSetField")) ? "no" : "yes");
	if (!strcmp(name, "secrets")) {
		fputs("  allowed_keys = {", out);
		json_array_foreach(json_object_get(json_object_get(config, "env"), "allowedKeys"), i, key)
			fprintf(out, "%s%s", i ? ", " : "", json_string_value(key));
		fputs("}", out);
	}
	fputs(" }\n", out);
}

/* A module's file: beside expected.json, or of an archive there, then unpacked into our directory. */
static bool
module_path(char path[PATH_MAX], const char *file)
{
	const char *member = strchr(file, '#');
	char command[3 * PATH_MAX];

	if (!member) {
		snprintf(path, PATH_MAX, "%s/%s", modules, file);
		return !access(path, R_OK);
	}
	snprintf(path, PATH_MAX, "%s/%s", run_dir(), member + 1);
	if (!access(path, R_OK))
		return true;
	snprintf(command, sizeof command, "unzip -q -o '%s/%.*s' '%s' -d '%s' 2>/dev/null", modules,
	    (int)(member - file), file, member + 1, run_dir());
	return !system(command) && !access(path, R_OK);
}

static void
name_of(char out[256], const char *file, const char *id)
{
	snprintf(out, 256, "%s-%s", file, id);
	for (char *c = out; *c; c++)
		if (*c == '#')
			*c = '.';
}

static void
functions_write(FILE *out, const json_t *one, const char *id)
{
	const json_t *step, *name;
	json_t *done = json_object();
	size_t i, j;

	json_array_foreach(json_object_get(one, "sequence"), i, step) {
		const char *file = json_string_value(json_object_get(step, "file"));
		char path[PATH_MAX], function[256], *comma = "";

		if (json_object_get(done, file) || !module_path(path, file))
			continue;
		json_object_set_new(done, file, json_true());
		name_of(function, file, id);
		fprintf(out, "function %s { module = \"%s\"  runtime = r  capabilities = {", function, path);
		json_array_foreach(json_object_get(one, "capabilities"), j, name) {
			const char *theirs = json_string_value(name);

			if (!ours(theirs) || !enabled(one, theirs))
				continue;
			fprintf(out, "%s%s-%s", comma, ours(theirs), id);
			comma = ", ";
		}
		fputs("} }\n", out);
	}
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

static char *
conf_make(const char *runtime)
{
	char *conf = NULL;
	size_t len, i, j;
	FILE *out = open_memstream(&conf, &len);
	const json_t *one, *name;

	fprintf(out, "node t { log_format = json  log_rooms = {\"function=debug\"}  drain = 10s }\n"
		     "runtime r { use = %s  deadline = 50s }\n", runtime);
	json_array_foreach(json_object_get(expected, "cases"), i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));

		if (lacks(one))
			continue;
		files_write(one, id);
		json_array_foreach(json_object_get(one, "capabilities"), j, name)
			if (ours(json_string_value(name)) && enabled(one, json_string_value(name)))
				capability_write(out, one, json_string_value(name), id);
		functions_write(out, one, id);
	}
	fclose(out);
	return conf;
}

/* ---- one step ---- */

static char *
input_make(const json_t *step, size_t *len)
{
	const json_t *repeat = json_object_get(step, "input_repeat");
	const json_t *request = json_object_get(step, "request");
	const char *text = json_string_value(json_object_get(step, "input"));
	char *input;

	if (repeat) {
		*len = (size_t)json_integer_value(json_array_get(repeat, 1));
		input = malloc(*len + 1);
		memset(input, *json_string_value(json_array_get(repeat, 0)), *len);
		return input;
	}
	text = text ? text : json_string_value(json_object_get(request, "body_text"));
	*len = strlen(text ? text : "");
	return strdup(text ? text : "");
}

/* The header that a request without its body is. */
static void
request_make(struct pst_map *headers, const json_t *step)
{
	const json_t *from = json_object_get(step, "request"), *value;
	struct pst_coordinated request;
	json_t *copy = json_copy((json_t *)from);
	const char *name;
	char *json;
	size_t len;

	if (!from)
		return;
	json_object_del(copy, "body_text");
	json_object_del(copy, "state_text");
	json = json_dumps(copy, JSON_COMPACT);
	if (pst_coordinated_read(&request, json, strlen(json)))
		die("a request of expected.json does not read");
	free(json);
	json_decref(copy);
	json_object_foreach(json_object_get((json_t *)from, "state_text"), name, value)
		if (pst_map_put(&request.state, name, json_string_value(value), json_string_length(value)))
			die("out of memory");
	if (pst_coordinated_write(&request, false, &json, &len) ||
	    pst_map_put(headers, PST_CALL_REQUEST_HEADER, json, len))
		die("out of memory");
	free(json);
	pst_coordinated_fini(&request);
}

/* Is every header of an object there? Names in any case. */
static bool
has_headers(const struct pst_map *headers, const json_t *wanted, bool any_case)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)wanted, name, value) {
		size_t i = 0;

		while (i < headers->count && (any_case ? strcasecmp(headers->items[i].name, name)
		    : strcmp(headers->items[i].name, name)))
			i++;
		if (i == headers->count || strcmp((char *)headers->items[i].value, json_string_value(value)))
			return false;
	}
	return true;
}

static bool
is_run_error(const struct reply *reply, const json_t *wanted)
{
	const struct pst_map_item *item = pst_map_get(&reply->headers, PST_COORDINATED_ERROR_HEADER);
	json_t *got = item ? json_loads((char *)item->value, 0, NULL) : NULL;
	bool same = reply->answered && json_equal(got, (json_t *)wanted);

	json_decref(got);
	return same;
}

static bool
is_output(const struct reply *reply, const json_t *expect)
{
	const char *text = json_string_value(json_object_get(expect, "output"));
	const char *prefix = json_string_value(json_object_get(expect, "output_prefix"));
	const json_t *length = json_object_get(expect, "output_length");

	if (!reply->answered || pst_map_get(&reply->headers, PST_COORDINATED_ERROR_HEADER) || reply->status != 200)
		return false;
	if (text && (strlen(text) != reply->len || memcmp(text, reply->body, reply->len)))
		return false;
	if (prefix && (reply->len < strlen(prefix) || memcmp(prefix, reply->body, strlen(prefix))))
		return false;
	return !length || (size_t)json_integer_value(length) == reply->len;
}

static bool
request_is(const struct reply *reply, const json_t *wanted)
{
	const struct pst_map_item *item = pst_map_get(&reply->headers, PST_CALL_REQUEST_HEADER);
	struct pst_coordinated request;
	bool same;

	if (!wanted)
		return true;
	if (!item || pst_coordinated_read(&request, item->value, item->len))
		return false;
	same = has_headers(&request.headers, wanted, false);
	pst_coordinated_fini(&request);
	return same;
}

static bool
is_as_expected(const struct reply *reply, const json_t *expect)
{
	const json_t *error = json_object_get(expect, "run_error");

	if (json_is_true(json_object_get(expect, "trap")))
		return !reply->answered && reply->failure.code == PST_CALL_TRAP;
	if (error)
		return is_run_error(reply, error);
	return is_output(reply, expect) &&
	    has_headers(&reply->headers, json_object_get(expect, "resp_headers"), true) &&
	    request_is(reply, json_object_get(expect, "request_headers_after"));
}

/* ---- what the guest has logged, from a place of the log on ---- */

static const char *const levels[] = { "", "error", "warn", "info", "debug" };

/* The next line that the guest has said; false: there is none. */
static bool
said(const char **log, json_t **line)
{
	while (**log) {
		const char *end = strchr(*log, '\n');

		*line = json_loadb(*log, (size_t)(end - *log), 0, NULL);
		*log = end + 1;
		if (!strcmp(json_string_value(json_object_get(*line, "msg")), "the function says"))
			return true;
		json_decref(*line);
	}
	return false;
}

static bool
logs_are(size_t from, const json_t *wanted, const struct reply *reply)
{
	char *text = run_log();
	const char *log = text + from;
	json_t *line, *one;
	bool same = true;
	size_t i;

	json_array_foreach((json_t *)wanted, i, one) {
		const char *want = json_string_value(json_array_get(one, 1));

		if (!same || !(same = said(&log, &line)))
			break;
		if (!strcmp(want, "@output"))
			want = (const char *)reply->body;
		same = !strcmp(json_string_value(json_object_get(line, "level")),
		    levels[json_integer_value(json_array_get(one, 0))]) &&
		    !strcmp(json_string_value(json_object_get(line, "text")), want);
		if (!same)
			printf("# said: %s\n", json_string_value(json_object_get(line, "text")));
		json_decref(line);
	}
	if (same && said(&log, &line)) {
		json_decref(line);
		same = false;
	}
	free(text);
	return same;
}

/* ---- all of them ---- */

static void
step_run(const json_t *step, const char *id, size_t n, const char *runtime)
{
	const char *file = json_string_value(json_object_get(step, "file"));
	const json_t *expect = json_object_get(step, "expect");
	char path[PATH_MAX], function[256], *input, *log;
	struct pst_map headers = { 0 };
	struct reply reply;
	size_t len, from;

	if (!module_path(path, file)) {
		printf("ok %u - %s: %s, %zu: %s # SKIP not there\n", ++tap_cases, runtime, id, n + 1, file);
		return;
	}
	name_of(function, file, id);
	input = input_make(step, &len);
	request_make(&headers, step);
	log = run_log();
	from = strlen(log);
	free(log);
	run_call(&reply, function, "", "", &headers, input, len, 0);
	if (!tap(is_as_expected(&reply, expect) &&
	    logs_are(from, json_object_get(expect, "guest_logs"), &reply), "%s: %s, %zu: %s", runtime, id,
	    n + 1, file))
		printf("# got: %u, %.*s %s\n", reply.status, (int)(reply.len < 300 ? reply.len : 300),
		    reply.body ? (char *)reply.body : "", reply.text);
	reply_fini(&reply);
	pst_map_fini(&headers);
	free(input);
}

static void
all(const char *runtime)
{
	char *conf = conf_make(runtime);
	const char *why = run_node(conf);
	const json_t *one, *step;
	size_t i, j;

	free(conf);
	if (why && strstr(why, "no module runtime/")) {
		printf("ok %u - by %s # SKIP not built\n", ++tap_cases, runtime);
		return;
	}
	if (why)
		die(why);
	json_array_foreach(json_object_get(expected, "cases"), i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));

		if (lacks(one)) {
			printf("ok %u - %s: %s # SKIP no capability %s\n", ++tap_cases, runtime, id, lacks(one));
			continue;
		}
		json_array_foreach(json_object_get(one, "sequence"), j, step)
			step_run(step, id, j, runtime);
	}
	run_stop();
}

int
main(void)
{
	static char beside[PATH_MAX];
	const char *top = getenv("top_srcdir");
	char path[PATH_MAX + 32];

	snprintf(beside, sizeof beside, "%s/../shared/functions", top ? top : ".");
	modules = getenv("POSTERN_FUNCTIONS");
	modules = modules && *modules ? modules : beside;
	snprintf(path, sizeof path, "%s/expected.json", modules);
	expected = json_load_file(path, 0, NULL);
	if (!expected) {
		puts("1..0 # SKIP no modules of the originals: POSTERN_FUNCTIONS names their directory");
		return 0;
	}
	run_begin();
	all("wabt");
	all("wasmtime");
	run_end();
	json_decref(expected);
	return tap_end();
}
