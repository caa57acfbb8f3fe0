/*
 * A running node: its sections opened in order, changed while it runs, and
 * closed in reverse.
 */
#ifndef PST_NODE_NODE_H
#define PST_NODE_NODE_H

#include "base/env.h"
#include "base/logger.h"
#include "node/config.h"

struct pst_node;

/* What a process is a node for. */
enum pst_node_use {
	PST_NODE_RUNS,  /* to serve: everything, and commands can reach it */
	PST_NODE_BRIEF, /* one job of a command: everything but the control service */
	PST_NODE_LOOKS, /* stores, vaults and identities only, beside a running node too */
	PST_NODE_ASKS,  /* to reach a running node: transports only, no state */
	PST_NODE_KEEPS, /* stores, vaults and runtimes that are written, and nothing else, where no node runs */
};

struct pst_node_events {
	/* Every section that is to be open is up. */
	void (*up)(void *arg);
	/* A section could not be opened; the node begins to stop. */
	void (*failed)(void *arg, int rc, const char *sentence);
	/* It begins to stop, whoever asked; may be NULL. */
	void (*stopping)(void *arg);
	/* Everything is closed; pst_node_free() may be called. */
	void (*closed)(void *arg);
	/* Something that cannot be stopped keeps it from closing, for CLOSE_MS now; may be NULL. */
	void (*stuck)(void *arg);
};

/*
 * Make a node on a loop. One that has state makes the directory (0700) and
 * takes its lock. config is taken, also on failure; book is borrowed and gets
 * the levels that the configuration says.
 */
PST_API PST_MUST_CHECK int pst_node_new(struct pst_node **out, uv_loop_t *loop,
    struct pst_config **config, struct pst_logbook *book, enum pst_node_use use,
    const struct pst_node_events *events, void *arg, struct pst_err *err);
PST_API void pst_node_start(struct pst_node *node);
/*
 * Stop in order: take on nothing new, and close when nothing is under way or
 * `drain` is over. Called again it closes at once, as pst_node_close() does.
 */
PST_API void pst_node_stop(struct pst_node *node);
PST_API void pst_node_close(struct pst_node *node);
PST_API void pst_node_free(struct pst_node **node);
PST_API struct pst_env *pst_node_env(struct pst_node *node);
/* As it is in force now; changes replace it. */
PST_API const struct pst_config *pst_node_config(const struct pst_node *node);
/* The open object of a section, and its module's ops; NULL when not open. */
PST_API void *pst_node_section(struct pst_node *node, const char *kind, const char *name,
    const void **ops);
/* The environment of a section; NULL when there is none. */
PST_API struct pst_section_env *pst_node_section_env(struct pst_node *node, const char *kind,
    const char *name);
/* The same for who belongs to no section: a command, a trace. */
PST_API struct pst_section_env *pst_node_own_env(struct pst_node *node);

#endif
