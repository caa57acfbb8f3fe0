/* postern vault: as any section, and move. */
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"

struct move_words {
	struct ask ask;
	const char *verb, *name, *to;
};

static int
move_option(struct move_words *words, char **argv)
{
	int n = ask_option(&words->ask, "vault", argv);

	if (n)
		return n;
	n = cli_option("--to", argv, &words->to);
	if (n && words->to)
		return n;
	if (!n && argv[0][0] != '-' && !words->verb)
		words->verb = argv[0];
	else if (!n && argv[0][0] != '-' && !words->name)
		words->name = argv[0];
	else
		return cli_usage("vault", "%s: unknown argument, or a missing value", argv[0]), -1;
	return 1;
}

static int
move(int argc, char **argv)
{
	struct move_words words = { .verb = NULL };
	json_t *answer = NULL;
	const char *key = "";
	int exit;

	for (int i = 1, n; i < argc; i += n) {
		n = move_option(&words, &argv[i]);
		if (n < 0)
			return EXIT_USAGE;
	}
	if (!words.to)
		return cli_usage("vault", "move: want --to VAULT");
	if (!words.name)
		words.name = "default";
	exit = ask_node(&words.ask, json_pack("{s:s, s:s, s:s, s:s, s:{s:[s]}}", "do", "ask", "kind",
	    "identity", "name", words.name, "word", "move", "options", "to", words.to), &answer);
	if (exit != EXIT_DONE)
		return exit;
	json_unpack(answer, "{s:s}", "key", &key);
	if (words.ask.json)
		print_json(answer);
	else
		printf("identity %s: its key is in vault %s now (%s)\n", words.name, words.to, key);
	json_decref(answer);
	return EXIT_DONE;
}

int
cmd_vault(int argc, char **argv)
{
	return strcmp(cli_verb(argv), "move") ? cmd_section(argc, argv) : move(argc, argv);
}
