#include "base/env.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/aead.h>

uv_loop_t *
pst_env_loop(struct pst_env *env)
{
	return env->loop;
}

struct pst_pool *
pst_env_pool(struct pst_env *env)
{
	return env->pool;
}

struct pst_router *
pst_env_router(struct pst_env *env)
{
	return env->router;
}

const struct pst_log *
pst_env_log(struct pst_env *env)
{
	return &env->log;
}

int
pst_env_buf(struct pst_buf *out, struct pst_env *env, const void *data, size_t len, size_t front,
    size_t back)
{
	int rc = pst_buf_new(out, env->pool, env->own, front, len, back);

	if (!rc && len)
		memcpy(pst_buf_put(out, len), data, len);
	return rc;
}

bool
pst_env_extensions(const struct pst_env *env)
{
	return env->extensions;
}

uint64_t
pst_now_ms(struct pst_env *env)
{
	return uv_now(env->loop);
}

uint64_t
pst_jitter(uint64_t ms)
{
	return ms - ms / 4 + randombytes_uniform((uint32_t)(ms / 2) + 1);
}

/* ---- tasks ---- */

static void
tasks_run(uv_idle_t *idle)
{
	struct pst_env *env = idle->data;
	struct pst_task *batch = env->tasks;

	/* what these post is for the next turn of the loop */
	env->tasks = NULL;
	env->tasks_end = &env->tasks;
	if (batch)
		batch->link = &batch;
	while (batch) {
		struct pst_task *task = batch;

		batch = task->next;
		if (batch)
			batch->link = &batch;
		task->link = NULL;
		task->fn(task);
	}
	if (!env->tasks)
		uv_idle_stop(idle);
}

void
pst_task_post(struct pst_env *env, struct pst_task *task, void (*fn)(struct pst_task *task))
{
	task->fn = fn;
	if (task->link)
		return;
	task->next = NULL;
	task->link = env->tasks_end;
	*env->tasks_end = task;
	env->tasks_end = &task->next;
	uv_idle_start(&env->idle, tasks_run);
}

void
pst_task_cancel(struct pst_env *env, struct pst_task *task)
{
	if (!task->link)
		return;
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	else if (env->tasks_end == &task->next)
		env->tasks_end = task->link;
	task->link = NULL;
}

/* ---- the env itself ---- */

/*
 * Both libraries prepare themselves at their first use. For libcrypto that is
 * thousands of allocations, and one that fails is never made good: better at
 * the start than in the first handshake.
 */
static int
crypto_prepare(void)
{
	struct pst_aead *aead;
	int rc = sodium_init() < 0 ? PST_E_AUTH : pst_aead_new(&aead, true);

	if (!rc)
		pst_aead_free(&aead);
	return rc;
}

int
pst_env_init(struct pst_env *env, uv_loop_t *loop, struct pst_logger *logger, size_t memory)
{
	int rc;

	memset(env, 0, sizeof *env);
	rc = crypto_prepare();
	if (rc)
		return rc;
	env->pool = pst_pool_new(memory);
	if (env->pool)
		env->own = pst_account_new(env->pool, SIZE_MAX, NULL, NULL);
	if (!env->own) {
		pst_pool_free(&env->pool);
		return -ENOMEM;
	}
	env->loop = loop;
	env->log.logger = logger;
	env->extensions = true;
	env->tasks_end = &env->tasks;
	uv_timer_init(loop, &env->alarm);
	uv_idle_init(loop, &env->idle);
	env->alarm.data = env->idle.data = env;
	env->open_handles = 2;
	return PST_OK;
}

static void
part_closed(struct pst_env *env)
{
	if (--env->open_handles == 0 && env->on_closed)
		env->on_closed(env->on_closed_arg);
}

static void
handle_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

void
pst_env_close(struct pst_env *env, void (*on_closed)(void *arg), void *arg)
{
	env->on_closed = on_closed;
	env->on_closed_arg = arg;
	uv_close((uv_handle_t *)&env->alarm, handle_closed);
	uv_close((uv_handle_t *)&env->idle, handle_closed);
	if (env->crew) {
		env->open_handles++;
		pst_crew_close(env, part_closed);
	}
}

void
pst_env_fini(struct pst_env *env)
{
	pst_account_close(&env->own);
	pst_pool_free(&env->pool);
}
