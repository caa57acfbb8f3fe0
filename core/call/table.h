/* Calls by hash. Nodes lie in the calls; who looks compares what the hash is of. */
#ifndef PST_CALL_TABLE_H
#define PST_CALL_TABLE_H

#include <postern/call.h>

/* -ENOMEM only for the first. */
PST_MUST_CHECK int pst_call_table_add(struct pst_call_table *table, struct pst_call_node *node,
    uint64_t hash);
void pst_call_table_remove(struct pst_call_table *table, struct pst_call_node *node);
/* The first of this hash, and the next of the same; NULL behind the last. */
struct pst_call_node *pst_call_table_find(const struct pst_call_table *table, uint64_t hash);
struct pst_call_node *pst_call_table_next(const struct pst_call_node *node);
/* Of an empty one. */
void pst_call_table_fini(struct pst_call_table *table);

#endif
