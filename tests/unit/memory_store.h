/*
 * A store in memory, for tests of what stands on one: it answers from the loop, in order, and
 * does what a test wants just before a batch, as another node would, or fails.
 */
#ifndef MEMORY_STORE_H
#define MEMORY_STORE_H

#include <postern/store.h>

#include "fake_section.h"

struct memory_item {
	struct memory_item *next; /* in ascending order of keys */
	char *key;
	uint8_t *value;
	size_t len;
};

struct memory_store {
	struct pst_env *env;
	struct memory_item *items;
	struct memory_job *first, **last;
	struct pst_task task;
	unsigned commits; /* asked for */
	int fail;         /* not 0: what every question and batch is answered with */
	/* Runs before the batch with this number is looked at. */
	void (*before)(struct memory_store *store, unsigned commit);
};

extern const struct pst_store_ops memory_store_ops;

void memory_store_init(struct memory_store *store, struct pst_env *env);
void memory_store_fini(struct memory_store *store);
const struct memory_item *memory_store_find(const struct memory_store *store, const char *key);
void memory_store_put(struct memory_store *store, const char *key, const void *value, size_t len);
/* How many keys begin so. */
size_t memory_store_count(const struct memory_store *store, const char *prefix);

#endif
