/*
 * An arena: memory that is freed at once.
 *
 * Zero it before use. What it gives is aligned for anything and zeroed, and
 * lives until pst_arena_fini().
 */
#ifndef POSTERN_CONF_ARENA_H
#define POSTERN_CONF_ARENA_H

#include <stddef.h>

struct pst_arena {
	struct pst_arena_chunk *chunk; /* the newest */
};

/* NULL when memory is out. */
void *pst_arena_alloc(struct pst_arena *arena, size_t size);
/* A copy of len bytes and a NUL; NULL when memory is out. */
char *pst_arena_copy(struct pst_arena *arena, const char *text, size_t len);
void pst_arena_fini(struct pst_arena *arena);

#endif
