/* Patterns of paths, element by element: none is longer than a request's head. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "percent.h"

/* What stands between two slashes. */
struct element {
	const char *p;
	size_t len;
};

/* *at is at a slash, and moves to the next, or to the end. */
static struct element
next(const char **at)
{
	struct element e = { *at + 1, strcspn(*at + 1, "/") };

	*at = e.p + e.len;
	return e;
}

static bool
is_param(struct element e)
{
	return e.len && (*e.p == ':' || *e.p == '*');
}

static bool
is_rest(struct element e)
{
	return e.len && *e.p == '*';
}

int
pattern_check(const char *pattern, struct pst_err *err)
{
	const char *at = pattern;

	if (*pattern != '/')
		return pst_fail(err, PST_E_CONF, "%s does not begin with a slash", pattern);
	for (const char *p = pattern; *p; p++)
		if (*p == '?' || *p == '#' || *p == 0x7f || (unsigned char)*p <= ' ')
			return pst_fail(err, PST_E_CONF, "%s is not the path of a request", pattern);
	while (*at) {
		struct element e = next(&at);

		if (is_param(e) && e.len == 1)
			return pst_fail(err, PST_E_CONF, "%s has a parameter without a name", pattern);
		if (is_rest(e) && *at)
			return pst_fail(err, PST_E_CONF, "%s goes on behind *%.*s", pattern, (int)e.len - 1,
			    e.p + 1);
	}
	return PST_OK;
}

bool
pattern_is_path(const char *pattern)
{
	for (const char *at = pattern; *at;)
		if (is_param(next(&at)))
			return false;
	return true;
}

bool
pattern_matches(const char *pattern, const char *path)
{
	while (*pattern && *path) {
		struct element want = next(&pattern), got = next(&path);

		if (is_rest(want))
			return true;
		if (is_param(want) ? !got.len : !percent_is(got.p, got.len, want.p, want.len))
			return false;
	}
	return !*pattern && !*path;
}

static int
param_put(struct pst_map *params, struct element name, const char *value, size_t len)
{
	char *key = strndup(name.p + 1, name.len - 1);
	uint8_t *decoded = malloc(len + 1);
	int rc = -ENOMEM;

	if (key && decoded)
		rc = pst_map_put(params, key, decoded, percent_decode(decoded, value, len));
	free(key);
	free(decoded);
	return rc;
}

int
pattern_params(const char *pattern, const char *path, struct pst_map *params)
{
	int rc = PST_OK;

	while (!rc && *pattern && *path) {
		const char *rest = path;
		struct element want = next(&pattern), got = next(&path);

		if (is_rest(want))
			return param_put(params, want, rest, strlen(rest));
		if (is_param(want))
			rc = param_put(params, want, got.p, got.len);
	}
	return rc;
}

bool
patterns_conflict(const char *a, const char *b)
{
	if (pattern_is_path(a) || pattern_is_path(b))
		return !strcmp(a, b);
	while (*a && *b) {
		struct element x = next(&a), y = next(&b);

		if (is_rest(x) || is_rest(y))
			return true;
		if (is_param(x) || is_param(y)) {
			if (!x.len || !y.len)
				return false;
		} else if (x.len != y.len || memcmp(x.p, y.p, x.len)) {
			return false;
		}
	}
	return !*a && !*b;
}
