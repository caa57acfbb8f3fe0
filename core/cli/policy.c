/* postern policy: sections, and explain. */
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

struct words {
	struct ask ask;
	const char *who, *what;
	json_t *attributes;
};

/* One option with its value: how many words; negative after a message. */
static int
word_read(struct words *words, char **argv)
{
	const char *value = NULL;
	int n = ask_option(&words->ask, "policy", argv);

	if (n)
		return n;
	if ((n = cli_option("--who", argv, &value)))
		words->who = value;
	else if ((n = cli_option("--what", argv, &value)))
		words->what = value;
	else if ((n = cli_option("--attribute", argv, &value)) || (n = cli_option("-a", argv, &value)))
		json_array_append_new(words->attributes, json_string(value));
	if (value)
		return n;
	cli_usage("policy", n ? "%s: want a value" : "%s: unknown option", argv[0]);
	return -1;
}

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
explain(struct words *words, char **argv)
{
	json_t *answer, *question;
	int n, exit;

	for (argv++; *argv; argv += n) {
		n = strcmp(*argv, "explain") ? word_read(words, argv) : 1;
		if (n < 0)
			return EXIT_USAGE;
	}
	if (!words->what || (!words->who && !json_array_size(words->attributes)))
		return cli_usage("policy", "want --what RESOURCE, and --who IDENTIFIER or --attribute NAME=VALUE");
	question = json_pack("{s:s, s:s, s:s*, s:O}", "do", "explain", "what", words->what, "who",
	    words->who, "attributes", words->attributes);
	if (!question)
		return cli_usage("policy", "the arguments are not UTF-8");
	exit = ask_node(&words->ask, question, &answer);
	if (!exit) {
		exit = print_rulings(words, answer);
		json_decref(answer);
	}
	return exit;
}

int
cmd_policy(int argc, char **argv)
{
	struct words words = { .attributes = NULL };
	int exit;

	if (strcmp(cli_verb(argv), "explain"))
		return cmd_section(argc, argv);
	words.attributes = json_array();
	exit = explain(&words, argv);
	json_decref(words.attributes);
	return exit;
}
