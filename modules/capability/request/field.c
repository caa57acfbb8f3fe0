#include "field.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Ours: a longer key names nothing. */
#define KEY_MAX 1024

enum {
	KIND_META,
	KIND_BODY,
	KIND_HEADER,
	KIND_PARAM,
	KIND_STATE,
	KIND_QUERY,
};

static bool
key_read(char out[KEY_MAX + 1], const struct pst_host_bytes *key)
{
	if (key->len > KEY_MAX || memchr(key->bytes, '\0', key->len))
		return false;
	memcpy(out, key->bytes, key->len);
	out[key->len] = '\0';
	return true;
}

static void
text(struct field *out, const char *s)
{
	out->bytes = s;
	out->len = strlen(s);
}

static void
item(struct field *out, const struct pst_map *map, const char *key)
{
	const struct pst_map_item *i = pst_map_get(map, key);

	if (!i)
		return;
	out->bytes = i->value;
	out->len = i->len;
}

/* ---- the query of the URL ---- */

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Percent- and plus-decoded, in place. */
static size_t
decode(char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%' && i + 2 < len && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
			s[n++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			s[n++] = s[i] == '+' ? ' ' : s[i];
		}
	}
	return n;
}

/* The first value of that name. */
static int
query_get(struct field *out, const char *url, const char *key)
{
	const char *query = strchr(url, '?');
	char *copy = strdup(query ? query + 1 : ""), *pos = copy, *pair;
	size_t key_len = strlen(key);

	if (!copy)
		return -ENOMEM;
	*(copy + strcspn(copy, "#")) = '\0';
	while ((pair = strsep(&pos, "&"))) {
		size_t name = strcspn(pair, "=");
		char *value = pair + name + (pair[name] == '=');
		size_t value_len = strlen(value);

		name = decode(pair, name);
		if (name != key_len || memcmp(pair, key, name))
			continue;
		out->bytes = value;
		out->len = decode(value, value_len);
		out->own = copy;
		return PST_OK;
	}
	free(copy);
	return PST_OK;
}

/* ---- the body as a JSON object ---- */

static int
body_get(struct field *out, const struct pst_coordinated *request, const char *key)
{
	json_t *body, *value;
	int rc = PST_E_NOTHING;

	if (!request->body_len)
		return PST_OK;
	body = json_loadb((const char *)request->body, request->body_len, 0, NULL);
	value = json_object_get(body, key);
	if (json_is_string(value)) {
		out->len = json_string_length(value);
		out->own = malloc(out->len + 1);
		if (out->own)
			memcpy(out->own, json_string_value(value), out->len);
		out->bytes = out->own;
		rc = out->own ? PST_OK : -ENOMEM;
	}
	json_decref(body);
	return rc;
}

static int
body_replace(struct pst_coordinated *request, void *bytes, size_t len)
{
	if (!bytes)
		return -ENOMEM;
	free(request->body);
	request->body = bytes;
	request->body_len = len;
	return PST_OK;
}

/* Written back without blanks, members sorted. */
static int
body_set(struct pst_coordinated *request, const char *key, const struct pst_host_bytes *value)
{
	json_t *body;
	char *json = NULL;
	int rc = -EINVAL;

	if (!request->body_len)
		return PST_OK;
	body = json_loadb((const char *)request->body, request->body_len, 0, NULL);
	if (json_is_object(body) && !json_object_set_new(body, key,
	    json_stringn((const char *)value->bytes, value->len))) {
		json = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
		rc = body_replace(request, json, json ? strlen(json) : 0);
	}
	json_decref(body);
	return rc;
}

/* ---- all kinds ---- */

static void
meta_get(struct field *out, const struct pst_coordinated *request, const char *key)
{
	if (!strcmp(key, "method"))
		text(out, request->method);
	else if (!strcmp(key, "url"))
		text(out, request->url);
	else if (!strcmp(key, "id"))
		text(out, request->id);
	else if (!strcmp(key, "body") && request->body_len)
		*out = (struct field){ request->body, request->body_len, NULL };
}

int
field_get(struct field *out, const struct pst_coordinated *request, int32_t kind,
    const struct pst_host_bytes *bytes)
{
	char key[KEY_MAX + 1];

	text(out, "");
	if (kind < KIND_META || kind > KIND_QUERY)
		return PST_E_NOTHING;
	if (!key_read(key, bytes))
		return kind == KIND_BODY ? PST_E_NOTHING : PST_OK;
	for (char *c = key; kind == KIND_HEADER && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	switch (kind) {
	case KIND_META:
		meta_get(out, request, key);
		break;
	case KIND_BODY:
		return body_get(out, request, key);
	case KIND_HEADER:
		item(out, &request->headers, key);
		break;
	case KIND_PARAM:
		item(out, &request->params, key);
		break;
	case KIND_STATE:
		item(out, &request->state, key);
		break;
	case KIND_QUERY:
		return query_get(out, request->url, key);
	}
	return PST_OK;
}

static int
meta_set(struct pst_coordinated *request, const char *key, const struct pst_host_bytes *value)
{
	char *copy;

	if (!strcmp(key, "method"))
		return pst_coordinated_set(&request->method, value->bytes, value->len);
	if (!strcmp(key, "url"))
		return pst_coordinated_set(&request->url, value->bytes, value->len);
	if (strcmp(key, "body"))
		return strcmp(key, "id") ? PST_E_NOTHING : PST_OK;
	copy = malloc(value->len + 1);
	if (copy)
		memcpy(copy, value->bytes, value->len);
	return body_replace(request, copy, value->len);
}

int
field_set(struct pst_coordinated *request, int32_t kind, const struct pst_host_bytes *bytes,
    const struct pst_host_bytes *value)
{
	char key[KEY_MAX + 1];

	if (!key_read(key, bytes))
		return -EINVAL;
	switch (kind) {
	case KIND_META:
		return meta_set(request, key, value);
	case KIND_BODY:
		return body_set(request, key, value);
	case KIND_HEADER: /* as it is written: reading looks for lower case (spec functions.md 1.5) */
		return pst_map_put(&request->headers, key, value->bytes, value->len);
	case KIND_PARAM:
		return pst_map_put(&request->params, key, value->bytes, value->len);
	case KIND_STATE:
		return pst_map_put(&request->state, key, value->bytes, value->len);
	}
	return PST_E_NOTHING;
}

/* What is sent must not look like the next header, nor be one of ours. */
static bool
is_header(const char *name, const struct pst_host_bytes *value)
{
	return pst_header_is_name(name, strlen(name)) && pst_header_is_value(value->bytes, value->len) &&
	    strncasecmp(name, "x-pst-", 6);
}

int
field_answer(struct pst_coordinated *request, const struct pst_host_bytes *bytes,
    const struct pst_host_bytes *value)
{
	char name[KEY_MAX + 1];

	if (!key_read(name, bytes) || !is_header(name, value))
		return -EINVAL;
	return pst_map_put(&request->answer, name, value->bytes, value->len);
}
