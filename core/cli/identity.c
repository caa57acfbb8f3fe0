/* postern identity */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <postern/identity.h>

#include "cli/cli.h"

static void
show(struct cli_node *cli)
{
	const char *name = cli->arg;
	struct pst_identity *identity = pst_node_section(cli->node, "identity", name, NULL);
	char text[PST_IDENTIFIER_TEXT];

	if (!identity) {
		cli_done(cli, cli_fail(PST_E_NOTHING, "there is no identity %s", name));
		return;
	}
	pst_identifier_format(text, pst_identity_identifier(identity));
	puts(text);
	cli_done(cli, EXIT_DONE);
}

int
cmd_identity(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "file", required_argument, NULL, 'f' },
		{ 0 },
	};
	struct cli_node cli = { .use = PST_NODE_LOOKS, .ready = show, .log_level = PST_LOG_ERROR };
	const char *state = NULL, *file = NULL;
	int c;

	if (strcmp(cli_verb(argv), "show"))
		return cmd_section(argc, argv);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			state = optarg;
		else if (c == 'f')
			file = optarg;
		else
			return cli_bad_option("identity", argv);
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage("identity", "want show, and perhaps a name");
	cli.arg = argv[optind + 1] ? argv[optind + 1] : "default";
	return cli_node_run(&cli, file, state);
}
