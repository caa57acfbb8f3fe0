/*
 * The queries that functions may ask for by name: "NAME TYPE COUNT SQL" each. What SQL is, only the
 * database knows.
 */
#ifndef DB_QUERIES_H
#define DB_QUERIES_H

#include <postern/capability.h>

/* In the order of their numbers (spec functions.md 3.5). */
enum query_type {
	QUERY_INSERT,
	QUERY_SELECT,
	QUERY_UPDATE,
	QUERY_DELETE,
};

struct query {
	const char *name; /* not NUL-terminated: name_len bytes of the option's */
	size_t name_len;
	enum query_type type;
	size_t count; /* of its variables, as it was declared */
	const char *sql;
};

/* The option is right, each name there once. */
PST_MUST_CHECK int queries_check(const struct pst_list *list, struct pst_err *err);
/* One for each item, which it borrows from; free() them. NULL: no memory. */
struct query *queries_read(const struct pst_list *list);
/* Its number among count of them; -1: what the guest asks for is none of them, and *why says so. */
int queries_find(const struct query *queries, size_t count, const struct pst_host_call *call, char why[static 96]);

#endif
