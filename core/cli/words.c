#include "cli/words.h"

#include <stdio.h>
#include <string.h>

int
words_put(struct words *words, const char *name, const char *key, const char *value)
{
	json_t *values = json_object_get(words->options, key);

	if (values ? json_array_append_new(values, json_string(value))
		   : json_object_set_new(words->options, key, json_pack("[s]", value)))
		return cli_usage(words->command, "%s: not UTF-8", name);
	return EXIT_DONE;
}

/* One of `known`, ended by NULL (or any, known being NULL), which takes a value: how many words it was; negative
 * after a message. */
static int
option_read(struct words *words, const char *const *known, char **argv)
{
	char option[80], key[80];
	const char *value = NULL;
	int n;

	snprintf(option, sizeof option, "%.*s", (int)strcspn(argv[0], "="), argv[0]);
	while (known && *known && strcmp(*known, option + 2))
		known++;
	if (known && !*known) {
		cli_usage(words->command, "%s: unknown option", option);
		return -1;
	}
	n = cli_option(option, argv, &value);
	if (!value) {
		cli_usage(words->command, "%s: want a value", option);
		return -1;
	}
	snprintf(key, sizeof key, "%s", option + 2);
	for (char *p = key; *p; p++)
		*p = *p == '-' ? '_' : *p;
	return words_put(words, option, key, value) ? -1 : n;
}

int
words_read(struct words *words, const char *const *known, size_t most, int argc, char **argv)
{
	int n;

	words->command = argv[0];
	words->options = json_object();
	for (int i = 1; i < argc; i += n) {
		n = ask_option(&words->ask, argv[0], &argv[i]);
		if (n == 0 && !strncmp(argv[i], "--", 2)) {
			n = option_read(words, known, &argv[i]);
		} else if (n == 0) {
			if (words->count == most)
				return cli_usage(argv[0], "\"%.40s\": one word too many", argv[i]);
			words->word[words->count++] = argv[i];
			n = 1;
		}
		if (n < 0)
			return EXIT_USAGE;
	}
	return EXIT_DONE;
}

const char *
words_value(const struct words *words, const char *key)
{
	return json_string_value(json_array_get(json_object_get(words->options, key), 0));
}

int
words_ask(const struct words *words, const char *kind, const char *name, const char *word, json_t **answer)
{
	return ask_node(&words->ask, json_pack("{s:s, s:s, s:s*, s:s, s:O}", "do", "ask", "kind", kind, "name",
	    name, "word", word, "options", words->options), answer);
}
