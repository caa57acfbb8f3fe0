/* postern status, reload, stop, ping, trace: a running node as a whole. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/words.h"
#include "node/kinds.h"
#include "node/state.h"

/* How often we look whether a node that stops has gone. */
#define GONE_EVERY_MS 20
/* For a node that has its answer to give it. */
#define ANSWER_MS 10000

static const char *const no_options[] = { NULL };

int
cmd_status(int argc, char **argv)
{
	struct words words = { .ask = { .no_start = true, .timeout_ms = 10000 } };
	json_t *answer = NULL;
	int exit = words_read(&words, no_options, 0, argc, argv);

	json_decref(words.options);
	if (exit == EXIT_DONE)
		exit = ask_node(&words.ask, json_pack("{s:s}", "do", "status"), &answer);
	if (exit != EXIT_DONE)
		return exit;
	if (words.ask.json)
		print_json(answer);
	else
		print_status(answer);
	json_decref(answer);
	return EXIT_DONE;
}

int
cmd_reload(int argc, char **argv)
{
	struct words words = { .ask = { .no_start = true } };
	json_t *answer = NULL;
	json_int_t opened, closed, changed, kept;
	const char *failed = NULL;
	int exit = words_read(&words, no_options, 0, argc, argv);

	json_decref(words.options);
	if (exit == EXIT_DONE)
		exit = ask_node(&words.ask, json_pack("{s:s}", "do", "reload"), &answer);
	if (exit != EXIT_DONE)
		return exit;
	if (words.ask.json)
		print_json(answer);
	else if (!json_unpack(answer, "{s:I, s:I, s:I, s:I}", "opened", &opened, "closed", &closed,
	    "changed", &changed, "kept", &kept))
		printf("sections: %lld opened, %lld closed, %lld changed, %lld left as they are\n",
		    (long long)opened, (long long)closed, (long long)changed, (long long)kept);
	fflush(stdout);
	if (!json_unpack(answer, "{s:s}", "failed", &failed)) {
		fprintf(stderr, "postern: still not open: %s\n", failed);
		exit = EXIT_FAILED;
	}
	json_decref(answer);
	return exit;
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

static int
stop(const struct ask *ask, bool now)
{
	char *dir = pst_config_state_dir(ask->state);
	json_t *answer = NULL;
	int exit, process = process_of(ask, &exit);

	if (exit == EXIT_DONE)
		exit = ask_node(ask, json_pack("{s:s, s:b}", "do", "stop", "now", now), &answer);
	json_decref(answer);
	if (exit == EXIT_DONE && dir)
		exit = gone_await(dir, process);
	if (process >= 0)
		close(process);
	free(dir);
	return exit;
}

int
cmd_stop(int argc, char **argv)
{
	static const char *const known[] = { "now", NULL };
	struct words words = { .ask = { .no_start = true } };
	int exit = words_read(&words, known, 0, argc, argv);

	if (exit == EXIT_DONE)
		exit = stop(&words.ask, words_value(&words, "now"));
	json_decref(words.options);
	return exit;
}

/* ---- ping, trace ---- */

static int
number_read(const struct words *words, const char *option, long *out)
{
	const char *text = words_value(words, option);
	char *end;

	if (!text)
		return EXIT_DONE;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (!errno && !*end && end != text && *out >= 1)
		return EXIT_DONE;
	return cli_usage(words->command, "--%s: \"%.40s\": want a number from 1 on", option, text);
}

/* The hops for a trace, the echoes for a ping, and where it is stuck. */
static int
trace_print(const struct words *words, json_t *answer, bool ping)
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

/* A route; or a kind and a name. */
static json_t *
trace_question(const struct words *words, long count, long route, uint64_t timeout_ms)
{
	json_t *question = json_pack("{s:s, s:I, s:I}", "do", "trace", "count", (json_int_t)count, "timeout",
	    (json_int_t)timeout_ms);

	if (route)
		json_object_set_new(question, "route", json_integer(route));
	if (words->count == 1) {
		json_object_set_new(question, "to", json_string(words->word[0]));
	} else {
		json_object_set_new(question, "kind", json_string(words->word[0]));
		json_object_set_new(question, "name", json_string(words->word[1]));
	}
	return question;
}

static bool
traceable(const struct words *words)
{
	const char *first = words->word[0];

	if (words->count == 1)
		return *first == '/';
	return words->count == 2 && pst_section_kind_find(first); /* the node says of which there is a route */
}

static int
trace(struct words *words, long count, long route, uint64_t timeout_ms, bool ping)
{
	json_t *answer = NULL;
	int exit;

	words->ask.timeout_ms = timeout_ms;
	if (words_value(words, "route") && words->count < 2)
		return cli_usage(words->command, "--route: which one of a section's routes: want its kind and name");
	if (ping && !words->count)
		return ping_node(&words->ask);
	if (words->count == 1 && pst_section_kind_find(words->word[0]))
		return cli_usage(words->command, "which %s: want its name, too, as in %s %s default", words->word[0],
		    words->command, words->word[0]);
	if (!traceable(words))
		return cli_usage(words->command, "want a route, such as /ip4/127.0.0.1/tcp/4000/secure/api, "
		    "or inlet NAME, or relay NAME, or channel NAME");
	words->ask.timeout_ms += ANSWER_MS; /* the node gives up first, and says where it is stuck */
	exit = ask_node(&words->ask, trace_question(words, count, route, timeout_ms), &answer);
	if (exit == EXIT_DONE)
		exit = trace_print(words, answer, ping);
	json_decref(answer);
	return exit;
}

int
cmd_trace(int argc, char **argv)
{
	static const char *const known[] = { "count=", "route=", "timeout=", NULL };
	bool ping = !strcmp(argv[0], "ping");
	struct words words = { 0 };
	uint64_t timeout_ms = 5000;
	long count = ping ? 3 : 1, route = 0; /* 0: the one that serves */
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE)
		exit = number_read(&words, "count", &count);
	if (exit == EXIT_DONE)
		exit = number_read(&words, "route", &route);
	if (exit == EXIT_DONE)
		exit = words_time(&words, "timeout", &timeout_ms);
	if (exit == EXIT_DONE)
		exit = trace(&words, count, route, timeout_ms, ping);
	json_decref(words.options);
	return exit;
}
