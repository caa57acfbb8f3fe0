#include "conf/index.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

/* FNV-1a over both words; the names are the operator's own. */
static uint32_t
hash_of(const char *kind, const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *kind; kind++)
		hash = (hash ^ (unsigned char)*kind) * 16777619u;
	hash = (hash ^ ' ') * 16777619u;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash ^ hash >> 15;
}

static void
put(struct pst_index *index, struct pst_index_slot slot)
{
	size_t at = hash_of(slot.kind, slot.name) & (index->slots - 1);

	while (index->slot[at].kind)
		at = (at + 1) & (index->slots - 1);
	index->slot[at] = slot;
	index->count++;
}

/* Those of one name stay in their order: each run of slots is walked from where it begins. */
static int
grow(struct pst_index *index)
{
	struct pst_index old = *index;
	size_t slots = old.slots ? 2 * old.slots : SLOTS_MIN, begin = 0;
	struct pst_index_slot *slot = calloc(slots, sizeof *slot);

	if (!slot)
		return -ENOMEM;
	*index = (struct pst_index){ slot, slots, 0 };
	while (old.slots && old.slot[begin].kind)
		begin++;
	for (size_t i = 0; i < old.slots; i++) {
		const struct pst_index_slot *from = &old.slot[(begin + i) & (old.slots - 1)];

		if (from->kind)
			put(index, *from);
	}
	free(old.slot);
	return PST_OK;
}

int
pst_index_add(struct pst_index *index, const char *kind, const char *name, void *value)
{
	int rc = index->count >= index->slots / 2 ? grow(index) : PST_OK;

	if (!rc)
		put(index, (struct pst_index_slot){ kind, name, value });
	return rc;
}

void *
pst_index_find(const struct pst_index *index, const char *kind, const char *name,
    bool (*fits)(const void *value))
{
	size_t at = index->slots ? hash_of(kind, name) & (index->slots - 1) : 0;

	for (; index->slots && index->slot[at].kind; at = (at + 1) & (index->slots - 1)) {
		const struct pst_index_slot *slot = &index->slot[at];

		if (!strcmp(slot->name, name) && !strcmp(slot->kind, kind) && (!fits || fits(slot->value)))
			return slot->value;
	}
	return NULL;
}

void
pst_index_clear(struct pst_index *index)
{
	if (index->slots)
		memset(index->slot, 0, index->slots * sizeof *index->slot);
	index->count = 0;
}

void
pst_index_fini(struct pst_index *index)
{
	free(index->slot);
	*index = (struct pst_index){ 0 };
}
