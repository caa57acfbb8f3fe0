/*
 * The names that an outlet answers to: its section's, and "outlet" while it is the
 * node's only one.
 */
#ifndef PORTAL_NAMES_H
#define PORTAL_NAMES_H

#include <postern/look.h>
#include <postern/router.h>

/* What a node's only outlet answers to besides its name. */
#define NAMES_KIND "outlet"

struct names {
	struct pst_section_env *senv;
	struct pst_router *router;
	struct pst_worker by_name, by_kind;
	bool alone; /* the node's only outlet */
	void (*receive)(struct names *names, struct pst_message *message);
};

/* Say which it will have. */
void names_look(struct pst_look *look);
/* -EEXIST, with a sentence: another worker has one of them. Stopped by the caller whatever is returned. */
PST_MUST_CHECK int names_start(struct names *names, struct pst_section_env *senv,
    void (*receive)(struct names *names, struct pst_message *message), struct pst_err *err);
void names_stop(struct names *names);
/* The section's hook: other outlets may have come or gone. */
void names_neighbours(struct names *names);
void names_status(const struct names *names, struct pst_status *status);

#endif
