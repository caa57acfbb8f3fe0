/* The kit for runtimes: what its parts share. */
#ifndef TESTS_CONFORM_RUNTIME_H
#define TESTS_CONFORM_RUNTIME_H

#include <postern/runtime.h>

#include "conform.h"
#include "guests.h"

#define PAGE 65536
#define ROOM (4 << 20)       /* bytes that guests have, where nothing is said */
#define SOON_MS 60           /* a deadline that is reached on purpose */
#define LATE_MS 20000        /* one that is not */
#define AT_ONCE 64           /* instances, likewise */

/* A guest that runs, and what the host knows of it: `user` of its imports. */
struct run {
	struct conform *c;
	const struct pst_runtime_ops *ops;
	struct pst_wasm_module *module;
	struct pst_wasm_instance *instance;
	struct pst_wasm_limits limits;
	struct pst_wasm_wasi wasi;
	struct pst_err err; /* of the last call */
	uint64_t slots[8];  /* its parameters, then its results */

	unsigned calls;      /* of imports */
	bool right;          /* all of them got what they should */
	unsigned asked;      /* whether it is to stop */
	unsigned pending;    /* so many times more the next import answers PENDING */
	uint8_t *view;       /* memory, as the import saw it that was pending */
	char said[3][64];    /* standard output and error, as texts */
	size_t said_max;     /* no more fits */
};

const struct guest *guest_find(const char *name);
struct pst_wasm_code guest_code(const struct guest *guest);
/* Compile it with the imports of runtime.c. */
int run_compile(struct run *run, struct conform *c, const char *guest);
int run_spawn(struct run *run);
/* Both, under run->limits when they say anything; a failure is a case. */
bool run_open(struct run *run, struct conform *c, const char *guest);
void run_close(struct run *run);
/* Call an export; one that is not there, or of another type, ends as -1. */
int run_call(struct run *run, const char *name, const char *type);
/* The same with one parameter, or two. */
int run_call1(struct run *run, const char *name, const char *type, uint64_t a);
int run_call2(struct run *run, const char *name, const char *type, uint64_t a, uint64_t b);
bool run_trapped(struct run *run, int end);
uint64_t run_memory_len(struct run *run);

uint64_t now_ms(void);

/* The parts, each in a file. */
void runtime_codes(struct conform *c);  /* what is a module and what not, imports, exports, kept code */
void runtime_calls(struct conform *c);  /* values, imports, traps, pending, exit, memory */
void runtime_limits(struct conform *c); /* memory, time, instances, start sections */
void runtime_wasi(struct conform *c);
void runtime_threads(struct conform *c);

#endif
