/* Stacks for calls that may wait, used again like memories (memory.h). */
#ifndef RUNTIME_WASMTIME_STACK_H
#define RUNTIME_WASMTIME_STACK_H

#include <stdbool.h>
#include <uv.h>
#include <wasmtime.h>

/* Those that are free; touched by any thread. */
struct stacks {
	uv_mutex_t mutex;
	struct stack *first;
	unsigned count;
};

void stacks_init(struct stacks *all);
/* All must be back. */
void stacks_fini(struct stacks *all);
/* Have the engine that is made from this take its stacks from here. */
void stacks_serve(struct stacks *all, wasm_config_t *config);

#endif
