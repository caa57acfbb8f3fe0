/*
 * Strings, lists and expansions, by libconfuse.
 *
 * To libconfuse every option is a string or a list of strings. It gets the
 * entries that the scanner has passed in one normal form: no comments (it
 * counts some of their lines wrongly), and every bare word in '…' (it drops
 * a * from a bare word without a message). So what it could misread never
 * reaches it, and a complaint of its own is our bug; it is reported all the
 * same.
 */
#ifndef POSTERN_CONF_DECODE_H
#define POSTERN_CONF_DECODE_H

#include <stdio.h>

#include "conf/arena.h"
#include "conf/scan.h"

/* One key of a schema, and what its entry held. */
struct pst_decode_key {
	const char *name;
	bool list;
	size_t count;            /* 0 where it does not stand, or for an empty list */
	const char *const *item; /* count strings and a NULL, in the arena */
};

/*
 * The normal form of one entry, behind those already in out. *line is the
 * line out has reached, and moves to that of the entry, so that libconfuse
 * counts as the file does.
 */
PST_MUST_CHECK int pst_decode_put(FILE *out, const struct pst_entry *entry, unsigned *line);

/* Fill the keys from a text of normal forms whose first line is first_line. */
PST_MUST_CHECK int pst_decode_run(struct pst_decode_key *keys, size_t count, const char *text,
    unsigned first_line, struct pst_arena *arena, const struct pst_place *place,
    struct pst_err *err);

/* Both at once, for the one string of an entry. */
PST_MUST_CHECK int pst_decode_one(const char **out, const struct pst_entry *entry,
    struct pst_arena *arena);

#endif
