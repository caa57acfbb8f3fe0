/*
 * A plan: which requests a gateway answers, and by which functions.
 *
 * It is filled once, when the section opens, by its own options (routes.c) and by
 * the readers of Directive.yaml, tenant.json and bundles (app/…), and only read
 * from then on. Texts are copied into it. Whoever adds something fills in the
 * members behind the line; what is left zero means what stands there.
 *
 *     plan ─► handlers ─► steps ─► calls ─► functions
 *          └► schedules ─► steps …
 *
 * Functions that add return NULL when memory is out: the plan is of no use then, but to be let go.
 */
#ifndef GATEWAY_PLAN_H
#define GATEWAY_PLAN_H

#include <stdbool.h>

#include <postern/map.h>

/* A function, once in a plan however many steps call it. */
struct plan_fn {
	struct plan_fn *next;
	char *name;   /* as messages call it: "ns::fn", an FQMN */
	char *worker; /* its worker on this node: a function, or a constellation of nodes elsewhere */
};

/* `with`: during the call state[alias] is state[key], and key is hidden. */
struct plan_with {
	struct plan_with *next;
	char *alias, *key;
};

/* `onErr: {code: {404: continue}}` */
struct plan_code {
	struct plan_code *next;
	int code;
	bool go_on;
};

/* One function in a step. */
struct plan_call {
	struct plan_call *next;
	const struct plan_fn *fn;
	char *as; /* the state key of its output: `as`, else the function as the step names it */
	/* ---- */
	struct plan_with *with; /* not applied in a group (spec functions.md 5.2) */
	struct plan_code *codes;
	bool go_on; /* `any: continue`, or with codes `other: continue`; false: return */
};

/* Its calls are made at once, and all on the same state. */
struct plan_step {
	struct plan_step *next;
	struct plan_call *calls;
	bool group; /* written as one, though it may have one member */
};

struct plan_steps {
	struct plan_step *first;
	/* ---- */
	char *response; /* a state key; NULL: that of the last step, unless it is a group */
};

enum plan_kind {
	PLAN_REQUEST,
	PLAN_STREAM, /* a WebSocket; each message of it is one request */
};

/* What answers the requests of one pattern. One without steps answers 404 with its `missing`. */
struct plan_handler {
	struct plan_handler *next;
	enum plan_kind kind;
	char *method;  /* "POST"; "*" any; of a stream "GET" */
	char *pattern; /* "/user/:id": pattern.h */
	bool is_path;  /* the pattern has no parameters */
	struct plan_steps steps;
	/* ---- */
	struct pst_map params; /* besides those of the pattern, which win */
	/* A function called by its name (spec functions.md 5.1 headless mode, 5.2): state and
	 * params are read from X-Suborbital-State and its like, and the request's id is told. */
	bool by_name;
	char *missing; /* the sentence of the 404 */
};

/* First at once, then every every_ms. */
struct plan_schedule {
	struct plan_schedule *next;
	char *name;
	uint64_t every_ms;
	struct plan_steps steps;
	/* ---- */
	struct pst_map state;
};

/* Lists are in the order of adding. */
struct plan {
	struct plan_handler *handlers;
	struct plan_schedule *schedules;
	struct plan_fn *functions;
};

/* A plan begins zeroed. Fini leaves it so. */
void plan_fini(struct plan *plan);

/* The function of that name; added when it is new. */
struct plan_fn *plan_fn(struct plan *plan, const char *name, const char *worker);
struct plan_handler *plan_handler_add(struct plan *plan, enum plan_kind kind, const char *method,
    const char *pattern);
struct plan_schedule *plan_schedule_add(struct plan *plan, const char *name, uint64_t every_ms);
struct plan_step *plan_step_add(struct plan_steps *steps, bool group);
struct plan_call *plan_call_add(struct plan_step *step, const struct plan_fn *fn, const char *as);
struct plan_with *plan_with_add(struct plan_call *call, const char *alias, const char *key);
struct plan_code *plan_code_add(struct plan_call *call, int code, bool go_on);
/* One function, one step: what routes of the section and functions by name are. */
struct plan_call *plan_only(struct plan_steps *steps, const struct plan_fn *fn);

/* The first handler before this one that answers some of its requests, too; NULL: none. */
const struct plan_handler *plan_conflict(const struct plan *plan, const struct plan_handler *handler);

#endif
