/*
 * Modules by runtime/wabt: what is taken runs within its limits, and what is refused has a sentence.
 * Covers: modules/runtime/wabt/module.cc modules/runtime/wabt/instance.cc modules/runtime/wabt/call.cc
 * Needs: modules/runtime/wabt/wasi.c
 */
#include <stdlib.h>

#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MEMORY (1 << 20)

/* What the seeds export, and as what. */
static const char *const names[] = { "_start", "run", "grow", "grow_table", "spin", "deep", "fill",
	"load", "store", "indirect", "indirect_otherwise", "all", "mix", "add", "again", "i32", "i64",
	"f32", "f64", "drop_references", "spin_and_fill", "grow_and_trap", "divide", "down", "f", "fail",
	"wait" };
static const char *const types[] = { ":", ":i", "i:i", "i:", "ii:i", "ii:", "I:I", ":I", "f:f", "F:F",
	"iIfF:FfIi" };

static void
check(bool right)
{
	if (!right)
		abort();
}

static enum pst_wasm_end
host(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg, struct pst_err *err)
{
	size_t len;
	uint8_t *memory = engine_memory(instance, &len);

	check(len <= MEMORY && (len == 0 || memory));
	slots[0] += 1;
	return PST_WASM_DONE;
}

/* What has no sentence of its own, and what this engine cannot do, are traps. */
static enum pst_wasm_end
host_fail(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	return PST_WASM_TRAP;
}

static enum pst_wasm_end
host_wait(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	return PST_WASM_PENDING;
}

static const struct pst_wasm_import offered[] = {
	{ "env", "add", "ii:i", host, NULL, false },
	{ "env", "mix", "iIfF:I", host, NULL, false },
	{ "env", "fail", ":", host_fail, NULL, false },
	{ "env", "f", "i:", host, NULL, false },
	{ "env", "pass_time", ":", host, NULL, false },
	{ "env", "read", "ii:i", host, NULL, false },
	{ "env", "wait", "i:i", host_wait, NULL, true },
	{ .module = NULL },
};

static void
look(struct pst_wasm_instance *instance)
{
	struct pst_wasm_stats stats;
	size_t len;
	uint8_t *memory = engine_memory(instance, &len);

	engine_stats(instance, &stats);
	check(stats.memory <= MEMORY && len <= stats.memory);
	if (len > 0)
		memory[len - 1] ^= 1;
}

/* All that it exports, one after the other, until a trap. */
static void
calls(struct pst_wasm_module *module, struct pst_wasm_instance *instance)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
			uint64_t slots[4] = { 3, 70000, i, t };
			struct pst_err err = PST_ERR_INIT;
			int function = engine_find(module, names[i], types[t]);
			enum pst_wasm_end end;

			if (function < 0)
				continue;
			end = engine_call(instance, function, slots, &err);
			check(end != PST_WASM_PENDING);
			check(end == PST_WASM_DONE || end == PST_WASM_EXIT || err.text[0]);
			look(instance);
			if (end == PST_WASM_DEADLINE)
				return;
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct pst_wasm_limits limits = { .memory = MEMORY, .deadline_ms = 100 };
	struct engine engine = { 2, 0 };
	const struct pst_wasm_code code = { .bytes = data, .len = len, .imports = offered, .instances = 1 };
	struct pst_wasm_module *module = NULL;
	struct pst_wasm_instance *instance = NULL, *second = NULL;
	struct pst_err err = PST_ERR_INIT;
	int rc = engine_compile(&engine, &module, &code, &err);

	if (rc) {
		check(!module && err.text[0]);
		check(rc == PST_E_PROTOCOL || rc == PST_E_NOTHING || rc == PST_E_LIMIT);
		return 0;
	}
	rc = engine_spawn(module, &limits, NULL, NULL, &instance, &err);
	if (rc) {
		check(!instance && err.text[0] && (rc == PST_E_LIMIT || rc == PST_E_REFUSED));
	} else {
		rc = engine_spawn(module, &limits, NULL, NULL, &second, &err);
		check(rc == PST_E_LIMIT && !second && engine.now == 1);
		calls(module, instance);
		engine_free(&instance);
	}
	check(engine.now == 0);
	engine_release(&module);
	return 0;
}
