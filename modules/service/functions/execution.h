/*
 * An execution: one run of a function, on an instance of its own (spec functions.md 1.2). Where
 * the section says `reuse`, it keeps program and instance for the next call that it is taken for.
 *
 *     loop    queued ─► begun ─────────────► asking ─────────► ended: answered, logged
 *     crew               └► steps ─► pending ─┘  └► resumed ─┘
 *
 * It is on one side at a time; only `over` is written by the loop while the crew has it.
 */
#ifndef FUNCTIONS_EXECUTION_H
#define FUNCTIONS_EXECUTION_H

#include <stdatomic.h>

#include <postern/call.h>

#include "host.h"
#include "program.h"

enum over {
	OVER_NOT,
	OVER_CANCELLED, /* the caller has gone, or the function closes */
	OVER_DEADLINE,  /* while it waited for something */
	OVER_FAILED,    /* no thread, no memory */
};

struct execution {
	struct pst_job job;
	struct execution *next, **link; /* in the queue; the first of those that are free */
	struct function *function;
	struct pst_called *call;
	struct pst_execution shown; /* to capabilities */
	struct pst_coordinated request;
	struct pst_lasting *lasting; /* what capabilities keep for it */
	bool has_request, looked; /* for the request, which is read at the first need */
	bool changed, changed_body; /* what goes back in the answer */

	struct pst_wasm_wasi wasi;
	uint64_t slots[3];
	enum step step;
	bool running;     /* not in the queue any more */
	bool started;     /* guest code ran */
	bool pending;     /* a step is, for a host call */
	uint32_t input;   /* where allocate() has put it */
	_Atomic int over; /* enum over */

	struct pst_timer timer; /* in the queue, and while it asks */
	uint64_t began_ns, due_ns; /* due 0: never */

	/* the host's */
	struct pst_host_call host;
	const struct binding *asking; /* what it waits for; NULL: nothing */
	bool asked;  /* the loop's: and has been asked for it */
	bool waits; /* bytes wait for get_ffi_result */
	uint8_t *waiting;
	size_t waiting_len;
	struct pst_host_bytes *vars;
	size_t var_count;

	/* the outcome, in the order that counts */
	bool failed; /* return_error or return_abort */
	int32_t code;
	char *message;
	size_t message_len;
	enum pst_wasm_end end;
	int rc; /* of spawn, when there never was an instance */
	bool returned;
	uint8_t *output;
	size_t output_len, output_room;
	uint64_t memory;
	struct pst_err err; /* why */

	/* what stays for the next call */
	struct program *program; /* NULL: none has begun */
	struct pst_wasm_instance *instance;
	int64_t served; /* calls, by this instance */
};

/* On the crew: begin, or go on. It is done, or x->pending. */
void execution_work(struct pst_job *job);
/* Off with whatever came of it; the call is not touched, and an instance stays. */
void execution_reset(struct execution *x);
/* It is over, and its instance may serve another call. On any thread. */
bool execution_serves_again(const struct execution *x);
/* Off with its instance and its program. */
void execution_retire(struct execution *x);

#endif
