/*
 * From what came of an execution to what its caller gets (spec functions.md 1.7, extensions.md 6), and
 * to the one line that the log has of it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/json.h>

#include "function.h"

/* A header has no more; a request with a longer body goes back without it. */
#define BODY_BACK_MAX (PST_CALL_HEAD_MAX / 4)

/* ---- the log ---- */

static const char *
caller_of(const struct pst_called *call)
{
	return call->peer ? pst_peer_text(call->peer) : NULL;
}

/* The id of the request that it is a part of, as the answer over HTTP has it, too. */
static const char *
request_of(const struct execution *x)
{
	const struct pst_map_item *id = pst_map_get(&x->call->headers, PST_CALL_ID_HEADER);

	return id ? (const char *)id->value : NULL;
}

static void
tell(const struct execution *x, const char *outcome, const char *why)
{
	pst_info(x->function->log, "called", PST_STR("peer", caller_of(x->call)),
	    PST_STR("request", request_of(x)), PST_STR("outcome", outcome), PST_STR("why", why),
	    PST_U64("took_us", (uv_hrtime() - x->began_ns) / 1000));
}

void
outcome_refuse(struct function *f, struct pst_called *call, enum pst_call_code code,
    const char *text, uint32_t retry_after)
{
	const struct pst_call_failure failure = { code, text, retry_after, false };

	f->refusals++;
	pst_info_rated(f->log, &f->refused, "refused", PST_STR("peer", caller_of(call)),
	    PST_STR("outcome", pst_call_code_text(code)), PST_STR("why", text));
	pst_called_fail(&call, &failure);
}

/* ---- answers ---- */

/* {"KEY":NUMBER,"message":"…"}; free() it. */
static char *
error_json(size_t *len, const char *key, int number, const char *message, size_t message_len)
{
	struct pst_json json = { 0 };
	char begin[64], *text;

	snprintf(begin, sizeof begin, "{\"%s\":%d,\"message\":", key, number);
	pst_json_raw(&json, begin);
	pst_json_string(&json, message, message_len);
	pst_json_raw(&json, "}");
	return pst_json_end(&json, &text, len) ? NULL : text;
}

/* What the function said by return_error or return_abort. */
static void
answer_error(struct execution *x, int32_t code, const char *message, size_t message_len)
{
	const struct pst_call_failure failure = { PST_CALL_MEMORY, "out of memory", 0, true };
	int status = code >= 200 && code <= 599 ? code : 500, rc = -ENOMEM;
	size_t len = 0, error_len = 0;
	char *body = error_json(&len, "status", status, message, message_len);
	char *error = error_json(&error_len, "code", code, message, message_len);
	struct pst_map headers = { 0 };

	if (body && error)
		rc = pst_map_put(&headers, "content-type", "application/json", strlen("application/json"));
	if (!rc)
		rc = pst_map_put(&headers, PST_COORDINATED_ERROR_HEADER, error, error_len);
	x->function->failures++;
	tell(x, "run error", error);
	if (rc) {
		free(body);
		pst_called_fail(&x->call, &failure);
	} else {
		pst_called_answer(&x->call, (unsigned)status, &headers, (uint8_t *)body, len);
	}
	free(error);
	pst_map_fini(&headers);
}

/* Names of headers are in lower case on the way (extensions.md 6). */
static void
lower_names(struct pst_map *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		for (char *c = headers->items[i].name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
}

/* What the function changed goes back with the answer. */
static void
request_back(struct execution *x, struct pst_map *headers)
{
	char *json = NULL;
	size_t len;

	if (!x->changed || pst_coordinated_write(&x->request,
	    x->changed_body && x->request.body_len <= BODY_BACK_MAX, &json, &len))
		return;
	if (pst_map_put(headers, PST_CALL_REQUEST_HEADER, json, len))
		pst_warn(x->function->log, "out of memory: what it changed in its request is lost");
	free(json);
}

static void
answer_output(struct execution *x)
{
	struct pst_map *headers = x->has_request ? &x->request.answer : NULL;
	uint8_t *output = x->output;

	x->output = NULL;
	if (headers) {
		request_back(x, headers);
		lower_names(headers);
	}
	tell(x, "ok", NULL);
	pst_called_answer(&x->call, 200, headers, output, x->output_len);
}

/* ---- failures ---- */

struct ending {
	enum pst_call_code code;
	const char *text;
};

/* What the engine says of it is for our own log: it speaks of the module's inside. */
static struct ending
ending_of(const struct execution *x)
{
	switch (atomic_load(&x->over)) {
	case OVER_CANCELLED:
		return (struct ending){ PST_CALL_CANCELLED, "the call was cancelled" };
	case OVER_DEADLINE:
		return (struct ending){ PST_CALL_DEADLINE, "the function's time ran out" };
	case OVER_FAILED:
		return (struct ending){ PST_CALL_INTERNAL, "the function could not be run" };
	}
	if (x->due_ns && uv_hrtime() >= x->due_ns && (x->rc == PST_E_LIMIT || x->end == PST_WASM_DEADLINE))
		return (struct ending){ PST_CALL_DEADLINE, "the function's time ran out" };
	if (x->rc == PST_E_LIMIT || x->end == PST_WASM_MEMORY)
		return (struct ending){ PST_CALL_MEMORY, "the function's memory did not suffice" };
	if (x->end == PST_WASM_DEADLINE)
		return (struct ending){ PST_CALL_DEADLINE, "the function's time ran out" };
	if (x->rc && x->rc != PST_E_REFUSED)
		return (struct ending){ PST_CALL_INTERNAL, "the function could not be run" };
	return (struct ending){ PST_CALL_TRAP, "the function trapped" };
}

static void
answer_failure(struct execution *x)
{
	struct ending ending = ending_of(x);
	const struct pst_call_failure failure = { ending.code, ending.text, 0, x->started };

	x->function->failures++;
	tell(x, pst_call_code_text(ending.code), x->err.text[0] ? x->err.text : NULL);
	pst_called_fail(&x->call, &failure);
}

void
outcome_tell(struct execution *x)
{
	bool ended = !atomic_load(&x->over) && !x->rc;
	char text[32];

	if (ended && x->failed) {
		answer_error(x, x->code, x->message, x->message_len);
	} else if (ended && x->program->command && x->end == PST_WASM_EXIT) {
		snprintf(text, sizeof text, "exit code %u", (unsigned)x->slots[0]);
		answer_error(x, (int32_t)x->slots[0], text, strlen(text));
	} else if (ended && x->end == PST_WASM_DONE) {
		answer_output(x);
	} else {
		answer_failure(x);
	}
}
