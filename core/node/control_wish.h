/*
 * What a command wants made: a section, as it will stand in its file. The
 * words come from a question to the control service, so from a program of
 * this node's user; but a file made of them must say what they say, and no
 * more.
 */
#ifndef PST_NODE_CONTROL_WISH_H
#define PST_NODE_CONTROL_WISH_H

#include <jansson.h>
#include <stdio.h>

#include <postern/module.h>

struct control_wish {
	const char *kind, *name;
	const char *use;   /* NULL: left out */
	const char *cwd;   /* absolute: where relative paths of options start */
	json_t *options;   /* key: [strings], as on the command line */
};

/* The parts of a question, which they borrow; names are names. */
PST_API PST_MUST_CHECK int control_wish_read(struct control_wish *wish, const json_t *ask,
    struct pst_err *err);
/* The section, by the table of its options. After a failure some of it has been written. */
PST_API PST_MUST_CHECK int control_wish_write(FILE *out, const struct control_wish *wish,
    const struct pst_opt *options, struct pst_err *err);

#endif
