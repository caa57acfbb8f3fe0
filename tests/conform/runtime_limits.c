/* Runtimes: how much memory, how long, how many; and what start sections may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static struct pst_wasm_stats
stats(const struct run *run)
{
	struct pst_wasm_stats out = { 0 };

	run->ops->stats(run->instance, &out);
	return out;
}

static void
memory(struct conform *c)
{
	struct run run = { .limits = { .memory = 16 * PAGE, .deadline_ms = LATE_MS } };
	uint64_t before;

	if (!run_open(&run, c, "plain"))
		return;
	before = stats(&run).memory;
	conform_ok(c, before >= PAGE && before < 2 * PAGE && !stats(&run).refused,
	    "what an instance has is known: %llu bytes", (unsigned long long)before);
	conform_ok(c, run_call1(&run, "grow", "i:i", 4) == PST_WASM_DONE && run.slots[0] == 1 &&
	    stats(&run).memory == before + 4 * PAGE, "it grows with it");
	conform_ok(c, run_call1(&run, "grow", "i:i", 0) == PST_WASM_DONE && run.slots[0] == 5 &&
	    !stats(&run).refused, "growing by nothing asks how much there is");
	conform_ok(c, run_call1(&run, "grow", "i:i", 12) == PST_WASM_DONE &&
	    run.slots[0] == 0xffffffff && run_memory_len(&run) == 5 * PAGE && stats(&run).refused,
	    "beyond its limit growth answers -1, and is counted as refused");
	conform_ok(c, run_call1(&run, "grow", "i:i", 0xffffffff) == PST_WASM_DONE &&
	    run.slots[0] == 0xffffffff, "as much as numbers hold, too");
	conform_ok(c, run_call1(&run, "grow", "i:i", 10) == PST_WASM_DONE && run.slots[0] == 5,
	    "up to its limit it grows on");
	conform_ok(c, run_call(&run, "pages", ":i") == PST_WASM_DONE && run.slots[0] == 15,
	    "and knows itself how much it has");
	run_close(&run);
}

static void
tables(struct conform *c)
{
	struct run run = { .limits = { .memory = 16 * PAGE, .deadline_ms = LATE_MS } };

	if (!run_open(&run, c, "plain"))
		return;
	/* an element has 4 bytes at least: so the table has 12 pages or more of the 16 */
	conform_ok(c, run_call1(&run, "grow_table", "i:i", 1 << 30) == PST_WASM_DONE &&
	    run.slots[0] == 0xffffffff, "a table may not grow over the limit");
	conform_ok(c, run_call1(&run, "grow_table", "i:i", 3000) == PST_WASM_DONE &&
	    run.slots[0] == 4 && stats(&run).memory >= PAGE + 3000 * 4, "below it, it grows, and is counted");
	conform_ok(c, run_call1(&run, "grow", "i:i", 15) == PST_WASM_DONE && run.slots[0] == 0xffffffff,
	    "memory and tables have one limit together");
	run_close(&run);
}

static void
out_of_memory(struct conform *c)
{
	struct run run = { 0 };
	int end;

	if (!run_open(&run, c, "plain"))
		return;
	end = run_call1(&run, "grow_and_trap", "i:", 60000);
	conform_ok(c, end == PST_WASM_MEMORY && run.err.text[0],
	    "a trap after a growth that was refused is told as such: %s", run.err.text);
	run_close(&run);
	run = (struct run){ .limits = { .memory = PAGE - 1, .deadline_ms = LATE_MS } };
	if (run_compile(&run, c, "plain"))
		return;
	conform_rc(c, run_spawn(&run), PST_E_LIMIT,
	    "there is no instance of what begins with more than it may have (%s)", run.err.text);
	run_close(&run);
}

/* Guests whose beginning is too big are not refused before anybody asks for an instance. */
static void
huge(struct conform *c, const char *guest)
{
	struct run run = { 0 };
	int rc = run_compile(&run, c, guest);

	if (!rc)
		rc = run_spawn(&run);
	conform_ok(c, rc == PST_E_LIMIT && run.err.text[0], "%s: there is no instance of it: %s", guest,
	    rc ? run.err.text : "there is");
	run_close(&run);
}

static void
late(struct conform *c, const char *name)
{
	struct run run = { .limits = { .memory = ROOM, .deadline_ms = SOON_MS } };
	uint64_t begin = now_ms();
	int end;

	if (!run_open(&run, c, "plain"))
		return;
	end = run_call(&run, name, ":");
	conform_ok(c, end == PST_WASM_DEADLINE && run.err.text[0] && now_ms() - begin >= SOON_MS,
	    "%s ends by its deadline, and not before it: %s", name, run.err.text);
	end = run_call(&run, "nothing", ":");
	conform_ok(c, end == PST_WASM_DEADLINE, "nothing runs after that");
	run_close(&run);
}

/* From the third time on that it is asked. */
static bool
stops_soon(void *user)
{
	struct run *run = user;

	return ++run->asked > 2;
}

static void
stopped(struct conform *c)
{
	struct run run = { .limits = { .memory = ROOM, .deadline_ms = LATE_MS, .stopped = stops_soon } };

	if (!run_open(&run, c, "plain"))
		return;
	run.asked = 0;
	conform_ok(c, run_call(&run, "spin", ":") == PST_WASM_STOPPED && run.asked == 3 && run.err.text[0],
	    "what spins ends when it is stopped: %s", run.err.text);
	conform_ok(c, run_call(&run, "nothing", ":") == PST_WASM_STOPPED, "nothing runs after that, either");
	run_close(&run);
	run = (struct run){ .limits = { .memory = ROOM, .stopped = stops_soon } };
	if (run_compile(&run, c, "start_spins"))
		return;
	conform_rc(c, run_spawn(&run), PST_E_LIMIT, "a start section is stopped, without a deadline too (%s)",
	    run.err.text);
	run_close(&run);
}

static void
again(struct conform *c)
{
	struct run run = { .limits = { .memory = 16 * PAGE, .deadline_ms = SOON_MS } };
	uint64_t begin = now_ms();

	if (!run_open(&run, c, "plain"))
		return;
	while (now_ms() - begin <= SOON_MS)
		;
	run.ops->again(run.instance, LATE_MS);
	conform_ok(c, run_call1(&run, "grow", "i:i", 3) == PST_WASM_DONE && run.slots[0] == 1,
	    "an instance that is used again has a deadline of its own again");
	conform_ok(c, run_call1(&run, "grow", "i:i", 100) == PST_WASM_DONE && stats(&run).refused,
	    "it is refused more than it may have");
	run.ops->again(run.instance, SOON_MS);
	conform_ok(c, run_call(&run, "pages", ":i") == PST_WASM_DONE && run.slots[0] == 4,
	    "once more: its memory is what it was");
	conform_ok(c, !stats(&run).refused, "and what was refused is forgotten");
	conform_ok(c, run_call(&run, "spin", ":") == PST_WASM_DEADLINE, "its deadline ends it");
	run_close(&run);
}

static void
endless(struct conform *c)
{
	struct pst_wasm_code code = guest_code(guest_find("plain"));
	struct run run = { .c = c, .ops = c->ops, .right = true,
		.limits = { .memory = ROOM, .deadline_ms = 1 } };
	int end;

	code.endless = true;
	if (run.ops->compile(c->self, &run.module, &code, &run.err) || run_spawn(&run)) {
		conform_ok(c, false, "what is compiled without a deadline is made: %s", run.err.text);
		return;
	}
	end = run_call(&run, "pass_time", ":");
	conform_ok(c, end == PST_WASM_DONE, "compiled without a deadline, none is kept by the host");
	end = run_call1(&run, "sum", "i:i", 100000);
	conform_ok(c, end == PST_WASM_DONE && run.slots[0] == 705082704, "nor by the guest");
	run_close(&run);
}

static void
no_deadline(struct conform *c)
{
	struct run run = { .limits = { .memory = ROOM } };

	if (!run_open(&run, c, "plain"))
		return;
	run_call(&run, "pass_time", ":");
	conform_ok(c, run_call1(&run, "sum", "i:i", 100000) == PST_WASM_DONE &&
	    run.slots[0] == 705082704, "a deadline of 0 is none");
	conform_ok(c, run_call1(&run, "drop_references", "i:", 100000) == PST_WASM_DONE,
	    "references come and go");
	run_close(&run);
}

static void
instances(struct conform *c)
{
	struct pst_wasm_code code = guest_code(guest_find("plain"));
	struct run run = { .c = c, .ops = c->ops, .right = true };
	struct pst_wasm_instance *two[2] = { NULL };
	int rc;

	code.instances = 2;
	if (run.ops->compile(c->self, &run.module, &code, &run.err))
		return;
	for (size_t i = 0; i < 2; i++) {
		rc = run_spawn(&run);
		conform_rc(c, rc, PST_OK, "of two instances number %zu is made", i + 1);
		two[i] = run.instance;
	}
	run.instance = NULL;
	conform_rc(c, run_spawn(&run), PST_E_LIMIT, "a third is one too many (%s)", run.err.text);
	run.ops->free(&two[0]);
	conform_rc(c, run_spawn(&run), PST_OK, "where one has gone there is place for another");
	run.ops->free(&two[1]);
	run_close(&run);
}

static void
starts(struct conform *c)
{
	static const struct {
		const char *guest;
		int rc;
	} bad[] = {
		{ "start_traps", PST_E_REFUSED },
		{ "start_spins", PST_E_LIMIT },
		{ "start_exits", PST_E_REFUSED },
		{ "start_grows", PST_E_LIMIT },
		{ "data_outside", PST_E_REFUSED },
		{ "table_outside", PST_E_REFUSED },
	};
	struct run run = { 0 };

	if (!run_open(&run, c, "starts"))
		return;
	conform_ok(c, run.calls == 1 && run.right && run_call(&run, "mark", ":i") == PST_WASM_DONE &&
	    run.slots[0] == 23, "a start section has run, with its imports, before the instance is there");
	run_close(&run);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		run = (struct run){ .limits = { .memory = ROOM, .deadline_ms = SOON_MS } };
		if (run_compile(&run, c, bad[i].guest))
			return;
		conform_rc(c, run_spawn(&run), bad[i].rc, "%s: no instance (%s)", bad[i].guest,
		    run.err.text);
		conform_ok(c, !run.instance && run.err.text[0], "%s: and a sentence", bad[i].guest);
		run_close(&run);
	}
}

static void
start_waits(struct conform *c)
{
	struct run run = { .pending = 1 };

	if (!(((const struct pst_runtime_ops *)c->ops)->can & PST_RUNTIME_SUSPENDS)) {
		conform_skip(c, "it says that its imports wait on their thread",
		    "no start section is pending");
		return;
	}
	if (run_compile(&run, c, "start_waits"))
		return;
	conform_rc(c, run_spawn(&run), PST_E_REFUSED, "no start section is pending (%s)", run.err.text);
	run_close(&run);
}

void
runtime_limits(struct conform *c)
{
	memory(c);
	tables(c);
	out_of_memory(c);
	huge(c, "huge_memory");
	huge(c, "huge_table");
	late(c, "spin");
	late(c, "spin_and_fill");
	late(c, "pass_time_and_spin");
	late(c, "pass_time");
	stopped(c);
	again(c);
	endless(c);
	no_deadline(c);
	instances(c);
	starts(c);
	start_waits(c);
}
