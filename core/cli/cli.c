/* What the commands share. */
#include "cli/cli.h"
#include "node/change.h"
#include "node/rooms.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
cli_exit_of(int rc)
{
	switch (rc) {
	case PST_OK:
		return EXIT_DONE;
	case PST_E_CONF:
	case PST_E_MODULE:
		return EXIT_USAGE;
	case PST_E_DENIED:
		return EXIT_DENIED;
	case PST_E_NOTHING:
		return EXIT_NOTHING;
	case PST_E_NO_NODE:
		return EXIT_NO_NODE;
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
	return cli_exit_of(rc);
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
cli_option(const char *name, char **argv, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(argv[0], name, n) || (argv[0][n] && argv[0][n] != '='))
		return 0;
	if (argv[0][n])
		*value = argv[0] + n + 1;
	else
		*value = argv[1] && strncmp(argv[1], "--", 2) ? argv[1] : NULL;
	return argv[0][n] || !*value ? 1 : 2;
}

const char *
cli_verb(char **argv)
{
	while (*++argv && !strncmp(*argv, "--", 2))
		if (!strchr(*argv, '=') && strcmp(*argv, "--no-start") && argv[1])
			argv++;
	return *argv ? *argv : "";
}

int
cli_time_parse(const char *text, uint64_t *out)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || !(s > 0))
		return -EINVAL;
	if (!strcmp(end, "ms"))
		s /= 1000;
	else if (!strcmp(end, "m"))
		s *= 60;
	else if (!strcmp(end, "h"))
		s *= 3600;
	else if (!strcmp(end, "d"))
		s *= 86400;
	else if (*end && strcmp(end, "s"))
		return -EINVAL;
	if (s > CLI_TIME_MAX_S)
		return -EINVAL;
	*out = (uint64_t)(s * 1000);
	return *out ? PST_OK : -EINVAL;
}

/* ---- what the node tells ---- */

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
	pst_notify_status(&cli->notify, sentence);
}

static void
node_stopping(void *arg)
{
	struct cli_node *cli = arg;

	pst_notify_stopping(&cli->notify);
}

static void
node_closed(void *arg)
{
	struct cli_node *cli = arg;
	struct pst_env *env = pst_node_env(cli->node);
	struct pst_pool_stats stats;

	for (size_t i = 0; i < sizeof cli->signals / sizeof *cli->signals; i++)
		uv_close((uv_handle_t *)&cli->signals[i], NULL);
	/* what comes now is late: it must not take the last steps away */
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	pst_pool_stats(pst_env_pool(env), &stats);
	pst_info(pst_env_log(env), "node stopped", PST_U64("bytes_carried", stats.bytes_read),
	    PST_U64("bytes_copied", stats.bytes_copied), PST_U64("blocks_made", stats.blocks_made),
	    PST_U64("bytes_charged", stats.bytes_charged));
}

static void
node_stuck(void *arg)
{
	(void)arg;
	_Exit(EXIT_FAILED);
}

static const struct pst_node_events node_events = {
	.up = node_up,
	.failed = node_failed,
	.stopping = node_stopping,
	.closed = node_closed,
	.stuck = node_stuck,
};

void
cli_done(struct cli_node *cli, int exit)
{
	cli->exit = exit;
	pst_node_close(cli->node);
}

/* ---- signals ---- */

/* The first stops in order, the second at once, the third does not ask. */
static void
stop_asked(uv_signal_t *handle, int number)
{
	struct cli_node *cli = handle->data;

	(void)number;
	cli->asked++;
	if (cli->asked > 2 || (cli->asked == 2 && cli->use != PST_NODE_RUNS))
		_Exit(EXIT_FAILED);
	if (cli->use == PST_NODE_RUNS)
		pst_node_stop(cli->node);
	else if (cli->stop)
		cli->stop(cli);
	else
		cli_done(cli, EXIT_FAILED);
}

struct reload {
	struct pst_change change;
	struct cli_node *cli;
};

static void
reloaded(struct pst_change *change, int rc, const char *sentence)
{
	struct reload *reload = pst_container_of(change, struct reload, change);
	struct cli_node *cli = reload->cli;

	if (rc)
		pst_error(pst_env_log(pst_node_env(cli->node)), change->partly ? "a section is not open, as before"
		    : "reload failed", PST_STR("why", sentence));
	pst_notify_ready(&cli->notify, rc ? sentence : "up");
	free(reload);
}

static void
reload_asked(uv_signal_t *handle, int number)
{
	struct cli_node *cli = handle->data;
	struct reload *reload = calloc(1, sizeof *reload);

	(void)number;
	if (!reload)
		return;
	reload->cli = cli;
	reload->change.done = reloaded;
	pst_notify_reloading(&cli->notify);
	pst_node_change(cli->node, &reload->change);
}

static void
signals_start(struct cli_node *cli)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		uv_signal_init(&cli->loop, &cli->signals[i]);
		cli->signals[i].data = cli;
		uv_signal_start(&cli->signals[i],
		    numbers[i] == SIGHUP && cli->use == PST_NODE_RUNS ? reload_asked : stop_asked, numbers[i]);
		uv_unref((uv_handle_t *)&cli->signals[i]);
	}
}

/* ---- from beginning to end ---- */

static int
config_make(struct cli_node *cli, struct pst_config **out, const char *file, const char *state,
    struct pst_err *err)
{
	struct pst_config_source source = {
		.path = file, .state = state, .edit = cli->edit, .problems = stderr, .goes_on = true,
	};

	return cli->use == PST_NODE_ASKS ? pst_config_new_client(out, cli->loader, err)
					 : pst_config_new(out, cli->loader, &source, err);
}

int
cli_node_run(struct cli_node *cli, const char *file, const char *state)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_config *config = NULL;
	int rc = uv_loop_init(&cli->loop);

	if (rc)
		return cli_fail(rc, "the loop of events: %s", pst_strerror(rc));
	rc = pst_loader_new(&cli->loader);
	cli->exit = EXIT_DONE;
	pst_logbook_init(&cli->book, stderr, PST_ROOM_MAIN);
	cli->book.fixed = cli->log_level;
	if (!rc)
		rc = config_make(cli, &config, file, state, &err);
	if (!rc)
		rc = pst_node_new(&cli->node, &cli->loop, &config, &cli->book, cli->use, &node_events, cli,
		    &err);
	if (rc) {
		cli->exit = cli_fail(rc, "%s", err.text[0] ? err.text : pst_strerror(rc));
	} else {
		pst_node_env(cli->node)->passed = &cli->passed;
		pst_notify_watch(&cli->notify, pst_node_env(cli->node));
		signals_start(cli);
		pst_node_start(cli->node);
		uv_run(&cli->loop, UV_RUN_DEFAULT);
	}
	pst_node_free(&cli->node);
	pst_loader_free(&cli->loader);
	pst_passed_close(&cli->passed);
	pst_notify_close(&cli->notify);
	if (uv_loop_close(&cli->loop))
		fprintf(stderr, "postern: handles were left open\n");
	return cli->exit;
}
