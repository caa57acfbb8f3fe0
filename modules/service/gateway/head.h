/*
 * The head of an HTTP request, as the library has read it: refused here is
 * what it lets through, and what two servers could read differently (RFC 9112, 9110).
 *
 * Names of headers become lower case; of a repeated one the first counts (spec
 * functions.md 1.5), but what says how long the body is, or who is meant, stands
 * there once.
 */
#ifndef GATEWAY_HEAD_H
#define GATEWAY_HEAD_H

#include <postern/coordinated.h>

/* Ours. */
#define HEAD_HEADERS_MAX 100

struct head {
	const char *target; /* as in the request's first line, but without scheme and host */
	size_t path_len;    /* the target up to its query */
	struct pst_map *headers;
	size_t count;
	bool length, coding, host; /* have been seen */
};

/* Each returns 0, or the HTTP status of the refusal. headers is borrowed, and filled in. */
unsigned head_begin(struct head *head, const char *method, const char *target,
    struct pst_map *headers);
unsigned head_add(struct head *head, const char *name, size_t name_len, const char *value,
    size_t value_len);
/* All have been added. */
unsigned head_end(const struct head *head, bool http11);

#endif
