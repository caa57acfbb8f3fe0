/*
 * runtime/wasmtime: Wasm compiled to machine code, by the C API of wasmtime.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine.h"

/* Changes with what is set in engine_make() and with what is saved. */
#define SETTINGS "1"

static const struct pst_opt options[] = {
	PST_OPT(SIZE, struct runtime_conf, memory, "64M",
	    "memories and tables of one instance, bytes"),
	PST_OPT(TIME, struct runtime_conf, deadline, "30s", "longest execution; 0: none"),
	PST_OPT(INT, struct runtime_conf, instances, "1000", "as many at once, of all modules together"),
	PST_OPT_END,
};

static int
runtime_check(const void *conf, struct pst_err *err)
{
	const struct runtime_conf *c = conf;

	return c->instances > 0 ? PST_OK : pst_fail(err, PST_E_CONF, "instances: at least 1");
}

/*
 * WebAssembly 2.0 without what would take memory that nobody counts, or more
 * memories than one: garbage collection, shared and 64-bit memories. Images of
 * memories go only with memories that wasmtime has mapped itself.
 */
static void
engine_make(struct engine *engine, struct runtime *runtime, bool timed)
{
	wasm_config_t *config = wasm_config_new();

	wasmtime_config_epoch_interruption_set(config, timed);
	wasmtime_config_gc_support_set(config, false);
	wasmtime_config_wasm_threads_set(config, false);
	wasmtime_config_wasm_memory64_set(config, false);
	wasmtime_config_wasm_multi_memory_set(config, false);
	wasmtime_config_concurrency_support_set(config, false);
	wasmtime_config_memory_init_cow_set(config, false);
	memories_serve(&runtime->memories, config);
	stacks_serve(&runtime->stacks, config);
	engine->runtime = runtime;
	engine->wasm = wasm_engine_new_with_config(config);
}

struct engine *
runtime_engine(struct runtime *runtime, bool endless)
{
	if (!endless)
		return &runtime->timed;
	uv_mutex_lock(&runtime->mutex);
	if (!runtime->endless.wasm)
		engine_make(&runtime->endless, runtime, false);
	uv_mutex_unlock(&runtime->mutex);
	return &runtime->endless;
}

static int
runtime_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct runtime *runtime = calloc(1, sizeof *runtime);

	if (!runtime)
		return -ENOMEM;
	runtime->env = env;
	runtime->conf = conf;
	uv_mutex_init(&runtime->mutex);
	memories_init(&runtime->memories);
	stacks_init(&runtime->stacks);
	engine_make(&runtime->timed, runtime, true);
	ticker_init(&runtime->ticker, runtime->timed.wasm);
	*self = runtime;
	pst_section_up(env);
	return PST_OK;
}

static void
runtime_close(void *self)
{
	struct runtime *runtime = self;
	struct pst_section_env *env = runtime->env;

	ticker_fini(&runtime->ticker);
	wasm_engine_delete(runtime->timed.wasm);
	if (runtime->endless.wasm)
		wasm_engine_delete(runtime->endless.wasm);
	memories_fini(&runtime->memories);
	stacks_fini(&runtime->stacks);
	uv_mutex_destroy(&runtime->mutex);
	free(runtime);
	pst_section_closed(env);
}

static const char *
runtime_version(void *self)
{
	return "wasmtime " WASMTIME_VERSION " settings " SETTINGS;
}

static struct pst_wasm_limits
runtime_limits(void *self)
{
	const struct runtime *runtime = self;

	return (struct pst_wasm_limits){
		.memory = runtime->conf->memory,
		.deadline_ms = runtime->conf->deadline,
	};
}

static const struct pst_section sections[] = {
	PST_SECTION("runtime", struct runtime_conf, options, runtime_check, runtime_open, runtime_close),
	PST_SECTION_END,
};

static const struct pst_runtime_ops ops = {
	.size = sizeof ops,
	.can = PST_RUNTIME_SUSPENDS | PST_RUNTIME_SAVES,
	.compile = module_compile,
	.release = module_release,
	.save = module_save,
	.load = module_load,
	.version = runtime_version,
	.limits = runtime_limits,
	.spawn = instance_spawn,
	.free = instance_free,
	.find = module_find,
	.call = call_begin,
	.resume = call_resume,
	.memory = instance_memory,
	.stats = instance_stats,
	.again = instance_again,
};

PST_MODULE(runtime_wasmtime, .kind = PST_KIND_RUNTIME, .version = "0.1.0",
    .summary = "Wasm compiled by wasmtime", .sections = sections, .ops = &ops);
