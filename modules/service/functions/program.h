/*
 * A program: one compiled module with its entry points. Counted: a call that runs keeps the one
 * it began with, whatever has come since.
 */
#ifndef FUNCTIONS_PROGRAM_H
#define FUNCTIONS_PROGRAM_H

#include <postern/runtime.h>

#include "setup.h"

#define PROGRAM_HASH 32

/* What is called, in this order (spec functions.md 1.2). A plain WASI command has START alone. */
enum step {
	STEP_INITIALIZE, /* of what was built as a WASI reactor */
	STEP_START,
	STEP_INIT,
	STEP_ALLOCATE,
	STEP_RUN,
	STEPS,
};

struct program {
	unsigned refs; /* the loop's */
	struct setup *setup; /* NULL while it is made, off the loop */
	const struct pst_runtime_ops *runtime;
	struct pst_wasm_module *module;
	int steps[STEPS]; /* below 0: it has none */
	bool command;
	bool cached;      /* it was compiled by an earlier node */
	uint8_t hash[PROGRAM_HASH]; /* SHA-256 of the file */
};

struct cache;

/* What a module is made a program of. All is borrowed until the program is gone but code.bytes. */
struct program_source {
	const struct pst_runtime_ops *runtime;
	void *engine;
	struct pst_wasm_code code;
	const struct cache *cache; /* NULL: none */
};

/* Off the loop: compile, or take it from the cache. The sentence says what is wrong with it. */
PST_MUST_CHECK int program_new(struct program **out, const struct program_source *source,
    struct pst_err *err);
struct program *program_ref(struct program *program);
void program_unref(struct program **program);

#endif
