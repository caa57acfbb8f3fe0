/*
 * What a function says of the URL that it fetches: a byte for the method, then url::name:value::…; what would be sent is
 * held against a plain reading of the same.
 * Covers: modules/capability/http/http.c
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

extern const struct pst_module capability_http_LTX_pst_module;

static struct {
	char *url, *rest; /* what stands before the headers, and where they are cut off one by one */
	bool asked;
} plain;

static void
check(bool right)
{
	if (!right)
		abort();
}

/* ---- in place of web.c, beside no_web.c ---- */

/* The next of the headers as they were written; NULL: there is none. */
static char *
part_next(void)
{
	char *part = plain.rest, *end = part ? strstr(part, "::") : NULL;

	if (end)
		*end = '\0';
	plain.rest = end ? end + 2 : NULL;
	return part;
}

static bool
is_sent(const char *part)
{
	static const char ours[] =
	    " connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade ";
	char name[64] = " ";
	size_t len = strcspn(part, ":");

	if (len > sizeof name - 3)
		return true;
	memcpy(name + 1, part, len);
	name[len + 1] = ' ';
	return !strcasestr(ours, name);
}

/* One line for libcurl says what a part says, and nothing else. */
static void
check_line(const char *line, const char *part)
{
	size_t name = strcspn(part, ":");
	const char *value = part + name + 1 + strspn(part + name + 1, " \t");

	check(part[name] && !strchr(part + name + 1, ':') && !strpbrk(line, "\r\n"));
	check(pst_header_is_name(part, name) && !strncmp(line, part, name));
	if (*value)
		check(line[name] == ':' && line[name + 1] == ' ' && !strcmp(line + name + 2, value));
	else
		check(!strcmp(line + name, ";"));
}

void
web_ask(struct web *web, struct pst_host_call *call, struct web_request *request)
{
	struct curl_slist *line = request->headers;
	char *part;

	plain.asked = true;
	check(!strcmp(request->url, plain.url) && *request->method);
	while ((part = part_next())) {
		check(strchr(part, ':') != NULL);
		if (!is_sent(part))
			continue;
		check(line != NULL);
		check_line(line->data, part);
		line = line->next;
	}
	check(!line);
	curl_slist_free_all(request->headers);
	request->done(call, call->number[0] == 1 ? 404 : 200, (uint8_t *)strdup("reply"), 5);
}

/* ---- a plain reading ---- */

/* Headers begin at the first two colons that are not inside of the brackets of the host. */
static void
plain_read(char *text)
{
	char *host = strstr(text, "://["), *cut = strstr(text, "::"), *end;

	if (host && cut && host < cut && (end = strchr(host, ']')))
		cut = strstr(end, "::");
	plain.url = text;
	plain.rest = cut ? cut + 2 : NULL;
	plain.asked = false;
	if (cut)
		*cut = '\0';
}

static bool
is_wrong(void)
{
	char *part;

	while ((part = part_next())) {
		char *colon = strchr(part, ':');

		if (!colon || strchr(colon + 1, ':') || !pst_header_is_name(part, (size_t)(colon - part)) ||
		    !pst_header_is_value(colon + 1, strlen(colon + 1)))
			return true;
	}
	return false;
}

static void
told(struct pst_host_call *call)
{
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct pst_capability_ops *ops = capability_http_LTX_pst_module.ops;
	struct pst_host_call call = { .answered = told };
	bool has_zero;
	char *text;

	if (!len)
		return 0;
	has_zero = memchr(data + 1, 0, len - 1);
	text = strndup((const char *)data + 1, len - 1);
	if (!text)
		return 0;
	plain_read(text);
	call.number[0] = (int8_t)data[0];
	call.text[0] = (struct pst_host_bytes){ data + 1, len - 1 };
	call.text[1] = (struct pst_host_bytes){ data, 1 };
	ops->serves->later(NULL, &call);
	if (plain.asked)
		check(call.outcome == (data[0] == 1 ? PST_HOST_ERROR : PST_HOST_RESULT) && call.result_len);
	else if (call.outcome == PST_HOST_CODE)
		check(call.code == -2 && (data[0] > 6 || is_wrong()));
	else
		check(call.outcome == PST_HOST_ERROR && call.result_len && (has_zero || len - 1 > 64 * 1024));
	free(call.result);
	free(text);
	return 0;
}
