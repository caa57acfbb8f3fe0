/*
 * A section's surroundings without core/node: enough to open one section of
 * a module, or a few that refer to each other, on a loop of their own.
 */
#ifndef FAKE_SECTION_H
#define FAKE_SECTION_H

#include <limits.h>

#include <postern/module.h>

#include "base/env.h"

struct fake_node {
	uv_loop_t loop;
	struct pst_env env;
	char state_dir[PATH_MAX]; /* fresh, and gone with the node */
};

struct pst_section_env {
	struct fake_node *node;
	const struct pst_section *section;
	const char *name;
	void *self;
	const void *ops; /* of the module, for sections that refer to this one */
	struct {
		const char *kind, *name;
		struct pst_section_env *to;
	} ref[4];
	struct pst_log log;
	const struct pst_section_hooks *hooks;
	bool up, down, closed, settled;
	int rc;
	char sentence[PST_ERR_TEXT];
};
#define fake_section pst_section_env

void fake_node_init(struct fake_node *node);
/* Asserts that nothing is left on the loop. */
void fake_node_fini(struct fake_node *node);
/* Run the loop until *flag; fails the test after 20 s. */
void fake_wait(struct fake_node *node, const bool *flag);

void fake_refer(struct fake_section *from, const char *kind, const char *name,
    struct fake_section *to);
/* Open, and wait for up or down: PST_OK, or why; the sentence is in section->sentence. */
int fake_open(struct fake_section *section, struct fake_node *node,
    const struct pst_section *row, const void *ops, const char *name, const void *conf);
void fake_close(struct fake_section *section);

#endif
