/*
 * Routes: which handler of a plan a request is for; and the plan of a section that
 * says so itself: `function = NAME`, `routes = {"GET /user/:id lookup", …}`.
 */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "gateway.h"
#include "plan.h"

/* The methods of a path, for the header Allow. */
#define ROUTES_ALLOW_MAX 256

struct route {
	const struct plan_handler *handler; /* NULL: none for this method */
	char allow[ROUTES_ALLOW_MAX];       /* of others; empty: the path is unknown */
};
/* Handlers of a whole path come before patterns. */
struct route routes_find(const struct plan *plan, const char *method, const char *path);

/* PST_E_CONF, -ENOMEM. */
int routes_plan(struct plan *plan, const struct front_conf *conf, struct pst_err *err);

#endif
