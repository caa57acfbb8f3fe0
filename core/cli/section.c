/* postern inlet|outlet|relay|… create|show|list|delete: sections of a running node. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"

struct words {
	struct ask ask;
	const char *kind, *verb;
	const char *name; /* NULL: not given */
	const char *use;
	json_t *options; /* key: [values] */
};

/* --listen ADDRESS, --listen=ADDRESS: how many words; negative after a message. */
static int
section_option(struct words *words, char **argv)
{
	const char *word = argv[0] + 2, *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const char *value = equals ? equals + 1 : argv[1];
	char key[PST_CONF_WORD_MAX + 1];
	json_t *values;

	if (!value || !n || n >= sizeof key) {
		cli_usage(words->kind, "%s: want a value", argv[0]);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		key[i] = word[i] == '-' ? '_' : word[i];
	key[n] = '\0';
	values = json_object_get(words->options, key);
	if (!strcmp(key, "use")) {
		words->use = value;
	} else if (values ? json_array_append_new(values, json_string(value))
			  : json_object_set_new(words->options, key, json_pack("[s]", value))) {
		cli_usage(words->kind, "%s: not UTF-8", argv[0]);
		return -1;
	}
	return equals ? 1 : 2;
}

/* One word that is no option. */
static int
plain_word(struct words *words, const char *word)
{
	if (!*words->verb)
		words->verb = word;
	else if (!words->name)
		words->name = word;
	else
		return cli_usage(words->kind, "\"%s\": one name is enough", word);
	return EXIT_DONE;
}

static int
words_read(struct words *words, int argc, char **argv)
{
	int n;

	words->kind = argv[0];
	words->verb = "";
	for (int i = 1; i < argc; i += n) {
		n = ask_option(&words->ask, words->kind, &argv[i]);
		if (n == 0 && !strncmp(argv[i], "--", 2)) {
			if (strcmp(words->verb, "create"))
				return cli_usage(words->kind, "%s: unknown option", argv[i]);
			n = section_option(words, &argv[i]);
		} else if (n == 0) {
			n = plain_word(words, argv[i]) == EXIT_DONE ? 1 : -1;
		}
		if (n < 0)
			return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static int
answer_print(const struct words *words, json_t *answer, void (*print)(const json_t *answer))
{
	if (words->ask.json)
		print_json(answer);
	else
		print(answer);
	json_decref(answer);
	return EXIT_DONE;
}

static void
print_made(const json_t *section)
{
	printf("%s %s: %s\n", json_string_value(json_object_get(section, "kind")),
	    json_string_value(json_object_get(section, "name")),
	    json_string_value(json_object_get(section, "state")));
}

static void
print_nothing(const json_t *answer)
{
	(void)answer;
}

static int
words_ask(const struct words *words)
{
	static const struct {
		const char *verb;
		void (*print)(const json_t *answer);
	} verbs[] = {
		{ "create", print_made },
		{ "delete", print_nothing },
		{ "list", print_sections },
		{ "show", print_section },
	};
	const char *name = words->name ? words->name : "default";
	char cwd[PATH_MAX];
	json_t *answer, *question;
	size_t i = 0;
	int exit;

	while (i < 4 && strcmp(verbs[i].verb, words->verb))
		i++;
	if (i == 4)
		return cli_usage(words->kind, "want create, show, list or delete");
	question = json_pack("{s:s, s:s, s:s, s:O, s:s*}", "do", words->verb, "kind", words->kind,
	    "name", name, "options", words->options, "use", words->use);
	if (!question || (verbs[i].print == print_made && json_object_set_new(question, "cwd",
	    json_string(getcwd(cwd, sizeof cwd) ? cwd : "/")))) {
		json_decref(question);
		return cli_usage(words->kind, "the arguments, or the directory, are not UTF-8");
	}
	exit = ask_node(&words->ask, question, &answer);
	return exit ? exit : answer_print(words, answer, verbs[i].print);
}

int
cmd_section(int argc, char **argv)
{
	struct words words = { .options = json_object() };
	int exit = words_read(&words, argc, argv);

	if (exit == EXIT_DONE)
		exit = words_ask(&words);
	json_decref(words.options);
	return exit;
}
