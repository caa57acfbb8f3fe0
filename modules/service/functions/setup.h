/*
 * What a section's options make of a module: by which engine it runs, what it may ask, how much it may
 * take. A program is compiled with one and keeps it; when the section changes there is another. Counted,
 * on the loop; nothing in it changes while it is there, so that the crew may look. What it has of the
 * options is its own: they go when the section changes.
 */
#ifndef FUNCTIONS_SETUP_H
#define FUNCTIONS_SETUP_H

#include "host.h"

struct function;
struct function_conf;

struct setup {
	unsigned refs;
	struct setup *next; /* of the function's */
	struct function *function;
	const struct pst_runtime_ops *runtime;
	void *engine;
	struct pst_wasm_limits limits;
	uint64_t body;
	int64_t reuse;
	size_t instances;
	char *module;
	char **args; /* of a command, with its name in front; ended by NULL, as all of these */
	char **env;
	char **capabilities;
	char *runtime_name, *identity; /* NULL: none is named */
	struct pst_wasm_import imports[ABI_IMPORTS + 1];
	struct binding bindings[ABI_IMPORTS];
};

/* -ENOMEM. */
PST_MUST_CHECK int setup_new(struct setup **out, struct function *f, const struct function_conf *conf);
struct setup *setup_ref(struct setup *setup);
void setup_unref(struct setup **setup);
/* Is that section among what it was made of? */
bool setup_uses(const struct setup *setup, const char *kind, const char *name);

#endif
