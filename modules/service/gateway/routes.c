#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

/* ---- finding ---- */

/* The first comes without a comma; what does not fit is left out. */
static void
allow_add(struct route *route, const char *method)
{
	size_t len = strlen(route->allow);

	if (!strstr(route->allow, method) && len + strlen(method) + 3 < sizeof route->allow)
		snprintf(route->allow + len, sizeof route->allow - len, "%s%s", len ? ", " : "", method);
}

static void
look(struct route *route, const struct plan *plan, bool paths, const char *method, const char *path)
{
	for (const struct plan_handler *h = plan->handlers; h && !route->handler; h = h->next) {
		if (h->is_path != paths || !pattern_matches(h->pattern, path))
			continue;
		if (!strcmp(h->method, "*") || !strcmp(h->method, method))
			route->handler = h;
		else
			allow_add(route, h->method);
	}
}

struct route
routes_find(const struct plan *plan, const char *method, const char *path)
{
	struct route route = { 0 };

	look(&route, plan, true, method, path);
	if (!route.handler)
		look(&route, plan, false, method, path);
	return route;
}

/* ---- the section's own ---- */

static int
handler_add(struct plan *plan, const char *method, const char *pattern, const char *function)
{
	struct plan_handler *handler = plan_handler_add(plan, PLAN_REQUEST, method, pattern);
	struct plan_fn *fn = plan_fn(plan, function, function);

	return handler && fn && plan_only(&handler->steps, fn) ? PST_OK : -ENOMEM;
}

/* Those of RFC 9110 and RFC 5789 that a client may ask a server for something by. */
static bool
is_method(const char *method)
{
	static const char *const methods[] = { "*", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i], method))
			return true;
	return false;
}

/* "METHOD PATTERN FUNCTION" */
static int
route_add(struct plan *plan, const char *text, struct pst_err *err)
{
	char method[32], pattern[1024], function[256], more;
	const struct plan_handler *added, *other;
	int rc;

	if (sscanf(text, "%31s %1023s %255s %c", method, pattern, function, &more) != 3)
		return pst_fail(err, PST_E_CONF, "routes: \"%s\" is not METHOD PATH FUNCTION", text);
	if (!is_method(method))
		return pst_fail(err, PST_E_CONF, "routes: \"%s\": %s is no method of HTTP that is answered", text, method);
	rc = pattern_check(pattern, err);
	if (rc)
		return pst_fail_in(err, rc, "routes");
	rc = handler_add(plan, method, pattern, function);
	if (rc)
		return rc;
	for (added = plan->handlers; added->next;)
		added = added->next;
	other = plan_conflict(plan, added);
	return other ? pst_fail(err, PST_E_CONF, "routes: \"%s\" and \"%s %s\" are for the same requests",
	                   text, other->method, other->pattern)
	             : PST_OK;
}

/* What Sat answers (spec functions.md 7); PUT it does not. */
static int
function_add(struct plan *plan, const char *function)
{
	static const char *const methods[] = { "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST" };
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < sizeof methods / sizeof *methods; i++)
		rc = handler_add(plan, methods[i], "/*any", function);
	return rc;
}

int
routes_plan(struct plan *plan, const struct front_conf *conf, struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < conf->routes.count; i++)
		rc = route_add(plan, conf->routes.item[i], err);
	if (!rc && conf->function)
		rc = function_add(plan, conf->function);
	return rc;
}
