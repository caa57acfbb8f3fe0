/* The arguments of a command: words, and options. */
#ifndef PST_CLI_WORDS_H
#define PST_CLI_WORDS_H

#include "cli/ask.h"

struct words {
	struct ask ask;
	bool alone; /* in: it asks no node, and has none of the options in `ask` */
	bool local; /* in: no node is told of its options, which may be any bytes */
	const char *command;
	const char *word[3]; /* as many as there may be, and NULL */
	size_t count;
	json_t *options; /* key: [values]; the caller's to drop */
};

/*
 * Read argv: at most `most` words, and options of `known`, ended by NULL: "name=" takes a value, "name" none;
 * known NULL: any, and each takes a value. Behind "--" are words only. The exit code.
 */
int words_read(struct words *words, const char *const *known, size_t most, int argc, char **argv);
/* One value more of an option, called name on the command line. The exit code. */
int words_put(struct words *words, const char *name, const char *key, const char *value);
/* The first value of an option, "yes" of one that takes none; NULL when it was not given. */
const char *words_value(const struct words *words, const char *key);
/* A time, if it was given: longer than nothing, no more than a year. The exit code. */
int words_time(const struct words *words, const char *key, uint64_t *ms);
/* Ask section KIND NAME (NULL: the only one) that word, with the options. As ask_node(). */
int words_ask(const struct words *words, const char *kind, const char *name, const char *word,
    json_t **answer);

#endif
