#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As many that are free are kept. */
#define FREE_MAX 64
/* Of what a memory was used for, as much is cleared by writing; the rest is given back to the
 * system, from which a page costs several times that. */
#define KEPT_PAGES 64
/* Runs of pages that are there, and of those that are not, before it is all given back. */
#define RUNS_MAX 16

struct memory {
	struct memory *next;
	struct memories *all;
	struct budget *budget;
	uint8_t *base;
	size_t size;     /* may be touched */
	size_t reserved; /* with the guard behind it */
	size_t capacity;
};

static _Thread_local struct budget *charged;

void
memories_charge(struct budget *budget)
{
	charged = budget;
}

static bool
budget_take(struct budget *budget, size_t more)
{
	if (more > budget->limit - budget->used) {
		budget->refused = true;
		return false;
	}
	budget->used += more;
	return true;
}

static void
memory_unmap(struct memory *memory)
{
	munmap(memory->base, memory->reserved);
	free(memory);
}

static bool
memory_resize(struct memory *memory, size_t size)
{
	size_t less = size < memory->size ? size : memory->size;
	size_t more = size < memory->size ? memory->size : size;

	if (less < more && mprotect(memory->base + less, more - less,
	        size > less ? PROT_READ | PROT_WRITE : PROT_NONE))
		return false;
	memory->size = size;
	return true;
}

/* Where the run that begins at page i ends. */
static size_t
run_end(const unsigned char *there, size_t i, size_t pages)
{
	size_t end = i + 1;

	while (end < pages && (there[end] & 1) == (there[i] & 1))
		end++;
	return end;
}

/*
 * All zero again. A page that mincore() does not see may be swapped out and not
 * empty: whatever is not written to here is given back.
 */
static void
memory_clear(struct memory *memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = memory->size / page;
	unsigned char there[1024];
	size_t kept = 0, runs = 0;

	if (pages > sizeof there || mincore(memory->base, memory->size, there))
		pages = 0;
	for (size_t i = 0, end; i < pages; i = end, runs++) {
		end = run_end(there, i, pages);
		kept += there[i] & 1 ? end - i : 0;
	}
	if (kept > KEPT_PAGES || runs > RUNS_MAX)
		pages = 0;
	for (size_t i = 0, end; i < pages; i = end) {
		uint8_t *from = memory->base + i * page;

		end = run_end(there, i, pages);
		if (there[i] & 1)
			memset(from, 0, (end - i) * page);
		else
			madvise(from, (end - i) * page, MADV_DONTNEED);
	}
	if (pages == 0 && memory->size > 0)
		madvise(memory->base, memory->size, MADV_DONTNEED);
}

static uint8_t *
memory_get(void *env, size_t *size, size_t *capacity)
{
	struct memory *memory = env;

	*size = memory->size;
	*capacity = memory->capacity;
	return memory->base;
}

static wasmtime_error_t *
memory_grow(void *env, size_t size)
{
	struct memory *memory = env;
	size_t more = size - memory->size;

	if (size > memory->capacity || !budget_take(memory->budget, more))
		return wasmtime_error_new("more memory than its limit");
	if (!memory_resize(memory, size)) {
		memory->budget->used -= more;
		memory->budget->refused = true;
		return wasmtime_error_new("no memory");
	}
	return NULL;
}

static void
memory_back(void *env)
{
	struct memory *memory = env;
	struct memories *all = memory->all;

	memory_clear(memory);
	uv_mutex_lock(&all->mutex);
	if (all->count < FREE_MAX) {
		all->count++;
		memory->next = all->first;
		all->first = memory;
		memory = NULL;
	}
	uv_mutex_unlock(&all->mutex);
	if (memory)
		memory_unmap(memory);
}

static struct memory *
memory_map(struct memories *all, size_t capacity, size_t guard)
{
	struct memory *memory = calloc(1, sizeof *memory);

	if (!memory)
		return NULL;
	memory->all = all;
	memory->capacity = capacity;
	memory->reserved = capacity + guard;
	memory->base = mmap(NULL, memory->reserved, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory->base != MAP_FAILED)
		return memory;
	free(memory);
	return NULL;
}

static struct memory *
memory_take(struct memories *all, size_t capacity, size_t guard)
{
	struct memory *memory;

	uv_mutex_lock(&all->mutex);
	memory = all->first;
	if (memory) {
		all->first = memory->next;
		all->count--;
	}
	uv_mutex_unlock(&all->mutex);
	if (memory && memory->capacity == capacity && memory->reserved == capacity + guard)
		return memory;
	if (memory)
		memory_unmap(memory);
	return memory_map(all, capacity, guard);
}

static wasmtime_error_t *
memory_new(void *env, const wasm_memorytype_t *type, size_t minimum, size_t maximum,
    size_t reserved, size_t guard, wasmtime_linear_memory_t *out)
{
	struct memory *memory;

	if (minimum > reserved || !charged || !budget_take(charged, minimum))
		return wasmtime_error_new("more memory than its limit");
	memory = memory_take(env, reserved, guard);
	if (memory && !memory_resize(memory, minimum)) {
		memory_unmap(memory);
		memory = NULL;
	}
	if (!memory) {
		charged->refused = true;
		return wasmtime_error_new("no memory");
	}
	memory->budget = charged;
	*out = (wasmtime_linear_memory_t){
		.env = memory,
		.get_memory = memory_get,
		.grow_memory = memory_grow,
		.finalizer = memory_back,
	};
	return NULL;
}

void
memories_init(struct memories *all)
{
	memset(all, 0, sizeof *all);
	uv_mutex_init(&all->mutex);
}

void
memories_fini(struct memories *all)
{
	while (all->first) {
		struct memory *memory = all->first;

		all->first = memory->next;
		memory_unmap(memory);
	}
	uv_mutex_destroy(&all->mutex);
}

void
memories_serve(struct memories *all, wasm_config_t *config)
{
	wasmtime_memory_creator_t creator = { .env = all, .new_memory = memory_new };

	wasmtime_config_host_memory_creator_set(config, &creator);
}
