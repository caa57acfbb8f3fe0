/* What capabilities answer to a function, asked without one. */
#include "loop.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postern/capability.h>

#include "fake_section.h"
#include "table.h"

extern const struct pst_module capability_cache_LTX_pst_module, capability_file_LTX_pst_module,
    capability_log_LTX_pst_module, capability_request_LTX_pst_module,
    capability_secrets_LTX_pst_module;

/* The beginnings of the modules' own structs are theirs: tests fill them in by the option tables. */
static union {
	char bytes[256];
	void *aligned;
} conf;
static struct fake_node node;
static struct fake_section section;
static const struct pst_module *module;
static struct pst_coordinated request;
static struct pst_execution execution = { .function = "f", .ident = 7 };
static struct pst_host_call call;
static bool answered;

/* ---- a capability, and a call of it ---- */

static void *
option(const char *name)
{
	const struct pst_opt *opt = module->sections->options;

	while (opt->name && strcmp(opt->name, name))
		opt++;
	assert_non_null(opt->name);
	return conf.bytes + opt->offset;
}

static void
have(const struct pst_module *which)
{
	module = which;
	memset(&conf, 0, sizeof conf);
	memset(&section, 0, sizeof section);
	assert_true(which->sections->conf_size <= sizeof conf);
}

static void
opened(void)
{
	fake_node_init(&node);
	assert_int_equal(fake_open(&section, &node, module->sections, module->ops, "c", &conf), PST_OK);
}

static void
closed(void)
{
	fake_close(&section);
	fake_node_fini(&node);
}

static void
told(struct pst_host_call *c)
{
	answered = true;
}

static struct pst_host_bytes
text(const char *s)
{
	return (struct pst_host_bytes){ (const uint8_t *)s, strlen(s) };
}

static void
ask(const char *name, int32_t number, const char *first, const char *second)
{
	const struct pst_capability_ops *ops = module->ops;
	const struct pst_host_function *f = ops->serves;

	while (f->name && strcmp(f->name, name))
		f++;
	assert_non_null(f->name);
	free(call.result);
	call = (struct pst_host_call){ .execution = &execution, .answered = told };
	call.number[0] = number;
	call.text[0] = text(first);
	call.text[1] = text(second);
	answered = false;
	f->now(section.self, &call);
	assert_true(answered);
}

static void
is_result(const char *wanted)
{
	assert_int_equal(call.outcome, PST_HOST_RESULT);
	assert_int_equal(call.result_len, strlen(wanted));
	assert_memory_equal(call.result, wanted, strlen(wanted));
}

static void
is_error(const char *wanted)
{
	assert_int_equal(call.outcome, PST_HOST_ERROR);
	assert_int_equal(call.result_len, strlen(wanted));
	assert_memory_equal(call.result, wanted, strlen(wanted));
}

static void
is_code(int32_t wanted)
{
	assert_int_equal(call.outcome, PST_HOST_CODE);
	assert_int_equal(call.code, wanted);
}

static int
forget(void **state)
{
	free(call.result);
	call.result = NULL;
	execution.request = NULL;
	return 0;
}

/* ---- request ---- */

static void
a_request(const char *body)
{
	assert_int_equal(pst_coordinated_init(&request, "POST", "/a/b?c=d+e%21&c=2&x", "an-id"), PST_OK);
	request.body = (uint8_t *)strdup(body);
	request.body_len = strlen(body);
	assert_int_equal(pst_map_put(&request.headers, "x-one", "1", 1), PST_OK);
	assert_int_equal(pst_map_put(&request.params, "p", "v", 1), PST_OK);
	assert_int_equal(pst_map_put(&request.state, "s", "t", 1), PST_OK);
	execution.request = &request;
	have(&capability_request_LTX_pst_module);
	*(bool *)option("allow_get_field") = *(bool *)option("allow_set_field") = true;
	opened();
}

static void
request_over(void)
{
	closed();
	pst_coordinated_fini(&request);
}

static void
a_field_is_read_by_kind_and_key(void **state)
{
	static const struct {
		int32_t kind;
		const char *key, *value; /* NULL: -1 */
	} fields[] = {
		{ 0, "method", "POST" },
		{ 0, "url", "/a/b?c=d+e%21&c=2&x" },
		{ 0, "id", "an-id" },
		{ 0, "body", "{\"b\":1,\"a\":\"text\"}" },
		{ 0, "other", "" },
		{ 1, "a", "text" },
		{ 1, "b", NULL },
		{ 1, "c", NULL },
		{ 2, "X-One", "1" },
		{ 2, "x-two", "" },
		{ 3, "p", "v" },
		{ 3, "q", "" },
		{ 4, "s", "t" },
		{ 4, "t", "" },
		{ 5, "c", "d e!" },
		{ 5, "x", "" },
		{ 5, "y", "" },
		{ 6, "method", NULL },
		{ -1, "method", NULL },
	};

	a_request("{\"b\":1,\"a\":\"text\"}");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		ask("request_get_field", fields[i].kind, fields[i].key, "");
		if (fields[i].value)
			is_result(fields[i].value);
		else
			is_code(-1);
	}
	request_over();
}

static void
a_body_that_is_no_object_has_no_fields_and_an_empty_one_empty_ones(void **state)
{
	a_request("plain");
	ask("request_get_field", 1, "a", "");
	is_code(-1);
	request_over();
	a_request("");
	ask("request_get_field", 1, "a", "");
	is_result("");
	request_over();
}

static void
what_is_set_is_read_again(void **state)
{
	a_request("{\"b\":1,\"a\":\"text\"}");
	ask("request_set_field", 0, "method", "PUT");
	is_result("");
	assert_string_equal(request.method, "PUT");
	ask("request_set_field", 0, "url", "/other");
	assert_string_equal(request.url, "/other");
	ask("request_set_field", 0, "id", "nobody");
	assert_string_equal(request.id, "an-id");
	ask("request_set_field", 1, "0", "new");
	ask("request_get_field", 0, "body", "");
	is_result("{\"0\":\"new\",\"a\":\"text\",\"b\":1}");
	ask("request_set_field", 2, "X-Case", "kept");
	assert_non_null(pst_map_get(&request.headers, "X-Case"));
	ask("request_get_field", 2, "X-Case", "");
	is_result("");
	ask("request_set_field", 4, "s", "u");
	ask("request_get_field", 4, "s", "");
	is_result("u");
	ask("request_set_field", 5, "c", "no such kind to set");
	is_result("");
	ask("request_set_field", 0, "body", "");
	ask("request_set_field", 1, "a", "of an empty body: nothing");
	assert_int_equal(request.body_len, 0);
	request_over();
}

static void
a_header_of_the_answer_has_no_control_characters(void **state)
{
	a_request("");
	ask("resp_set_header", 0, "Content-Type", "text/plain");
	ask("resp_set_header", 0, "Content-Type", "application/json");
	assert_string_equal(pst_map_get(&request.answer, "Content-Type")->value, "application/json");
	ask("resp_set_header", 0, "X-Split", "a\r\nSet-Cookie: b");
	ask("resp_set_header", 0, "two words", "a");
	ask("resp_set_header", 0, "", "a");
	ask("resp_set_header", 0, "X-Pst-Error", "{}");
	assert_int_equal(request.answer.count, 1);
	request_over();
}

static void
without_a_request_or_leave_there_is_nothing(void **state)
{
	a_request("");
	*(bool *)option("allow_get_field") = *(bool *)option("allow_set_field") = false;
	ask("request_get_field", 0, "method", "");
	is_code(-1);
	ask("request_set_field", 0, "method", "PUT");
	is_result("");
	assert_string_equal(request.method, "POST");
	*(bool *)option("allow_get_field") = *(bool *)option("allow_set_field") = true;
	execution.request = NULL;
	ask("request_get_field", 0, "method", "");
	is_code(-1);
	ask("request_set_field", 0, "method", "PUT");
	is_result("");
	ask("resp_set_header", 0, "A", "b");
	request_over();
}

/* ---- file ---- */

static void
put_file(const char *name, const char *bytes)
{
	char path[2 * PATH_MAX];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", node.state_dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(bytes, out);
	fclose(out);
}

static void
make_dir(const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", node.state_dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
a_file_is_one_below_the_directory_and_nothing_else(void **state)
{
	static const char *const none[] = { "../secret", "below/../../secret", "link", "dirlink/secret", "fifo",
		"below", "", "/", ".", "nothing", "./../secret", "/static/a.md", "a.md/", "large",
		"static/static/a.md" };
	static const char *const there[] = { "a.md", "static/a.md", "/a.md", "./a.md", "static//a.md",
		"static/./a.md", "/./a.md" };
	char directory[2 * PATH_MAX], path[3 * PATH_MAX];

	have(&capability_file_LTX_pst_module);
	opened();
	snprintf(directory, sizeof directory, "%s/files", node.state_dir);
	*(const char **)option("directory") = directory;
	*(uint64_t *)option("largest") = 8;
	make_dir("files");
	make_dir("files/below");
	put_file("secret", "secret");
	put_file("files/a.md", "hello");
	put_file("files/below/b", "");
	put_file("files/large", "123456789");
	snprintf(path, sizeof path, "%s/link", directory);
	assert_int_equal(symlink("../secret", path), 0);
	snprintf(path, sizeof path, "%s/dirlink", directory);
	assert_int_equal(symlink("..", path), 0);
	snprintf(path, sizeof path, "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
		ask("get_static_file", 0, there[i], "");
		is_result("hello");
	}
	ask("get_static_file", 0, "below/b", "");
	is_result("");
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		ask("get_static_file", 0, none[i], "");
		is_error("file does not exist");
	}
	closed();
}

/* ---- secrets ---- */

static void
a_secret_is_a_file_or_a_variable_or_empty(void **state)
{
	const char *keys[] = { "FROM_ENV", "FROM_FILE", "NEITHER", NULL };
	struct pst_err err = PST_ERR_INIT;

	have(&capability_secrets_LTX_pst_module);
	*(struct pst_list *)option("allowed_keys") = (struct pst_list){ 3, keys };
	setenv("FROM_ENV", "from the environment", 1);
	setenv("HOME", "/", 1);
	opened();
	*(const char **)option("directory") = node.state_dir;
	put_file("FROM_FILE", "from a file\n");
	put_file("OTHER", "not allowed");
	ask("get_secret_value", 0, "FROM_ENV", "");
	is_result("from the environment");
	ask("get_secret_value", 0, "FROM_FILE", "");
	is_result("from a file");
	ask("get_secret_value", 0, "NEITHER", "");
	is_result("");
	ask("get_secret_value", 0, "OTHER", "");
	is_result("");
	ask("get_secret_value", 0, "HOME", "");
	is_result("");
	closed();
	keys[0] = "../passwd";
	assert_int_equal(module->sections->check(&conf, &err), PST_E_CONF);
}

/* ---- cache ---- */

static void
what_was_put_is_got_by_its_key(void **state)
{
	have(&capability_cache_LTX_pst_module);
	*(bool *)option("allow_get") = *(bool *)option("allow_set") = true;
	*(uint64_t *)option("memory") = 4096;
	opened();
	ask("cache_get", 0, "key", "");
	is_error("key not found");
	ask("cache_set", 0, "key", "value");
	is_code(0);
	ask("cache_get", 0, "key", "");
	is_result("value");
	ask("cache_set", 100, "key", "");
	ask("cache_get", 0, "key", "");
	is_result("");
	*(bool *)option("allow_get") = false;
	ask("cache_get", 0, "key", "");
	is_error("capability is not enabled");
	*(bool *)option("allow_set") = false;
	ask("cache_set", 0, "key", "other");
	is_code(-2);
	closed();
}

static int
put(struct table *table, unsigned key, size_t len, uint64_t until)
{
	static const uint8_t zeros[8192];

	return table_put(table, (const uint8_t *)&key, sizeof key, zeros, len, until);
}

static bool
has(struct table *table, unsigned key, uint64_t now)
{
	return table_get(table, (const uint8_t *)&key, sizeof key, now) != NULL;
}

static void
it_ends_at_its_time_and_not_before(void **state)
{
	struct table table = { .max = 1 << 20 };

	assert_int_equal(put(&table, 1, 10, 1000), PST_OK);
	assert_true(has(&table, 1, 999));
	assert_false(has(&table, 1, 1000));
	assert_int_equal(table.count, 0);
	assert_int_equal(put(&table, 1, 10, 1000), PST_OK);
	assert_int_equal(put(&table, 1, 10, UINT64_MAX), PST_OK);
	assert_true(has(&table, 1, 5000));
	table_clear(&table);
}

static void
what_was_not_used_for_longest_makes_room(void **state)
{
	struct table table = { .max = 8000 };

	assert_int_equal(put(&table, 0, 8000, UINT64_MAX), PST_E_LIMIT);
	table.max = 10000;
	for (unsigned key = 1; key <= 3; key++)
		assert_int_equal(put(&table, key, 3000, UINT64_MAX), PST_OK);
	assert_true(has(&table, 1, 0));
	assert_int_equal(put(&table, 4, 3000, UINT64_MAX), PST_OK);
	assert_false(has(&table, 2, 0));
	assert_true(has(&table, 1, 0) && has(&table, 3, 0) && has(&table, 4, 0));
	assert_true(table.size <= table.max);
	table_clear(&table);
	table.max = 1 << 20;
	for (unsigned key = 0; key < 1000; key++)
		assert_int_equal(put(&table, key, 10, UINT64_MAX), PST_OK);
	for (unsigned key = 0; key < 1000; key++)
		assert_true(has(&table, key, 0));
	table_clear(&table);
	assert_int_equal(table.size, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_field_is_read_by_kind_and_key),
		TEST(a_body_that_is_no_object_has_no_fields_and_an_empty_one_empty_ones),
		TEST(what_is_set_is_read_again),
		TEST(a_header_of_the_answer_has_no_control_characters),
		TEST(without_a_request_or_leave_there_is_nothing),
		TEST(a_file_is_one_below_the_directory_and_nothing_else),
		TEST(a_secret_is_a_file_or_a_variable_or_empty),
		TEST(what_was_put_is_got_by_its_key),
		TEST(it_ends_at_its_time_and_not_before),
		TEST(what_was_not_used_for_longest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
