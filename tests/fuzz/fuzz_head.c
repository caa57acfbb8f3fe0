/*
 * Heads of HTTP requests as the library hands them over: method, target, version, then names and values, a line each.
 * Covers: modules/service/gateway/head.c modules/service/gateway/percent.c
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* The next line, without its end; what comes behind it in *rest. */
static char *
line(char **rest)
{
	return *rest ? strsep(rest, "\n") : "";
}

/* What was let through is told by plain looks. */
static void
check_taken(const struct head *head, const char *method, bool http11)
{
	const struct pst_map_item *length = pst_map_get(head->headers, "content-length");
	const struct pst_map_item *coding = pst_map_get(head->headers, "transfer-encoding");

	check(*method && !strpbrk(method, " \t()<>@,;:\\\"/[]?={}"));
	check(*head->target == '/' && !strpbrk(head->target, " #\r\n\t"));
	check(head->path_len <= strlen(head->target) && !memchr(head->target, '?', head->path_len));
	check(!(length && coding) && (!coding || http11));
	check(!http11 || pst_map_get(head->headers, "host"));
	for (size_t i = 0; length && i < length->len; i++)
		check(isdigit(length->value[i]));
	for (size_t i = 0; i < head->headers->count; i++) {
		const struct pst_map_item *h = &head->headers->items[i];

		check(*h->name && !strpbrk(h->name, " \t\r\n:ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		check(strlen((const char *)h->value) == h->len && !memchr(h->value, '\r', h->len));
	}
}

static void
check_decoded(const struct head *head)
{
	uint8_t *out = malloc(head->path_len + 1);
	size_t n;

	check(out && percent_check(head->target, head->path_len));
	n = percent_decode(out, head->target, head->path_len);
	check(n <= head->path_len && !memchr(out, 0, n));
	check(percent_is(head->target, head->path_len, (const char *)out, n));
	check(!percent_is(head->target, head->path_len, (const char *)out, n - 1));
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_map headers = { 0 };
	char *text = malloc(len + 1), *rest = text;
	const char *method, *target;
	struct head head;
	bool http11;
	unsigned status;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	method = line(&rest);
	target = line(&rest);
	http11 = !strcmp(line(&rest), "HTTP/1.1");
	status = head_begin(&head, method, target, &headers);
	while (!status && rest) {
		char *value = line(&rest), *name = strsep(&value, ":");

		status = head_add(&head, name, strlen(name), value ? value : "", value ? strlen(value) : 0);
	}
	if (!status)
		status = head_end(&head, http11);
	check(!status || (status >= 400 && status < 600));
	if (!status) {
		check_taken(&head, method, http11);
		check_decoded(&head);
	}
	pst_map_fini(&headers);
	free(text);
	return 0;
}
