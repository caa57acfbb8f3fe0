/* Host calls guest, and how that ends. */
#include <string.h>

#include "engine.h"

/* The clock never ends what has no deadline; half, because it is added to the time that it is. */
#define NEVER (UINT64_MAX / 2)
#define LATE "it ran longer than it may"

/* ---- time ---- */

static uint64_t
ticks_left(const struct pst_wasm_instance *instance)
{
	uint64_t now = uv_hrtime();

	if (!instance->due_ns)
		return NEVER;
	return now >= instance->due_ns ? 0 : (instance->due_ns - now) / TICK_NS + 1;
}

/* Ticks have passed; has the time? There are none while nothing runs, and more than enough when somebody
 * else's call began in between. */
static wasmtime_error_t *
time_passes(const wasmtime_context_t *context, void *data, uint64_t *more,
    wasmtime_update_deadline_kind_t *kind)
{
	struct pst_wasm_instance *instance = data;

	*more = ticks_left(instance);
	*kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
	if (*more)
		return NULL;
	instance->ended = PST_WASM_DEADLINE;
	return wasmtime_error_new(LATE);
}

void
call_watch(struct pst_wasm_instance *instance)
{
	wasmtime_store_epoch_deadline_callback(instance->store, time_passes, instance, NULL);
}

bool
call_enter(struct pst_wasm_instance *instance, struct pst_err *err)
{
	struct runtime *runtime = instance->module->engine->runtime;
	uint64_t ticks = ticks_left(instance);

	instance->err = err;
	instance->ended = PST_WASM_DONE;
	if (instance->module->engine != &runtime->timed)
		return true;
	if (instance->due_ns)
		ticker_begin(&runtime->ticker);
	wasmtime_context_set_epoch_deadline(instance->context, ticks);
	return ticks > 0;
}

/* ---- the end ---- */

/* Nothing runs for it, until it is entered again. */
static void
call_pause(struct pst_wasm_instance *instance)
{
	if (instance->due_ns)
		ticker_end(&instance->module->engine->runtime->ticker);
	instance->err = NULL;
}

enum pst_wasm_end
call_leave(struct pst_wasm_instance *instance, wasmtime_error_t *error, wasm_trap_t *trap,
    struct pst_err *err)
{
	struct pst_err unread; /* the host has said why, or nobody has to */
	bool said;

	call_pause(instance);
	if (!error && !trap && ticks_left(instance))
		return PST_WASM_DONE;
	if (!error && !trap) { /* its last host call took the time */
		instance->ended = PST_WASM_DEADLINE;
		error = wasmtime_error_new(LATE);
	}
	said = instance->ended == PST_WASM_EXIT || (instance->ended && err && err->text[0]);
	if (error)
		sentence_of_error(said ? &unread : err, PST_E_REFUSED, error);
	if (trap)
		sentence_of_trap(said ? &unread : err, PST_E_REFUSED, trap);
	if (instance->ended == PST_WASM_DONE || instance->ended == PST_WASM_TRAP)
		return instance->budget.refused ? PST_WASM_MEMORY : PST_WASM_TRAP;
	return instance->ended;
}

/* ---- calls on this thread's stack ---- */

static enum pst_wasm_end
call_here(struct pst_wasm_instance *instance, const wasmtime_func_t *function, uint64_t *slots,
    struct pst_err *err)
{
	const struct type *type = instance->called;
	wasmtime_val_raw_t raw[SLOTS_MAX];
	wasm_trap_t *trap = NULL;
	wasmtime_error_t *error;
	enum pst_wasm_end end;

	memset(raw, 0, sizeof raw);
	for (size_t i = 0; i < type->params; i++)
		raw[i].i64 = (int64_t)slots[i];
	error = wasmtime_func_call_unchecked(instance->context, function, raw,
	    type->params > type->results ? type->params : type->results, &trap);
	end = call_leave(instance, error, trap, err);
	for (size_t i = 0; end == PST_WASM_DONE && i < type->results; i++) {
		bool half = type->kind[type->params + i] == WASM_I32 ||
		    type->kind[type->params + i] == WASM_F32;

		slots[i] = half ? (uint32_t)raw[i].i32 : (uint64_t)raw[i].i64;
	}
	return end;
}

/* ---- calls on a fibre ---- */

static enum pst_wasm_end
fibre_poll(struct pst_wasm_instance *instance, uint64_t *slots, struct pst_err *err)
{
	struct fibre *fibre = &instance->fibre;
	const struct type *type = instance->called;
	const wasmtime_val_t *results = fibre->vals + type->params;
	enum pst_wasm_end end;

	if (!wasmtime_call_future_poll(fibre->future)) {
		call_pause(instance);
		return PST_WASM_PENDING;
	}
	wasmtime_call_future_delete(fibre->future);
	fibre->future = NULL;
	end = call_leave(instance, fibre->error, fibre->trap, err);
	for (size_t i = 0; end == PST_WASM_DONE && i < type->results; i++) {
		bool half = results[i].kind == WASM_I32 || results[i].kind == WASM_F32;

		slots[i] = half ? (uint32_t)results[i].of.i32 : (uint64_t)results[i].of.i64;
	}
	return end;
}

static enum pst_wasm_end
call_on_fibre(struct pst_wasm_instance *instance, const wasmtime_func_t *function, uint64_t *slots,
    struct pst_err *err)
{
	struct fibre *fibre = &instance->fibre;
	const struct type *type = instance->called;

	memset(fibre, 0, sizeof *fibre);
	for (size_t i = 0; i < type->params; i++) {
		fibre->vals[i].kind = type->kind[i];
		fibre->vals[i].of.i64 = (int64_t)slots[i];
	}
	fibre->future = wasmtime_func_call_async(instance->context, function, fibre->vals,
	    type->params, fibre->vals + type->params, type->results, &fibre->trap, &fibre->error);
	return fibre_poll(instance, slots, err);
}

/* ---- both ---- */

static const wasmtime_func_t *
function_of(struct pst_wasm_instance *instance, int number)
{
	wasmtime_func_t *function = &instance->functions[number];
	const char *name = instance->module->functions[number].name;
	wasmtime_extern_t item;

	if (!function->store_id && wasmtime_instance_export_get(instance->context, &instance->wasm,
	        name, strlen(name), &item))
		*function = item.of.func;
	return function;
}

static enum pst_wasm_end
call_end(enum pst_wasm_end end, const struct pst_wasm_instance *instance, uint64_t *slots)
{
	if (end == PST_WASM_EXIT)
		slots[0] = instance->exit_code;
	return end;
}

enum pst_wasm_end
call_begin(struct pst_wasm_instance *instance, int number, uint64_t *slots, struct pst_err *err)
{
	const wasmtime_func_t *function = function_of(instance, number);
	enum pst_wasm_end end;

	instance->called = &instance->module->functions[number].type;
	if (!call_enter(instance, err))
		return call_leave(instance, NULL, NULL, err);
	if (instance->module->waits)
		end = call_on_fibre(instance, function, slots, err);
	else
		end = call_here(instance, function, slots, err);
	return call_end(end, instance, slots);
}

enum pst_wasm_end
call_resume(struct pst_wasm_instance *instance, uint64_t *slots, struct pst_err *err)
{
	if (call_enter(instance, err))
		return call_end(fibre_poll(instance, slots, err), instance, slots);
	wasmtime_call_future_delete(instance->fibre.future);
	instance->fibre.future = NULL;
	return call_leave(instance, NULL, NULL, err);
}
