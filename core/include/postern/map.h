/*
 * Bytes under names, in the order they were put: headers, parameters, state.
 * They are few, so look-up is by walking them.
 */
#ifndef POSTERN_MAP_H
#define POSTERN_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed it is empty. */
struct pst_map {
	struct pst_map_item *items;
	size_t count, room;
};
struct pst_map_item {
	char *name; /* NUL-terminated, its own */
	uint8_t *value; /* a NUL stands behind it */
	size_t len;
};
/* Ours, so that no request makes a map that is slow to walk. */
#define PST_MAP_MAX 1000

/* The value of a name, or NULL. */
PST_API const struct pst_map_item *pst_map_get(const struct pst_map *map, const char *name);
/* Put a copy, over what was there. -ENOMEM, PST_E_LIMIT. */
PST_API PST_MUST_CHECK int pst_map_put(struct pst_map *map, const char *name, const void *value,
    size_t len);
PST_API void pst_map_drop(struct pst_map *map, const char *name);
PST_API PST_MUST_CHECK int pst_map_copy(struct pst_map *out, const struct pst_map *from);
/* Leaves an empty one; a no-op on a zeroed one. */
PST_API void pst_map_fini(struct pst_map *map);

#ifdef __cplusplus
}
#endif
#endif
