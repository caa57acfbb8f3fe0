/* postern policy: sections, and explain. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void
print_line(const char *label, const char *value)
{
	printf("%-12s", label);
	print_text(stdout, value, strlen(value));
	putchar('\n');
}

static void
print_ruling(const json_t *ruling)
{
	const json_t *attributes = json_object_get(ruling, "attributes"), *value;
	bool allowed = json_is_true(json_object_get(ruling, "allowed"));
	const char *name;

	printf("%s:%s\n", text(ruling, "kind"), text(ruling, "name"));
	print_line("rule", text(ruling, "rule"));
	print_line("place", text(ruling, "place"));
	if (*text(ruling, "policy"))
		print_line("policy", text(ruling, "policy"));
	print_line("credential", text(ruling, "has_credential"));
	json_object_foreach((json_t *)attributes, name, value) {
		printf("%-12s", "attribute");
		print_text(stdout, name, strlen(name));
		putchar('=');
		print_text(stdout, json_string_value(value), json_string_length(value));
		putchar('\n');
	}
	printf("%-12smay%s %s: ", "verdict", allowed ? "" : " not", text(ruling, "may"));
	print_text(stdout, text(ruling, "why"), strlen(text(ruling, "why")));
	putchar('\n');
}

/* Refused, when any of the rules refuses. */
static int
print_rulings(const struct words *words, const json_t *rulings)
{
	int exit = EXIT_DONE;
	const json_t *ruling;
	size_t i;

	if (words->ask.json)
		print_json(rulings);
	json_array_foreach(rulings, i, ruling) {
		if (!json_is_true(json_object_get(ruling, "allowed")))
			exit = EXIT_DENIED;
		if (words->ask.json)
			continue;
		if (i)
			putchar('\n');
		print_ruling(ruling);
	}
	return exit;
}

static int
explain(int argc, char **argv)
{
	static const char *const known[] = { "who=", "what=", "attribute=", NULL };
	struct words words = { 0 };
	json_t *answer, *question;
	const char *who, *what;
	int exit;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-a"))
			argv[i] = "--attribute";
	exit = words_read(&words, known, 1, argc, argv);
	who = words_value(&words, "who");
	what = words_value(&words, "what");
	if (exit == EXIT_DONE && (!what || (!who && !words_value(&words, "attribute"))))
		exit = cli_usage("policy", "want --what RESOURCE, and --who IDENTIFIER or --attribute NAME=VALUE");
	if (exit == EXIT_DONE) {
		question = json_pack("{s:s, s:s, s:s*, s:O*}", "do", "explain", "what", what, "who", who,
		    "attributes", json_object_get(words.options, "attribute"));
		exit = ask_node(&words.ask, question, &answer);
		if (!exit) {
			exit = print_rulings(&words, answer);
			json_decref(answer);
		}
	}
	json_decref(words.options);
	return exit;
}

int
cmd_policy(int argc, char **argv)
{
	return strcmp(cli_verb(argv), "explain") ? cmd_section(argc, argv) : explain(argc, argv);
}
