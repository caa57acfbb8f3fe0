#include "case.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- outputs ---- */

/* Has `got` all members of `wanted`, and so on inside of them? */
static bool
has_members(const json_t *got, const json_t *wanted)
{
	const char *name;
	json_t *value;

	if (!json_is_object(wanted))
		return json_equal((json_t *)got, (json_t *)wanted);
	json_object_foreach((json_t *)wanted, name, value)
		if (!has_members(json_object_get(got, name), value))
			return false;
	return json_is_object(got);
}

static bool
is_json(const struct reply *reply, const json_t *subset, const json_t *absent)
{
	json_t *got = json_loadb((char *)reply->body, reply->len, 0, NULL), *name;
	bool same = has_members(got, subset);
	size_t i;

	json_array_foreach((json_t *)absent, i, name)
		same = same && !json_object_get(json_object_get(got, "headers"), json_string_value(name));
	json_decref(got);
	return same;
}

static bool
is_sha256(const struct reply *reply, const char *wanted)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof sum + 1];

	crypto_hash_sha256(sum, reply->body, reply->len);
	return !strcmp(sodium_bin2hex(hex, sizeof hex, sum, sizeof sum), wanted);
}

static bool
is_output(const struct reply *reply, const json_t *expect)
{
	const char *text = json_string_value(json_object_get(expect, "output"));
	const char *prefix = json_string_value(json_object_get(expect, "output_prefix"));
	const char *sum = json_string_value(json_object_get(expect, "output_sha256"));
	const json_t *length = json_object_get(expect, "output_length");
	const json_t *subset = json_object_get(expect, "output_json_subset");

	if (!reply->answered || reply->status != 200 || !(text || prefix || sum || length || subset))
		return false;
	if (text && (strlen(text) != reply->len || memcmp(text, reply->body, reply->len)))
		return false;
	if (prefix && (reply->len < strlen(prefix) || memcmp(prefix, reply->body, strlen(prefix))))
		return false;
	if ((sum && !is_sha256(reply, sum)) || (length && (size_t)json_integer_value(length) != reply->len))
		return false;
	return !subset || is_json(reply, subset, json_object_get(expect, "output_headers_absent"));
}

/* ---- headers ---- */

/* Is every header of an object there? Names in any case. */
static bool
has_headers(const struct pst_map *headers, const json_t *wanted, bool any_case)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)wanted, name, value) {
		size_t i = 0;

		while (i < headers->count && (any_case ? strcasecmp(headers->items[i].name, name)
		    : strcmp(headers->items[i].name, name)))
			i++;
		if (i == headers->count || strcmp((char *)headers->items[i].value, json_string_value(value)))
			return false;
	}
	return true;
}

static bool
request_is(const struct reply *reply, const json_t *wanted)
{
	const struct pst_map_item *item = pst_map_get(&reply->headers, PST_CALL_REQUEST_HEADER);
	struct pst_coordinated request;
	bool same;

	if (!wanted)
		return true;
	if (!item || pst_coordinated_read(&request, item->value, item->len))
		return false;
	same = has_headers(&request.headers, wanted, false);
	pst_coordinated_fini(&request);
	return same;
}

/* ---- answers ---- */

/* A run error as {"MEMBER":…,"message":"…"}. */
static bool
is_error(const void *json, size_t len, const char *member, int code, const json_t *expect)
{
	json_t *got = json_loadb(json, len, 0, NULL);
	const json_t *message = json_object_get(got, "message"), *wanted = json_object_get(expect, "run_error");
	bool same = json_integer_value(json_object_get(got, member)) == code && json_object_size(got) == 2;

	if (json_is_true(json_object_get(expect, "message_loose")))
		same = same && json_string_length(message);
	else
		same = same && json_equal((json_t *)message, json_object_get(wanted, "message"));
	json_decref(got);
	return same;
}

bool
case_answered(const struct reply *reply, const json_t *expect)
{
	const json_t *error = json_object_get(expect, "run_error");
	const struct pst_map_item *told = pst_map_get(&reply->headers, PST_COORDINATED_ERROR_HEADER);

	if (json_is_true(json_object_get(expect, "trap")))
		return !reply->answered && reply->failure.code == PST_CALL_TRAP;
	if (error)
		return reply->answered && told &&
		    is_error(told->value, told->len, "code", (int)json_integer_value(json_object_get(error, "code")), expect);
	return !told && is_output(reply, expect) &&
	    has_headers(&reply->headers, json_object_get(expect, "resp_headers"), true) &&
	    request_is(reply, json_object_get(expect, "request_headers_after"));
}

bool
case_answered_http(const struct reply *reply, const json_t *expect)
{
	static const char unknown[] = "{\"status\":500,\"message\":\"unknown error\"}";
	const json_t *error = json_object_get(expect, "run_error");
	int code = (int)json_integer_value(json_object_get(error, "code"));

	if (json_is_true(json_object_get(expect, "trap")))
		return reply->answered && reply->status == 500 && !strcmp((char *)reply->body, unknown);
	if (code < 200 || code > 599)
		code = 500;
	if (error)
		return reply->answered && reply->status == (unsigned)code &&
		    is_error(reply->body, reply->len, "status", code, expect);
	return is_output(reply, expect) && has_headers(&reply->headers, json_object_get(expect, "resp_headers"), true);
}

/* ---- what the guest has logged ---- */

/* How far a text is what a word stands for; 0: it is not. */
static size_t
pattern_len(const char *text, const char *word)
{
	size_t len = strspn(text, "0123456789abcdef-");

	if (!strcmp(word, "@uuid"))
		return len == 36 ? len : 0;
	len = strspn(text, "0123456789-T:.Z");
	return len >= 20 && text[len - 1] == 'Z' ? len : 0;
}

static bool
matches(const char *text, const char *pattern)
{
	static const char *const words[] = { "@uuid", "@timestamp" };

	if (!strcmp(pattern, "@nonempty"))
		return *text;
	while (*pattern) {
		size_t i = 0, len;

		while (i < 2 && strncmp(pattern, words[i], strlen(words[i])))
			i++;
		len = i < 2 ? pattern_len(text, words[i]) : *text == *pattern;
		if (!len)
			return false;
		text += len;
		pattern += i < 2 ? strlen(words[i]) : 1;
	}
	return !*text;
}

/* What the guest says over HTTP in place of a text about its request. */
static void
as_over_http(char out[1024], const char *want, const json_t *request, const char *target, const struct reply *reply)
{
	const char *url = json_string_value(json_object_get(request, "url")), *at = url ? strstr(want, url) : NULL;
	const char *id = json_string_value(json_object_get(request, "request_id"));
	const char *method = json_string_value(json_object_get(request, "method"));
	const struct pst_map_item *told = pst_map_get(&reply->headers, "x-request-id");

	if (method && !strcmp(want, method))
		snprintf(out, 1024, "POST");
	else if (id && !strcmp(want, id))
		snprintf(out, 1024, "%s", told ? (char *)told->value : "");
	else if (at)
		snprintf(out, 1024, "%.*s%s%s", (int)(at - want), want, target, at + strlen(url));
	else
		snprintf(out, 1024, "%s", want);
}

/* The next line that the guest has said; false: there is none. */
static bool
said(const char **log, json_t **line)
{
	while (**log) {
		const char *end = strchr(*log, '\n');

		*line = json_loadb(*log, (size_t)(end - *log), 0, NULL);
		*log = end + 1;
		if (!strcmp(json_string_value(json_object_get(*line, "msg")), "the function says"))
			return true;
		json_decref(*line);
	}
	return false;
}

static bool
line_is(const json_t *line, const json_t *wanted, const json_t *request, const char *target, const struct reply *reply)
{
	static const char *const levels[] = { "", "error", "warn", "info", "debug" };
	const char *want = json_string_value(json_array_get(wanted, 1)), *text = json_string_value(json_object_get(line, "text"));
	char other[1024];
	bool same;

	if (target && strlen(want) < 512) {
		as_over_http(other, want, request, target, reply);
		want = other;
	}
	same = !strcmp(json_string_value(json_object_get(line, "level")), levels[json_integer_value(json_array_get(wanted, 0))]) &&
	    (!strcmp(want, "@output") ? !strcmp(text, (char *)reply->body) : matches(text, want));
	if (!same)
		printf("# said: %s\n", text);
	return same;
}

bool
case_logged(size_t from, const json_t *step, const struct reply *reply, const char *target)
{
	const json_t *wanted = json_object_get(json_object_get(step, "expect"), "guest_logs"), *one;
	char *text = run_log();
	const char *log = text + from;
	json_t *line;
	bool same = true;
	size_t i;

	json_array_foreach(wanted, i, one) {
		if (!same || !(same = said(&log, &line)))
			break;
		same = line_is(line, one, json_object_get(step, "request"), target, reply);
		json_decref(line);
	}
	if (same && said(&log, &line)) {
		printf("# said: %s\n", json_string_value(json_object_get(line, "text")));
		json_decref(line);
		same = false;
	}
	free(text);
	return same;
}
