/*
 * Memories of instances, in reserved address space that is used again: mapping
 * it anew, for each, costs more than a short call does.
 *
 * wasmtime asks for a memory while it makes an instance, and again for each growth:
 * here is where the limit on an instance's memory is kept, and where it is known
 * that a growth was refused. wasmtime's own limits could tell neither the sum nor that.
 */
#ifndef RUNTIME_WASMTIME_MEMORY_H
#define RUNTIME_WASMTIME_MEMORY_H

#include <stdbool.h>
#include <uv.h>
#include <wasmtime.h>

/* What an instance has of its limit. */
struct budget {
	uint64_t limit, used;
	bool refused;
};

/* Those that are free; touched by any thread. */
struct memories {
	uv_mutex_t mutex;
	struct memory *first;
	unsigned count;
};

void memories_init(struct memories *all);
/* All must be back. */
void memories_fini(struct memories *all);
/* Have the engine that is made from this take its memories from here. */
void memories_serve(struct memories *all, wasm_config_t *config);

/* The memory of the instance that this thread makes from now on is charged to it; NULL: none is made. */
void memories_charge(struct budget *budget);

#endif
