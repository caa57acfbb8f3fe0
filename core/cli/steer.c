/* postern status, reload, stop, ping, trace: a running node as a whole. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/ask.h"
#include "node/state.h"

/* How often we look whether a node that stops has gone. */
#define GONE_EVERY_MS 20
/* For a node that has its answer to give it. */
#define ANSWER_MS 10000

/* Only options that all commands have, and `flag` (may be NULL). */
static int
options_read(struct ask *ask, int argc, char **argv, const char *flag, bool *flagged)
{
	int n;

	for (int i = 1; i < argc; i += n) {
		n = ask_option(ask, argv[0], &argv[i]);
		if (n == 0 && flag && !strcmp(argv[i], flag)) {
			*flagged = true;
			n = 1;
		}
		if (n == 0)
			cli_usage(argv[0], "%s: unknown argument", argv[i]);
		if (n <= 0)
			return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int
cmd_status(int argc, char **argv)
{
	struct ask ask = { .no_start = true, .timeout_ms = 10000 };
	json_t *answer = NULL;
	int exit = options_read(&ask, argc, argv, NULL, NULL);

	if (exit == EXIT_DONE)
		exit = ask_node(&ask, json_pack("{s:s}", "do", "status"), &answer);
	if (exit != EXIT_DONE)
		return exit;
	if (ask.json)
		print_json(answer);
	else
		print_status(answer);
	json_decref(answer);
	return EXIT_DONE;
}

int
cmd_reload(int argc, char **argv)
{
	struct ask ask = { .no_start = true };
	json_t *answer = NULL;
	json_int_t opened, closed, kept;
	int exit = options_read(&ask, argc, argv, NULL, NULL);

	if (exit == EXIT_DONE)
		exit = ask_node(&ask, json_pack("{s:s}", "do", "reload"), &answer);
	if (exit != EXIT_DONE)
		return exit;
	if (ask.json)
		print_json(answer);
	else if (!json_unpack(answer, "{s:I, s:I, s:I}", "opened", &opened, "closed", &closed, "kept",
	    &kept))
		printf("sections: %lld opened, %lld closed, %lld left as they are\n", (long long)opened,
		    (long long)closed, (long long)kept);
	json_decref(answer);
	return EXIT_DONE;
}

/* Readable when the node's process has ended; -1 where that cannot be had. */
static int
process_of(const struct ask *ask, int *exit)
{
	json_t *answer = NULL;
	int pid = 0;

	*exit = ask_node(ask, json_pack("{s:s}", "do", "status"), &answer);
	if (*exit == EXIT_DONE)
		json_unpack(answer, "{s:i}", "pid", &pid);
	json_decref(answer);
	return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* The lock goes last of all; but the next node may have it before we look. */
static int
gone_await(const char *dir, int process)
{
	struct pollfd ended = { .fd = process, .events = POLLIN };

	for (int ms = 0; ms < ASK_TIMEOUT_MS; ms += GONE_EVERY_MS)
		if (!pst_state_taken(dir) || poll(&ended, 1, GONE_EVERY_MS) == 1)
			return EXIT_DONE;
	return cli_fail(UV_ETIMEDOUT, "the node stops, but has not gone after %d s", ASK_TIMEOUT_MS / 1000);
}

int
cmd_stop(int argc, char **argv)
{
	struct ask ask = { .no_start = true };
	bool now = false;
	json_t *answer = NULL;
	int process = -1, exit = options_read(&ask, argc, argv, "--now", &now);
	char *dir = pst_config_state_dir(ask.state);

	if (exit == EXIT_DONE)
		process = process_of(&ask, &exit);
	if (exit == EXIT_DONE)
		exit = ask_node(&ask, json_pack("{s:s, s:b}", "do", "stop", "now", now), &answer);
	json_decref(answer);
	if (exit == EXIT_DONE && dir)
		exit = gone_await(dir, process);
	if (process >= 0)
		close(process);
	free(dir);
	return exit;
}

/* ---- ping, trace ---- */

struct trace_words {
	struct ask ask;
	const char *word[2]; /* a route; or a kind and a name */
	int words;
	uint64_t timeout_ms;
	long count;
};

static int
count_parse(const char *text, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return errno || *end || *out < 1 ? -EINVAL : PST_OK;
}

static int
trace_option(struct trace_words *words, const char *command, char **argv)
{
	int n = ask_option(&words->ask, command, argv);
	const char *value = NULL;

	if (n)
		return n;
	n = cli_option("--timeout", argv, &value);
	if (n && value && !cli_time_parse(value, &words->timeout_ms))
		return n;
	n = cli_option("--count", argv, &value);
	if (n && value && !count_parse(value, &words->count))
		return n;
	if (argv[0][0] != '-' && words->words < 2) {
		words->word[words->words++] = argv[0];
		return 1;
	}
	cli_usage(command, "%s: unknown argument, or a missing or bad value", argv[0]);
	return -1;
}

/* The hops for a trace, the echoes for a ping, and where it is stuck. */
static int
trace_print(const struct trace_words *words, json_t *answer, bool ping)
{
	const char *sentence;
	bool stuck;
	int rc;

	stuck = !json_unpack(answer, "{s:{s:i, s:s}}", "stuck", "rc", &rc, "sentence", &sentence);

	if (words->ask.json) {
		print_json(answer);
	} else {
		if (ping)
			json_object_del(answer, "hops");
		print_trace(answer);
	}
	return stuck ? cli_fail(rc, "%s", sentence) : EXIT_DONE;
}

static int
ping_node(const struct ask *ask)
{
	json_t *answer;
	int exit = ask_node(ask, json_pack("{s:s}", "do", "ping"), &answer);

	if (exit == EXIT_DONE && ask->json)
		print_json(answer);
	else if (exit == EXIT_DONE)
		puts("the node answers");
	json_decref(answer);
	return exit;
}

int
cmd_trace(int argc, char **argv)
{
	bool ping = !strcmp(argv[0], "ping");
	struct trace_words words = { .timeout_ms = 5000, .count = ping ? 3 : 1 };
	json_t *question, *answer = NULL;
	int exit;

	for (int i = 1, n; i < argc; i += n) {
		n = trace_option(&words, argv[0], &argv[i]);
		if (n < 0)
			return EXIT_USAGE;
	}
	words.ask.timeout_ms = words.timeout_ms;
	if (ping && !words.words)
		return ping_node(&words.ask);
	words.ask.timeout_ms += ANSWER_MS; /* the node gives up first, and says where it is stuck */
	if (!words.words || (words.words == 1 && words.word[0][0] != '/'))
		return cli_usage(argv[0], "want a route, such as /ip4/127.0.0.1/tcp/4000/secure/api, "
		    "or inlet NAME, or relay NAME");
	question = json_pack("{s:s, s:I, s:I}", "do", "trace", "count", (json_int_t)words.count,
	    "timeout", (json_int_t)words.timeout_ms);
	if (words.words == 1)
		json_object_set_new(question, "to", json_string(words.word[0]));
	for (int i = 0; words.words == 2 && i < 2; i++)
		json_object_set_new(question, i ? "name" : "kind", json_string(words.word[i]));
	exit = ask_node(&words.ask, question, &answer);
	if (exit == EXIT_DONE)
		exit = trace_print(&words, answer, ping);
	json_decref(answer);
	return exit;
}
