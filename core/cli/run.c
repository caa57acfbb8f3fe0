/* postern run */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cli/cli.h"

static void
run_ready(struct cli_node *cli)
{
	pst_info(pst_env_log(pst_node_env(cli->node)), "node up", PST_STR("node", cli->config->node_name));
}

/* As many connections as the system lets us have. */
static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "log", required_argument, NULL, 'l' },
		{ 0 },
	};
	struct cli_node cli = { .ready = run_ready, .daemon = true, .log_level = -1 };
	const char *state = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			state = optarg;
		else if (c == 'l' && (cli.log_level = pst_log_level_parse(optarg)) >= 0)
			continue;
		else
			return cli_bad_option("run", argv);
	}
	if (argc - optind != 1)
		return cli_usage("run", "want one file or directory");
	descriptors_raise();
	return cli_node_run(&cli, argv[optind], state, INT_MAX);
}
