/* Runtimes: several threads compile, make, call and free at once. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "runtime.h"

#define THREADS 4
#define ROUNDS 50

struct work {
	struct conform *c;
	struct pst_wasm_module *module; /* that all have */
	unsigned wrong;
};

/* One that counts for itself, and one that is stopped. */
static bool
round_run(struct work *work, struct pst_wasm_module *module, uint64_t n)
{
	struct run run = { .c = work->c, .ops = work->c->ops, .module = module, .right = true };
	bool right;

	if (run_spawn(&run))
		return false;
	right = run_call2(&run, "add", "ii:i", n, 1) == PST_WASM_DONE && run.slots[0] == n + 1 &&
	    run.calls == 1 && run.right;
	right &= run_call1(&run, "sum", "i:i", 1000) == PST_WASM_DONE && run.slots[0] == 500500;
	right &= run_call(&run, "count", ":i") == PST_WASM_DONE && run.slots[0] == 1;
	right &= run_call(&run, "unreachable", ":") == PST_WASM_TRAP;
	run.ops->free(&run.instance);
	return right;
}

static void
work_run(void *arg)
{
	struct work *work = arg;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct run run = { 0 };

		if (run_compile(&run, work->c, "plain")) {
			work->wrong++;
			continue;
		}
		work->wrong += !round_run(work, run.module, i) + !round_run(work, work->module, i);
		run.ops->release(&run.module);
	}
}

void
runtime_threads(struct conform *c)
{
	struct work works[THREADS];
	uv_thread_t threads[THREADS];
	struct run run = { 0 };
	unsigned wrong = 0;

	if (run_compile(&run, c, "plain"))
		return;
	for (size_t i = 0; i < THREADS; i++) {
		works[i] = (struct work){ c, run.module, 0 };
		uv_thread_create(&threads[i], work_run, &works[i]);
	}
	for (size_t i = 0; i < THREADS; i++) {
		uv_thread_join(&threads[i]);
		wrong += works[i].wrong;
	}
	conform_ok(c, wrong == 0, "%d threads at once compile, make, call and free: %u wrong of %d",
	    THREADS, wrong, THREADS * ROUNDS * 2);
	run_close(&run);
}
