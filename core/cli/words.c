#include "cli/words.h"

#include <stdio.h>
#include <string.h>

int
words_put(struct words *words, const char *name, const char *key, const char *value)
{
	json_t *values = json_object_get(words->options, key);
	json_t *text = words->alone || words->local ? json_string_nocheck(value) : json_string(value);

	if (values ? json_array_append_new(values, text)
		   : json_object_set_new(words->options, key, json_pack("[o]", text)))
		return cli_usage(words->command, "%s: not UTF-8", name);
	return EXIT_DONE;
}

/* How the option that is written NAME or NAME=VALUE stands in `known`; NULL: not at all. */
static const char *
option_find(const char *const *known, const char *name)
{
	size_t len = strcspn(name, "=");

	for (; *known; known++)
		if (!strncmp(*known, name, len) && (!(*known)[len] || !strcmp(*known + len, "=")))
			return *known;
	return NULL;
}

static int
option_missing(const struct words *words, const char *const *known, const char *option)
{
	static const char *const asks[] = { "state=", "output=", "no-start", NULL };
	struct pst_nearest near = { .word = option + 2 };
	char best[80];

	for (; *known; known++)
		pst_nearest_offer(&near, *known);
	for (size_t i = 0; !words->alone && asks[i]; i++)
		pst_nearest_offer(&near, asks[i]);
	if (near.best)
		snprintf(best, sizeof best, ", perhaps --%.*s", (int)strcspn(near.best, "="), near.best);
	cli_usage(words->command, "%s: unknown option%s", option, near.best ? best : "");
	return -1;
}

/* How many words it was; negative after a message. */
static int
option_read(struct words *words, const char *const *known, char **argv)
{
	static const char *const none[] = { NULL };
	bool is_long = argv[0][1] == '-';
	char option[80], key[80];
	const char *value = NULL, *found = !is_long ? NULL : known ? option_find(known, argv[0] + 2) : "=";
	int n = 1;

	snprintf(option, sizeof option, "%.*s", (int)strcspn(argv[0], "="), argv[0]);
	if (!found)
		return option_missing(words, known ? known : none, option);
	if (strchr(found, '='))
		n = cli_option(option, argv, &value);
	else
		value = argv[0][strlen(option)] ? NULL : "yes";
	if (!value) {
		cli_usage(words->command, "%s: %s", option, strchr(found, '=') ? "want a value" : "takes no value");
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
	bool options = true;
	int n;

	words->command = argv[0];
	words->options = json_object();
	for (int i = 1; i < argc; i += n) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
			n = 1;
			continue;
		}
		n = options && !words->alone ? ask_option(&words->ask, argv[0], &argv[i]) : 0;
		if (n == 0 && options && argv[i][0] == '-' && argv[i][1]) {
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
words_time(const struct words *words, const char *key, uint64_t *ms)
{
	const char *text = words_value(words, key);

	if (!text || !cli_time_parse(text, ms))
		return EXIT_DONE;
	return cli_usage(words->command, "--%s: \"%.40s\": want a time, such as 500ms, 10s or 2h", key, text);
}

int
words_ask(const struct words *words, const char *kind, const char *name, const char *word, json_t **answer)
{
	return ask_node(&words->ask, json_pack("{s:s, s:s, s:s*, s:s, s:O}", "do", "ask", "kind", kind, "name",
	    name, "word", word, "options", words->options), answer);
}
