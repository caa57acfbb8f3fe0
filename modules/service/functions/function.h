/*
 * service/functions: Wasm modules as workers.
 *
 *   function.c   the section
 *   source.c     its module's file: read, compiled, watched, replaced
 *   cache.c      compiled modules, kept over restarts
 *   program.c    one compiled module
 *   setup.c      what the options make of it
 *   queue.c      calls that come: how many run, how many wait
 *   execution.c  one run, on the crew
 *   host.c       what it asks of its host; abi.c: the table of that; binding.c: who serves it;
 *                later.c: what is answered later
 *   outcome.c    what the caller gets, and what the log says
 *   wasi.c       plain commands: standard input and output
 *
 * All is on the loop but program_new(), execution_work() and what host calls do at once.
 */
#ifndef FUNCTIONS_FUNCTION_H
#define FUNCTIONS_FUNCTION_H

#include <postern/admission.h>
#include <postern/call.h>

#include "cache.h"
#include "execution.h"
#include "host.h"
#include "program.h"
#include "setup.h"
#include "source.h"

struct function_conf {
	const char *module;
	const char *runtime;
	struct pst_list capabilities;
	uint64_t memory;
	uint64_t deadline;
	int64_t instances;
	int64_t queue;
	int64_t reuse;
	uint64_t body;
	struct pst_list args;
	struct pst_list env;
	struct pst_list authorized;
	const char *allow;
	const char *project;
	const char *identity;
};

struct function {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct pst_log *log;
	const struct function_conf *conf;
	struct setup *setup;  /* what the options say now */
	struct setup *setups; /* all that is in use */

	struct pst_callee callee;
	struct pst_admission *admission; /* NULL: from inside this node only */
	struct pst_doorman doorman;
	struct pst_rate refused;

	struct source source;
	struct program *program; /* NULL: what there is cannot run */
	struct pst_err problem;  /* why the file as it is now cannot; rc 0: it can */

	/* the queue */
	struct execution *spare; /* without an instance; at most as many as may run */
	struct execution *idle;  /* with one that serves again */
	struct execution *first; /* waiting */
	struct execution **end;
	struct execution *running_first;
	size_t running, queued, spares;
	uint64_t queued_bytes;   /* inputs of those that wait */
	uint32_t ident, ident_step;
	bool draining, closing;
	struct pst_timer drain;  /* looks whether it is done */
	struct pst_task ended;   /* the last one has, when it closes */
	uint64_t run_us; /* how long one runs, of late */
	uint64_t calls, failures, refusals, memory; /* since it opened */
};

/* queue.c */
void queue_open(struct function *f);
void queue_called(struct pst_callee *callee, struct pst_called *call);
/* End what is under way; function_rests() when nothing is. */
void queue_close(struct function *f);
/* There is another program, or there can be none: what waits for one goes on. */
void queue_loaded(struct function *f);
/* An execution on its way back from the crew, or from its host call. */
void queue_go_on(struct execution *x);

/* outcome.c: end the call with what came of it, and say so in the log. */
void outcome_tell(struct execution *x);
/* A call that never became an execution. */
void outcome_refuse(struct function *f, struct pst_called *call, enum pst_call_code code,
    const char *text, uint32_t retry_after_ms);

/* wasi.c */
void wasi_prepare(struct execution *x);

/* function.c: nothing runs or loads any more; told from the loop. */
void function_rests(struct function *f);

#endif
