/*
 * capability/graphql: functions ask GraphQL servers (spec functions.md 3.2). How requests go over the web is
 * capability/http's, whose sources this module has too.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../shared/web/web.h"
#include "encode.h"

/* Ours. */
#define URL_MAX (64 * 1024)

/* ---- the reply ---- */

/* What is wrong with it for a reader of the originals; NULL: nothing. */
static const char *
fault_of(const json_t *reply)
{
	const json_t *data = json_object_get(reply, "data"), *errors = json_object_get(reply, "errors"), *one;
	size_t i;

	if (!json_is_object(reply))
		return "not an object";
	if (data && !json_is_object(data) && !json_is_null(data))
		return "data is not an object";
	if (errors && !json_is_array(errors) && !json_is_null(errors))
		return "errors is not an array";
	json_array_foreach(errors, i, one) {
		const json_t *path = json_object_get(one, "path"), *message = json_object_get(one, "message");

		if (!json_is_object(one) || (path && !json_is_string(path) && !json_is_null(path)) ||
		    (message && !json_is_string(message) && !json_is_null(message)))
			return "an error's message or path is not a string";
	}
	return NULL;
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* {"data":…}: all else is not the guest's. */
static void
data_answer(struct pst_host_call *call, const json_t *data)
{
	char *text = NULL;
	size_t len;
	int rc = encode_data(&text, &len, data);

	if (rc)
		pst_host_error(call, "failed to Marshal response: %s", pst_strerror(rc));
	else
		pst_host_take(call, (uint8_t *)text, len);
}

static void
answered(struct pst_host_call *call, long status, uint8_t *bytes, size_t len)
{
	json_error_t error = { .text = "" };
	json_t *reply = status <= 299 ? json_loadb((char *)bytes, len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error) : NULL;
	const json_t *first = json_array_get(json_object_get(reply, "errors"), 0);
	const char *fault = reply ? fault_of(reply) : error.text;

	if (status > 299)
		pst_host_error(call, "non-200 HTTP response code; %.*s", (int)(len < INT32_MAX ? len : INT32_MAX),
		    len ? (const char *)bytes : "");
	else if (fault)
		pst_host_error(call, "failed to Unmarshal response: %s", fault);
	else if (first)
		pst_host_error(call, "graphQL error; path: %s, message: %s", text_of(first, "path"),
		    text_of(first, "message"));
	else
		data_answer(call, json_object_get(reply, "data"));
	json_decref(reply);
	free(bytes);
}

/* ---- the call ---- */

static char *
query_write(const struct pst_host_bytes *query)
{
	json_t *body = json_pack("{s:s%}", "query", query->bytes, query->len);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	return text;
}

static void
graphql_query(void *capability, struct pst_host_call *call)
{
	const struct pst_host_bytes *url = &call->text[0];
	struct web_request request = { .method = "POST", .done = answered, .ended = free };
	char *endpoint = NULL, *body = NULL;

	if (url->len <= URL_MAX && !memchr(url->bytes, 0, url->len))
		endpoint = strndup((const char *)url->bytes, url->len);
	if (endpoint && (body = query_write(&call->text[1])))
		request.headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (request.headers) {
		request.url = endpoint;
		request.body = (const uint8_t *)body;
		request.body_len = strlen(body);
		request.arg = body;
		web_ask(capability, call, &request);
	} else {
		free(body);
		pst_host_error(call, "the endpoint or the query cannot be read");
	}
	free(endpoint);
}

static const struct pst_host_function graphql_serves[] = {
	{ .name = "graphql_query", .later = graphql_query },
	{ .name = NULL },
};
static const struct pst_capability_ops graphql_ops = { .size = sizeof graphql_ops, .serves = graphql_serves };

static const struct pst_section graphql_sections[] = {
	PST_SECTION("capability", struct web_conf, web_options, web_check, web_open, web_close),
	PST_SECTION_END,
};

PST_MODULE(capability_graphql, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions ask GraphQL servers, within rules", .sections = graphql_sections, .ops = &graphql_ops);
