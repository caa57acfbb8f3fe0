/* runtime/wasmtime, with small guests. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

#include <cmocka.h>

#include <postern/runtime.h>

#include "fake_section.h"

extern const struct pst_module runtime_wasmtime_LTX_pst_module;

static const struct pst_runtime_ops *ops;
static struct fake_node node;
static struct fake_section section;
static struct pst_err err;

/* The section's values, in the order of its options. */
static struct {
	uint64_t memory, deadline;
	int64_t instances;
} conf;

static int
setup(void **state)
{
	memset(&section, 0, sizeof section);
	memset(&err, 0, sizeof err);
	conf.memory = 4 << 20;
	conf.deadline = 30000;
	conf.instances = 8;
	ops = runtime_wasmtime_LTX_pst_module.ops;
	fake_node_init(&node);
	assert_int_equal(fake_open(&section, &node, runtime_wasmtime_LTX_pst_module.sections, ops,
	                     "default", &conf), PST_OK);
	return 0;
}

static int
teardown(void **state)
{
	fake_close(&section);
	fake_node_fini(&node);
	return 0;
}

/*
 * cmocka takes the signals that wasmtime's traps are, before each test; they are
 * given back to it, as it had them before the first.
 */
static const int signals[] = { SIGBUS, SIGFPE, SIGILL, SIGSEGV };
static struct sigaction handlers[sizeof signals / sizeof *signals];

static void
signals_note(void)
{
	wasm_engine_delete(wasm_engine_new_with_config(wasm_config_new()));
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], NULL, &handlers[i]);
}

static void
signals_give_back(void)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &handlers[i], NULL);
}

/* ---- guests ---- */

static int
try_compile(struct pst_wasm_module **out, const char *wat, struct pst_wasm_code code)
{
	wasm_byte_vec_t wasm;
	int rc;

	signals_give_back();
	assert_null(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
	code.bytes = (const uint8_t *)wasm.data;
	code.len = wasm.size;
	memset(&err, 0, sizeof err);
	rc = ops->compile(section.self, out, &code, &err);
	wasm_byte_vec_delete(&wasm);
	return rc;
}

static struct pst_wasm_module *
compile_code(const char *wat, struct pst_wasm_code code)
{
	struct pst_wasm_module *module;
	int rc = try_compile(&module, wat, code);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	return module;
}

static struct pst_wasm_module *
compile(const char *wat, const struct pst_wasm_import *imports)
{
	return compile_code(wat, (struct pst_wasm_code){ .imports = imports });
}

static int
try_spawn(struct pst_wasm_instance **out, struct pst_wasm_module *module, uint64_t memory,
    uint64_t deadline_ms)
{
	struct pst_wasm_limits limits = { .memory = memory, .deadline_ms = deadline_ms };

	memset(&err, 0, sizeof err);
	return ops->spawn(module, &limits, NULL, NULL, out, &err);
}

static struct pst_wasm_instance *
spawn(struct pst_wasm_module *module)
{
	struct pst_wasm_instance *instance;
	int rc = try_spawn(&instance, module, conf.memory, conf.deadline);

	if (rc)
		fail_msg("%d: %s", rc, err.text);
	return instance;
}

static enum pst_wasm_end
call(struct pst_wasm_module *module, struct pst_wasm_instance *instance, const char *name,
    const char *type, uint64_t *slots)
{
	int function = ops->find(module, name, type);

	assert_in_range(function, 0, 1000);
	memset(&err, 0, sizeof err);
	return ops->call(instance, function, slots, &err);
}

static bool
refused(struct pst_wasm_instance *instance)
{
	struct pst_wasm_stats stats;

	ops->stats(instance, &stats);
	return stats.refused;
}

/* ---- calls ---- */

static const char values[] = "(module"
	"(func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"
	"(func (export \"swap\") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))"
	"(func (export \"half\") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))"
	"(func (export \"none\")))";

static void
values_of_every_kind_go_in_and_out(void **state)
{
	struct pst_wasm_module *module = compile(values, NULL);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[2] = { 0xffffffff, 3 };
	double number = 1.5;
	float half = 0.75f;

	assert_int_equal(call(module, instance, "add", "ii:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 2);
	slots[0] = UINT64_MAX, slots[1] = 0;
	assert_int_equal(call(module, instance, "add", "ii:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 0xffffffff); /* unsigned, in the low half */
	slots[0] = 1ULL << 63;
	memcpy(&slots[1], &number, 8);
	assert_int_equal(call(module, instance, "swap", "IF:FI", slots), PST_WASM_DONE);
	assert_memory_equal(&slots[0], &number, 8);
	assert_true(slots[1] == 1ULL << 63);
	slots[0] = UINT64_MAX;
	memcpy(&slots[0], &(float){ 1.5f }, 4);
	assert_int_equal(call(module, instance, "half", "f:f", slots), PST_WASM_DONE);
	assert_memory_equal(&slots[0], &half, 4);
	assert_int_equal(slots[0] >> 32, 0);
	assert_int_equal(call(module, instance, "none", ":", slots), PST_WASM_DONE);
	ops->free(&instance);
	assert_null(instance);
	ops->release(&module);
	assert_null(module);
}

static void
functions_are_found_by_name_and_type(void **state)
{
	struct pst_wasm_module *module = compile(values, NULL);
	int add = ops->find(module, "add", "ii:i");

	assert_in_range(add, 0, 1000);
	assert_int_equal(ops->find(module, "none", ":") == add, 0);
	assert_int_equal(ops->find(module, "add", "ii:i"), add);
	assert_int_equal(ops->find(module, "add", "ii:I"), -EINVAL);
	assert_int_equal(ops->find(module, "add", "i:i"), -EINVAL);
	assert_int_equal(ops->find(module, "sub", "ii:i"), PST_E_NOTHING);
	assert_int_equal(ops->find(module, "", "ii:i"), PST_E_NOTHING);
	ops->release(&module);
}

static void
types_without_a_letter_are_other_types(void **state)
{
	static const char *const types[] = { "v128", "funcref" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct pst_wasm_module *module;
		char wat[128];

		snprintf(wat, sizeof wat, "(module (func (export \"f\") (param %s)))", types[i]);
		module = compile(wat, NULL);
		assert_int_equal(ops->find(module, "f", "i:"), -EINVAL);
		assert_int_equal(ops->find(module, "f", "I:"), -EINVAL);
		assert_int_equal(ops->find(module, "f", "v:"), -EINVAL);
		ops->release(&module);
	}
}

static void
an_instance_knows_nothing_of_another(void **state)
{
	static const char wat[] = "(module (memory (export \"memory\") 1) (data (i32.const 8) \"data\")"
		"(global $n (mut i32) (i32.const 0))"
		"(func (export \"next\") (result i32)"
		"  (global.set $n (i32.add (global.get $n) (i32.const 1)))"
		"  (i32.store8 (i32.const 60000) (i32.add (i32.load8_u (i32.const 60000)) (i32.const 1)))"
		"  (i32.store (i32.const 8) (i32.const 0))"
		"  (drop (memory.grow (i32.const 3)))"
		"  (i32.store8 (i32.const 200000) (i32.const 1))"
		"  (i32.add (global.get $n) (i32.load8_u (i32.const 60000)))))";
	struct pst_wasm_module *module = compile(wat, NULL);

	for (int i = 0; i < 10; i++) {
		struct pst_wasm_instance *instance = spawn(module);
		uint64_t slots[1];
		size_t len;
		uint8_t *memory = ops->memory(instance, &len);

		assert_int_equal(len, 65536);
		assert_memory_equal(memory + 8, "data", 4);
		assert_int_equal(memory[60000], 0);
		assert_int_equal(call(module, instance, "next", ":i", slots), PST_WASM_DONE);
		assert_int_equal(slots[0], 2);
		memory = ops->memory(instance, &len);
		assert_int_equal(len, 4 * 65536);
		assert_int_equal(memory[200000], 1);
		memory[300] = 7;
		ops->free(&instance);
	}
	ops->release(&module);
}

static void
without_an_exported_memory_there_is_none(void **state)
{
	struct pst_wasm_module *module = compile("(module (memory 1))", NULL);
	struct pst_wasm_instance *instance = spawn(module);
	size_t len = 1;

	assert_null(ops->memory(instance, &len));
	assert_int_equal(len, 0);
	ops->free(&instance);
	ops->release(&module);
}

/* ---- ends ---- */

static const char ends[] = "(module (memory (export \"memory\") 1) (table 1 funcref)"
	"(func (export \"unreachable\") unreachable)"
	"(func (export \"outside\") (drop (i32.load (i32.const 65533))))"
	"(func (export \"divide\") (drop (i32.div_u (i32.const 1) (i32.const 0))))"
	"(func (export \"null\") (call_indirect (i32.const 0)))"
	"(func $deep (export \"deep\") (call $deep))"
	"(func (export \"endless\") (loop $l (br $l)))"
	"(func (export \"fine\")))";

static void
check_trap(struct pst_wasm_module *module, const char *name, const char *said)
{
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[1];

	assert_int_equal(call(module, instance, name, ":", slots), PST_WASM_TRAP);
	if (!strstr(err.text, said) || strchr(err.text, '\n'))
		fail_msg("%s: %s", name, err.text);
	assert_false(refused(instance));
	ops->free(&instance);
}

static void
traps_say_what_they_are(void **state)
{
	struct pst_wasm_module *module = compile(ends, NULL);

	check_trap(module, "unreachable", "unreachable");
	check_trap(module, "outside", "out of bounds");
	check_trap(module, "divide", "divide by zero");
	check_trap(module, "null", "uninitialized element");
	check_trap(module, "deep", "stack");
	ops->release(&module);
}

static void
an_endless_loop_ends_at_the_deadline(void **state)
{
	struct pst_wasm_module *module = compile(ends, NULL);
	struct pst_wasm_instance *instance;
	uint64_t slots[1], begun = uv_hrtime();

	assert_int_equal(try_spawn(&instance, module, conf.memory, 50), PST_OK);
	assert_int_equal(call(module, instance, "endless", ":", slots), PST_WASM_DEADLINE);
	assert_true(err.text[0]);
	assert_true(uv_hrtime() - begun >= 50 * 1000000);
	/* it is over for what comes after, too */
	assert_int_equal(call(module, instance, "fine", ":", slots), PST_WASM_DEADLINE);
	ops->free(&instance);
	/* and nobody else's */
	instance = spawn(module);
	assert_int_equal(call(module, instance, "fine", ":", slots), PST_WASM_DONE);
	ops->free(&instance);
	assert_int_equal(try_spawn(&instance, module, conf.memory, 0), PST_OK);
	assert_int_equal(call(module, instance, "fine", ":", slots), PST_WASM_DONE);
	ops->free(&instance);
	ops->release(&module);
}

static void
the_start_section_has_the_same_limits(void **state)
{
	static const struct {
		const char *wat;
		int rc;
	} starts[] = {
		{ "(module (func $f (loop $l (br $l))) (start $f))", PST_E_LIMIT },
		{ "(module (func $f unreachable) (start $f))", PST_E_REFUSED },
		{ "(module (memory 1) (func $f (if (i32.eq (memory.grow (i32.const 9999)) (i32.const -1))"
		  " (then unreachable))) (start $f))", PST_E_LIMIT },
		{ "(module (memory 65))", PST_E_LIMIT },
		{ "(module (table 1000000 funcref))", PST_E_LIMIT },
		{ "(module (memory 64))", PST_OK },
	};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		struct pst_wasm_module *module = compile(starts[i].wat, NULL);
		struct pst_wasm_instance *instance;

		assert_int_equal(try_spawn(&instance, module, conf.memory, 50), starts[i].rc);
		assert_true(!instance == !!starts[i].rc);
		assert_true(!err.text[0] == !starts[i].rc);
		ops->free(&instance);
		ops->release(&module);
	}
}

static void
code_without_checks_runs(void **state)
{
	struct pst_wasm_module *module =
	    compile_code(values, (struct pst_wasm_code){ .endless = true });
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[2] = { 20, 22 };

	assert_int_equal(call(module, instance, "add", "ii:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 42);
	ops->free(&instance);
	ops->release(&module);
}

/* ---- memory ---- */

static const char bombs[] = "(module (memory (export \"memory\") 1) (table $t 10 funcref)"
	"(func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"
	"(func (export \"fill\") (loop $l"
	"  (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $l)))"
	"(func (export \"longer\") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))"
	"(func (export \"trap\") unreachable))";

static void
a_memory_grows_up_to_its_limit(void **state)
{
	struct pst_wasm_module *module = compile(bombs, NULL);
	struct pst_wasm_instance *instance = spawn(module);
	struct pst_wasm_stats stats;
	uint64_t slots[1] = { 16383 };

	assert_int_equal(call(module, instance, "grow", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 0xffffffff);
	assert_true(refused(instance));
	slots[0] = 48;
	assert_int_equal(call(module, instance, "grow", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 1);
	ops->stats(instance, &stats);
	assert_in_range(stats.memory, 49 * 65536, conf.memory);
	/* a trap after a refusal is for want of memory */
	assert_int_equal(call(module, instance, "trap", ":", slots), PST_WASM_MEMORY);
	ops->free(&instance);
	ops->release(&module);
}

static void
memory_bombs_are_told_from_other_traps(void **state)
{
	struct pst_wasm_module *module = compile(bombs, NULL);

	for (int i = 0; i < 3; i++) {
		struct pst_wasm_instance *instance = spawn(module);
		struct pst_wasm_stats stats;
		uint64_t slots[1];

		assert_int_equal(call(module, instance, "fill", ":", slots), PST_WASM_MEMORY);
		assert_true(err.text[0]);
		ops->stats(instance, &stats);
		assert_true(stats.refused);
		assert_in_range(stats.memory, conf.memory - 2 * 65536, conf.memory);
		ops->free(&instance);
	}
	check_trap(module, "trap", "unreachable");
	ops->release(&module);
}

static void
a_table_grows_within_the_limit(void **state)
{
	struct pst_wasm_module *module = compile(bombs, NULL);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[1] = { 100 };

	assert_int_equal(call(module, instance, "longer", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 10);
	slots[0] = conf.memory / 8;
	assert_int_equal(call(module, instance, "longer", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 0xffffffff);
	ops->free(&instance);
	ops->release(&module);
}

static void
there_are_as_many_instances_as_may_be(void **state)
{
	struct pst_wasm_module *module = compile_code(values, (struct pst_wasm_code){ .instances = 2 });
	struct pst_wasm_module *others = compile(values, NULL);
	struct pst_wasm_instance *instances[9];
	size_t count = 0;

	for (; count < 2; count++)
		instances[count] = spawn(module);
	assert_int_equal(try_spawn(&instances[count], module, conf.memory, 0), PST_E_LIMIT);
	for (; count < 8; count++)
		instances[count] = spawn(others);
	assert_int_equal(try_spawn(&instances[count], others, conf.memory, 0), PST_E_LIMIT);
	ops->free(&instances[0]);
	instances[0] = spawn(module);
	for (size_t i = 0; i < count; i++)
		ops->free(&instances[i]);
	ops->release(&module);
	ops->release(&others);
}

/* ---- imports ---- */

static unsigned asked, answers_after;

static enum pst_wasm_end
add(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg, struct pst_err *e)
{
	slots[0] = slots[0] + slots[1] + *(int *)arg;
	return PST_WASM_DONE;
}

/* PENDING so many times, then its parameter twice over. */
static enum pst_wasm_end
waits(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg, struct pst_err *e)
{
	if (asked++ < answers_after)
		return PST_WASM_PENDING;
	slots[0] *= 2;
	return PST_WASM_DONE;
}

static enum pst_wasm_end
ends_it(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *e)
{
	if (slots[0] == PST_WASM_TRAP)
		pst_fail(e, -EINVAL, "the host has enough");
	return (enum pst_wasm_end)slots[0];
}

static int ten = 10;
static const struct pst_wasm_import imports[] = {
	{ .module = "env", .name = "add", .type = "ii:i", .fn = add, .arg = &ten },
	{ .module = "env", .name = "waits", .type = "I:I", .fn = waits, .waits = true },
	{ .module = "env", .name = "ends", .type = "i:", .fn = ends_it },
	{ .module = NULL },
};

static const char calls_out[] = "(module"
	"(import \"env\" \"add\" (func $add (param i32 i32) (result i32)))"
	"(import \"env\" \"add\" (func $same (param i32 i32) (result i32)))"
	"(import \"env\" \"ends\" (func $ends (param i32)))"
	"(func (export \"add\") (param i32) (result i32)"
	"  (call $same (call $add (local.get 0) (i32.const 1)) (i32.const 2)))"
	"(func (export \"ends\") (param i32) (call $ends (local.get 0))))";

static const char waits_out[] = "(module"
	"(import \"env\" \"waits\" (func $waits (param i64) (result i64)))"
	"(import \"env\" \"add\" (func $add (param i32 i32) (result i32)))"
	"(memory (export \"memory\") 1)"
	"(func (export \"waits\") (param i64) (result i64)"
	"  (i64.add (call $waits (local.get 0)) (call $waits (i64.const 100))))"
	"(func (export \"add\") (param i32) (result i32) (call $add (local.get 0) (i32.const 1)))"
	"(func $deep (export \"deep\") (call $deep))"
	"(func (export \"trap\") (drop (call $waits (i64.const 1))) unreachable))";

static void
guests_call_their_host(void **state)
{
	struct pst_wasm_module *module = compile(calls_out, imports);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[1] = { 0xffffffff };

	assert_int_equal(call(module, instance, "add", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 22); /* -1 + 1 + 10 + 2 + 10 */
	slots[0] = PST_WASM_TRAP;
	assert_int_equal(call(module, instance, "ends", "i:", slots), PST_WASM_TRAP);
	assert_string_equal(err.text, "the host has enough");
	slots[0] = PST_WASM_EXIT;
	assert_int_equal(call(module, instance, "ends", "i:", slots), PST_WASM_EXIT);
	assert_int_equal(slots[0], PST_WASM_EXIT);
	slots[0] = PST_WASM_DONE;
	assert_int_equal(call(module, instance, "ends", "i:", slots), PST_WASM_DONE);
	slots[0] = PST_WASM_PENDING; /* it did not say that it waits */
	assert_int_equal(call(module, instance, "ends", "i:", slots), PST_WASM_TRAP);
	assert_string_equal(err.text, "env.ends cannot wait here");
	ops->free(&instance);
	ops->release(&module);
}

static void
what_is_not_offered_is_named(void **state)
{
	static const struct {
		const char *wat, *said;
	} bad[] = {
		{ "(module (import \"env\" \"sub\" (func)))", "env.sub" },
		{ "(module (import \"enw\" \"add\" (func (param i32 i32) (result i32))))", "enw.add" },
		{ "(module (import \"env\" \"add\" (func (param i32) (result i32))))", "env.add" },
		{ "(module (import \"env\" \"add\" (func (param v128 i32) (result i32))))", "env.add" },
		{ "(module (import \"env\" \"add\" (func (param i32 i32) (result funcref))))", "env.add" },
		{ "(module (import \"env\" \"add\" (memory 1)))", "env.add" },
		{ "(module (import \"env\" \"add\" (table 1 funcref)))", "env.add" },
		{ "(module (import \"env\" \"add\" (global v128)))", "env.add" },
		{ "(module (import \"wasi_snapshot_preview1\" \"fly\" (func)))", "fly" },
	};
	struct pst_wasm_module *module;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(try_compile(&module, bad[i].wat,
		                     (struct pst_wasm_code){ .imports = imports }), PST_E_NOTHING);
		assert_null(module);
		if (!strstr(err.text, bad[i].said))
			fail_msg("%s: %s", bad[i].said, err.text);
	}
}

static void
what_is_no_module_is_refused(void **state)
{
	static const char *const proposals[] = { "(module (memory i64 1))",
		"(module (memory 1 1 shared))", "(module (memory 1) (memory 1))",
		"(module (type (struct (field i32))))" };
	uint8_t bytes[64] = "\0asm\1\0\0\0";
	struct pst_wasm_module *module;

	for (size_t len = 0; len < sizeof bytes; len++) {
		struct pst_wasm_code code = { .bytes = bytes, .len = len };

		if (len == 8)
			continue; /* this is one */
		memset(&err, 0, sizeof err);
		assert_int_equal(ops->compile(section.self, &module, &code, &err), PST_E_PROTOCOL);
		assert_null(module);
		assert_true(err.text[0]);
		if (len >= 8)
			bytes[len] = 0xff;
	}
	for (size_t i = 0; i < sizeof proposals / sizeof *proposals; i++)
		assert_int_equal(try_compile(&module, proposals[i], (struct pst_wasm_code){ 0 }),
		    PST_E_PROTOCOL);
}

/* Writes to where it is told, in the guest's memory. */
static enum pst_wasm_end
writes(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *e)
{
	size_t len;
	uint8_t *memory = ops->memory(instance, &len);

	if (!memory || slots[0] >= len)
		return PST_WASM_TRAP;
	memory[slots[0]] = (uint8_t)slots[0];
	return PST_WASM_DONE;
}

static void
a_start_section_shows_its_memory_to_the_host(void **state)
{
	static const char wat[] = "(module (import \"env\" \"writes\" (func $writes (param i32)))"
		"(memory (export \"memory\") 1) (func $f (call $writes (i32.const 77))) (start $f))";
	struct pst_wasm_import offered[] = {
		{ .module = "env", .name = "writes", .type = "i:", .fn = writes },
		{ .module = NULL },
	};

	for (int round = 0; round < 2; round++) {
		struct pst_wasm_module *module;
		struct pst_wasm_instance *instance;
		size_t len;

		offered[0].waits = round;
		module = compile(wat, offered);
		instance = spawn(module);
		assert_int_equal(ops->memory(instance, &len)[77], 77);
		ops->free(&instance);
		ops->release(&module);
	}
}

/* ---- waiting ---- */

static void
a_call_waits_and_is_resumed(void **state)
{
	struct pst_wasm_module *module = compile(waits_out, imports);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[1] = { 5 };

	for (answers_after = 0; answers_after < 4; answers_after++) {
		enum pst_wasm_end end;
		unsigned pending = 0;

		asked = 0;
		slots[0] = 1ULL << 40;
		end = call(module, instance, "waits", "I:I", slots);
		for (; end == PST_WASM_PENDING; pending++)
			end = ops->resume(instance, slots, &err);
		assert_int_equal(end, PST_WASM_DONE);
		assert_int_equal(pending, answers_after);
		assert_true(slots[0] == (2ULL << 40) + 200);
	}
	slots[0] = 5;
	assert_int_equal(call(module, instance, "add", "i:i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 16);
	ops->free(&instance);
	ops->release(&module);
}

static void
pending_calls_stay_apart_and_may_be_dropped(void **state)
{
	struct pst_wasm_module *module = compile(waits_out, imports);
	struct pst_wasm_instance *instances[8];
	uint64_t slots[8];

	answers_after = 8;
	asked = 0;
	for (uint64_t i = 0; i < 8; i++) {
		instances[i] = spawn(module);
		slots[i] = i;
		assert_int_equal(call(module, instances[i], "waits", "I:I", &slots[i]), PST_WASM_PENDING);
	}
	for (uint64_t i = 8; i-- > 4;) {
		assert_int_equal(ops->resume(instances[i], &slots[i], &err), PST_WASM_DONE);
		assert_int_equal(slots[i], 2 * i + 200);
	}
	for (int i = 0; i < 8; i++)
		ops->free(&instances[i]);
	ops->release(&module);
}

static void
traps_and_deadlines_hold_on_fibres(void **state)
{
	struct pst_wasm_module *module = compile(waits_out, imports);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[1] = { 0 };

	answers_after = 1;
	asked = 0;
	assert_int_equal(call(module, instance, "trap", ":", slots), PST_WASM_PENDING);
	assert_int_equal(ops->resume(instance, slots, &err), PST_WASM_TRAP);
	ops->free(&instance);
	check_trap(module, "deep", "stack");

	assert_int_equal(try_spawn(&instance, module, conf.memory, 20), PST_OK);
	asked = 0;
	answers_after = UINT32_MAX;
	do { /* the time of the host counts too */
		enum pst_wasm_end end = asked ? ops->resume(instance, slots, &err) :
		                                call(module, instance, "waits", "I:I", slots);

		if (end == PST_WASM_DEADLINE)
			break;
		assert_int_equal(end, PST_WASM_PENDING);
	} while (true);
	ops->free(&instance);
	ops->release(&module);
}

static void
the_start_section_may_not_wait(void **state)
{
	struct pst_wasm_module *module = compile("(module"
		"(import \"env\" \"waits\" (func $waits (param i64) (result i64)))"
		"(func $f (drop (call $waits (i64.const 1)))) (start $f))", imports);
	struct pst_wasm_instance *instance;

	asked = 0;
	answers_after = 1;
	assert_int_equal(try_spawn(&instance, module, conf.memory, 0), PST_E_REFUSED);
	assert_string_equal(err.text, "env.waits cannot wait here");
	asked = 1; /* but when the answer is there, it need not */
	instance = spawn(module);
	ops->free(&instance);
	ops->release(&module);
}

/* ---- WASI ---- */

#define WASI_IMPORT(name, type) "(import \"wasi_snapshot_preview1\" \"" name "\" (func $" name " " type "))"

static char out_text[64];

static bool
out(void *user, int fd, const uint8_t *bytes, size_t len)
{
	size_t at = strlen(out_text);

	if (at + len + 2 > sizeof out_text)
		return false;
	out_text[at++] = (char)('0' + fd);
	memcpy(out_text + at, bytes, len);
	out_text[at + len] = '\0';
	return true;
}

/* Copies its input to its output, and its first argument and variable to error; exits with 7. */
static const char command[] = "(module"
	WASI_IMPORT("fd_read", "(param i32 i32 i32 i32) (result i32)")
	WASI_IMPORT("fd_write", "(param i32 i32 i32 i32) (result i32)")
	WASI_IMPORT("args_get", "(param i32 i32) (result i32)")
	WASI_IMPORT("args_sizes_get", "(param i32 i32) (result i32)")
	WASI_IMPORT("environ_get", "(param i32 i32) (result i32)")
	WASI_IMPORT("proc_exit", "(param i32)")
	"(memory (export \"memory\") 1)"
	"(func (export \"_start\") (local i32)"
	"  (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 100))"
	"  (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))"
	"  (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
	"  (drop (call $args_get (i32.const 100) (i32.const 1000)))"
	"  (i32.store (i32.const 4) (i32.const 3))"
	"  (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))"
	"  (drop (call $environ_get (i32.const 100) (i32.const 1000)))"
	"  (i32.store (i32.const 4) (i32.const 4))"
	"  (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))"
	"  (call $proc_exit (i32.const 7))))";

static void
a_command_reads_writes_and_exits(void **state)
{
	struct pst_wasm_module *module = compile(command, NULL);
	const struct pst_wasm_wasi wasi = {
		.args = (const char *const[]){ "one", "two", NULL },
		.env = (const char *const[]){ "A=bc", NULL },
		.in = (const uint8_t *)"input",
		.in_len = 5,
		.out = out,
	};
	struct pst_wasm_limits limits = ops->limits(section.self);
	struct pst_wasm_instance *instance;
	uint64_t slots[1] = { 0 };

	assert_int_equal(limits.memory, conf.memory);
	assert_int_equal(limits.deadline_ms, conf.deadline);
	out_text[0] = '\0';
	assert_int_equal(ops->spawn(module, &limits, &wasi, NULL, &instance, &err), PST_OK);
	assert_int_equal(call(module, instance, "_start", ":", slots), PST_WASM_EXIT);
	assert_int_equal(slots[0], 7);
	assert_string_equal(out_text, "1input2one2A=bc");
	ops->free(&instance);
	/* of an empty world */
	instance = spawn(module);
	assert_int_equal(call(module, instance, "_start", ":", slots), PST_WASM_EXIT);
	ops->free(&instance);
	ops->release(&module);
}

static void
wasi_does_not_sleep_nor_leave_memory(void **state)
{
	static const char wat[] = "(module"
		WASI_IMPORT("poll_oneoff", "(param i32 i32 i32 i32) (result i32)")
		WASI_IMPORT("fd_write", "(param i32 i32 i32 i32) (result i32)")
		WASI_IMPORT("fd_read", "(param i32 i32 i32 i32) (result i32)")
		"(memory (export \"memory\") 1)"
		"(func (export \"poll\") (result i32)"
		"  (i64.store (i32.const 24) (i64.const 1000000000000))"
		"  (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))"
		"(func (export \"write\") (param i32 i32 i32 i32) (result i32)"
		"  (call $fd_write (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"
		"(func (export \"read\") (param i32 i32 i32 i32) (result i32)"
		"  (call $fd_read (local.get 0) (local.get 1) (local.get 2) (local.get 3))))";
	static const uint64_t bad[][5] = {
		{ 1, 65530, 1, 0, 21 },          /* the piece is not in memory */
		{ 1, 0xfffffff8, 1, 0, 21 },
		{ 1, 0, 1, 65533, 21 },          /* nor is where the sum goes */
		{ 1, 0, 0xffffffff, 0, 28 },
		{ 1, 16, 1, 0, 21 },             /* nor what the piece points to */
		{ 7, 0, 1, 0, 8 },
	};
	struct pst_wasm_module *module = compile(wat, NULL);
	struct pst_wasm_instance *instance = spawn(module);
	uint64_t slots[4];
	size_t len;
	uint8_t *memory = ops->memory(instance, &len);

	assert_int_equal(call(module, instance, "poll", ":i", slots), PST_WASM_DONE);
	assert_int_equal(slots[0], 52); /* there is no such thing */
	memory[16] = memory[17] = memory[20] = 0xff; /* 65535, 255 */
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memcpy(slots, bad[i], sizeof slots);
		assert_int_equal(call(module, instance, "write", "iiii:i", slots), PST_WASM_DONE);
		assert_int_equal(slots[0], bad[i][4]);
		memcpy(slots, bad[i], sizeof slots);
		slots[0]--;
		assert_int_equal(call(module, instance, "read", "iiii:i", slots), PST_WASM_DONE);
		assert_int_equal(slots[0], bad[i][4]);
	}
	ops->free(&instance);
	ops->release(&module);
}

/* ---- saving ---- */

static void
what_was_saved_is_loaded(void **state)
{
	struct pst_wasm_module *module = compile(bombs, NULL), *loaded;
	struct pst_wasm_code code = { .imports = imports };
	struct pst_wasm_instance *instance;
	struct pst_wasm_blob blob;
	uint64_t slots[1];

	assert_int_equal(ops->save(module, &blob, &err), PST_OK);
	code.bytes = blob.bytes;
	code.len = blob.len;
	assert_int_equal(ops->load(section.self, &loaded, &code, &err), PST_OK);
	instance = spawn(loaded);
	assert_int_equal(call(loaded, instance, "fill", ":", slots), PST_WASM_MEMORY);
	ops->free(&instance);
	ops->release(&loaded);
	code.endless = true; /* other settings */
	assert_int_equal(ops->load(section.self, &loaded, &code, &err), -EBADMSG);
	assert_null(loaded);
	code.endless = false;
	for (code.len = 0; code.len < blob.len; code.len += blob.len / 7)
		assert_int_equal(ops->load(section.self, &loaded, &code, &err), -EBADMSG);
	assert_non_null(strstr(ops->version(section.self), "wasmtime " WASMTIME_VERSION));
	free(blob.bytes);
	ops->release(&module);
}

/* ---- threads ---- */

struct crowd {
	struct pst_wasm_module *computes, *waits;
	atomic_uint wrong;
};

static void
crowd_works(void *arg)
{
	struct crowd *crowd = arg;
	struct pst_wasm_limits limits = { .memory = 1 << 20, .deadline_ms = 20000 };
	struct pst_err e = PST_ERR_INIT;

	for (int i = 0; i < 300; i++) {
		bool waiting = i % 3 == 0;
		struct pst_wasm_module *module = waiting ? crowd->waits : crowd->computes;
		int function = ops->find(module, waiting ? "add" : "fill", waiting ? "i:i" : ":");
		struct pst_wasm_instance *instance;
		enum pst_wasm_end end;
		uint64_t slots[1] = { 1 };

		if (ops->spawn(module, &limits, NULL, NULL, &instance, &e)) {
			atomic_fetch_add(&crowd->wrong, 1);
			return;
		}
		end = ops->call(instance, function, slots, &e);
		if (waiting ? end != PST_WASM_DONE || slots[0] != 12 : end != PST_WASM_MEMORY)
			atomic_fetch_add(&crowd->wrong, 1);
		ops->free(&instance);
	}
}

static void
many_threads_work_at_once(void **state)
{
	struct crowd crowd = { .computes = compile(bombs, NULL), .waits = compile(waits_out, imports) };
	uv_thread_t threads[6];

	for (size_t i = 0; i < 6; i++)
		assert_int_equal(uv_thread_create(&threads[i], crowd_works, &crowd), 0);
	for (size_t i = 0; i < 6; i++)
		uv_thread_join(&threads[i]);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
	ops->release(&crowd.computes);
	ops->release(&crowd.waits);
}

static void
two_runtimes_live_side_by_side(void **state)
{
	struct fake_section other = { 0 };
	struct pst_wasm_module *module = compile(ends, NULL);
	void *self = section.self;

	assert_int_equal(fake_open(&other, &node, runtime_wasmtime_LTX_pst_module.sections, ops,
	                     "other", &conf), PST_OK);
	check_trap(module, "outside", "out of bounds");
	section.self = other.self;
	struct pst_wasm_module *others = compile(ends, NULL);
	check_trap(others, "outside", "out of bounds");
	ops->release(&others);
	section.self = self;
	fake_close(&other);
	check_trap(module, "outside", "out of bounds");
	ops->release(&module);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(values_of_every_kind_go_in_and_out),
		TEST(functions_are_found_by_name_and_type),
		TEST(types_without_a_letter_are_other_types),
		TEST(an_instance_knows_nothing_of_another),
		TEST(without_an_exported_memory_there_is_none),
		TEST(traps_say_what_they_are),
		TEST(an_endless_loop_ends_at_the_deadline),
		TEST(the_start_section_has_the_same_limits),
		TEST(code_without_checks_runs),
		TEST(a_memory_grows_up_to_its_limit),
		TEST(memory_bombs_are_told_from_other_traps),
		TEST(a_table_grows_within_the_limit),
		TEST(there_are_as_many_instances_as_may_be),
		TEST(guests_call_their_host),
		TEST(a_start_section_shows_its_memory_to_the_host),
		TEST(what_is_not_offered_is_named),
		TEST(what_is_no_module_is_refused),
		TEST(a_call_waits_and_is_resumed),
		TEST(pending_calls_stay_apart_and_may_be_dropped),
		TEST(traps_and_deadlines_hold_on_fibres),
		TEST(the_start_section_may_not_wait),
		TEST(a_command_reads_writes_and_exits),
		TEST(wasi_does_not_sleep_nor_leave_memory),
		TEST(what_was_saved_is_loaded),
		TEST(many_threads_work_at_once),
		TEST(two_runtimes_live_side_by_side),
	};

	signals_note();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
