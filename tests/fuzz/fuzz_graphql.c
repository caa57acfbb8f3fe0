/*
 * What a GraphQL server says: a byte for the status, then the reply. What the function gets is JSON that says the
 * same when it is a reply again, or a sentence.
 * Covers: modules/capability/graphql/graphql.c modules/capability/graphql/encode.c
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

extern const struct pst_module capability_graphql_LTX_pst_module;

static struct {
	const uint8_t *bytes;
	size_t len;
	long status;
} reply;

static void
check(bool right)
{
	if (!right)
		abort();
}

/* ---- in place of web.c, beside no_web.c ---- */

/* The question is the reply's bytes, too: as a query they are any text, or refused. */
void
web_ask(struct web *web, struct pst_host_call *call, struct web_request *request)
{
	json_t *body = json_loadb((const char *)request->body, request->body_len, JSON_ALLOW_NUL, NULL);
	const json_t *query = json_object_get(body, "query");
	uint8_t *copy = malloc(reply.len + 1);

	check(json_object_size(body) == 1 && json_string_length(query) == call->text[1].len &&
	    !memcmp(json_string_value(query), call->text[1].bytes, call->text[1].len));
	check(!strcmp(request->method, "POST") && request->headers && !request->headers->next);
	json_decref(body);
	curl_slist_free_all(request->headers);
	request->ended(request->arg);
	check(copy != NULL);
	memcpy(copy, reply.bytes, reply.len);
	request->done(call, reply.status, copy, reply.len);
}

/* ---- one reply ---- */

static void
told(struct pst_host_call *call)
{
}

static void
ask(struct pst_host_call *call, long status, const void *bytes, size_t len, const char *query, size_t query_len)
{
	const struct pst_capability_ops *ops = capability_graphql_LTX_pst_module.ops;

	reply.status = status;
	reply.bytes = bytes;
	reply.len = len;
	*call = (struct pst_host_call){ .answered = told };
	call->text[0] = (struct pst_host_bytes){ (const uint8_t *)"https://a.test/", 15 };
	call->text[1] = (struct pst_host_bytes){ (const uint8_t *)query, query_len };
	ops->serves->later(NULL, call);
}

static bool
begins(const struct pst_host_call *call, const char *text)
{
	return call->result_len >= strlen(text) && !memcmp(call->result, text, strlen(text));
}

/* What was taken is taken again, and is the same. */
static void
check_result(const struct pst_host_call *call)
{
	struct pst_host_call again;

	check(begins(call, "{\"data\":") && call->result[call->result_len - 1] == '}');
	for (size_t i = 0; i < call->result_len; i++)
		check(call->result[i] >= ' ' && !memchr("<>&", call->result[i], 3));
	ask(&again, 200, call->result, call->result_len, "", 0);
	check(again.outcome == PST_HOST_RESULT && again.result_len == call->result_len &&
	    !memcmp(again.result, call->result, call->result_len));
	free(again.result);
}

static void
check_error(const struct pst_host_call *call, long status)
{
	static const char *const sentences[] = { "failed to Unmarshal response: ", "graphQL error; path: ",
		"failed to Marshal response: " };
	size_t i = 0;

	if (status > 299) {
		check(begins(call, "non-200 HTTP response code; "));
		return;
	}
	while (i < 3 && !begins(call, sentences[i]))
		i++;
	check(i < 3 && call->result_len > strlen(sentences[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_host_call call;
	long status;

	if (!len)
		return 0;
	status = 200 + data[0];
	ask(&call, status, data + 1, len - 1, "{ a }", 5);
	if (call.outcome == PST_HOST_RESULT)
		check_result(&call);
	else
		check_error(&call, status);
	free(call.result);
	/* as a query the same bytes are sent, or refused where they are no text */
	ask(&call, 500, "", 0, (const char *)data + 1, len - 1);
	check(call.outcome == PST_HOST_ERROR && call.result_len);
	free(call.result);
	return 0;
}
