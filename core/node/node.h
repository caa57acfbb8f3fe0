/*
 * A running node: its sections opened in order, and closed in reverse.
 */
#ifndef PST_NODE_NODE_H
#define PST_NODE_NODE_H

#include "base/env.h"
#include "base/logger.h"
#include "node/config.h"

struct pst_node;

/* Stores, vaults and identities, and nothing that listens. */
#define PST_RANK_IDENTITY 2

struct pst_node_events {
	/* Every section that is to be open is up. */
	void (*up)(void *arg);
	/* A section could not be opened; the node begins to stop. */
	void (*failed)(void *arg, int rc, const char *sentence);
	/* Everything is closed; pst_node_free() may be called. */
	void (*closed)(void *arg);
};

/*
 * Make a node on a loop: creates the directory (0700), takes STATE's lock. One
 * that opens no more than identities may look at a running node's state.
 * config and book are borrowed; the book gets the configuration's levels. max_rank: open only sections up to that rank (a command
 * that needs the identity opens no listener).
 */
PST_API PST_MUST_CHECK int pst_node_new(struct pst_node **out, uv_loop_t *loop,
    const struct pst_config *config, struct pst_logbook *book, int max_rank,
    const struct pst_node_events *events, void *arg, struct pst_err *err);
PST_API void pst_node_start(struct pst_node *node);
PST_API void pst_node_close(struct pst_node *node);
PST_API void pst_node_free(struct pst_node **node);
PST_API struct pst_env *pst_node_env(struct pst_node *node);
/* The open object of a section, and its module's ops; NULL when not up. */
PST_API void *pst_node_section(struct pst_node *node, const char *kind, const char *name,
    const void **ops);
/* The environment of a section, for who stands in for one (the command). */
PST_API struct pst_section_env *pst_node_section_env(struct pst_node *node, const char *kind,
    const char *name);

#endif
