#include "queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 65535 /* what a message of either database has room for */

static const char *const types[] = { "insert", "select", "update", "delete" };
#define TYPES (int)(sizeof types / sizeof *types)

/* The next word of *at, which goes behind it and the blanks that follow. */
static const char *
word(const char **at, size_t *len)
{
	const char *begin = *at;

	*len = strcspn(begin, " \t\n");
	*at = begin + *len + strspn(begin + *len, " \t\n");
	return begin;
}

static bool
query_read(struct query *out, const char *text)
{
	const char *type, *count;
	size_t type_len, count_len;
	int i = 0;

	out->name = word(&text, &out->name_len);
	type = word(&text, &type_len);
	count = word(&text, &count_len);
	out->sql = text;
	while (i < TYPES && (strlen(types[i]) != type_len || memcmp(types[i], type, type_len)))
		i++;
	out->type = (enum query_type)i;
	if (!count_len || count_len > 5 || strspn(count, "0123456789") != count_len)
		return false;
	out->count = strtoul(count, NULL, 10);
	return out->name_len && i < TYPES && out->count <= COUNT_MAX && *out->sql;
}

static bool
is_named(const struct query *query, const void *name, size_t len)
{
	return query->name_len == len && !memcmp(query->name, name, len);
}

int
queries_check(const struct pst_list *list, struct pst_err *err)
{
	struct query one, other;

	for (size_t i = 0; i < list->count; i++) {
		if (!query_read(&one, list->item[i]))
			return pst_fail(err, PST_E_CONF, "queries: \"%.64s\" is not NAME TYPE COUNT SQL, "
			    "with a TYPE of insert, select, update or delete", list->item[i]);
		for (size_t j = 0; j < i; j++)
			if (query_read(&other, list->item[j]) && is_named(&other, one.name, one.name_len))
				return pst_fail(err, PST_E_CONF, "queries: %.*s is there twice",
				    (int)(one.name_len < 64 ? one.name_len : 64), one.name);
	}
	return PST_OK;
}

struct query *
queries_read(const struct pst_list *list)
{
	struct query *out = calloc(list->count + 1, sizeof *out);

	for (size_t i = 0; out && i < list->count; i++)
		query_read(&out[i], list->item[i]);
	return out;
}

int
queries_find(const struct query *queries, size_t count, const struct pst_host_call *call, char why[static 96])
{
	const struct pst_host_bytes *name = &call->text[0];
	int32_t type = call->number[0];
	size_t i = 0;

	while (i < count && !is_named(&queries[i], name->bytes, name->len))
		i++;
	if (type < 0 || type >= TYPES)
		snprintf(why, 96, "query type invalid");
	else if (i == count)
		snprintf(why, 96, "query not found");
	else if (queries[i].type != (enum query_type)type)
		snprintf(why, 96, "query type incorrect");
	else if (queries[i].count != call->var_count)
		snprintf(why, 96, "expected %zu variables, got %zu: number of variables incorrect", queries[i].count,
		    call->var_count);
	else
		return (int)i;
	return -1;
}
