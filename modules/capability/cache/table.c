#include "table.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

static uint64_t
hash_of(const struct table *table, const uint8_t *key, size_t len)
{
	uint64_t hash;

	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
	_Static_assert(sizeof table->secret == crypto_shorthash_KEYBYTES, "key");
	crypto_shorthash((uint8_t *)&hash, key, len, table->secret);
	return hash;
}

static size_t
size_of(const struct entry *e)
{
	return sizeof *e + e->key_len + e->len;
}

/* ---- by use ---- */

static void
use_begin(struct table *table, struct entry *e)
{
	e->newer = NULL;
	e->older = table->newest;
	*(e->older ? &e->older->newer : &table->oldest) = e;
	table->newest = e;
}

static void
use_end(struct table *table, struct entry *e)
{
	*(e->older ? &e->older->newer : &table->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &table->newest) = e->older;
}

/* ---- by key ---- */

static struct entry **
place_of(const struct table *table, uint64_t hash, const uint8_t *key, size_t len)
{
	struct entry **at = &table->slots[hash & (table->room - 1)];

	while (*at && ((*at)->hash != hash || (*at)->key_len != len || memcmp((*at)->bytes, key, len)))
		at = &(*at)->next;
	return at;
}

static void
drop(struct table *table, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	use_end(table, e);
	table->size -= size_of(e);
	table->count--;
	free(e);
}

static int
grow(struct table *table)
{
	size_t room = table->room ? table->room * 2 : ROOM_FIRST;
	struct entry **slots;

	if (table->count < table->room)
		return PST_OK;
	slots = calloc(room, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	for (struct entry *e = table->newest; e; e = e->older) {
		e->next = slots[e->hash & (room - 1)];
		slots[e->hash & (room - 1)] = e;
	}
	free(table->slots);
	table->slots = slots;
	table->room = room;
	return PST_OK;
}

const struct entry *
table_get(struct table *table, const uint8_t *key, size_t len, uint64_t now_ms)
{
	struct entry **at;

	if (!table->room)
		return NULL;
	at = place_of(table, hash_of(table, key, len), key, len);
	if (*at && (*at)->until_ms <= now_ms)
		drop(table, at);
	else if (*at) {
		use_end(table, *at);
		use_begin(table, *at);
		return *at;
	}
	return NULL;
}

static struct entry *
entry_new(const struct table *table, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
	struct entry *e = malloc(sizeof *e + key_len + len);

	if (!e)
		return NULL;
	e->key_len = key_len;
	e->len = len;
	e->hash = hash_of(table, key, key_len);
	memcpy(e->bytes, key, key_len);
	memcpy(e->bytes + key_len, value, len);
	return e;
}

int
table_put(struct table *table, const uint8_t *key, size_t key_len, const uint8_t *value,
    size_t len, uint64_t until_ms)
{
	struct entry *e, **at;

	if (sizeof *e + key_len + len > table->max)
		return PST_E_LIMIT;
	if (!table->room)
		randombytes_buf(table->secret, sizeof table->secret);
	e = grow(table) ? NULL : entry_new(table, key, key_len, value, len);
	if (!e)
		return -ENOMEM;
	e->until_ms = until_ms;
	at = place_of(table, e->hash, key, key_len);
	if (*at)
		drop(table, at);
	e->next = table->slots[e->hash & (table->room - 1)];
	table->slots[e->hash & (table->room - 1)] = e;
	use_begin(table, e);
	table->count++;
	table->size += size_of(e);
	while (table->size > table->max)
		drop(table, place_of(table, table->oldest->hash, table->oldest->bytes, table->oldest->key_len));
	return PST_OK;
}

void
table_clear(struct table *table)
{
	for (struct entry *e = table->newest, *older; e; e = older) {
		older = e->older;
		free(e);
	}
	free(table->slots);
	*table = (struct table){ .max = table->max };
}
