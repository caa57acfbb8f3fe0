/* postern vault: as any section, and move. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

static int
move(int argc, char **argv)
{
	static const char *const known[] = { "to=", NULL };
	struct words words = { 0 };
	json_t *answer = NULL;
	const char *key = "", *name;
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE && !words_value(&words, "to"))
		exit = cli_usage("vault", "move: want --to VAULT");
	name = words.word[1] ? words.word[1] : "default";
	if (exit == EXIT_DONE)
		exit = words_ask(&words, "identity", name, "move", &answer);
	if (answer && words.ask.json)
		print_json(answer);
	else if (answer && !json_unpack(answer, "{s:s}", "key", &key))
		printf("identity %s: its key is in vault %s now (%s)\n", name, words_value(&words, "to"), key);
	json_decref(answer);
	json_decref(words.options);
	return exit;
}

int
cmd_vault(int argc, char **argv)
{
	return strcmp(cli_verb(argv), "move") ? cmd_section(argc, argv) : move(argc, argv);
}
