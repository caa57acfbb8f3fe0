/*
 * What the originals answered to existing modules (functions/expected.json beside the tree, or where
 * POSTERN_FUNCTIONS says): every case, through each runtime, by a call and over HTTP. The modules are used in
 * place; what they ask of the outside is answered by world.c.
 *
 *   cases [TLS]     TLS: a directory with certificates, inside a network of its own
 *
 * The database of the cases is the one that DBCS names.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "tap.h"
#include "visit.h"
#include "world.h"

static json_t *expected;

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- expected.json ---- */

static char *
file_text(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t len = 0;

	if (!in || getdelim(&text, &len, 0, in) < 0) {
		free(text);
		text = NULL;
	}
	if (in)
		fclose(in);
	return text;
}

/* Where the world is stands in its texts as {HTTP} and the like. */
static json_t *
expected_read(const char *path)
{
	static const struct {
		const char *name, *format;
	} places[] = {
		{ "{HTTP}", "http://127.0.0.1:%u" },
		{ "{HTTP_LOCALHOST}", "http://localhost:%u" },
		{ "{HTTP_HOSTPORT}", "127.0.0.1:%u" },
		{ "{HTTP_PORT}", "%u" },
	};
	char *text = file_text(path), *filled;
	size_t len;
	FILE *out = open_memstream(&filled, &len);
	json_t *json;

	for (const char *c = text; c && *c;) {
		size_t i = 0;

		while (i < 4 && strncmp(c, places[i].name, strlen(places[i].name)))
			i++;
		if (i < 4)
			fprintf(out, places[i].format, world_port());
		else
			fputc(*c, out);
		c += i < 4 ? strlen(places[i].name) : 1;
	}
	fclose(out);
	json = json_loads(filled, 0, NULL);
	free(filled);
	free(text);
	return json;
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
request_make(struct pst_map *headers, const json_t *from)
{
	struct pst_coordinated request;
	json_t *copy = json_copy((json_t *)from), *value;
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

/* State and parameters, for a function that is called by its name. */
static void
visit_headers(struct pst_map *headers, const json_t *from)
{
	static const char *const parts[][2] = { { "X-Suborbital-State", "state_text" }, { "X-Suborbital-Params", "params" } };

	for (size_t i = 0; from && i < 2; i++) {
		char *json = json_dumps(json_object_get(from, parts[i][1]), JSON_COMPACT | JSON_ENSURE_ASCII);

		if (!json || pst_map_put(headers, parts[i][0], json, strlen(json)))
			die("out of memory");
		free(json);
	}
}

/* Bytes without any request, and what a schedule asks for, do not come over HTTP. */
static bool
is_of_http(const json_t *step)
{
	const char *method = json_string_value(json_object_get(json_object_get(step, "request"), "method"));
	const json_t *log = json_array_get(json_array_get(json_object_get(json_object_get(step, "expect"), "guest_logs"), 1), 1);

	return method ? strcmp(method, "SCHED") : !log || !strstr(json_string_value(log), "unknown error returned from host");
}

static bool
ask(struct reply *reply, const struct case_setup *setup, const json_t *step, const char *function, const char *target)
{
	struct pst_map headers = { 0 };
	const json_t *request = json_object_get(step, "request"), *expect = json_object_get(step, "expect");
	size_t len;
	char *input = input_make(step, &len);
	bool same;

	if (setup->gateway) {
		visit_headers(&headers, request);
		visit(reply, setup->gateway, target, &headers, input, len);
		same = case_answered_http(reply, expect);
	} else {
		request_make(&headers, request);
		run_call(reply, function, "", "", &headers, input, len, 0);
		same = case_answered(reply, expect);
	}
	pst_map_fini(&headers);
	free(input);
	return same;
}

static void
step_run(const struct case_setup *setup, const json_t *step, const char *id, size_t n)
{
	const char *file = json_string_value(json_object_get(step, "file")), *how = setup->gateway ? " over HTTP" : "";
	char path[PATH_MAX], function[256], target[512], *log;
	struct reply reply;
	size_t from;
	bool same;

	if (!case_module(path, setup, file)) {
		printf("ok %u - %s%s: %s, %zu: %s # SKIP not there\n", ++tap_cases, setup->runtime, how, id, n + 1, file);
		return;
	}
	case_function(function, file, id);
	case_target(target, step, function);
	log = run_log();
	from = strlen(log);
	free(log);
	same = ask(&reply, setup, step, function, target);
	same = case_logged(from, step, &reply, setup->gateway ? target : NULL) && same;
	if (!tap(same, "%s%s: %s, %zu: %s", setup->runtime, how, id, n + 1, file))
		printf("# got: %u, %.*s %s\n", reply.status, (int)(reply.len < 300 ? reply.len : 300),
		    reply.body ? (char *)reply.body : "", reply.text);
	reply_fini(&reply);
}

/* ---- all of them ---- */

/* A node with these cases; false: there is no such runtime. */
static bool
node_begin(const struct case_setup *setup, const json_t *cases)
{
	char *conf = case_conf(setup, cases);
	const char *why = run_node(conf);

	free(conf);
	if (why && strstr(why, "no module runtime/")) {
		printf("ok %u - by %s # SKIP not built\n", ++tap_cases, setup->runtime);
		return false;
	}
	if (why)
		die(why);
	return true;
}

static void
refused(const struct case_setup *setup, json_t *one)
{
	json_t *cases = json_pack("[O]", one);
	char *conf = case_conf(setup, cases);
	const char *why = run_node(conf);

	tap(why != NULL, "%s: %s: refused: %s", setup->runtime, json_string_value(json_object_get(one, "id")), why ? why : "");
	if (!why)
		run_stop();
	free(conf);
	json_decref(cases);
}

static void
sequence_run(const struct case_setup *setup, const json_t *one)
{
	const json_t *step;
	size_t i;

	world_graphql(json_object_get(one, "graphql_fixture"));
	json_array_foreach(json_object_get(one, "sequence"), i, step)
		if (!setup->gateway || is_of_http(step))
			step_run(setup, step, json_string_value(json_object_get(one, "id")), i);
}

static void
all(const struct case_setup *setup)
{
	json_t *cases = json_array(), *wrong = json_array(), *one;
	const char *lacks;
	size_t i;

	json_array_foreach(json_object_get(expected, "cases"), i, one) {
		lacks = case_lacks(setup, one);
		if (lacks)
			printf("ok %u - %s: %s # SKIP %s\n", ++tap_cases, setup->runtime,
			    json_string_value(json_object_get(one, "id")), lacks);
		else if (!case_fails_at_start(one))
			json_array_append(cases, one);
		else if (!setup->gateway)
			json_array_append(wrong, one);
	}
	if (node_begin(setup, cases)) {
		json_array_foreach(cases, i, one)
			sequence_run(setup, one);
		run_stop();
		json_array_foreach(wrong, i, one)
			refused(setup, one);
	}
	json_decref(wrong);
	json_decref(cases);
}

/* A port for a gateway. Others may take it, so it is asked for right before. */
static unsigned
port_free(void)
{
	struct sockaddr_in in;
	int len = sizeof in, fd = socket(AF_INET, SOCK_STREAM, 0);

	uv_ip4_addr("127.0.0.1", 0, &in);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) || getsockname(fd, (struct sockaddr *)&in, (socklen_t *)&len))
		die("no port");
	close(fd);
	return ntohs(in.sin_port);
}

int
main(int argc, char **argv)
{
	static const char *const runtimes[] = { "wabt", "wasmtime" };
	struct case_setup setup = { .modules = getenv("POSTERN_FUNCTIONS"), .tls = argc > 1 ? argv[1] : NULL };
	char path[PATH_MAX];

	world_begin(setup.tls);
	snprintf(path, sizeof path, "%s/expected.json", setup.modules ? setup.modules : ".");
	expected = expected_read(path);
	if (!expected)
		die("no expected.json");
	run_begin();
	for (size_t i = 0; i < 2; i++) {
		setup.runtime = runtimes[i];
		setup.gateway = 0;
		all(&setup);
		setup.gateway = port_free();
		all(&setup);
	}
	run_end();
	world_end();
	json_decref(expected);
	return tap_end();
}
