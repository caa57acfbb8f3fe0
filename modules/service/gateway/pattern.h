/*
 * Patterns of paths: "/user/:id/posts" and "/files/" with "*name" behind it.
 *
 * ":name" is one element, and not an empty one; "*name" stands last, is the rest of
 * the path, and its value begins with the slash (spec functions.md 4.2). A pattern
 * without either is the path itself, and is looked for first: "/user/new" is not a
 * "/user/:id". Two patterns that the same path could match conflict.
 */
#ifndef GATEWAY_PATTERN_H
#define GATEWAY_PATTERN_H

#include <stdbool.h>

#include <postern/map.h>

/* PST_OK, or PST_E_CONF with what is wrong: "the pattern is not a path", … */
int pattern_check(const char *pattern, struct pst_err *err);
/* Has it neither ":name" nor "*name"? */
bool pattern_is_path(const char *pattern);
bool pattern_matches(const char *pattern, const char *path);
/* Put the params of a path that matches; values are percent-decoded. */
int pattern_params(const char *pattern, const char *path, struct pst_map *params);
/* Could one path match both? Not so of a path and a pattern that is none. */
bool patterns_conflict(const char *a, const char *b);

#endif
