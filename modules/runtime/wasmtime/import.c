/* Guest calls host: at once, or on a fibre that stays where it is until the host has the answer. */
#include <string.h>

#include "engine.h"

/* An i32 and an f32 are the low half, and nothing else is in the slot. */
static uint64_t
slot_of(wasm_valkind_t kind, int64_t raw)
{
	return kind == WASM_I32 || kind == WASM_F32 ? (uint32_t)raw : (uint64_t)raw;
}

/* Who calls. In its start section nobody has asked the instance for its memory yet: it is not made. */
static struct pst_wasm_instance *
instance_of(wasmtime_caller_t *caller)
{
	struct pst_wasm_instance *instance =
	    wasmtime_context_get_data(wasmtime_caller_context(caller));
	wasmtime_extern_t item;

	if (!instance->has_memory && !instance->called &&
	    wasmtime_caller_export_get(caller, "memory", strlen("memory"), &item) &&
	    item.kind == WASMTIME_EXTERN_MEMORY) {
		instance->has_memory = true;
		instance->memory = item.of.memory;
	}
	return instance;
}

static enum pst_wasm_end
import_serve(struct pst_wasm_instance *instance, const struct link *link, uint64_t *slots)
{
	const struct pst_wasm_import *import = link->import;

	return import->fn(instance->user, instance, slots, import->arg, instance->err);
}

/* The trap that brings the call to its end; call_leave() knows how it ended. */
static wasm_trap_t *
import_ends(struct pst_wasm_instance *instance, const struct link *link, enum pst_wasm_end end,
    const uint64_t *slots)
{
	static const char text[] = "ended by its host";

	if (end == PST_WASM_PENDING) {
		pst_fail(instance->err, PST_E_REFUSED, "%s.%s cannot wait here",
		    link->import->module, link->import->name);
		end = PST_WASM_TRAP;
	}
	instance->ended = end;
	instance->exit_code = (uint32_t)slots[0];
	return wasmtime_trap_new(text, sizeof text - 1);
}

static wasm_trap_t *
import_called(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raw, size_t count)
{
	const struct link *link = env;
	const struct type *type = &link->type;
	struct pst_wasm_instance *instance = instance_of(caller);
	uint64_t slots[SLOTS_MAX] = { 0 };
	enum pst_wasm_end end;

	for (size_t i = 0; i < type->params; i++)
		slots[i] = slot_of(type->kind[i], raw[i].i64);
	end = import_serve(instance, link, slots);
	if (end != PST_WASM_DONE)
		return import_ends(instance, link, end, slots);
	for (size_t i = 0; i < type->results; i++)
		raw[i].i64 = (int64_t)slots[i];
	return NULL;
}

/* Asked at once, and again whenever the call is resumed: does it go on? */
static bool
import_goes_on(void *env)
{
	struct pst_wasm_instance *instance = env;
	struct fibre *fibre = &instance->fibre;
	const struct type *type = &fibre->link->type;
	enum pst_wasm_end end = import_serve(instance, fibre->link, fibre->slots);

	if (end == PST_WASM_PENDING && instance->called)
		return false;
	if (end != PST_WASM_DONE) {
		*fibre->import_trap = import_ends(instance, fibre->link, end, fibre->slots);
		return true;
	}
	for (size_t i = 0; i < type->results; i++) {
		fibre->results[i].kind = type->kind[type->params + i];
		fibre->results[i].of.i64 = (int64_t)fibre->slots[i];
	}
	return true;
}

static void
import_begins(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t arg_count,
    wasmtime_val_t *results, size_t result_count, wasm_trap_t **trap,
    wasmtime_async_continuation_t *continuation)
{
	const struct link *link = env;
	struct pst_wasm_instance *instance = instance_of(caller);
	struct fibre *fibre = &instance->fibre;

	fibre->link = link;
	fibre->results = results;
	fibre->import_trap = trap;
	memset(fibre->slots, 0, sizeof fibre->slots);
	for (size_t i = 0; i < arg_count; i++)
		fibre->slots[i] = slot_of(args[i].kind, args[i].of.i64);
	continuation->callback = import_goes_on;
	continuation->env = instance;
	continuation->finalizer = NULL;
}

wasmtime_error_t *
import_define(wasmtime_linker_t *linker, struct link *link)
{
	const struct pst_wasm_import *import = link->import;
	size_t module_len = strlen(import->module), name_len = strlen(import->name);
	wasm_functype_t *type = type_make(&link->type);
	wasmtime_error_t *error;

	if (import->waits)
		error = wasmtime_linker_define_async_func(linker, import->module, module_len,
		    import->name, name_len, type, import_begins, link, NULL);
	else
		error = wasmtime_linker_define_func_unchecked(linker, import->module, module_len,
		    import->name, name_len, type, import_called, link, NULL);
	wasm_functype_delete(type);
	return error;
}
