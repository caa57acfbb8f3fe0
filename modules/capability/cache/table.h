/*
 * What the cache holds: bytes under keys, each until its time, and all within a size. What was not used
 * for longest goes first. Not locked.
 */
#ifndef CACHE_TABLE_H
#define CACHE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

struct entry {
	struct entry *next;          /* in its slot */
	struct entry *newer, *older; /* by use */
	uint64_t until_ms;           /* UINT64_MAX: for ever */
	uint64_t hash;
	size_t key_len, len;
	uint8_t bytes[]; /* key, then value */
};

struct table {
	struct entry **slots;
	size_t room, count; /* room: a power of two, or 0 */
	struct entry *newest, *oldest;
	size_t size, max;   /* bytes, with what an entry itself takes */
	uint8_t secret[16]; /* of the hash: keys are callers' */
};

/* The value, or NULL; it lives until the table is changed. */
const struct entry *table_get(struct table *table, const uint8_t *key, size_t key_len, uint64_t now_ms);
/* Put a copy, over what was there. -ENOMEM; PST_E_LIMIT: larger than all of the table may be. */
PST_MUST_CHECK int table_put(struct table *table, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t len, uint64_t until_ms);
/* Leaves an empty one. */
void table_clear(struct table *table);

#endif
