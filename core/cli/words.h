/* The arguments of a command that asks a node: words, and options with values. */
#ifndef PST_CLI_WORDS_H
#define PST_CLI_WORDS_H

#include "cli/ask.h"

struct words {
	struct ask ask;
	const char *command;
	const char *word[3]; /* as many as there may be, and NULL */
	size_t count;
	json_t *options; /* key: [values]; the caller's to drop */
};

/* Read argv: at most `most` words, and options of `known`, ended by NULL (known NULL: any). The exit code. */
int words_read(struct words *words, const char *const *known, size_t most, int argc, char **argv);
/* One value more of an option, called name on the command line. The exit code. */
int words_put(struct words *words, const char *name, const char *key, const char *value);
/* The first value of an option; NULL when it was not given. */
const char *words_value(const struct words *words, const char *key);
/* Ask section KIND NAME (NULL: the only one) that word, with the options. As ask_node(). */
int words_ask(const struct words *words, const char *kind, const char *name, const char *word,
    json_t **answer);

#endif
