#include <postern/coordinated.h>

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <postern/json.h>

int
pst_coordinated_set(char **text, const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	free(*text);
	*text = copy;
	return PST_OK;
}

int
pst_coordinated_init(struct pst_coordinated *out, const char *method, const char *url,
    const char *id)
{
	*out = (struct pst_coordinated){
		.method = strdup(method ? method : ""),
		.url = strdup(url ? url : ""),
		.id = strdup(id ? id : ""),
	};
	if (out->method && out->url && out->id)
		return PST_OK;
	pst_coordinated_fini(out);
	return -ENOMEM;
}

void
pst_coordinated_fini(struct pst_coordinated *request)
{
	free(request->method);
	free(request->url);
	free(request->id);
	free(request->body);
	pst_map_fini(&request->headers);
	pst_map_fini(&request->answer);
	pst_map_fini(&request->params);
	pst_map_fini(&request->state);
	*request = (struct pst_coordinated){ 0 };
}

/* ---- reading ---- */

/* A member that may be null or missing. PST_OK and NULL for these. */
static int
optional(const json_t *object, const char *name, json_type type, const json_t **out)
{
	const json_t *value = json_object_get(object, name);

	*out = value && !json_is_null(value) ? value : NULL;
	return *out && json_typeof(*out) != type ? -EBADMSG : PST_OK;
}

static int
read_text(const json_t *object, const char *name, const char **out)
{
	const json_t *value = json_object_get(object, name);

	*out = json_string_value(value);
	return *out && **out ? PST_OK : -EBADMSG;
}

/* At most three bytes for four; one more byte, so that there is always something. */
static int
read_base64(const json_t *value, uint8_t **out, size_t *len)
{
	size_t n = json_string_length(value), room = n / 4 * 3 + 1;
	uint8_t *bytes = malloc(room);

	if (!bytes)
		return -ENOMEM;
	if (sodium_base642bin(bytes, room, json_string_value(value), n, NULL, len, NULL,
	        sodium_base64_VARIANT_ORIGINAL)) {
		free(bytes);
		return -EBADMSG;
	}
	*out = bytes;
	return PST_OK;
}

static int
put_text(struct pst_map *map, const char *name, const json_t *value)
{
	return pst_map_put(map, name, json_string_value(value), json_string_length(value));
}

static int
put_base64(struct pst_map *map, const char *name, const json_t *value)
{
	uint8_t *bytes;
	size_t len;
	int rc = read_base64(value, &bytes, &len);

	if (rc)
		return rc;
	rc = pst_map_put(map, name, bytes, len);
	free(bytes);
	return rc;
}

static int
read_map(const json_t *object, const char *name, struct pst_map *out,
    int (*put)(struct pst_map *map, const char *name, const json_t *value))
{
	const json_t *members, *value;
	const char *key;
	int rc = optional(object, name, JSON_OBJECT, &members);

	if (rc || !members)
		return rc;
	json_object_foreach ((json_t *)members, key, value) {
		rc = json_is_string(value) ? put(out, key, value) : -EBADMSG;
		if (rc)
			return rc;
	}
	return PST_OK;
}

static int
read_members(struct pst_coordinated *out, const json_t *object)
{
	const json_t *body;
	int rc = optional(object, "body", JSON_STRING, &body);

	if (!rc && body)
		rc = read_base64(body, &out->body, &out->body_len);
	if (!rc)
		rc = read_map(object, "headers", &out->headers, put_text);
	if (!rc)
		rc = read_map(object, "resp_headers", &out->answer, put_text);
	if (!rc)
		rc = read_map(object, "params", &out->params, put_text);
	if (!rc)
		rc = read_map(object, "state", &out->state, put_base64);
	return rc;
}

int
pst_coordinated_read(struct pst_coordinated *out, const void *json, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(json, len, 0, &error);
	const char *method, *url, *id;
	int rc = -EBADMSG;

	*out = (struct pst_coordinated){ 0 };
	if (!object)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	if (!read_text(object, "method", &method) && !read_text(object, "url", &url) &&
	    !read_text(object, "request_id", &id))
		rc = pst_coordinated_init(out, method, url, id);
	if (!rc)
		rc = read_members(out, object);
	if (rc)
		pst_coordinated_fini(out);
	json_decref(object);
	return rc;
}

/* ---- writing ---- */

static void
write_text(struct pst_json *json, const char *name, const char *text)
{
	pst_json_raw(json, name);
	pst_json_string(json, text, strlen(text));
}

static void
write_map(struct pst_json *json, const char *name, const struct pst_map *map,
    void (*value)(struct pst_json *json, const void *bytes, size_t len))
{
	pst_json_raw(json, name);
	for (size_t i = 0; i < map->count; i++) {
		const struct pst_map_item *item = &map->items[i];

		pst_json_raw(json, i ? "," : "");
		pst_json_string(json, item->name, strlen(item->name));
		pst_json_raw(json, ":");
		value(json, item->value, item->len);
	}
	pst_json_raw(json, "}");
}

static void
write_body(struct pst_json *json, const struct pst_coordinated *request)
{
	pst_json_raw(json, ",\"body\":");
	if (request->body)
		pst_json_base64(json, request->body, request->body_len);
	else
		pst_json_raw(json, "null");
}

int
pst_coordinated_write(const struct pst_coordinated *request, bool with_body, char **json,
    size_t *len)
{
	struct pst_json out = { 0 };

	write_text(&out, "{\"method\":", request->method);
	write_text(&out, ",\"url\":", request->url);
	write_text(&out, ",\"request_id\":", request->id);
	if (with_body)
		write_body(&out, request);
	write_map(&out, ",\"headers\":{", &request->headers, pst_json_string);
	write_map(&out, ",\"resp_headers\":{", &request->answer, pst_json_string);
	write_map(&out, ",\"params\":{", &request->params, pst_json_string);
	write_map(&out, ",\"state\":{", &request->state, pst_json_base64);
	pst_json_raw(&out, "}");
	return pst_json_end(&out, json, len);
}
