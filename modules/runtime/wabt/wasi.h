/*
 * WASI preview 1 (wasi_snapshot_preview1), for an engine without one of its own:
 * imports like any others, whose `user` is a struct wasi. All 45 functions are
 * there. Arguments, environment, clocks, random bytes, standard input,
 * output and error are real; there are no files, and nothing to wait for.
 */
#ifndef RUNTIME_WABT_WASI_H
#define RUNTIME_WABT_WASI_H

#include <postern/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wasi {
	struct pst_wasm_wasi shown; /* of the host */
	void *user;                 /* that of spawn, for shown.out */
	uint8_t *(*memory)(struct pst_wasm_instance *instance, size_t *len);
	size_t in_at;    /* so much of the input was read */
	unsigned closed; /* a bit for each of 0, 1, 2 */
};

extern const struct pst_wasm_import wasi_imports[];

#ifdef __cplusplus
}
#endif
#endif
