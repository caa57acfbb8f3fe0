/*
 * Patterns of paths: a line each, two patterns and a path.
 * Covers: modules/service/gateway/pattern.c
 * Needs: modules/service/gateway/percent.c
 */
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* A path that matches gives each parameter of the pattern a value. */
static void
check_params(const char *pattern, const char *path)
{
	struct pst_map params = { 0 };
	size_t slashes = 0;

	for (const char *p = pattern; *p; p++)
		slashes += *p == '/';
	check(!pattern_params(pattern, path, &params) || true);
	check(params.count <= slashes && (params.count > 0) == !pattern_is_path(pattern));
	for (size_t i = 0; i < params.count; i++)
		check(*params.items[i].name && params.items[i].len);
	pst_map_fini(&params);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *rest = text;
	const char *a, *b, *path;
	struct pst_err err = PST_ERR_INIT;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	a = strsep(&rest, "\n");
	b = rest ? strsep(&rest, "\n") : "/";
	path = rest && *rest == '/' ? rest : "/";
	if (pattern_check(a, &err)) {
		check(*err.text);
	} else if (!pattern_check(b, &err)) {
		bool of_a = pattern_matches(a, path), of_b = pattern_matches(b, path);

		check(patterns_conflict(a, b) == patterns_conflict(b, a));
		check(patterns_conflict(a, a));
		/* what both match is a conflict, unless one is the path itself */
		if (of_a && of_b && pattern_is_path(a) == pattern_is_path(b) && !strchr(path, '%'))
			check(patterns_conflict(a, b));
		if (of_a)
			check_params(a, path);
	}
	free(text);
	return 0;
}
