/* The inside of a node and of its sections, shared by the files of this room. */
#ifndef PST_NODE_SECTION_H
#define PST_NODE_SECTION_H

#include <postern/module.h>
#include <postern/router.h>

#include "base/env.h"
#include "node/change.h"
#include "node/config.h"
#include "node/node.h"

struct control;

enum section_state {
	SECTION_NEW, /* to be opened */
	SECTION_OPENING,
	SECTION_UP,
	SECTION_DOWN,    /* was up, may come again: the module said so */
	SECTION_CLOSING,
	SECTION_CLOSED,
	SECTION_FAILED,  /* could not be opened; the next change tries again */
};

struct pst_section_env {
	struct pst_node *node;
	const struct pst_item *item;
	enum section_state state;
	bool leaving;  /* to be closed and forgotten */
	bool failed;   /* to be closed, and then FAILED */
	bool draining; /* asked to, and not yet done */
	bool fresh;    /* of the change under way */
	bool again;    /* it was FAILED before that, too */
	uint64_t since_ms; /* when the state began */
	void *self; /* the module's */
	struct pst_section_hooks hooks; /* as many as the module knows */
	struct pst_log log;
	struct pst_field fields[2];
	char label[136]; /* "inlet:postgres" */
	const char *name; /* in label: the configuration comes and goes */
	struct pst_err why; /* of DOWN and FAILED */
};

struct pst_node {
	struct pst_env env;
	struct pst_config *config;
	char *state_dir; /* the same for as long as the node lives */
	enum pst_node_use use;
	struct pst_section_env own; /* of paths that belong to no section */
	struct pst_section_env **sections; /* by rank */
	size_t count, room;
	struct pst_index index; /* of them, those that leave too */
	size_t staying[PST_SECTION_KINDS_MAX]; /* how many of a kind do not leave; */
	bool counted;                          /* false: to be counted again */
	struct pst_task settle; /* the next step towards what is to be */
	bool announced, closing, stopping;
	bool closed; /* the env, too: nothing settles any more */
	int lock;
	struct pst_timer drain_timer;
	struct pst_timer state_timer; /* to see whether the state directory is still there */
	bool state_lost;
	uint64_t since_ms; /* started, by the wall clock */

	/* change.c: the change under way, and those behind it */
	struct pst_change *changes, **changes_end;
	bool neighbours_changed;

	struct control *control; /* NULL in nodes that nobody controls */
	const struct pst_node_events *events;
	void *arg;
};

/* section.c */
/* Add a section for an item, in its place by rank. */
PST_MUST_CHECK int section_add(struct pst_node *node, const struct pst_item *item);
/* Is it open, so that others may use it? */
bool section_open_now(const struct pst_section_env *section);
void section_set(struct pst_section_env *section, enum section_state state);
/* Free those that have left. */
void sections_forget(struct pst_node *node, bool all);

/* settle.c: go on closing and opening until all is as it is to be. */
void node_settle(struct pst_node *node);

/* apply.c: go over to *config, which is then the one before; that one is freed
 * only when the node has settled. On failure nothing has changed; err has a sentence, or none. */
PST_MUST_CHECK int node_apply(struct pst_node *node, struct pst_config **config,
    struct pst_change_count *count, struct pst_err *err);
/* What left has gone, what comes is not yet open: those that stay learn of it. */
void node_announce(struct pst_node *node);

/* change.c: the node has settled: the next step of the change under way, or the next change. */
void changes_go_on(struct pst_node *node);
/* The node closes: those who wait for a change are told. False while one writes to disk. */
bool changes_drop(struct pst_node *node);

#endif
