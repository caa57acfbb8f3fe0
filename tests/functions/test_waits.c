/*
 * Functions that wait for their host: by a runtime that gives the thread back meanwhile, and by one that
 * does not. Argument: the directory with the guests.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "tap.h"

#define MANY 24

static const char *guests;

static const char conf_text[] =
    "node t { log_format = json  drain = 5s }\n"
    "runtime r { use = %s  memory = 8M  deadline = 50s }\n"
    "capability slow { }\n"
    "function hello { module = \"%s/hello.wasm\" }\n"
    "function waits { module = \"%s/probe.wasm\"  capabilities = {slow} }\n"
    "function hasty { module = \"%s/probe.wasm\"  capabilities = {slow}  deadline = 400ms }\n";

static bool
is_answer(const struct reply *reply, const char *body)
{
	if (reply->answered && reply->len == strlen(body) && !memcmp(reply->body, body, reply->len))
		return true;
	printf("# got: %u %.*s %s\n", reply->status, (int)reply->len, reply->body ? (char *)reply->body : "",
	    reply->text);
	return false;
}

static struct running *
begin(struct reply *reply, const char *function, const char *input)
{
	return run_begin_call(reply, function, "POST", "/", NULL, input, strlen(input), 0);
}

static void
answers(const char *sentence, const char *function, const char *input, const char *body)
{
	struct reply reply;

	begin(&reply, function, input);
	run_wait();
	tap(is_answer(&reply, body), "%s", sentence);
	reply_fini(&reply);
}

static void
many(void)
{
	struct reply waits[MANY], hellos[MANY];
	unsigned right = 0;

	for (size_t i = 0; i < MANY; i++)
		begin(&waits[i], "waits", "fetch\n0\n300\nslowly\n");
	for (size_t i = 0; i < MANY; i++)
		begin(&hellos[i], "hello", "x");
	run_wait();
	for (size_t i = 0; i < MANY; i++) {
		right += is_answer(&waits[i], "6 slowly") + is_answer(&hellos[i], "hello, x");
		reply_fini(&waits[i]);
		reply_fini(&hellos[i]);
	}
	tap(right == 2 * MANY, "many wait at once, and others run");
}

static void
ends_early(void)
{
	struct pst_call_load load;
	struct running *running;
	struct reply reply;

	begin(&reply, "hasty", "fetch\n0\n100000\nnever\n");
	run_wait();
	tap(!reply.answered && reply.failure.code == PST_CALL_DEADLINE && reply.failure.started,
	    "its time runs out while it waits");
	tap(run_logged("\"msg\":\"cancelled\",\"times\":1", 1), "and what it waits for is told");
	begin(&reply, "hasty", "fetch\n1\n800\nlate\n");
	run_wait();
	tap(!reply.answered && reply.failure.code == PST_CALL_DEADLINE, "what cannot be cancelled is waited for");
	running = begin(&reply, "waits", "fetch\n0\n100000\nnever\n");
	run_logged("\"msg\":\"waiting\"", MANY + 6);
	run_cancel(running);
	tap(run_logged("\"msg\":\"cancelled\",\"times\":2", 1), "a caller that cancels ends the host call");
	run_wait();
	run_logged("\"outcome\":\"cancelled\"", 1);
	run_probe(&load, "waits");
	tap(!load.running, "and the execution");
	reply_fini(&reply);
}

static void
all(const char *runtime)
{
	char conf[4 * PATH_MAX];
	struct reply reply;
	const char *why;

	snprintf(conf, sizeof conf, conf_text, runtime, guests, guests, guests);
	why = run_node(conf);
	if (why && strstr(why, "no module runtime/")) {
		printf("ok %u - waiting by %s # SKIP not built\n", ++tap_cases, runtime);
		return;
	}
	if (why) {
		printf("Bail out! %s\n", why);
		exit(99);
	}
	printf("# ---- %s\n", runtime);
	answers("an answer that comes later", "waits", "fetch\n0\n50\nslowly\n", "6 slowly");
	answers("an empty one", "waits", "fetch\n1\n1\n\n", "0 ");
	answers("an error", "waits", "fetch\n2\n1\nx\n", "-8 too slow");
	answers("one that comes at once", "waits", "fetch\n3\n0\nat once\n", "7 at once");
	many();
	ends_early();
	/* one that waits for ever must not keep the node */
	begin(&reply, "waits", "fetch\n0\n100000\nnever\n");
	run_logged("\"msg\":\"waiting\"", MANY + 7);
	run_stop();
	tap(!reply.answered, "the node stops though a function waits");
	run_wait_no_more();
	reply_fini(&reply);
}

int
main(int argc, char **argv)
{
	const char *build = getenv("top_builddir"), *path = getenv("PST_MODULE_PATH");
	char all_paths[4 * PATH_MAX];

	guests = argc > 1 ? argv[1] : getenv("POSTERN_GUESTS");
	if (!guests || access(guests, X_OK)) {
		puts("1..0 # SKIP no guests: clang, lld and wasi-libc make them");
		return 0;
	}
	snprintf(all_paths, sizeof all_paths, "%s:%s/tests/functions/.libs", path ? path : "", build ? build : ".");
	setenv("PST_MODULE_PATH", all_paths, 1);
	run_begin();
	all("wabt");
	all("wasmtime");
	run_end();
	return tap_end();
}
