/* The inside of a node and of its sections, shared by node.c and path.c. */
#ifndef PST_NODE_SECTION_H
#define PST_NODE_SECTION_H

#include <postern/module.h>
#include <postern/router.h>

#include "base/env.h"
#include "node/config.h"
#include "node/node.h"

enum section_state {
	SECTION_IDLE,
	SECTION_OPENING,
	SECTION_UP,
	SECTION_DOWN,
	SECTION_CLOSING,
};

struct pst_section_env {
	struct pst_node *node;
	const struct pst_item *item;
	enum section_state state;
	void *self; /* the module's */
	struct pst_log log;
	struct pst_field fields[2];
	char label[136]; /* "inlet:postgres" */
};

struct pst_node {
	struct pst_env env;
	const struct pst_config *config;
	struct pst_section_env *sections; /* by rank */
	size_t count;
	struct pst_task advance; /* the next rank, up or down */
	bool announced, closing;
	bool looks; /* only as far as the identity: a running node is no obstacle */
	int lock;
	const struct pst_node_events *events;
	void *arg;
};

#endif
