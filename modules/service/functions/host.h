/*
 * The host as a guest sees it: each import of "env" ends here. Pointers are checked, the
 * capability is asked, and its answer travels by the FFI result protocol (spec functions.md 1.4).
 */
#ifndef FUNCTIONS_HOST_H
#define FUNCTIONS_HOST_H

#include "abi.h"

struct function;

/* An import of one function: who serves it. */
struct binding {
	const struct abi_function *abi;
	const struct pst_host_function *serves; /* NULL: nobody */
	void *capability;
	unsigned ident; /* which slot it is in */
	bool blocks;    /* the thread waits for what is served later: the runtime cannot suspend */
	char type[ABI_TYPE_MAX];
	char name[40];
};

/* All imports and what they lead to. PST_E_CONF: two capabilities serve the same. */
PST_MUST_CHECK int host_open(struct function *f, struct pst_err *err);

/* On the loop: ask what the guest waits for. The execution goes on when that is answered. */
void host_ask(struct execution *x);
/* On the loop: nobody waits for this execution any more; what it waits for is to end at once. */
void host_cancel(struct execution *x);
/* Let go what host calls have left. */
void host_forget(struct execution *x);

enum pst_wasm_end host_return_result(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_return_error(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_return_abort(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_get_ffi_result(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_add_ffi_var(struct execution *x, uint64_t *slots, struct pst_err *err);

#endif
