/*
 * Configuration: from files to the plain structs that sections work with.
 *
 * It happens in two steps, because the table that applies to a section is
 * known only when its module is loaded:
 *
 *  1. pst_conf_load() reads a file or a directory into a list of sections:
 *     kind, name, `use`, and the body as text. The scanner has then refused
 *     whatever is not well formed, so nothing is loaded or touched for a
 *     file that has a brace missing.
 *  2. pst_values_new() reads the body of one section by the option table of
 *     the module it needs, and fills that module's conf struct.
 *
 * A file looks like this:
 *
 *     # to the end of the line; so do // and C's comments
 *     include "conf.d/NAMES.conf"
 *     transport front {
 *         use = tcp  listen = {"0.0.0.0:4000", "[::]:4000"}
 *         max_frame = 128K
 *     }
 *     outlet db { to = "${DB_HOST:-127.0.0.1}:5432"  allow = '(= subject.app "x")' }
 *
 * Words may stand bare where they hold no blank and none of { } ( ) = , ; + " ' #
 * In "..." and in a bare word that is nothing else, ${NAME} and
 * ${NAME:-default} are replaced from the environment (the default counts
 * when NAME is unset, not when it is empty); a NAME that is unset and has no
 * default is an error. In "..." C's escapes are known; in '...' only \' and
 * \\ mean something else than they say. doc/postern.conf.5 is the manual.
 *
 * Every failure is PST_E_CONF (or -ENOMEM) with one sentence that begins with
 * the place, in the form `bank.conf:4: outlet postgres: unknown key "tto",
 * did you mean "to"?`.
 *
 * Values become strings in libconfuse, whose lexer is global; a lock inside
 * makes all of this callable from any thread, one object by one at a time.
 */
#ifndef POSTERN_CONF_CONF_H
#define POSTERN_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <postern/err.h>
#include <postern/module.h>

/* ---- limits: ours, and far above what a person writes ---- */

#define PST_CONF_FILE_MAX (1u << 20)   /* bytes in one file */
#define PST_CONF_TOTAL_MAX (16u << 20) /* bytes in all files */
#define PST_CONF_FILES_MAX 1000
#define PST_CONF_DEPTH_MAX 8     /* files that include files */
#define PST_CONF_SECTIONS_MAX 10000
#define PST_CONF_KEYS_MAX 256    /* in one section */
#define PST_CONF_ITEMS_MAX 10000 /* in one list */
#define PST_CONF_WORD_MAX 64     /* bytes in a kind, a name or a key */
#define PST_CONF_VALUE_MAX 65536 /* bytes in one string, after expansion */

/* ---- step 1: the sections ---- */

struct pst_conf;

/* One section as it stands in a file. Lives as long as its pst_conf. */
struct pst_conf_section {
	const char *kind;
	const char *name;
	const char *use;  /* NULL where it is left out */
	const char *server; /* the module that was taken then; NULL: none was, or none other could be */
	const char *file; /* as a person would name it: "conf/bank.conf" */
	unsigned line;    /* of the kind, from 1 */
	const char *dir;  /* where relative paths start; absolute */

	/* The body without its braces, as written, `use` included. */
	const char *body;
	size_t body_len;
	unsigned body_line;
};

/* An empty configuration, or -ENOMEM. */
PST_API PST_MUST_CHECK int pst_conf_new(struct pst_conf **out);
PST_API void pst_conf_free(struct pst_conf **conf);

/*
 * Add what stands in a file, or in each *.conf of a directory (in the order
 * of strcmp; hidden files are left out). Call it several times to read
 * several; a section that stands in two places is an error that names both.
 * After a failure the configuration holds some of the sections, and is good
 * only for pst_conf_free().
 */
PST_API PST_MUST_CHECK int pst_conf_load(struct pst_conf *conf, const char *path,
    struct pst_err *err);

/*
 * The same from memory: sections that every node has unless written, those a
 * command makes, and fuzzing. `include` is refused.
 *
 * text   borrowed, len bytes, no NUL needed behind.
 * file   what messages call it, as "(built in)".
 * dir    absolute, where relative paths start.
 */
PST_API PST_MUST_CHECK int pst_conf_load_text(struct pst_conf *conf, const char *file,
    const char *dir, const char *text, size_t len, struct pst_err *err);

/* Leave a section out again. */
PST_API void pst_conf_drop(struct pst_conf *conf, const struct pst_conf_section *section);

/* Sections in the order they were read; i < pst_conf_count(). */
PST_API size_t pst_conf_count(const struct pst_conf *conf);
PST_API const struct pst_conf_section *pst_conf_at(const struct pst_conf *conf, size_t i);

/* The section of that kind and name, or NULL. */
PST_API const struct pst_conf_section *pst_conf_find(const struct pst_conf *conf, const char *kind,
    const char *name);

/*
 * An error at a section, and at the line of one of its keys where key is not
 * NULL and stands there: "FILE:LINE: KIND NAME: KEY: sentence". Returns
 * PST_E_CONF.
 */
PST_API int pst_conf_fail(const struct pst_conf_section *section, const char *key,
    struct pst_err *err, const char *fmt, ...) PST_PRINTF(4, 5);

/* ---- step 2: the values ---- */

/* A filled conf struct, and all strings in it. */
struct pst_values;

/*
 * Read one section.
 *
 * options    ended by PST_OPT_END; outlives the values.
 * conf_size  of the struct the options' offsets speak of.
 *
 * An option that is not written has its fallback. Sizes and times are at most
 * INT64_MAX. REF is a name, "" for none on purpose, NULL if left out without
 * fallback: who knows all sections resolves it. `use` is not an option and
 * never reaches the table. The section may go before the values.
 */
PST_API PST_MUST_CHECK int pst_values_new(struct pst_values **out,
    const struct pst_conf_section *section, const struct pst_opt *options, size_t conf_size,
    struct pst_err *err);
PST_API void pst_values_free(struct pst_values **values);

/* The conf struct: the same pointer until pst_values_free(). */
PST_API const void *pst_values_conf(const struct pst_values *values);

/* The value of a STR, REF or PATH option; NULL if it is absent or of another type. */
PST_API const char *pst_values_text(const struct pst_values *values, const char *key);

/* The value of a LIST option; an empty one if there is none of that name and type. */
PST_API const struct pst_list *pst_values_list(const struct pst_values *values, const char *key);

/* True where the file has this key, false where the fallback holds. */
PST_API bool pst_values_written(const struct pst_values *values, const char *key);

/* Set a STR or REF option to a copy of text, such as a reference that was
 * left out. PST_OK or -ENOMEM; -EINVAL if there is no such option. */
PST_API PST_MUST_CHECK int pst_values_set(struct pst_values *values, const char *key,
    const char *text);

/* True when both are of the same table and every value is the same: then a
 * reload leaves the section alone. */
PST_API bool pst_values_equal(const struct pst_values *a, const struct pst_values *b);

/* ---- the tables themselves ---- */

/* Does it take several values? Does it name sections (REF, REFS)? */
PST_API bool pst_opt_is_list(const struct pst_opt *opt);
PST_API bool pst_opt_refers(const struct pst_opt *opt);
/*
 * Look at a table before it is used (a module may be anybody's): names are
 * words and stand once, types are known, members lie inside conf_size,
 * fallbacks can be read, ENUM and REF have `of`. PST_OK, PST_E_MODULE with a
 * sentence that begins with the option's name, or -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_options_check(const struct pst_opt *options, size_t conf_size,
    struct pst_err *err);

/*
 * Write a section with every value, defaults too, in a form that reads back
 * to the same values. Expansions stand expanded and paths absolute; an absent
 * string is a comment. use may be NULL. Output errors are left to ferror().
 */
PST_API void pst_options_print(FILE *out, const char *kind, const char *name, const char *use,
    const struct pst_opt *options, const void *conf);

/* The manual of a table, a line an option: name, type, default, help. */
PST_API void pst_options_help(FILE *out, const struct pst_opt *options);

/* Write text as a quoted string that reads back to the same bytes. */
PST_API void pst_conf_quote(FILE *out, const char *text);

/* True for what may be a section's name: letters, digits, _ . - and neither
 * . nor - in front, at most PST_CONF_WORD_MAX bytes. */
PST_API bool pst_conf_is_name(const char *text);

/* ---- "did you mean" ---- */

/*
 * The known word nearest to a mistyped one:
 *
 *     struct pst_nearest near = { .word = "tto" };
 *     for each known word: pst_nearest_offer(&near, known);
 *     near.best is now "to", or NULL if nothing comes close
 *
 * A slip is a letter too many, too few, wrong, or swapped with the next; one
 * is allowed per three letters. Case and - for _ are free. The beginning of a
 * longer word (three letters or more) counts as close too.
 */
struct pst_nearest {
	const char *word;
	const char *best; /* one of those offered; NULL: none */
	size_t slips;     /* of best */
};
PST_API void pst_nearest_offer(struct pst_nearest *nearest, const char *known);

#endif
