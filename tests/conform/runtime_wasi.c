/* Runtimes: WASI preview 1, as much as struct pst_wasm_wasi shows of the host. */
#include <stdio.h>
#include <string.h>

#include "runtime.h"

static bool
take(void *user, int fd, const uint8_t *bytes, size_t len)
{
	struct run *run = user;
	char *to;

	if (fd != 1 && fd != 2)
		return false;
	to = run->said[fd];
	if (strlen(to) + len > run->said_max)
		return false;
	for (size_t i = 0; i < len; i++)
		to[strlen(to)] = bytes[i] ? (char)bytes[i] : '|';
	return true;
}

static const char *const args[] = { "command", "--loud", NULL };
static const char *const env[] = { "A=1", "B=", NULL };

static struct run
command(void)
{
	return (struct run){
		.said_max = sizeof((struct run *)NULL)->said[0] - 1,
		.wasi = { args, env, (const uint8_t *)"in parts\n", 9, take },
	};
}

/* It runs under an environment of its own, and ends with how many arguments it had. */
static void
commands(struct conform *c)
{
	struct run run = command();
	int end;

	if (!run_open(&run, c, "command"))
		return;
	end = run_call(&run, "_start", ":");
	conform_ok(c, end == PST_WASM_EXIT && run.slots[0] == 2,
	    "a command has its arguments, and exits with its code (%llu)",
	    (unsigned long long)run.slots[0]);
	conform_ok(c, !strcmp(run.said[1], "command|--loud|A=1|B=|in parts\n"),
	    "arguments, environment and input are as they were given: %.20s", run.said[1]);
	conform_ok(c, !strcmp(run.said[2], "done"), "what it says to standard error comes apart");
	run_close(&run);

	run = (struct run){ 0 };
	if (!run_open(&run, c, "command"))
		return;
	end = run_call(&run, "_start", ":");
	conform_ok(c, end == PST_WASM_EXIT && run.slots[0] == 0, "with nothing given it has nothing (%llu)",
	    (unsigned long long)run.slots[0]);
	run_close(&run);

	run = command();
	run.said_max = 4;
	if (!run_open(&run, c, "command"))
		return;
	end = run_call(&run, "_start", ":");
	conform_ok(c, end == PST_WASM_EXIT && run.slots[0] > 100 && !run.said[1][0],
	    "where no more fits it is told so (%llu)", (unsigned long long)run.slots[0]);
	run_close(&run);
}

static void
none(struct conform *c)
{
	struct run run = { .limits = { .memory = ROOM, .deadline_ms = LATE_MS } };
	int end;

	if (run_compile(&run, c, "command") ||
	    run.ops->spawn(run.module, &run.limits, NULL, &run, &run.instance, &run.err)) {
		conform_ok(c, false, "a command is made without anything: %s", run.err.text);
		return;
	}
	end = run_call(&run, "_start", ":");
	conform_ok(c, end == PST_WASM_EXIT && run.slots[0] == 0, "nothing at all is given to it, too");
	run_close(&run);
}

static void
exits(struct conform *c)
{
	static const uint32_t codes[] = { 0, 7, 0xffffffff };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct run run = { 0 };
		int end;

		if (!run_open(&run, c, "exits"))
			return;
		end = run_call1(&run, "run", "i:i", codes[i]);
		conform_ok(c, end == PST_WASM_EXIT && run.slots[0] == codes[i],
		    "an exit in the middle is one: %u", codes[i]);
		run_close(&run);
	}
}

static void
clocks(struct conform *c)
{
	struct run run = { 0 };
	uint64_t first, second;

	if (!run_open(&run, c, "clocks"))
		return;
	conform_ok(c, run_call1(&run, "time", "i:I", 0) == PST_WASM_DONE &&
	    run.slots[0] / 1000000000 > 1700000000, "the real-time clock says what time it is");
	run_call1(&run, "time", "i:I", 1);
	first = run.slots[0];
	conform_ok(c, run_call1(&run, "time", "i:I", 1) == PST_WASM_DONE && run.slots[0] >= first,
	    "the monotonic one goes forward");
	run_call(&run, "random", ":I");
	first = run.slots[0];
	run_call(&run, "random", ":I");
	second = run.slots[0];
	conform_ok(c, first != second, "random numbers differ");
	run_close(&run);
}

void
runtime_wasi(struct conform *c)
{
	commands(c);
	none(c);
	exits(c);
	clocks(c);
}
