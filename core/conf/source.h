/*
 * A source: one file (or text) on its way into a configuration. Shared by
 * the files that read, take apart and collect.
 */
#ifndef POSTERN_CONF_SOURCE_H
#define POSTERN_CONF_SOURCE_H

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/scan.h"

/* The files being read, innermost first; for depth and cycles. */
struct pst_visit;

struct pst_source {
	struct pst_conf *conf;
	const char *file;              /* in the configuration's arena */
	const char *dir;               /* in the configuration's arena */
	const struct pst_visit *visit; /* NULL: from memory */
};

struct pst_arena *pst_conf_arena(struct pst_conf *conf);

/* Count a file of len bytes against the limits of the whole. */
PST_MUST_CHECK int pst_conf_admit(struct pst_conf *conf, const char *file, size_t len,
    struct pst_err *err);

/* Take in a section; its strings are in the arena already. */
PST_MUST_CHECK int pst_conf_add(struct pst_conf *conf, struct pst_conf_section *section,
    struct pst_err *err);

/* Take the text apart; section.c. */
PST_MUST_CHECK int pst_source_read(const struct pst_source *source, const char *text, size_t len,
    struct pst_err *err);

/* Read what an include names; file.c. */
PST_MUST_CHECK int pst_source_include(const struct pst_source *source, const char *pattern,
    unsigned line, struct pst_err *err);

#endif
