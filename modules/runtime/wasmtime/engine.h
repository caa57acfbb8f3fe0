/*
 * The section's engines, modules and instances: how they hang together. wasmtime.c
 * has the section, module.c what is compiled and linked, instance.c what runs.
 */
#ifndef RUNTIME_WASMTIME_ENGINE_H
#define RUNTIME_WASMTIME_ENGINE_H

#include <stdatomic.h>

#include <postern/runtime.h>

#include "memory.h"
#include "stack.h"
#include "tables.h"
#include "ticker.h"

/* The most parameters or results of a function that host and guest call each other by. */
#define SLOTS_MAX 16
/* The most functions of a module that are called. */
#define FUNCTIONS_MAX 32

struct runtime_conf {
	uint64_t memory;
	uint64_t deadline;
	int64_t instances;
};

/* One compiler with its settings. */
struct engine {
	wasm_engine_t *wasm;
	struct runtime *runtime;
};

struct runtime {
	struct pst_section_env *env;
	const struct runtime_conf *conf;
	struct engine timed;   /* its code looks at the epoch */
	struct engine endless; /* its code does not; made when it is first asked for */
	uv_mutex_t mutex;      /* of that */
	struct memories memories;
	struct stacks stacks;
	struct ticker ticker;
	atomic_size_t instances;
};

/* A type as wasmtime's kinds (WASM_I32 …), parameters before results. */
struct type {
	uint8_t params, results;
	wasm_valkind_t kind[2 * SLOTS_MAX];
};

/* An import that a module has, and who serves it. */
struct link {
	const struct pst_wasm_import *import;
	struct type type;
};

struct function {
	char *name;
	struct type type;
};

struct pst_wasm_module {
	struct engine *engine;
	wasmtime_module_t *code;
	wasmtime_instance_pre_t *linked;
	struct link *links;
	size_t link_count;
	struct tables tables;
	bool waits; /* an import may: calls are on stacks of their own */
	bool wasi;
	size_t instances_max;
	atomic_size_t instances;
	uv_mutex_t mutex;
	struct function functions[FUNCTIONS_MAX]; /* never changed once they are there */
	int function_count;                       /* under the mutex */
};

/* A call or a start on its own stack, and the import that it waits for. */
struct fibre {
	wasmtime_call_future_t *future; /* NULL: there is none */
	wasmtime_val_t vals[2 * SLOTS_MAX];
	wasm_trap_t *trap;
	wasmtime_error_t *error;
	const struct link *link;
	uint64_t slots[SLOTS_MAX];
	wasmtime_val_t *results;  /* of the import */
	wasm_trap_t **import_trap;
};

struct pst_wasm_instance {
	struct pst_wasm_module *module;
	wasmtime_store_t *store;
	wasmtime_context_t *context;
	wasmtime_instance_t wasm;
	void *user;
	struct budget budget;
	const struct pst_wasm_wasi *wasi; /* NULL: an empty one */
	size_t in_at;                     /* so much of its input was read */
	uint64_t due_ns;                  /* 0: never */
	bool (*stopped)(void *user);      /* NULL: nobody stops it */
	bool has_memory;
	wasmtime_memory_t memory;
	wasmtime_func_t functions[FUNCTIONS_MAX]; /* store_id 0: not looked for yet */
	const struct type *called; /* by the call under way; NULL: the start */
	/* how an import, the clock, or who stopped it ended the call; DONE: none did */
	enum pst_wasm_end ended;
	uint32_t exit_code;
	struct pst_err *err; /* of the call under way */
	struct fibre fibre;
};

/* ---- wasmtime.c ---- */

/* On any thread. */
struct engine *runtime_engine(struct runtime *runtime, bool endless);

/* ---- type.c ---- */

/* "iI:f". -EINVAL, also for more than SLOTS_MAX. */
int type_parse(struct type *type, const char *text);
/* False: another one, or with kinds that have no letter. */
bool type_is(const struct type *type, const wasm_functype_t *wasm);
/* Owned by the caller. */
wasm_functype_t *type_make(const struct type *type);

/* ---- module.c ---- */

int module_compile(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
    struct pst_err *err);
int module_load(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
    struct pst_err *err);
int module_save(struct pst_wasm_module *module, struct pst_wasm_blob *out, struct pst_err *err);
void module_release(struct pst_wasm_module **module);
int module_find(struct pst_wasm_module *module, const char *name, const char *type);

/* ---- import.c: guest calls host ---- */

/* Put it where modules are linked from. */
wasmtime_error_t *import_define(wasmtime_linker_t *linker, struct link *link);

/* ---- wasi.c ---- */

/* What wasmtime's own does otherwise. */
extern const struct pst_wasm_import wasi_imports[];
int wasi_show(struct pst_wasm_instance *instance, const struct pst_wasm_wasi *wasi,
    struct pst_err *err);

/* ---- instance.c ---- */

int instance_spawn(struct pst_wasm_module *module, const struct pst_wasm_limits *limits,
    const struct pst_wasm_wasi *wasi, void *user, struct pst_wasm_instance **out,
    struct pst_err *err);
void instance_free(struct pst_wasm_instance **instance);
void instance_again(struct pst_wasm_instance *instance, uint64_t deadline_ms);
uint8_t *instance_memory(struct pst_wasm_instance *instance, size_t *len);
void instance_stats(const struct pst_wasm_instance *instance, struct pst_wasm_stats *out);

/* ---- call.c ---- */

/* Have time run for it, and let go of the error of the last call; false: there is none left. */
bool call_enter(struct pst_wasm_instance *instance, struct pst_err *err);
/* How it went; takes error and trap. */
enum pst_wasm_end call_leave(struct pst_wasm_instance *instance, wasmtime_error_t *error,
    wasm_trap_t *trap, struct pst_err *err);
enum pst_wasm_end call_begin(struct pst_wasm_instance *instance, int function, uint64_t *slots,
    struct pst_err *err);
enum pst_wasm_end call_resume(struct pst_wasm_instance *instance, uint64_t *slots,
    struct pst_err *err);
/* Of a store that is looked at while it runs. */
void call_watch(struct pst_wasm_instance *instance);

/* ---- sentence.c ---- */

/* What an error or a trap says, without its backtrace, into err; takes it. Returns rc. */
int sentence_of_error(struct pst_err *err, int rc, wasmtime_error_t *error);
int sentence_of_trap(struct pst_err *err, int rc, wasm_trap_t *trap);

#endif
