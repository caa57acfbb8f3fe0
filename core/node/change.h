/*
 * Changes to a running node: read the files again, add a section, take one
 * away. One after the other; each is checked as a whole before anything is
 * touched, and sections that it leaves as they are keep all they have.
 */
#ifndef PST_NODE_CHANGE_H
#define PST_NODE_CHANGE_H

#include "node/config.h"

struct pst_node;

/* How many sections a change touched. */
struct pst_change_count {
	size_t opened, closed, kept;
};

struct pst_change {
	/*
	 * What it changes: nothing named, and the files are read again; else a
	 * section of STATE/conf.d, kept or removed on disk as it is in the node.
	 * The strings live until done() was called.
	 */
	struct pst_config_edit edit;
	/*
	 * Carried out, or not: then rc and a sentence say why, and nothing has
	 * changed. Only where a section that stands in a file could not be opened
	 * has the rest of the change been made. The change is the caller's again.
	 */
	void (*done)(struct pst_change *change, int rc, const char *sentence);

	/* change.c's */
	struct pst_change *next;
	struct pst_node *node;
	struct pst_config *config; /* not yet in force */
	struct pst_change_count count;
	struct pst_err err;
	bool working; /* on disk */
	bool undoing;
};

PST_API void pst_node_change(struct pst_node *node, struct pst_change *change);

#endif
