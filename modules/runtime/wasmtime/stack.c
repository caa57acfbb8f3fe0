#include "stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* As many that are free are kept. */
#define FREE_MAX 64
#define STACK_GUARD (64 * 1024)

struct stack {
	struct stack *next;
	struct stacks *all;
	uint8_t *base; /* a guard, then the stack */
	size_t size;
};

static void
stack_unmap(struct stack *stack)
{
	munmap(stack->base, STACK_GUARD + stack->size);
	free(stack);
}

/* Its upper end, from which it grows downwards. */
static uint8_t *
stack_top(void *env, size_t *len)
{
	struct stack *stack = env;

	*len = stack->size;
	return stack->base + STACK_GUARD + stack->size;
}

static void
stack_back(void *env)
{
	struct stack *stack = env;
	struct stacks *all = stack->all;

	uv_mutex_lock(&all->mutex);
	if (all->count < FREE_MAX) {
		all->count++;
		stack->next = all->first;
		all->first = stack;
		stack = NULL;
	}
	uv_mutex_unlock(&all->mutex);
	if (stack)
		stack_unmap(stack);
}

static struct stack *
stack_map(struct stacks *all, size_t size)
{
	struct stack *stack = calloc(1, sizeof *stack);

	if (!stack)
		return NULL;
	stack->all = all;
	stack->size = size;
	stack->base = mmap(NULL, STACK_GUARD + size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stack->base == MAP_FAILED) {
		free(stack);
		return NULL;
	}
	if (mprotect(stack->base, STACK_GUARD, PROT_NONE)) {
		stack_unmap(stack);
		return NULL;
	}
	return stack;
}

static wasmtime_error_t *
stack_new(void *env, size_t size, bool zeroed, wasmtime_stack_memory_t *out)
{
	struct stacks *all = env;
	struct stack *stack;

	uv_mutex_lock(&all->mutex);
	stack = all->first;
	if (stack) {
		all->first = stack->next;
		all->count--;
	}
	uv_mutex_unlock(&all->mutex);
	if (stack && (stack->size != size || zeroed)) {
		stack_unmap(stack);
		stack = NULL;
	}
	if (!stack)
		stack = stack_map(all, size);
	if (!stack)
		return wasmtime_error_new("no memory for a stack");
	*out = (wasmtime_stack_memory_t){
		.env = stack,
		.get_stack_memory = stack_top,
		.finalizer = stack_back,
	};
	return NULL;
}

void
stacks_init(struct stacks *all)
{
	memset(all, 0, sizeof *all);
	uv_mutex_init(&all->mutex);
}

void
stacks_fini(struct stacks *all)
{
	while (all->first) {
		struct stack *stack = all->first;

		all->first = stack->next;
		stack_unmap(stack);
	}
	uv_mutex_destroy(&all->mutex);
}

void
stacks_serve(struct stacks *all, wasm_config_t *config)
{
	wasmtime_stack_creator_t creator = { .env = all, .new_stack = stack_new };

	wasmtime_config_host_stack_creator_set(config, &creator);
}
