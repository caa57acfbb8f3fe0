/*
 * The host as a guest sees it: each import ends here. Pointers are checked, the
 * capability is asked, and its answer travels by the FFI result protocol (spec functions.md 1.4).
 */
#ifndef FUNCTIONS_HOST_H
#define FUNCTIONS_HOST_H

#include <postern/look.h>

#include "abi.h"

struct setup;

/* An import of one function's: who serves it. */
struct binding {
	const struct abi_function *abi;
	const struct pst_host_function *serves; /* NULL: nobody */
	void *capability;
	const char *of; /* the capability's name */
	struct binding *other; /* the next capability that serves it, by its own name */
	unsigned ident; /* which slot it is in */
	bool blocks;    /* the thread waits for what is served later: the runtime cannot suspend */
	char type[ABI_TYPE_MAX];
	char name[40];
};

/* binding.c: of a list of capabilities no two serve the same; else PST_E_CONF. Then all imports and what they lead to. */
PST_MUST_CHECK int host_look(const struct pst_list *capabilities, const struct pst_look *look, struct pst_err *err);
PST_MUST_CHECK int host_open(struct setup *s);
void host_close(struct setup *s);

/* Every import; arg is its struct binding, user the execution. */
enum pst_wasm_end host_called(void *user, struct pst_wasm_instance *instance, uint64_t *slots,
    void *arg, struct pst_err *err);

/* ---- later.c ---- */

/* On the crew: the guest rests, or its thread waits where the runtime cannot suspend. */
enum pst_wasm_end host_ask_later(struct execution *x, const struct binding *b, uint64_t *slots,
    struct pst_err *err);
/* On the loop: ask what the guest waits for. The execution goes on when that is answered. */
void host_ask(struct execution *x);
/* On the loop: nobody waits for this execution any more; what it waits for is to end at once. */
void host_cancel(struct execution *x);

/* ---- host.c ---- */

/* The capability has answered: its answer becomes the guest's. */
enum pst_wasm_end host_settle(struct execution *x, const struct abi_function *abi, uint64_t *slots);
/* PST_WASM_TRAP, with that sentence. */
enum pst_wasm_end host_trap(struct pst_err *err, const char *sentence);
/* Let go what host calls have left. */
void host_forget(struct execution *x);

enum pst_wasm_end host_return_result(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_return_error(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_return_abort(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_get_ffi_result(struct execution *x, uint64_t *slots, struct pst_err *err);
enum pst_wasm_end host_add_ffi_var(struct execution *x, uint64_t *slots, struct pst_err *err);

#endif
