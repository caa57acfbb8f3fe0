/*
 * Changes to a running node: read the files again, add a section, take one
 * away. One after the other; each is checked as a whole before anything is
 * touched, and sections that it leaves as they are keep all they have. One
 * that cannot be carried out, because something does not open or the disk is
 * full, is taken back.
 */
#ifndef PST_NODE_CHANGE_H
#define PST_NODE_CHANGE_H

#include "node/config.h"

struct pst_node;

/* How many sections a change touched. */
struct pst_change_count {
	size_t opened, closed, changed, kept;
};

struct pst_change {
	/*
	 * What it changes: nothing named, and the files are read again; else a
	 * section of STATE/conf.d, kept or removed on disk once it is in the node.
	 * The strings live until done() was called.
	 */
	struct pst_config_edit edit;
	/*
	 * Carried out, or not: then rc and a sentence say why, and all is as it
	 * was before; or, if `partly`, the files are in force but for what did not open before either,
	 * which the sentence names. It may run within pst_node_change(). The change is the
	 * caller's again.
	 */
	void (*done)(struct pst_change *change, int rc, const char *sentence);

	/* What a look at the section that it makes finds (look.h), a line each; as long as done() runs. */
	char *warnings;

	/* change.c's */
	struct pst_change *next;
	struct pst_node *node;
	struct pst_config *other; /* not in force: to come, or the one before */
	struct pst_change_count count;
	bool partly;
	struct pst_err err;
	enum {
		CHANGE_WAITING,
		CHANGE_OPENING,
		CHANGE_WRITING,
		CHANGE_UNDOING,
		CHANGE_DONE,
	} step;
	bool working; /* the disk */
};

PST_API void pst_node_change(struct pst_node *node, struct pst_change *change);

#endif
