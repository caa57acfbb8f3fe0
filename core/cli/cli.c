/* What the commands share. */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/rooms.h"

static int
exit_of(int rc)
{
	switch (rc) {
	case PST_OK:
		return EXIT_DONE;
	case PST_E_CONF:
	case PST_E_MODULE:
		return EXIT_USAGE;
	case PST_E_DENIED:
		return EXIT_DENIED;
	case UV_ETIMEDOUT:
		return EXIT_TIME;
	default:
		return EXIT_FAILED;
	}
}

int
cli_fail(int rc, const char *fmt, ...)
{
	va_list args;

	fputs("postern: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " [%s]\n", pst_errname(rc));
	return exit_of(rc);
}

int
cli_usage(const char *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "postern %s: ", command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; see postern help %s\n", command);
	return EXIT_USAGE;
}

int
cli_bad_option(const char *command, char **argv)
{
	return cli_usage(command, "%s: unknown option, or a missing or bad value",
	    argv[optind - 1]);
}

static void
node_up(void *arg)
{
	struct cli_node *cli = arg;

	cli->ready(cli);
}

static void
node_failed(void *arg, int rc, const char *sentence)
{
	struct cli_node *cli = arg;

	cli->exit = cli_fail(rc, "%s", sentence);
}

static void
node_closed(void *arg)
{
	struct cli_node *cli = arg;
	struct pst_env *env = pst_node_env(cli->node);
	struct pst_pool_stats stats;

	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&cli->signals[i], NULL);
	pst_pool_stats(pst_env_pool(env), &stats);
	pst_info(pst_env_log(env), "node stopped", PST_U64("bytes_carried", stats.bytes_read),
	    PST_U64("bytes_copied", stats.bytes_copied), PST_U64("blocks_made", stats.blocks_made),
	    PST_U64("bytes_charged", stats.bytes_charged));
}

static const struct pst_node_events node_events = {
	.up = node_up,
	.failed = node_failed,
	.closed = node_closed,
};

void
cli_done(struct cli_node *cli, int exit)
{
	cli->exit = exit;
	pst_node_close(cli->node);
}

static void
signal_came(uv_signal_t *handle, int number)
{
	struct cli_node *cli = handle->data;

	(void)number;
	if (cli->stopping)
		_Exit(EXIT_FAILED);
	cli->stopping = true;
	cli_done(cli, cli->daemon ? EXIT_DONE : EXIT_FAILED);
}

static void
signals_start(struct cli_node *cli)
{
	static const int numbers[] = { SIGINT, SIGTERM };

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&cli->loop, &cli->signals[i]);
		cli->signals[i].data = cli;
		uv_signal_start(&cli->signals[i], signal_came, numbers[i]);
		uv_unref((uv_handle_t *)&cli->signals[i]);
	}
}

int
cli_node_run(struct cli_node *cli, const char *file, const char *state, int max_rank)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = pst_loader_new(&cli->loader);

	cli->exit = EXIT_DONE;
	pst_logbook_init(&cli->book, stderr, PST_ROOM_MAIN);
	cli->book.fixed = cli->log_level;
	uv_loop_init(&cli->loop);
	if (!rc)
		rc = pst_config_new(&cli->config, cli->loader, file, state, &err);
	if (!rc)
		rc = pst_node_new(&cli->node, &cli->loop, cli->config, &cli->book, max_rank, &node_events, cli,
		    &err);
	if (rc) {
		cli->exit = cli_fail(rc, "%s", err.text[0] ? err.text : pst_strerror(rc));
	} else {
		signals_start(cli);
		pst_node_start(cli->node);
		uv_run(&cli->loop, UV_RUN_DEFAULT);
	}
	pst_node_free(&cli->node);
	pst_config_free(&cli->config);
	pst_loader_free(&cli->loader);
	if (uv_loop_close(&cli->loop))
		fprintf(stderr, "postern: handles were left open\n");
	return cli->exit;
}
