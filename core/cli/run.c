/* postern run */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/words.h"
#include "node/state.h"

struct run {
	struct cli_node cli;
	const char *file;
	int ready_fd; /* of the command that started us: closed when the node is up */
};

/* A background start will want to know what this node was made of. */
static int
file_remember(const struct pst_config *config, struct pst_err *err)
{
	char line[PATH_MAX + 1];

	snprintf(line, sizeof line, "%s\n", config->source.path ? config->source.path : "");
	return pst_state_write(config->state_dir, "run", line, err);
}

static void
run_ready(struct cli_node *cli)
{
	struct run *run = pst_container_of(cli, struct run, cli);
	const struct pst_config *config = pst_node_config(cli->node);
	const struct pst_log *log = pst_env_log(pst_node_env(cli->node));
	struct pst_err err = PST_ERR_INIT;

	if (file_remember(config, &err))
		pst_warn(log, "commands will not know this node's file", PST_STR("why", err.text));
	if (run->ready_fd >= 0) {
		/* the directory of that command is not kept; every path is absolute by now */
		if (chdir("/") || write(run->ready_fd, "ready\n", 6) < 0)
			pst_debug(log, "nobody waits for the node");
		close(run->ready_fd);
	}
	pst_info(log, "node up", PST_STR("node", config->node_name));
	if (geteuid() == 0)
		pst_warn(log, "running as root, whose rights it does not need");
	pst_passed_complain(&cli->passed, log);
	pst_notify_ready(&cli->notify, "up");
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

/* Until it is asked to stop. */
static int
run_serve(struct run *run, const char *state)
{
	/* nothing that is run here gains a right by being run */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	pst_passed_take(&run->cli.passed);
	pst_notify_open(&run->cli.notify);
	descriptors_raise();
	return cli_node_run(&run->cli, run->file, state);
}

int
cli_serve(const char *file, const char *state)
{
	struct run run = {
		.cli = { .use = PST_NODE_RUNS, .ready = run_ready, .log_level = -1 },
		.file = file,
		.ready_fd = -1,
	};

	return run_serve(&run, state);
}

static int
run_read(struct run *run, const struct words *words)
{
	const char *log = words_value(words, "log"), *fd = words_value(words, "ready_fd");

	run->file = words->word[0];
	if (fd)
		run->ready_fd = atoi(fd);
	if (log && (run->cli.log_level = pst_log_level_parse(log)) < 0)
		return cli_usage("run", "--log: \"%.40s\": want error, warn, info or debug", log);
	return EXIT_DONE;
}

int
cmd_run(int argc, char **argv)
{
	static const char *const known[] = { "state=", "log=", "ready-fd=", NULL };
	struct words words = { .alone = true };
	struct run run = {
		.cli = { .use = PST_NODE_RUNS, .ready = run_ready, .log_level = -1 },
		.ready_fd = -1,
	};
	int exit = words_read(&words, known, 1, argc, argv);

	if (exit == EXIT_DONE)
		exit = run_read(&run, &words);
	if (exit == EXIT_DONE)
		exit = run_serve(&run, words_value(&words, "state"));
	json_decref(words.options);
	return exit;
}
