/*
 * Steps: what the functions of a plan make of a request (spec functions.md 5).
 *
 * Each function gets the request's body, not what the one before it answered; they
 * speak to each other by the state, where each answer is put under the key of its
 * call. What functions change of the request stays changed, and the headers
 * that they set add up.
 */
#ifndef GATEWAY_STEPS_H
#define GATEWAY_STEPS_H

#include <postern/call.h>

#include "plan.h"

/* All functions of a group have answered by then (spec functions.md 5.3). */
#define STEPS_GROUP_MS 30000

/* Embedded by its owner; the members up to done are set by it, the rest is zero. */
struct run {
	struct pst_caller *caller;
	const struct plan_steps *steps;
	uint64_t deadline_ms; /* of each call; 0: the function's */
	size_t output_max;    /* bytes of one function's answer */
	struct pst_coordinated request; /* the run's until run_fini() */
	/* It is over, and the outcome is in the members below. Runs once, perhaps within run_begin(). */
	void (*done)(struct run *run);

	unsigned status;         /* an HTTP status: 200, that of a run error, of a failure */
	bool failed;             /* the body is an error, in JSON */
	uint32_t retry_after_ms; /* 0: nothing was said */
	char *error;             /* the run error that ended it, {"code":…,"message":…}; NULL: none did */
	uint8_t *body;           /* on the heap; may be taken */
	size_t len;

	/* the rest is steps.c's */
	const struct plan_step *step;
	struct member *members;
	size_t count, pending;
	struct pst_timer timer;
};

void run_begin(struct run *run);
/* Before done() too: then calls are cancelled, and it will not run. */
void run_fini(struct run *run);

#endif
