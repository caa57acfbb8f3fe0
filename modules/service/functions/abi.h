/*
 * What guests import: from "env" the sixteen functions of spec functions.md 1.3, each once more as
 * NAME_swift with two further numbers that are ignored; from "postern" what is ours (doc/functions.md).
 */
#ifndef FUNCTIONS_ABI_H
#define FUNCTIONS_ABI_H

#include <postern/capability.h>
#include <postern/runtime.h>

struct execution;

enum abi_result {
	ABI_NONE, /* the function has no result */
	ABI_CODE, /* a number, and nothing is waiting */
	ABI_SIZE, /* spec functions.md 1.4: the size of what is waiting then */
	ABI_PLACE, /* how much of the result was put into the place that the guest gave */
};

/* Slots that a host function has at most: return_abort_swift. */
#define ABI_SLOTS_MAX 9
#define ABI_TYPE_MAX (ABI_SLOTS_MAX + 3)

struct abi_function {
	const char *name;
	const char *shape; /* t: a pointer and a length; p: the same, for the answer; n: a number; the ident comes behind */
	enum abi_result result;
	/* Served here, for every function; NULL: by a capability. */
	enum pst_wasm_end (*own)(struct execution *x, uint64_t *slots, struct pst_err *err);
	/* How one that no capability serves answers. */
	void (*off)(struct pst_host_call *call);
	bool takes_vars; /* what add_ffi_var collected is used up by it */
	bool changes;    /* the request; if the kind and key say so, its body */
	/* Several capabilities of one function may serve it: the first text is the name of the
	 * one that is asked (named), or any of them knows what is meant (alike). */
	bool named, alike;
};

/* The first ABI_TWINS are those of "env". */
#define ABI_TWINS 16
#define ABI_FUNCTIONS 20
#define ABI_IMPORTS (ABI_FUNCTIONS + ABI_TWINS)
extern const struct abi_function abi_functions[ABI_FUNCTIONS];

/* The type of an import, as struct pst_wasm_import wants it. */
void abi_type(char out[ABI_TYPE_MAX], const struct abi_function *function, bool swift);
/* Which of the slots is the ident. */
unsigned abi_ident(const struct abi_function *function);

#endif
