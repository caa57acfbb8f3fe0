#include "conf/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096

struct pst_arena_chunk {
	struct pst_arena_chunk *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

static struct pst_arena_chunk *
chunk_new(struct pst_arena_chunk *next, size_t size)
{
	struct pst_arena_chunk *chunk;

	if (size < CHUNK_SIZE)
		size = CHUNK_SIZE;
	chunk = calloc(1, sizeof *chunk + size);
	if (!chunk)
		return NULL;
	chunk->next = next;
	chunk->size = size;
	return chunk;
}

void *
pst_arena_alloc(struct pst_arena *arena, size_t size)
{
	struct pst_arena_chunk *chunk = arena->chunk;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = chunk_new(chunk, size);
		if (!chunk)
			return NULL;
		arena->chunk = chunk;
	}
	p = (char *)chunk->data + chunk->used;
	chunk->used += size;
	return p;
}

char *
pst_arena_copy(struct pst_arena *arena, const char *text, size_t len)
{
	char *copy = pst_arena_alloc(arena, len + 1);

	if (copy && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
pst_arena_fini(struct pst_arena *arena)
{
	struct pst_arena_chunk *chunk = arena->chunk;

	while (chunk) {
		struct pst_arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	arena->chunk = NULL;
}
