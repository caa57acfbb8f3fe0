/*
 * wabt's interpreter, as C sees it: what <postern/runtime.h> says of modules and
 * instances, without the section. The C++ is in module.cc, instance.cc and call.cc.
 */
#ifndef RUNTIME_WABT_ENGINE_H
#define RUNTIME_WABT_ENGINE_H

#include <postern/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const char engine_version[]; /* "wabt 1.0.32" */

/* Instances that may be, and are, at once. */
struct engine {
	size_t most;
	size_t now; /* touched by any thread */
};

int engine_compile(struct engine *engine, struct pst_wasm_module **out,
    const struct pst_wasm_code *code, struct pst_err *err);
void engine_release(struct pst_wasm_module **module);
int engine_spawn(struct pst_wasm_module *module, const struct pst_wasm_limits *limits,
    const struct pst_wasm_wasi *wasi, void *user, struct pst_wasm_instance **out,
    struct pst_err *err);
void engine_free(struct pst_wasm_instance **instance);
int engine_find(struct pst_wasm_module *module, const char *name, const char *type);
enum pst_wasm_end engine_call(struct pst_wasm_instance *instance, int function, uint64_t *slots,
    struct pst_err *err);
uint8_t *engine_memory(struct pst_wasm_instance *instance, size_t *len);
void engine_stats(const struct pst_wasm_instance *instance, struct pst_wasm_stats *out);
void engine_again(struct pst_wasm_instance *instance, uint64_t deadline_ms);

#ifdef __cplusplus
}
#endif
#endif
