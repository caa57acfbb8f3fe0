/*
 * Requests as functions see them, in JSON: what is taken is written anew and taken the same; any bytes
 * are written as JSON that is taken.
 * Covers: core/call/coordinated.c core/call/json.c core/call/map.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/coordinated.h>
#include <postern/utf8.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LEN_MAX 16384

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_maps(const struct pst_map *a, const struct pst_map *b)
{
	check(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct pst_map_item *item = pst_map_get(b, a->items[i].name);

		check(item && item->len == a->items[i].len && !memcmp(item->value, a->items[i].value, item->len));
	}
}

static void
check_same(const struct pst_coordinated *a, const struct pst_coordinated *b, bool with_body)
{
	check(!strcmp(a->method, b->method) && !strcmp(a->url, b->url) && !strcmp(a->id, b->id));
	check_maps(&a->headers, &b->headers);
	check_maps(&a->answer, &b->answer);
	check_maps(&a->params, &b->params);
	check_maps(&a->state, &b->state);
	if (!with_body)
		check(!b->body);
	else
		check(!a->body == !b->body && a->body_len == b->body_len &&
		    (!a->body_len || !memcmp(a->body, b->body, a->body_len)));
}

/* The text is plain, so that it may travel in a header. */
static void
check_again(const struct pst_coordinated *request, bool with_body)
{
	struct pst_coordinated again;
	char *json;
	size_t len;

	check(!pst_coordinated_write(request, with_body, &json, &len));
	check(strlen(json) == len && pst_utf8_plain((const uint8_t *)json, len));
	check(!pst_coordinated_read(&again, json, len));
	check_same(request, &again, with_body);
	pst_coordinated_fini(&again);
	free(json);
}

static void
check_map(const struct pst_map *map)
{
	struct pst_map copy;
	char name[64];

	check(!pst_map_copy(&copy, map));
	check_maps(map, &copy);
	if (copy.count && strlen(copy.items[0].name) < sizeof name) {
		strcpy(name, copy.items[0].name);
		check(!pst_map_put(&copy, name, "", 0) && copy.count == map->count);
		pst_map_drop(&copy, name);
		pst_map_drop(&copy, name);
		check(copy.count == map->count - 1 && !pst_map_get(&copy, name));
	}
	pst_map_fini(&copy);
}

/* Bytes of an HTTP client, which need not be text: those of state and body come back as they are. */
static void
check_bytes(const uint8_t *data, size_t len)
{
	struct pst_coordinated request, again;
	const struct pst_map_item *item;
	char *json;
	size_t n;

	check(!pst_coordinated_init(&request, "GET", "/", NULL));
	check(!pst_coordinated_set(&request.id, "1", 1));
	check(!pst_map_put(&request.headers, "h", data, len));
	check(!pst_map_put(&request.state, "s", data, len));
	request.body = malloc(len + 1);
	memcpy(request.body, data, len);
	request.body_len = len;
	check(!pst_coordinated_write(&request, true, &json, &n));
	check(pst_utf8_plain((const uint8_t *)json, n));
	if (!memchr(data, 0, len)) {
		check(!pst_coordinated_read(&again, json, n));
		item = pst_map_get(&again.headers, "h");
		check(item && (item->len == len || !pst_utf8_plain(data, len)));
		check_maps(&request.state, &again.state);
		check(again.body_len == len && !memcmp(again.body, data, len));
		pst_coordinated_fini(&again);
	}
	pst_coordinated_fini(&request);
	free(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_coordinated request;

	if (len > LEN_MAX)
		return 0;
	check_bytes(data, len);
	if (pst_coordinated_read(&request, data, len)) {
		check(!request.method && !request.body);
		return 0;
	}
	check(*request.method && *request.url && *request.id);
	check_map(&request.params);
	check_again(&request, false);
	check_again(&request, true);
	pst_coordinated_fini(&request);
	return 0;
}
