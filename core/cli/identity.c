/* postern identity */
#include <stdio.h>
#include <string.h>

#include <postern/identity.h>

#include "cli/words.h"

static void
show(struct cli_node *cli)
{
	const struct words *words = cli->arg;
	const char *name = words->word[1] ? words->word[1] : "default";
	struct pst_identity *identity = pst_node_section(cli->node, "identity", name, NULL);
	char text[PST_IDENTIFIER_TEXT];
	json_t *answer;

	if (!identity) {
		cli_done(cli, cli_fail(PST_E_NOTHING, "there is no identity %s", name));
		return;
	}
	pst_identifier_format(text, pst_identity_identifier(identity));
	if (words->ask.json) {
		answer = json_pack("{s:s, s:s}", "name", name, "identifier", text);
		print_json(answer);
		json_decref(answer);
	} else {
		puts(text);
	}
	cli_done(cli, EXIT_DONE);
}

int
cmd_identity(int argc, char **argv)
{
	static const char *const known[] = { "file=", NULL };
	struct words words = { .local = true };
	struct cli_node cli = { .use = PST_NODE_LOOKS, .ready = show, .arg = &words, .log_level = PST_LOG_ERROR };
	int exit;

	if (strcmp(cli_verb(argv), "show"))
		return cmd_section(argc, argv);
	exit = words_read(&words, known, 2, argc, argv);
	if (exit == EXIT_DONE)
		exit = cli_node_run(&cli, words_value(&words, "file"), words.ask.state);
	json_decref(words.options);
	return exit;
}
