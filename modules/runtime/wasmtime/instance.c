#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

/* One more of so many. */
static bool
count_take(atomic_size_t *count, size_t most)
{
	if (atomic_fetch_add(count, 1) < most)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

static int
places_take(struct pst_wasm_module *module, struct pst_err *err)
{
	struct runtime *runtime = module->engine->runtime;

	if (!count_take(&runtime->instances, (size_t)runtime->conf->instances))
		return pst_fail(err, PST_E_LIMIT, "the runtime has as many instances as it may");
	if (count_take(&module->instances, module->instances_max ? module->instances_max : SIZE_MAX))
		return PST_OK;
	atomic_fetch_sub(&runtime->instances, 1);
	return pst_fail(err, PST_E_LIMIT, "the module has as many instances as it may");
}

static void
places_leave(struct pst_wasm_module *module)
{
	atomic_fetch_sub(&module->instances, 1);
	atomic_fetch_sub(&module->engine->runtime->instances, 1);
}

/* ---- making one ---- */

/* Of code that looks at the clock; other keeps no deadline. */
static void
due_set(struct pst_wasm_instance *instance, uint64_t deadline_ms)
{
	instance->due_ns = deadline_ms ? uv_hrtime() + deadline_ms * 1000000 : 0;
}

static int
store_make(struct pst_wasm_instance *instance, const struct pst_wasm_limits *limits,
    struct pst_err *err)
{
	struct pst_wasm_module *module = instance->module;
	struct runtime *runtime = module->engine->runtime;
	uint64_t longest;

	instance->budget.limit = limits->memory;
	instance->budget.used = tables_share(&module->tables, limits->memory, &longest);
	if (instance->budget.used > limits->memory)
		return pst_fail(err, PST_E_LIMIT, "its tables are larger than its memory may be");
	instance->store = wasmtime_store_new(module->engine->wasm, instance, NULL);
	instance->context = wasmtime_store_context(instance->store);
	wasmtime_store_limiter(instance->store, -1, (int64_t)longest, 1,
	    (int64_t)module->tables.count, 1);
	if (module->engine != &runtime->timed)
		return PST_OK;
	if (ticker_start(&runtime->ticker))
		return pst_fail(err, PST_E_LIMIT, "no thread for the clock");
	due_set(instance, limits->deadline_ms);
	instance->stopped = limits->stopped;
	call_watch(instance);
	return PST_OK;
}

/* On a stack of its own, as wasmtime wants it where an import may wait. */
static wasmtime_error_t *
start_on_fibre(struct pst_wasm_instance *instance, wasm_trap_t **trap)
{
	struct fibre *fibre = &instance->fibre;
	wasmtime_error_t *error = NULL;

	fibre->future = wasmtime_instance_pre_instantiate_async(instance->module->linked,
	    instance->context, &instance->wasm, trap, &error);
	if (!wasmtime_call_future_poll(fibre->future))
		error = wasmtime_error_new("the start section waits");
	wasmtime_call_future_delete(fibre->future);
	fibre->future = NULL;
	return error;
}

/* Its start section has run when this returns. */
static int
instance_start(struct pst_wasm_instance *instance, struct pst_err *err)
{
	wasmtime_error_t *error;
	wasm_trap_t *trap = NULL;
	enum pst_wasm_end end;

	call_enter(instance, err);
	memories_charge(&instance->budget);
	if (instance->module->waits)
		error = start_on_fibre(instance, &trap);
	else
		error = wasmtime_instance_pre_instantiate(instance->module->linked,
		    instance->context, &instance->wasm, &trap);
	memories_charge(NULL);
	end = call_leave(instance, error, trap, err);
	if (end == PST_WASM_DONE)
		return PST_OK;
	if (end == PST_WASM_EXIT)
		return pst_fail(err, PST_E_REFUSED, "its start section exits");
	return end == PST_WASM_TRAP ? PST_E_REFUSED : PST_E_LIMIT;
}

static void
memory_find(struct pst_wasm_instance *instance)
{
	wasmtime_extern_t item;

	instance->has_memory = wasmtime_instance_export_get(instance->context, &instance->wasm,
	    "memory", strlen("memory"), &item) && item.kind == WASMTIME_EXTERN_MEMORY;
	if (instance->has_memory)
		instance->memory = item.of.memory;
}

int
instance_spawn(struct pst_wasm_module *module, const struct pst_wasm_limits *limits,
    const struct pst_wasm_wasi *wasi, void *user, struct pst_wasm_instance **out,
    struct pst_err *err)
{
	struct pst_wasm_instance *instance;
	int rc = places_take(module, err);

	*out = NULL;
	if (rc)
		return rc;
	instance = calloc(1, sizeof *instance);
	if (!instance) {
		places_leave(module);
		return -ENOMEM;
	}
	instance->module = module;
	instance->user = user;
	rc = store_make(instance, limits, err);
	if (!rc && module->wasi)
		rc = wasi_show(instance, wasi, err);
	if (!rc)
		rc = instance_start(instance, err);
	if (rc) {
		instance_free(&instance);
		return rc;
	}
	memory_find(instance);
	*out = instance;
	return PST_OK;
}

void
instance_free(struct pst_wasm_instance **instance)
{
	struct pst_wasm_instance *i = *instance;

	*instance = NULL;
	if (!i)
		return;
	if (i->fibre.future)
		wasmtime_call_future_delete(i->fibre.future);
	if (i->store)
		wasmtime_store_delete(i->store);
	places_leave(i->module);
	free(i);
}

void
instance_again(struct pst_wasm_instance *instance, uint64_t deadline_ms)
{
	if (instance->module->engine == &instance->module->engine->runtime->timed)
		due_set(instance, deadline_ms);
	instance->budget.refused = false;
	instance->in_at = 0;
}

/* ---- looking at it ---- */

uint8_t *
instance_memory(struct pst_wasm_instance *instance, size_t *len)
{
	*len = 0;
	if (!instance->has_memory)
		return NULL;
	*len = wasmtime_memory_data_size(instance->context, &instance->memory);
	return wasmtime_memory_data(instance->context, &instance->memory);
}

void
instance_stats(const struct pst_wasm_instance *instance, struct pst_wasm_stats *out)
{
	out->memory = instance->budget.used;
	out->refused = instance->budget.refused;
}
