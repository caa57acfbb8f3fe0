/*
 * The types of options: how each is read from strings, written and compared.
 * pst_opt_type in <postern/module.h> says what each is in the conf struct.
 */
#ifndef POSTERN_CONF_TYPE_H
#define POSTERN_CONF_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <postern/module.h>

#include "conf/arena.h"

/* What was written: one string, or those of a list. All outlive the values. */
struct pst_input {
	const char *const *item;
	size_t count;
	const char *dir; /* where relative paths start */
	struct pst_arena *arena;
};

struct pst_type {
	const char *name; /* as the manual calls it */
	size_t size;
	bool text;        /* the member is a const char *, NULL when absent */
	bool list;        /* the member is a struct pst_list */
	/* PST_E_CONF with a sentence without place, or -ENOMEM. */
	int (*read)(void *member, const struct pst_opt *opt, const struct pst_input *input,
	    struct pst_err *err);
	void (*print)(FILE *out, const struct pst_opt *opt, const void *member);
	bool (*same)(const void *a, const void *b);
};

/* NULL for a type that is not known. */
const struct pst_type *pst_type_of(const struct pst_opt *opt);

bool pst_opt_required(const struct pst_opt *opt);

/* The next word of a blank-separated list; false at its end. */
bool pst_word_next(const char **pos, const char **word, size_t *len);

/* Read the fallback, as if it had been written; absent where there is none. */
PST_MUST_CHECK int pst_opt_fall_back(void *member, const struct pst_opt *opt, const char *dir,
    struct pst_arena *arena, struct pst_err *err);

#endif
