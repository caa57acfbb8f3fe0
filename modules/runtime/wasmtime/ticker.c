#include "ticker.h"

#include <string.h>

#include <postern/err.h>

/* Ticks without a call before it sleeps: calls that come one by one shall not wake it each time. */
#define IDLE_TICKS 20

void
ticker_init(struct ticker *ticker, const wasm_engine_t *engine)
{
	memset(ticker, 0, sizeof *ticker);
	ticker->engine = engine;
	uv_mutex_init(&ticker->mutex);
	uv_cond_init(&ticker->cond);
}

void
ticker_fini(struct ticker *ticker)
{
	uv_mutex_lock(&ticker->mutex);
	ticker->closing = true;
	uv_cond_signal(&ticker->cond);
	uv_mutex_unlock(&ticker->mutex);
	if (atomic_load(&ticker->started))
		uv_thread_join(&ticker->thread);
	uv_cond_destroy(&ticker->cond);
	uv_mutex_destroy(&ticker->mutex);
}

/* Under the mutex. Whoever begins a call counts it first and looks at `asleep` then; here it is the
 * other way round, so that one of the two sees the other. */
static void
ticker_sleep(struct ticker *ticker)
{
	atomic_store(&ticker->asleep, true);
	while (!ticker->closing && !atomic_load(&ticker->running))
		uv_cond_wait(&ticker->cond, &ticker->mutex);
	atomic_store(&ticker->asleep, false);
}

static void
ticker_ticks(void *arg)
{
	struct ticker *ticker = arg;
	unsigned idle = 0;

	uv_mutex_lock(&ticker->mutex);
	while (!ticker->closing) {
		idle = atomic_load(&ticker->running) ? 0 : idle + 1;
		if (idle > IDLE_TICKS)
			ticker_sleep(ticker);
		else
			uv_cond_timedwait(&ticker->cond, &ticker->mutex, TICK_NS);
		wasmtime_engine_increment_epoch(ticker->engine);
	}
	uv_mutex_unlock(&ticker->mutex);
}

int
ticker_start(struct ticker *ticker)
{
	int rc = PST_OK;

	if (atomic_load(&ticker->started))
		return PST_OK;
	uv_mutex_lock(&ticker->mutex);
	if (!atomic_load(&ticker->started)) {
		rc = uv_thread_create(&ticker->thread, ticker_ticks, ticker);
		atomic_store(&ticker->started, rc == 0);
	}
	uv_mutex_unlock(&ticker->mutex);
	return rc;
}

void
ticker_begin(struct ticker *ticker)
{
	atomic_fetch_add(&ticker->running, 1);
	if (!atomic_load(&ticker->asleep))
		return;
	uv_mutex_lock(&ticker->mutex);
	uv_cond_signal(&ticker->cond);
	uv_mutex_unlock(&ticker->mutex);
}

void
ticker_end(struct ticker *ticker)
{
	atomic_fetch_sub(&ticker->running, 1);
}
