/* Named queries of a database: "NAME TYPE COUNT SQL", as the capability takes them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

static const char *const types[] = { "insert", "select", "update", "delete" };

/* By the first word of the query, if it is all of one case; NULL: it tells nothing. */
static const char *
type_by_text(const char *sql)
{
	for (size_t i = 0; i < 4; i++) {
		char upper[8];
		size_t n = strlen(types[i]);

		for (size_t j = 0; j <= n; j++)
			upper[j] = (char)toupper((unsigned char)types[i][j]);
		if ((!strncmp(sql, types[i], n) || !strncmp(sql, upper, n)) && !isalnum((unsigned char)sql[n]))
			return types[i];
	}
	return NULL;
}

/* A word of a Directive, a number of a tenant, or nothing. */
static const char *
type_of(const json_t *query, const char *sql)
{
	const json_t *type = json_object_get(query, "type");
	json_int_t number = json_integer_value(type);

	if (json_is_integer(type))
		return number >= 0 && number < 4 ? types[number] : NULL;
	if (!tree_text(query, "type"))
		return type_by_text(sql);
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(json_string_value(type), types[i]))
			return types[i];
	return NULL;
}

/* The originals' way of counting: each `$` before a digit, `$10` once and a repeated `$1` twice; or
 * each `?` beside a blank, a comma or a parenthesis. */
static json_int_t
variables(const char *sql, bool dollars)
{
	json_int_t n = 0;

	for (const char *at = sql; *at; at++)
		if (dollars)
			n += at[0] == '$' && isdigit((unsigned char)at[1]);
		else
			n += *at == '?' && ((at > sql && strchr(" ,(", at[-1])) || (at[1] && strchr(" ,)", at[1])));
	return n;
}

static char *
query_text(struct app *app, const json_t *query, bool dollars)
{
	const char *name = tree_text(query, "name"), *sql = tree_text(query, "query");
	json_int_t count = json_integer_value(json_object_get(query, "varCount"));
	const char *type = sql ? type_of(query, sql) : NULL;
	char *text = NULL;

	if (!name || !sql)
		app_problem(app, "query %.64s: no %s", name ? name : "", name ? "query" : "name");
	else if (strpbrk(name, " \t\n"))
		app_problem(app, "query %.64s: a name with blanks", name);
	else if (!type)
		app_problem(app, "query %.64s: type: it is insert, select, update or delete", name);
	else if (count < 0)
		app_problem(app, "query %.64s: varCount is negative", name);
	else if (asprintf(&text, "%s %s %lld %s", name, type,
		     (long long)(count ? count : variables(sql, dollars)), sql) < 0)
		app->rc = -ENOMEM;
	else
		return text;
	return NULL;
}

json_t *
app_queries(struct app *app, const json_t *queries, bool dollars)
{
	json_t *out = json_array(), *query;
	size_t i;

	json_array_foreach((json_t *)queries, i, query) {
		char *text = query_text(app, query, dollars);

		if (text && json_array_append_new(out, json_string(text)))
			app->rc = -ENOMEM;
		free(text);
	}
	return out;
}
