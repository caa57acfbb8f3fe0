#include "head.h"

#include <string.h>
#include <strings.h>

#include "percent.h"

/* "http://host/path" is "/path"; a server has to take it (RFC 9112, 3.2.2). */
static const char *
without_host(const char *target)
{
	size_t scheme = !strncasecmp(target, "http://", 7) ? 7 : !strncasecmp(target, "https://", 8) ? 8 : 0;

	return scheme ? target + scheme + strcspn(target + scheme, "/") : target;
}

unsigned
head_begin(struct head *head, const char *method, const char *target, struct pst_map *headers)
{
	*head = (struct head){ .target = without_host(target), .headers = headers };
	head->path_len = strcspn(head->target, "?");
	if (!pst_header_is_name(method, strlen(method)) || *head->target != '/')
		return 400;
	for (const char *p = head->target; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return 400;
	return percent_check(head->target, head->path_len) ? 0 : 400;
}

static bool
is_number(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] < '0' || value[i] > '9')
			return false;
	return len > 0 && len < 20;
}

/* What stands there once, or not at all. */
static unsigned
single(bool *seen, bool right)
{
	if (*seen || !right)
		return 400;
	*seen = true;
	return 0;
}

static unsigned
framing(struct head *head, const char *name, const char *value, size_t len)
{
	if (!strcmp(name, "content-length"))
		return single(&head->length, is_number(value, len));
	if (!strcmp(name, "host"))
		return single(&head->host, true);
	if (strcmp(name, "transfer-encoding"))
		return 0;
	return single(&head->coding, true) ? 400 : strcasecmp(value, "chunked") ? 501 : 0;
}

unsigned
head_add(struct head *head, const char *name, size_t name_len, const char *value, size_t value_len)
{
	char lower[256];
	unsigned status;

	if (name_len >= sizeof lower || head->count++ == HEAD_HEADERS_MAX)
		return 431;
	if (!pst_header_is_name(name, name_len) || !pst_header_is_value(value, value_len))
		return 400;
	for (size_t i = 0; i < name_len; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i];
	lower[name_len] = '\0';
	status = framing(head, lower, value, value_len);
	if (status || pst_map_get(head->headers, lower))
		return status;
	return pst_map_put(head->headers, lower, value, value_len) ? 503 : 0;
}

unsigned
head_end(const struct head *head, bool http11)
{
	/* two lengths, or one that an older server does not know */
	if (head->coding && (head->length || !http11))
		return 400;
	return http11 && !head->host ? 400 : 0;
}
