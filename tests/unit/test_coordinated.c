/* Requests as functions see them, and the maps in them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/coordinated.h>

static void
put(struct pst_map *map, const char *name, const char *value)
{
	assert_int_equal(pst_map_put(map, name, value, strlen(value)), PST_OK);
}

static void
assert_item(const struct pst_map *map, const char *name, const char *value)
{
	const struct pst_map_item *item = pst_map_get(map, name);

	assert_non_null(item);
	assert_int_equal(item->len, strlen(value));
	assert_string_equal(item->value, value);
}

/* ---- maps ---- */

static void
a_map_keeps_its_order_and_the_last_value(void **state)
{
	struct pst_map map = { 0 };

	put(&map, "a", "1");
	put(&map, "b", "2");
	put(&map, "c", "3");
	put(&map, "a", "longer than before");
	assert_int_equal(map.count, 3);
	assert_item(&map, "a", "longer than before");
	assert_string_equal(map.items[0].name, "a");
	pst_map_drop(&map, "b");
	pst_map_drop(&map, "none");
	assert_int_equal(map.count, 2);
	assert_string_equal(map.items[1].name, "c");
	assert_null(pst_map_get(&map, "b"));
	pst_map_fini(&map);
	pst_map_fini(&map);
	assert_int_equal(map.count, 0);
}

static void
a_value_may_be_put_over_itself(void **state)
{
	struct pst_map map = { 0 };
	const struct pst_map_item *item;

	put(&map, "name", "value");
	item = pst_map_get(&map, "name");
	assert_int_equal(pst_map_put(&map, item->name, item->value + 1, 3), PST_OK);
	assert_item(&map, "name", "alu");
	pst_map_fini(&map);
}

static void
values_are_bytes(void **state)
{
	struct pst_map map = { 0 }, copy;

	assert_int_equal(pst_map_put(&map, "n", "a\0b", 3), PST_OK);
	assert_int_equal(pst_map_put(&map, "e", NULL, 0), PST_OK);
	assert_int_equal(pst_map_copy(&copy, &map), PST_OK);
	pst_map_fini(&map);
	assert_memory_equal(pst_map_get(&copy, "n")->value, "a\0b", 4);
	assert_item(&copy, "e", "");
	put(&copy, "more", "fits");
	pst_map_fini(&copy);
	assert_int_equal(pst_map_copy(&copy, &map), PST_OK);
	assert_int_equal(copy.count, 0);
}

static void
a_map_has_an_end(void **state)
{
	struct pst_map map = { 0 };
	char name[16];

	for (int i = 0; i < PST_MAP_MAX; i++) {
		snprintf(name, sizeof name, "%d", i);
		put(&map, name, name);
	}
	assert_int_equal(pst_map_put(&map, "one more", "", 0), PST_E_LIMIT);
	put(&map, "7", "changed");
	assert_item(&map, "7", "changed");
	assert_item(&map, "999", "999");
	pst_map_fini(&map);
}

/* ---- requests ---- */

static int
read_text(struct pst_coordinated *out, const char *json)
{
	return pst_coordinated_read(out, json, strlen(json));
}

static void
assert_written(const struct pst_coordinated *request, bool with_body, const char *want)
{
	char *json;
	size_t len;

	assert_int_equal(pst_coordinated_write(request, with_body, &json, &len), PST_OK);
	assert_string_equal(json, want);
	assert_int_equal(len, strlen(want));
	free(json);
}

static void
a_request_is_read_whole(void **state)
{
	struct pst_coordinated request;

	assert_int_equal(read_text(&request,
	    "{\"method\":\"POST\",\"url\":\"/a?b=c\",\"request_id\":\"id\",\"body\":\"aGVsbG8=\","
	    "\"headers\":{\"x-y\":\"z\"},\"resp_headers\":null,\"params\":{\"p\":\"\\u00fc\"},"
	    "\"state\":{\"s\":\"AAE=\",\"e\":\"\"},\"sequence_json\":\"e30=\",\"other\":[1,{}]}"), PST_OK);
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.url, "/a?b=c");
	assert_string_equal(request.id, "id");
	assert_int_equal(request.body_len, 5);
	assert_memory_equal(request.body, "hello", 5);
	assert_item(&request.headers, "x-y", "z");
	assert_item(&request.params, "p", "\xc3\xbc");
	assert_int_equal(request.answer.count, 0);
	assert_int_equal(pst_map_get(&request.state, "s")->len, 2);
	assert_memory_equal(pst_map_get(&request.state, "s")->value, "\0\1", 3);
	assert_item(&request.state, "e", "");
	pst_coordinated_fini(&request);
	pst_coordinated_fini(&request);
}

static void
what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "[]", "{}", "7", "{\"method\":\"GET\"",
		"{\"method\":\"\",\"url\":\"/\",\"request_id\":\"i\"}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"\"}",
		"{\"method\":\"GET\",\"request_id\":\"i\"}",
		"{\"method\":\"GET\",\"url\":7,\"request_id\":\"i\"}",
		"{\"method\":\"GET\",\"url\":null,\"request_id\":\"i\"}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"body\":7}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"body\":\"aGVsbG8\"}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"body\":\"a-_=\"}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"headers\":[]}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"headers\":{\"a\":null}}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"state\":{\"a\":\"*\"}}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\\u0000\"}",
		"{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\"} x",
		"{\"method\":\"GET\",\"url\":\"/\xff\",\"request_id\":\"i\"}",
	};
	struct pst_coordinated request;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (read_text(&request, texts[i]) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
		assert_null(request.method);
	}
}

static void
a_request_is_written_as_it_is_read(void **state)
{
	static const char whole[] =
	    "{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"7\",\"body\":\"AAH/\",\"headers\":{\"a\":\"b\",\"c\":\"\"},"
	    "\"resp_headers\":{\"d\":\"e\"},\"params\":{\"f\":\"g\"},\"state\":{\"h\":\"aGk=\"}}";
	struct pst_coordinated request;

	assert_int_equal(read_text(&request, whole), PST_OK);
	assert_written(&request, true, whole);
	assert_written(&request, false,
	    "{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"7\",\"headers\":{\"a\":\"b\",\"c\":\"\"},"
	    "\"resp_headers\":{\"d\":\"e\"},\"params\":{\"f\":\"g\"},\"state\":{\"h\":\"aGk=\"}}");
	pst_coordinated_fini(&request);
}

static void
no_body_is_null_and_strange_bytes_are_replaced(void **state)
{
	struct pst_coordinated request;

	assert_int_equal(pst_coordinated_init(&request, "GET", NULL, "\"\\\n\x7f\xc2\x85"), PST_OK);
	assert_string_equal(request.url, "");
	assert_int_equal(pst_coordinated_set(&request.url, "/\xff\xc3(\xe2\x82\xac", 7), PST_OK);
	assert_written(&request, true,
	    "{\"method\":\"GET\",\"url\":\"/\xef\xbf\xbd\xef\xbf\xbd(\xe2\x82\xac\",\"request_id\":\"\\\"\\\\\\u000a\\u007f\\u0085\","
	    "\"body\":null,\"headers\":{},\"resp_headers\":{},\"params\":{},\"state\":{}}");
	pst_coordinated_fini(&request);
}

static void
a_large_body_is_no_trouble(void **state)
{
	const size_t len = 3 * 1000 * 1000 + 1;
	struct pst_coordinated request, again;
	char *json;
	size_t n;

	assert_int_equal(pst_coordinated_init(&request, "PUT", "/", "1"), PST_OK);
	request.body = malloc(len);
	request.body_len = len;
	for (size_t i = 0; i < len; i++)
		request.body[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(pst_coordinated_write(&request, true, &json, &n), PST_OK);
	assert_int_equal(pst_coordinated_read(&again, json, n), PST_OK);
	assert_int_equal(again.body_len, len);
	assert_memory_equal(again.body, request.body, len);
	free(json);
	pst_coordinated_fini(&request);
	pst_coordinated_fini(&again);
}

static void
too_many_members_are_too_many(void **state)
{
	struct pst_coordinated request;
	char *json = malloc(40000), *p = json;

	p += sprintf(p, "{\"method\":\"GET\",\"url\":\"/\",\"request_id\":\"i\",\"params\":{\"x\":\"\"");
	for (int i = 0; i < PST_MAP_MAX; i++)
		p += sprintf(p, ",\"%d\":\"\"", i);
	strcpy(p, "}}");
	assert_int_equal(read_text(&request, json), PST_E_LIMIT);
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_keeps_its_order_and_the_last_value),
		cmocka_unit_test(a_value_may_be_put_over_itself),
		cmocka_unit_test(values_are_bytes),
		cmocka_unit_test(a_map_has_an_end),
		cmocka_unit_test(a_request_is_read_whole),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_request_is_written_as_it_is_read),
		cmocka_unit_test(no_body_is_null_and_strange_bytes_are_replaced),
		cmocka_unit_test(a_large_body_is_no_trouble),
		cmocka_unit_test(too_many_members_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
