/*
 * runtime/wabt: Wasm by the interpreter of wabt, which Debian has: slow, small,
 * and nothing to be fetched from elsewhere.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/runtime.h>

#include "engine.h"

struct wabt_conf {
	uint64_t memory;
	uint64_t deadline;
	int64_t instances;
};

struct wabt {
	struct pst_section_env *senv;
	const struct wabt_conf *conf;
	struct engine engine;
};

static const struct pst_opt wabt_options[] = {
	PST_OPT(SIZE, struct wabt_conf, memory, "64M", "memories and tables of one instance, bytes"),
	PST_OPT(TIME, struct wabt_conf, deadline, "30s", "longest execution; 0: none"),
	PST_OPT(INT, struct wabt_conf, instances, "1000", "as many at once, of all modules together"),
	PST_OPT_END,
};

static int
wabt_check(const void *conf, struct pst_err *err)
{
	const struct wabt_conf *c = conf;

	return c->instances > 0 ? PST_OK : pst_fail(err, PST_E_CONF, "instances: at least 1");
}

static int
wabt_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct wabt *wabt = calloc(1, sizeof *wabt);

	if (!wabt)
		return -ENOMEM;
	wabt->senv = senv;
	wabt->conf = conf;
	wabt->engine.most = (size_t)wabt->conf->instances;
	*self = wabt;
	pst_section_up(senv);
	return PST_OK;
}

static void
wabt_close(void *self)
{
	struct wabt *wabt = self;
	struct pst_section_env *senv = wabt->senv;

	free(wabt);
	pst_section_closed(senv);
}

static int
wabt_compile(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
    struct pst_err *err)
{
	struct wabt *wabt = runtime;

	return engine_compile(&wabt->engine, out, code, err);
}

static const char *
wabt_version(void *runtime)
{
	return engine_version;
}

static struct pst_wasm_limits
wabt_limits(void *runtime)
{
	const struct wabt *wabt = runtime;

	return (struct pst_wasm_limits){
		.memory = wabt->conf->memory,
		.deadline_ms = wabt->conf->deadline,
	};
}

static const struct pst_section wabt_sections[] = {
	PST_SECTION("runtime", struct wabt_conf, wabt_options, wabt_check, wabt_open, wabt_close),
	PST_SECTION_END,
};

static const struct pst_runtime_ops wabt_ops = {
	.size = sizeof wabt_ops,
	.compile = wabt_compile,
	.release = engine_release,
	.version = wabt_version,
	.limits = wabt_limits,
	.spawn = engine_spawn,
	.free = engine_free,
	.find = engine_find,
	.call = engine_call,
	.memory = engine_memory,
	.stats = engine_stats,
	.again = engine_again,
};

PST_MODULE(runtime_wabt, .kind = PST_KIND_RUNTIME, .version = "0.1.0",
    .summary = "Wasm by the interpreter of wabt", .sections = wabt_sections, .ops = &wabt_ops);
