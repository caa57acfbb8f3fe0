/* Host calls guest, and how that ends. */
#include <string.h>

#include "engine.h"

/* Nobody looks at what may run as long as it wants; half, because it is added to the time that it is. */
#define NEVER (UINT64_MAX / 2)

/* ---- time ---- */

static bool
is_watched(const struct pst_wasm_instance *instance)
{
	return instance->due_ns || instance->stopped;
}

/* Must it end here, and how? DONE: it goes on. */
static enum pst_wasm_end
call_due(const struct pst_wasm_instance *instance)
{
	if (instance->stopped && instance->stopped(instance->user))
		return PST_WASM_STOPPED;
	return instance->due_ns && uv_hrtime() >= instance->due_ns ? PST_WASM_DEADLINE : PST_WASM_DONE;
}

static wasmtime_error_t *
call_end_now(struct pst_wasm_instance *instance, enum pst_wasm_end end)
{
	instance->ended = end;
	return wasmtime_error_new(end == PST_WASM_STOPPED ? "it was stopped" : "it ran longer than it may");
}

/* A tick, or several: somebody else's call may have had them. */
static wasmtime_error_t *
time_passes(const wasmtime_context_t *context, void *data, uint64_t *more,
    wasmtime_update_deadline_kind_t *kind)
{
	struct pst_wasm_instance *instance = data;
	enum pst_wasm_end end = call_due(instance);

	*more = 1;
	*kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
	return end == PST_WASM_DONE ? NULL : call_end_now(instance, end);
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

	instance->err = err;
	instance->ended = PST_WASM_DONE;
	if (instance->module->engine != &runtime->timed)
		return true;
	if (is_watched(instance))
		ticker_begin(&runtime->ticker);
	wasmtime_context_set_epoch_deadline(instance->context, is_watched(instance) ? 1 : NEVER);
	return call_due(instance) == PST_WASM_DONE;
}

/* ---- the end ---- */

/* Nothing runs for it, until it is entered again. */
static void
call_pause(struct pst_wasm_instance *instance)
{
	if (is_watched(instance))
		ticker_end(&instance->module->engine->runtime->ticker);
	instance->err = NULL;
}

enum pst_wasm_end
call_leave(struct pst_wasm_instance *instance, wasmtime_error_t *error, wasm_trap_t *trap,
    struct pst_err *err)
{
	struct pst_err unread; /* the host has said why, or nobody has to */
	enum pst_wasm_end due = error || trap ? PST_WASM_DONE : call_due(instance);
	bool said;

	call_pause(instance);
	if (!error && !trap && due == PST_WASM_DONE)
		return PST_WASM_DONE;
	if (due != PST_WASM_DONE) /* its last host call took the time */
		error = call_end_now(instance, due);
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
