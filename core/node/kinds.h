/*
 * The sections a file may have: which kind of module serves each, and in
 * which order they are opened (design: configuration). Fixed here, before
 * anything is loaded; a module with a row for a section that this table does
 * not give to its kind is refused.
 */
#ifndef PST_NODE_KINDS_H
#define PST_NODE_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include <postern/err.h>

struct pst_section_kind {
	const char *name;        /* "inlet" */
	const char *module_kind; /* "portal"; NULL: served by the core */
	const char *module;      /* the module when `use` is absent; NULL: there is none */
	const char *instead;     /* where that one was not built, or does not load */
	bool named_like;         /* before that, the one named like the section, if it exists */
	bool fixed;              /* `use` may not choose another */
	const char *default_name; /* what a reference that is left out means, unless one is written */
	bool on_demand; /* one that is not written is there only when another refers to it */
	int rank; /* opened in ascending, closed in descending order */
};

#define PST_SECTION_KINDS_MAX 32 /* no more than that */

/* NULL for an unknown word. */
PST_API const struct pst_section_kind *pst_section_kind_find(const char *name);
/* All, ended by a NULL name. */
PST_API extern const struct pst_section_kind pst_section_kinds[];

#endif
