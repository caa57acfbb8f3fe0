/*
 * Runtimes: Wasm engines.
 *
 * Kind "runtime"; its sections are `runtime NAME { use = wasmtime … }`. An
 * engine compiles a module once, links it with what the host offers, and then
 * makes instances of it, each for one execution, or for some one after the other. It knows nothing of
 * functions: what they may ask of their host are imports, given with the code.
 *
 * Values are raw 64-bit slots: an i32 is in the low half, unsigned. A call's
 * slots have the parameters before and the results after it, and are as long
 * as the longer of the two.
 *
 * Threads: compile, release, save and load, spawn, free, call and resume run
 * on any thread, several at once, but one instance is one thread's at a time.
 * Nothing here calls the loop.
 *
 * A guest's pointers are numbers; memory() gives the view they are checked
 * against. It is dead after any call, resume or growth, so none is kept over one.
 * While a call is pending nothing in the guest moves: a view taken by the import
 * that is pending lives until the call is resumed.
 */
#ifndef POSTERN_RUNTIME_H
#define POSTERN_RUNTIME_H

#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_wasm_module;   /* the runtime's own */
struct pst_wasm_instance; /* likewise */

/* How a call, or an import, ends. */
enum pst_wasm_end {
	PST_WASM_DONE,
	/* An import: not yet; it is called again, with the same slots, when the call is resumed.
	 * A call: an import said so. */
	PST_WASM_PENDING,
	PST_WASM_TRAP,     /* unreachable, out of bounds, stack overflow; an import that says so */
	PST_WASM_DEADLINE, /* it ran longer than its limits say */
	PST_WASM_MEMORY,   /* a trap, and stats() says that a growth was refused before it */
	PST_WASM_EXIT,     /* proc_exit, with the code in the first slot */
	PST_WASM_STOPPED,  /* stopped() of its limits said so */
};

/* What the host offers: one function. */
struct pst_wasm_import {
	const char *module, *name; /* "env", "return_result" */
	const char *type; /* parameters, colon, results: "iii:", "iI:i"; i is i32, I is i64, f f32, F f64 */
	/*
	 * user is that of spawn, arg is `arg` below. Runs on the thread of the call. To trap with a
	 * sentence it calls pst_fail(err, …). It may read and write through memory().
	 */
	enum pst_wasm_end (*fn)(void *user, struct pst_wasm_instance *instance, uint64_t *slots,
	    void *arg, struct pst_err *err);
	void *arg;
	bool waits; /* it may answer PST_WASM_PENDING */
};

/* One module to be compiled. All is borrowed for the call, but what imports point to is
 * for as long as the module lives. */
struct pst_wasm_code {
	const uint8_t *bytes;
	size_t len;
	const struct pst_wasm_import *imports; /* ended by a NULL module */
	bool endless; /* compile without the checks that a deadline needs: none is kept, and nothing stops it */
	size_t instances; /* as many at once, at most */
};

struct pst_wasm_limits {
	uint64_t memory;      /* bytes, of all memories and tables together; beyond, growth answers -1 */
	uint64_t deadline_ms; /* of guest time and host time together, from spawn on; 0: none */
	/* Asked on the thread of a call, every few milliseconds of guest time: true ends it. user is that
	 * of spawn. NULL: nobody stops it. */
	bool (*stopped)(void *user);
};

/* What WASI preview 1 shows of the host. Anything else there is none of. */
struct pst_wasm_wasi {
	const char *const *args; /* ended by NULL; may be NULL */
	const char *const *env;  /* "NAME=VALUE", likewise */
	const uint8_t *in;       /* standard input; borrowed until free */
	size_t in_len;
	/* Standard output (1) and error (2), as they come; NULL: nobody reads them. False: no more fits. */
	bool (*out)(void *user, int fd, const uint8_t *bytes, size_t len);
};

struct pst_wasm_stats {
	uint64_t memory; /* bytes of memories and tables, now, which is the most there were */
	bool refused;    /* a growth was: of a memory, or of a table where the engine tells */
};

/* Bytes on the heap; free() them. */
struct pst_wasm_blob {
	uint8_t *bytes;
	size_t len;
};

/* struct pst_runtime_ops.can */
#define PST_RUNTIME_SUSPENDS 1 /* a pending call gives its thread back. Else the import's fn is never
                                  answered PENDING for: it must wait on its thread (pst_crew_wait) */
#define PST_RUNTIME_SAVES 2    /* save and load are there */

struct pst_runtime_ops {
	size_t size;
	unsigned can;
	/* Compile and link. PST_E_PROTOCOL: not a module, or not one this engine runs;
	 * PST_E_NOTHING: it imports what is not offered (the sentence names it); PST_E_LIMIT. */
	int (*compile)(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
	    struct pst_err *err);
	void (*release)(struct pst_wasm_module **module);
	/* What load() takes. It is trusted when it is loaded: who keeps it sees that nobody else writes
	 * it. The engine's version and settings are in `version`, which the keeper's key of it includes. */
	int (*save)(struct pst_wasm_module *module, struct pst_wasm_blob *out, struct pst_err *err);
	/* code->bytes are those of save(). -EBADMSG: of another version; compile it anew. */
	int (*load)(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
	    struct pst_err *err);
	const char *(*version)(void *runtime); /* "wasmtime 50.0.1 …", static or the section's */
	/* What the section says of limits, for functions that say nothing. */
	struct pst_wasm_limits (*limits)(void *runtime);

	/* A fresh instance, its start section run under these limits, which no import may make pending. wasi is
	 * borrowed until free; NULL: an empty one. PST_E_LIMIT: memory or time did not suffice, it was stopped, or
	 * there are too many instances; PST_E_REFUSED: the start section trapped. */
	int (*spawn)(struct pst_wasm_module *module, const struct pst_wasm_limits *limits,
	    const struct pst_wasm_wasi *wasi, void *user, struct pst_wasm_instance **out,
	    struct pst_err *err);
	/* Also of a pending one. */
	void (*free)(struct pst_wasm_instance **instance);
	/* An exported function of this type: a small number for call(), the same for every instance of
	 * the module; resolve it once. PST_E_NOTHING: no such export, -EINVAL: of another type. */
	int (*find)(struct pst_wasm_module *module, const char *name, const char *type);
	enum pst_wasm_end (*call)(struct pst_wasm_instance *instance, int function, uint64_t *slots,
	    struct pst_err *err);
	/* Go on where the call became pending; slots are those of call(). */
	enum pst_wasm_end (*resume)(struct pst_wasm_instance *instance, uint64_t *slots,
	    struct pst_err *err);
	/* The exported memory "memory"; NULL and 0 when there is none. */
	uint8_t *(*memory)(struct pst_wasm_instance *instance, size_t *len);
	void (*stats)(const struct pst_wasm_instance *instance, struct pst_wasm_stats *out);
	/* One more execution on an instance whose calls were all DONE: its memories, tables and globals are as they
	 * left them, its deadline is so long from now on, its input begins anew, and a growth that was refused
	 * before is forgotten. Its user, wasi, and the other limits stay. */
	void (*again)(struct pst_wasm_instance *instance, uint64_t deadline_ms);
};

#ifdef __cplusplus
}
#endif
#endif
