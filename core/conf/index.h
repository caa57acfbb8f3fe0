/* Things by kind and name, as sections are called: found in one step, however many there are. */
#ifndef POSTERN_CONF_INDEX_H
#define POSTERN_CONF_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <postern/err.h>

struct pst_index_slot {
	const char *kind, *name; /* the owner's; kind NULL: free */
	void *value;
};

/* Zeroed: empty. At most half full. */
struct pst_index {
	struct pst_index_slot *slot;
	size_t slots, count;
};

/* PST_OK or -ENOMEM. What has the same kind and name is found in the order of being added. */
PST_MUST_CHECK int pst_index_add(struct pst_index *index, const char *kind, const char *name, void *value);
/* The first that fits (NULL: any does); NULL. */
void *pst_index_find(const struct pst_index *index, const char *kind, const char *name,
    bool (*fits)(const void *value));
/* Empty it; as many as there were can be added without fail. */
void pst_index_clear(struct pst_index *index);
void pst_index_fini(struct pst_index *index);

#endif
