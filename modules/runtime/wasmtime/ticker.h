/*
 * The clock that deadlines go by. Code that was compiled to keep them looks at a
 * number, the epoch, now and then; one thread makes it greater every few
 * milliseconds while calls run, and sleeps when none do.
 */
#ifndef RUNTIME_WASMTIME_TICKER_H
#define RUNTIME_WASMTIME_TICKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>
#include <wasmtime.h>

#define TICK_NS (5 * UINT64_C(1000000))

struct ticker {
	const wasm_engine_t *engine;
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t cond;
	atomic_uint running;
	atomic_bool asleep;
	atomic_bool started; /* under the mutex, but for a look */
	bool closing;        /* under the mutex */
};

void ticker_init(struct ticker *ticker, const wasm_engine_t *engine);
void ticker_fini(struct ticker *ticker);
/* Have the thread. PST_OK, or that there is none. */
int ticker_start(struct ticker *ticker);
/* Around each call. */
void ticker_begin(struct ticker *ticker);
void ticker_end(struct ticker *ticker);

#endif
