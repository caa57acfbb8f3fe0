/*
 * capability/http: functions fetch URLs (spec functions.md 3.2).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../shared/web/web.h"

/* Ours. */
#define URL_MAX (64 * 1024)

static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE" };

static void
fetched(struct pst_host_call *call, long status, uint8_t *reply, size_t len)
{
	if (status <= 299 && len) {
		pst_host_take(call, reply, len);
		return;
	}
	if (status <= 299)
		pst_host_result(call, "", 0);
	else
		pst_host_error(call, "%ld: %.*s", status, (int)(len < INT32_MAX ? len : INT32_MAX),
		    len ? (const char *)reply : "");
	free(reply);
}

/* ---- "url::name:value::name:value" ---- */

/* They say how the message is sent, which is not the guest's. */
static bool
is_ours(const char *part, size_t name_len)
{
	static const char *const ours[] = { "Connection", "Content-Length", "Expect", "Host", "Keep-Alive",
		"Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strlen(ours[i]) == name_len && !strncasecmp(part, ours[i], name_len))
			return true;
	return false;
}

static bool
header_add(struct curl_slist **headers, const char *part)
{
	size_t name_len = strcspn(part, ":");
	const char *value = part + name_len + 1;
	struct curl_slist *longer;
	char *line;

	if (!part[name_len] || strchr(value, ':') || !pst_header_is_name(part, name_len) || !pst_header_is_value(value, strlen(value)))
		return false;
	if (is_ours(part, name_len))
		return true;
	value += strspn(value, " \t");
	/* an empty value is written so for libcurl, which takes "Name:" for "without it" */
	if (asprintf(&line, *value ? "%.*s: %s" : "%.*s;", (int)name_len, part, value) < 0)
		return false;
	longer = curl_slist_append(*headers, line);
	free(line);
	if (longer)
		*headers = longer;
	return longer;
}

/* Cuts the headers off the URL. The two colons of an address of IPv6 are none of theirs. */
static bool
headers_split(struct curl_slist **headers, char *url)
{
	char *address = strstr(url, "://["), *part, *next;

	part = strstr(address && address < strstr(url, "::") && strchr(address, ']') ? strchr(address, ']') : url, "::");
	while (part) {
		*part = '\0';
		part += 2;
		next = strstr(part, "::");
		if (next)
			*next = '\0';
		if (!header_add(headers, part))
			return false;
		part = next;
	}
	return true;
}

/* ---- the call ---- */

static void
fetch_url(void *capability, struct pst_host_call *call)
{
	const struct pst_host_bytes *url = &call->text[0], *body = &call->text[1];
	int32_t method = call->number[0];
	struct web_request request = { .body = body->bytes, .body_len = body->len, .done = fetched };
	char *text;

	if (method < 0 || method >= (int32_t)(sizeof methods / sizeof *methods)) {
		pst_host_code(call, -2);
		return;
	}
	if (url->len > URL_MAX || memchr(url->bytes, 0, url->len)) {
		pst_host_error(call, "the URL cannot be read");
		return;
	}
	text = strndup((const char *)url->bytes, url->len);
	request.method = methods[method];
	request.url = text;
	if (text && headers_split(&request.headers, text)) {
		web_ask(capability, call, &request);
	} else {
		curl_slist_free_all(request.headers);
		pst_host_code(call, -2);
	}
	free(text);
}

static const struct pst_host_function http_serves[] = {
	{ .name = "fetch_url", .later = fetch_url },
	{ .name = NULL },
};
static const struct pst_capability_ops http_ops = { .size = sizeof http_ops, .serves = http_serves };

static const struct pst_section http_sections[] = {
	PST_SECTION("capability", struct web_conf, web_options, web_check, web_open, web_close),
	PST_SECTION_END,
};

PST_MODULE(capability_http, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions fetch URLs, within rules", .sections = http_sections, .ops = &http_ops);
