/* capability/graphql, asked without a function: what it sends, and what it makes of replies. */
#include "loop.h"

#include <stdio.h>

#include <postern/capability.h>

#include "encode.h"
#include "fake_section.h"
#include "http_server.h"
#include "web.h"

extern const struct pst_module capability_graphql_LTX_pst_module;

#define HEAD "HTTP/1.1 200 OK\r\n\r\n"

static const struct http_answer answers[] = {
	{ "/data", HEAD "{\"data\":{\"b\":[1,{\"z\":true,\"a\":null}],\"a\":\"<x>\"},\"extensions\":{}}", 0 },
	{ "/null", HEAD "{\"data\":null,\"errors\":[]}", 0 },
	{ "/none", HEAD "{}", 0 },
	{ "/error", HEAD "{\"data\":{},\"errors\":[{\"message\":\"no\",\"path\":\"a.b\"},{\"message\":\"second\"}]}", 0 },
	{ "/path", HEAD "{\"errors\":[{\"message\":\"no\",\"path\":[\"a\"]}]}", 0 },
	{ "/list", HEAD "[]", 0 },
	{ "/text", HEAD "hello", 0 },
	{ "/nothing", HEAD, 0 },
	{ NULL, "HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nwhy?", 0 },
};

static struct fake_node node;
static struct fake_section section;
static struct web_conf conf;
static struct http_server server;
static struct pst_execution execution = { .function = "f", .ident = 7 };
static struct pst_host_call call;
static bool answered;

static int
setup(void **state)
{
	memset(&section, 0, sizeof section);
	conf = (struct web_conf){ .allow_ips = true, .allow_private = true, .allow_http = true, .timeout = 20000, .max = 4096 };
	fake_node_init(&node);
	http_server_open(&server, &node.loop, answers);
	return 0;
}

static int
teardown(void **state)
{
	if (section.self)
		fake_close(&section);
	http_server_close(&server);
	fake_node_fini(&node);
	free(call.result);
	call.result = NULL;
	return 0;
}

static void
told(struct pst_host_call *c)
{
	answered = true;
}

static void
ask(const char *path, const char *query)
{
	const struct pst_capability_ops *ops = capability_graphql_LTX_pst_module.ops;
	char url[128];

	if (!section.self)
		assert_int_equal(fake_open(&section, &node, capability_graphql_LTX_pst_module.sections, ops, "c", &conf), PST_OK);
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
	free(call.result);
	call = (struct pst_host_call){ .execution = &execution, .answered = told };
	call.text[0] = (struct pst_host_bytes){ (const uint8_t *)url, strlen(url) };
	call.text[1] = (struct pst_host_bytes){ (const uint8_t *)query, strlen(query) };
	answered = false;
	ops->serves->later(section.self, &call);
	fake_wait(&node, &answered);
}

static void
is(enum pst_host_outcome outcome, const char *wanted)
{
	char text[4096];

	snprintf(text, sizeof text, "%.*s", (int)call.result_len, call.result ? (char *)call.result : "");
	assert_string_equal(text, wanted);
	assert_int_equal(call.outcome, outcome);
}

static void
a_query_is_sent_as_json(void **state)
{
	ask("/data", "{ a(b: \"c\")\n}");
	assert_memory_equal(server.asked, "POST /data HTTP/1.1\r\n", 21);
	assert_non_null(strstr(server.asked, "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(strstr(server.asked, "\r\n\r\n"), "\r\n\r\n{\"query\":\"{ a(b: \\\"c\\\")\\n}\"}");
	ask("/data", "\xff"); /* no text */
	assert_int_equal(call.outcome, PST_HOST_ERROR);
	assert_int_equal(server.requests, 1);
}

static void
data_are_encoded_again(void **state)
{
	ask("/data", "q");
	is(PST_HOST_RESULT, "{\"data\":{\"a\":\"\\u003cx\\u003e\",\"b\":[1,{\"a\":null,\"z\":true}]}}");
	ask("/null", "q");
	is(PST_HOST_RESULT, "{\"data\":null}");
	ask("/none", "q");
	is(PST_HOST_RESULT, "{\"data\":null}");
}

static void
errors_are_told(void **state)
{
	static const char *const bad[] = { "/path", "/list", "/text", "/nothing" };

	ask("/error", "q");
	is(PST_HOST_ERROR, "graphQL error; path: a.b, message: no");
	ask("/500", "q");
	is(PST_HOST_ERROR, "non-200 HTTP response code; why?");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ask(bad[i], "q");
		assert_int_equal(call.outcome, PST_HOST_ERROR);
		assert_memory_equal(call.result, "failed to Unmarshal response: ", 30);
	}
}

static void
the_rules_hold_here_too(void **state)
{
	conf.allow_http = false;
	ask("/data", "q");
	is(PST_HOST_ERROR, "failed to requestIsAllowed: requests to insecure HTTP endpoints is disallowed");
	assert_int_equal(server.connections, 0);
}

static void
values_are_written_as_the_originals_do(void **state)
{
	static const char *const rows[][2] = {
		{ "0", "0" }, { "-1", "-1" }, { "1.50", "1.5" }, { "0.1", "0.1" }, { "100", "100" },
		{ "123456789012345678", "123456789012345680" }, { "1e20", "100000000000000000000" }, { "1e21", "1e+21" },
		{ "1.5e300", "1.5e+300" }, { "0.000001", "0.000001" }, { "0.0000001", "1e-7" }, { "-2.5e-10", "-2.5e-10" },
		{ "\"\\u2028\\u2029\\u0001\\n\\t\\\"\\\\&\\u00e9\"", "\"\\u2028\\u2029\\u0001\\n\\t\\\"\\\\\\u0026\xc3\xa9\"" },
		{ "{\"b\":{},\"a\":[]}", "{\"a\":[],\"b\":{}}" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *value = json_loads(rows[i][0], JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
		char wanted[256], *text;
		size_t len;

		assert_non_null(value);
		assert_int_equal(encode_data(&text, &len, value), 0);
		snprintf(wanted, sizeof wanted, "{\"data\":%s}", rows[i][1]);
		assert_string_equal(text, wanted);
		free(text);
		json_decref(value);
	}
}

#define WEB_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		WEB_TEST(a_query_is_sent_as_json),
		WEB_TEST(data_are_encoded_again),
		WEB_TEST(errors_are_told),
		WEB_TEST(the_rules_hold_here_too),
		cmocka_unit_test(values_are_written_as_the_originals_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
