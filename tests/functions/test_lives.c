/*
 * How long what runs lives: instances that serve several calls, guests that are stopped while they
 * compute. Argument: the directory with the guests.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "tap.h"

static const char *guests;

static const char conf_text[] =
    "node t { log_format = json  drain = 0 }\n"
    "runtime r { use = %s  memory = 8M  deadline = 50m }\n"
    "function once { module = \"%s/count.wasm\" }\n"
    "function three { module = \"%s/count.wasm\"  instances = 1  reuse = 3 }\n"
    "function many { module = \"%s/count.wasm\"  instances = 1  reuse = 1000 }\n"
    "function two { module = \"%s/count.wasm\"  instances = 2  reuse = 4 }\n"
    "function hasty { module = \"%s/count.wasm\"  instances = 1  reuse = 1000  deadline = 300ms }\n"
    "function narrow { module = \"%s/count.wasm\"  instances = 1 }\n"
    "function command { module = \"%s/command.wasm\"  instances = 1  reuse = 1000 }\n"
    "function trusted { module = \"%s/count.wasm\"  deadline = 0 }\n";

static char conf[8192];

static bool
begin(const char *runtime)
{
	const char *why;

	snprintf(conf, sizeof conf, conf_text, runtime, guests, guests, guests, guests, guests, guests, guests, guests);
	why = run_node(conf);
	if (why && strstr(why, "no module runtime/")) {
		tap(true, "lives by %s # SKIP not built", runtime);
		return false;
	}
	if (why)
		printf("Bail out! %s\n", why);
	return !why;
}

static struct running *
ask(struct reply *reply, const char *function, const char *input)
{
	return run_begin_call(reply, function, "POST", "/", NULL, input, strlen(input), 0);
}

/* The answer, or why there is none. */
static const char *
told(const char *function, const char *input)
{
	static char text[256];
	struct reply reply;

	ask(&reply, function, input);
	run_wait();
	if (reply.answered)
		snprintf(text, sizeof text, "%u %s", reply.status, (char *)reply.body);
	else
		snprintf(text, sizeof text, "%s", pst_call_code_text(reply.failure.code));
	reply_fini(&reply);
	return text;
}

static void
is(const char *sentence, const char *function, const char *input, const char *wanted)
{
	const char *got = told(function, input);

	if (!tap(!strcmp(got, wanted), "%s", sentence))
		printf("# wanted: %s\n# got: %s\n", wanted, got);
}

/* Until the guest computes: one call runs, and has for a while. */
static struct running *
spin(struct reply *reply, const char *function)
{
	struct running *running = ask(reply, function, "loop");
	struct pst_call_load load = { 0 };

	while (!load.running)
		run_probe(&load, function);
	return running;
}

/* ---- several calls ---- */

static void
reused(void)
{
	is("an instance serves one call", "once", "a", "200 a 1");
	is("and the next call has another", "once", "b", "200 b 1");
	is("where it serves three, the first", "three", "a", "200 a 1");
	is("the second", "three", "b", "200 b 2");
	is("and the third have the same", "three", "c", "200 c 3");
	is("then comes another", "three", "d", "200 d 1");
	is("a run error", "three", "error", "400 {\"status\":400,\"message\":\"error\"}");
	is("is no reason to part", "three", "e", "200 e 3");
}

static void
not_reused(void)
{
	struct reply reply;

	is("one more", "many", "a", "200 a 1");
	is("that traps", "many", "trap", "trap");
	is("is not used again", "many", "b", "200 b 1");
	run_cancel(spin(&reply, "many"));
	is("nor one whose caller has gone", "many", "c", "200 c 1");
	is("one that has served", "hasty", "a", "200 a 1");
	is("and runs out of time", "hasty", "loop", "deadline");
	is("is not used again", "hasty", "b", "200 b 1");
	is("its deadline is each call's", "hasty", "c", "200 c 2");
	is("a plain command begins anew", "command", "x\n", "200 command\nnone\nX\n");
	is("each time", "command", "y\n", "200 command\nnone\nY\n");
}

/* More than may run: those that waited are served by what is there, never by one more beside it. */
static void
crowded(void)
{
	struct reply replies[12] = { 0 };
	unsigned right = 0;

	for (int i = 0; i < 2; i++)
		is("an instance, and none beside it", "two", "a", i ? "200 a 2" : "200 a 1");
	for (size_t i = 0; i < 12; i++)
		ask(&replies[i], "two", "a");
	run_wait();
	for (size_t i = 0; i < 12; i++) {
		right += replies[i].answered && replies[i].status == 200;
		reply_fini(&replies[i]);
	}
	tap(right == 12, "many at once wait for their turn and are answered: %u of 12", right);
}

/* ---- stopped ---- */

static void
stopped(void)
{
	struct reply loops[2], waits;

	run_cancel(spin(&loops[0], "narrow"));
	is("a guest that computes ends when its caller goes, and another has its place", "narrow", "a", "200 a 1");
	tap(run_logged("\"outcome\":\"cancelled\"", 2), "the log says that it was cancelled");
	is("without a deadline it runs as well", "trusted", "a", "200 a 1");
	spin(&loops[0], "once");
	spin(&loops[1], "narrow");
	ask(&waits, "narrow", "waits");
	run_stop();
	run_wait_no_more();
	tap(true, "and when its node stops");
}

/* ---- changed ---- */

#define RELOADS 50
#define STREAM 8

/* The n-th text differs from the one before in what `once` may take, ask, and how many may run. */
static const char *
changed(unsigned n)
{
	static char text[sizeof conf + 256];
	static const char *const options[] = {
		"memory = 4M",
		"capabilities = {}",
		"deadline = 40m  instances = 3",
		"deadline = 0",
		"reuse = 5  body = 1M  queue = 300",
	};
	const char *at = strstr(conf, "function once { ");

	at += strlen("function once { ");
	snprintf(text, sizeof text, "%.*s%s  %s", (int)(at - conf), conf, options[n % 5], at);
	return text;
}

/* How many were. */
static unsigned
answered(struct reply *replies, size_t count)
{
	unsigned right = 0;

	for (size_t i = 0; i < count; i++) {
		right += replies[i].answered && replies[i].status == 200;
		if (!replies[i].answered)
			printf("# %s\n", replies[i].text);
		reply_fini(&replies[i]);
	}
	return right;
}

static void
reloaded(void)
{
	struct reply replies[STREAM], loops;
	struct running *stream[STREAM], *spinning = spin(&loops, "once");
	struct pst_call_load load;
	unsigned right = 0, refused = 0;
	bool ready = false;

	for (unsigned n = 0; n < RELOADS; n++) {
		const char *why;

		for (size_t i = 0; i < STREAM; i++)
			stream[i] = ask(&replies[i], "once", "x");
		why = run_reload(changed(n));
		if (why)
			printf("# %s\n", why);
		refused += why != NULL;
		for (size_t i = 0; i < STREAM; i++)
			run_wait_for(stream[i]);
		right += answered(replies, STREAM);
	}
	tap(!refused, "a section changes while its functions are called");
	tap(right == RELOADS * STREAM, "and no call is refused: %u of %u", right, RELOADS * STREAM);
	run_probe(&load, "once");
	tap(load.running == 1, "one that has run since before the first change goes on");
	run_cancel(spinning);
	/* by the last text an instance serves five; its program may not be ready at once */
	for (unsigned n = 0; n < 10000 && !ready; n++)
		ready = !strcmp(told("once", "y"), "200 y 2");
	tap(ready, "what the section says now counts for the calls that come");
}

static void
all(const char *runtime)
{
	printf("# ---- %s\n", runtime);
	run_begin();
	if (begin(runtime)) {
		reused();
		not_reused();
		crowded();
		reloaded();
		stopped();
	}
	run_end();
}

int
main(int argc, char **argv)
{
	guests = argc > 1 ? argv[1] : getenv("POSTERN_GUESTS");
	if (!guests || access(guests, X_OK)) {
		puts("1..0 # SKIP no guests: clang, lld and wasi-libc make them");
		return 0;
	}
	all("wabt");
	all("wasmtime");
	return tap_end();
}
