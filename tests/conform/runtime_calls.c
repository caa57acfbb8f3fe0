/* Runtimes: values, imports, traps, calls that are pending, and memory. */
#include <stdio.h>
#include <string.h>

#include "runtime.h"

static void
values(struct conform *c)
{
	struct run run = { 0 };
	const uint64_t odd = 0x7ff4000000000001; /* not a number, and not the usual one */

	if (!run_open(&run, c, "plain"))
		return;
	conform_ok(c, run_call1(&run, "i32", "i:i", 0xfffffffe) == PST_WASM_DONE &&
	    run.slots[0] == 0xffffffff, "an i32 is unsigned, in the low half");
	conform_ok(c, run_call1(&run, "i32", "i:i", 0xffffffff) == PST_WASM_DONE && run.slots[0] == 0,
	    "and wraps there");
	conform_ok(c, run_call(&run, "minus", ":i") == PST_WASM_DONE && run.slots[0] == 0xffffffff,
	    "-1 too");
	conform_ok(c, run_call1(&run, "i64", "I:I", 0xfffffffffffffffe) == PST_WASM_DONE &&
	    run.slots[0] == UINT64_MAX, "an i64 is the whole slot");
	conform_ok(c, run_call1(&run, "f32", "f:f", 0x7fa00001) == PST_WASM_DONE &&
	    run.slots[0] == 0x7fa00001, "an f32 is its bits, in the low half");
	conform_ok(c, run_call1(&run, "f64", "F:F", odd) == PST_WASM_DONE && run.slots[0] == odd,
	    "an f64 is its bits");
	run.slots[0] = 1, run.slots[1] = 2, run.slots[2] = 3, run.slots[3] = 4;
	conform_ok(c, run_call(&run, "all", "iIfF:FfIi") == PST_WASM_DONE && run.slots[0] == 4 &&
	    run.slots[1] == 3 && run.slots[2] == 2 && run.slots[3] == 1,
	    "several come and go in order");
	conform_ok(c, run_call(&run, "nothing", ":") == PST_WASM_DONE, "none do");
	run_close(&run);
}

static void
imports(struct conform *c)
{
	struct run run = { 0 };

	if (!run_open(&run, c, "plain"))
		return;
	conform_ok(c, run_call2(&run, "add", "ii:i", 0xffffffff, 5) == PST_WASM_DONE &&
	    run.slots[0] == 4 && run.calls == 1 && run.right,
	    "an import is called with its user, its argument and its instance");
	conform_ok(c, run_call(&run, "mix", ":I") == PST_WASM_DONE &&
	    run.slots[0] == 0x123456789abcdef0 && run.calls == 2 && run.right,
	    "values reach it, and come back, as they are");
	conform_ok(c, run_call2(&run, "again", "ii:i", 40, 2) == PST_WASM_DONE &&
	    run.slots[0] == 42 && run.calls == 3 && run.right, "one that is exported again is called");
	conform_ok(c, run_trapped(&run, run_call(&run, "fail", ":")) && run.calls == 4 &&
	    strstr(run.err.text, "the host is not amused"), "one that fails is a trap, with its sentence: %s",
	    run.err.text);
	run_close(&run);
}

static void
traps(struct conform *c)
{
	static const struct {
		const char *name, *type;
		uint64_t parameter[2];
	} wrong[] = {
		{ "unreachable", ":", { 0 } },
		{ "divide", "i:i", { 0 } },
		{ "load", "i:i", { PAGE - 3 } },
		{ "load", "i:i", { 0xffffffff } },
		{ "store", "ii:", { PAGE - 3, 1 } },
		{ "fill", "ii:", { PAGE - 3, 4 } },
		{ "fill", "ii:", { 1, 0xffffffff } },
		{ "indirect", "i:i", { 0 } },
		{ "indirect", "i:i", { 4 } },
		{ "indirect", "i:i", { 0xffffffff } },
		{ "indirect_otherwise", ":I", { 0 } },
		{ "deep", "I:I", { 0 } },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct run run = { 0 };
		int end;

		if (!run_open(&run, c, "plain"))
			return;
		end = run_call2(&run, wrong[i].name, wrong[i].type, wrong[i].parameter[0],
		    wrong[i].parameter[1]);
		conform_ok(c, run_trapped(&run, end) && run_memory_len(&run) == PAGE,
		    "%s(%llu) traps: %s", wrong[i].name, (unsigned long long)wrong[i].parameter[0],
		    run.err.text);
		run_close(&run);
	}
}

static void
depth(struct conform *c)
{
	struct run run = { 0 };

	if (!run_open(&run, c, "plain"))
		return;
	conform_ok(c, run_call1(&run, "down", "i:i", 1000) == PST_WASM_DONE && run.slots[0] == 1000,
	    "a thousand calls within each other are fine");
	conform_ok(c, run_call1(&run, "indirect", "i:i", 1) == PST_WASM_DONE && run.slots[0] == 1,
	    "so are those by a table");
	run_close(&run);
}

/* Each instance has its own globals and memory, and they begin as the module says. */
static void
apart(struct conform *c)
{
	struct run run = { 0 }, other = { 0 };
	int rc;

	if (!run_open(&run, c, "plain"))
		return;
	other.module = run.module;
	other.c = c;
	other.ops = run.ops;
	rc = run_spawn(&other);
	if (conform_rc(c, rc, PST_OK, "another instance")) {
		run_call(&run, "count", ":i");
		run_call(&run, "count", ":i");
		run_call2(&run, "store", "ii:", 8, 0);
		conform_ok(c, run_call(&other, "count", ":i") == PST_WASM_DONE && other.slots[0] == 1 &&
		    run_call(&run, "count", ":i") == PST_WASM_DONE && run.slots[0] == 3,
		    "each has its own globals, which last from call to call");
		conform_ok(c, run_call1(&other, "load", "i:i", 8) == PST_WASM_DONE &&
		    other.slots[0] == 0x74736f70, "and its own memory, with the module's data");
		run.ops->free(&other.instance);
	}
	run_close(&run);
}

static void
memory(struct conform *c)
{
	struct run run = { 0 };
	size_t len = 0;
	uint8_t *view;

	if (!run_open(&run, c, "plain"))
		return;
	view = run.ops->memory(run.instance, &len);
	conform_ok(c, len == PAGE && !memcmp(view + 8, "postern", 7), "the view is the memory");
	memcpy(view + 8, "\1\2\3\4", 4);
	conform_ok(c, run_call1(&run, "load", "i:i", 8) == PST_WASM_DONE && run.slots[0] == 0x04030201,
	    "the guest reads what the host writes");
	conform_ok(c, run_call2(&run, "read", "ii:i", 8, 4) == PST_WASM_DONE && run.slots[0] == 10 &&
	    run.right, "an import has the same view");
	conform_ok(c, run_call1(&run, "load", "i:i", 8) == PST_WASM_DONE && run.slots[0] == 0x09090909,
	    "and writes by it");
	conform_ok(c, run_call1(&run, "grow", "i:i", 2) == PST_WASM_DONE && run.slots[0] == 1 &&
	    run_memory_len(&run) == 3 * PAGE, "what has grown is seen");
	view = run.ops->memory(run.instance, &len);
	conform_ok(c, view[8] == 9 && view[len - 1] == 0, "with what was there, and zeros behind");
	run_close(&run);
}

/* ---- calls that are pending ---- */

static void
pending(struct conform *c)
{
	struct run run = { .pending = 2 };
	uint8_t *view;
	int end;

	if (!run_open(&run, c, "waits"))
		return;
	end = run_call1(&run, "wait", "i:i", 10);
	conform_ok(c, end == PST_WASM_PENDING && run.calls == 1, "a call whose import waits is pending");
	view = run.view;
	conform_ok(c, view && view[16] == 77 && view == run.ops->memory(run.instance, &(size_t){ 0 }),
	    "nothing moves meanwhile");
	view[0] = 1;
	end = (int)run.ops->resume(run.instance, run.slots, &run.err);
	conform_ok(c, end == PST_WASM_PENDING && run.calls == 2 && run.right,
	    "resumed, the import is called again, and may wait on");
	end = (int)run.ops->resume(run.instance, run.slots, &run.err);
	conform_ok(c, end == PST_WASM_DONE && run.slots[0] == 42 && run.calls == 4 && run.right,
	    "then the guest goes on");
	conform_ok(c, run_call1(&run, "wait", "i:i", 1) == PST_WASM_DONE && run.slots[0] == 6,
	    "a call that need not wait does not");
	run.pending = 1;
	end = run_call1(&run, "wait", "i:i", 10);
	conform_ok(c, end == PST_WASM_PENDING, "one that is pending is let go");
	run_close(&run);

	run = (struct run){ .pending = 1, .limits = { .memory = ROOM, .deadline_ms = SOON_MS } };
	if (!run_open(&run, c, "waits"))
		return;
	end = run_call1(&run, "wait", "i:i", 10);
	for (uint64_t begin = now_ms(); now_ms() - begin <= SOON_MS;)
		continue;
	if (end == PST_WASM_PENDING) /* else this machine was slower yet */
		end = (int)run.ops->resume(run.instance, run.slots, &run.err);
	conform_ok(c, end == PST_WASM_DEADLINE, "the time goes on while it is pending");
	run_close(&run);
}

void
runtime_calls(struct conform *c)
{
	const struct pst_runtime_ops *ops = c->ops;

	values(c);
	imports(c);
	traps(c);
	depth(c);
	apart(c);
	memory(c);
	if (ops->can & PST_RUNTIME_SUSPENDS)
		pending(c);
	else
		conform_skip(c, "it says that its imports wait on their thread", "a call is pending");
}
