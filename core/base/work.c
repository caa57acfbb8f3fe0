/* Work off the loop: libuv's pool for short pieces, a lane for pieces in order. */
#include <errno.h>
#include <stdlib.h>

#include "base/env.h"

struct work {
	uv_work_t req;
	int (*work)(void *arg);
	void (*done)(void *arg, int rc);
	void *arg;
	int rc;
};

static void
work_do(uv_work_t *req)
{
	struct work *work = req->data;

	work->rc = work->work(work->arg);
}

static void
work_done(uv_work_t *req, int status)
{
	struct work *work = req->data;
	void (*done)(void *arg, int rc) = work->done;
	void *arg = work->arg;
	int rc = status ? status : work->rc;

	free(work);
	done(arg, rc);
}

int
pst_work(struct pst_env *env, int (*fn)(void *arg), void (*done)(void *arg, int rc), void *arg)
{
	struct work *work = calloc(1, sizeof *work);
	int rc;

	if (!work)
		return -ENOMEM;
	work->req.data = work;
	work->work = fn;
	work->done = done;
	work->arg = arg;
	rc = uv_queue_work(env->loop, &work->req, work_do, work_done);
	if (rc)
		free(work);
	return rc;
}

struct job {
	struct job *next;
	int (*work)(void *arg);
	void (*done)(void *arg, int rc);
	void *arg;
	int rc;
};

struct queue {
	struct job *first;
	struct job **end;
};

struct pst_lane {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t cond;
	uv_async_t wake; /* the loop, when `done` has something */
	struct queue todo, done;
	bool closing; /* under the mutex */
	bool gone;    /* the thread has left its loop; under the mutex */
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

static void
queue_put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct job *
queue_take_all(struct queue *queue)
{
	struct job *first = queue->first;

	queue->first = NULL;
	queue->end = &queue->first;
	return first;
}

static void
lane_thread(void *arg)
{
	struct pst_lane *lane = arg;

	uv_mutex_lock(&lane->mutex);
	for (;;) {
		struct job *job = lane->todo.first;

		if (!job && lane->closing)
			break;
		if (!job) {
			uv_cond_wait(&lane->cond, &lane->mutex);
			continue;
		}
		lane->todo.first = job->next;
		if (!job->next)
			lane->todo.end = &lane->todo.first;
		uv_mutex_unlock(&lane->mutex);
		job->rc = job->work(job->arg);
		uv_mutex_lock(&lane->mutex);
		queue_put(&lane->done, job);
		uv_async_send(&lane->wake);
	}
	lane->gone = true;
	uv_async_send(&lane->wake);
	uv_mutex_unlock(&lane->mutex);
}

static void
lane_closed(uv_handle_t *handle)
{
	struct pst_lane *lane = handle->data;

	uv_cond_destroy(&lane->cond);
	uv_mutex_destroy(&lane->mutex);
	if (lane->on_closed)
		lane->on_closed(lane->on_closed_arg);
	free(lane);
}

static void
lane_wakes(uv_async_t *wake)
{
	struct pst_lane *lane = wake->data;
	struct job *job;
	bool gone;

	uv_mutex_lock(&lane->mutex);
	job = queue_take_all(&lane->done);
	gone = lane->gone;
	uv_mutex_unlock(&lane->mutex);
	while (job) {
		struct job *next = job->next;

		job->done(job->arg, job->rc);
		free(job);
		job = next;
	}
	if (gone && !uv_is_closing((uv_handle_t *)wake)) {
		uv_thread_join(&lane->thread);
		uv_close((uv_handle_t *)wake, lane_closed);
	}
}

int
pst_lane_new(struct pst_lane **out, struct pst_env *env, const char *name)
{
	struct pst_lane *lane = calloc(1, sizeof *lane);
	int rc;

	(void)name; /* for a debugger: libuv 1.44 cannot name a thread */
	if (!lane)
		return -ENOMEM;
	lane->todo.end = &lane->todo.first;
	lane->done.end = &lane->done.first;
	lane->wake.data = lane;
	uv_mutex_init(&lane->mutex);
	uv_cond_init(&lane->cond);
	rc = uv_async_init(env->loop, &lane->wake, lane_wakes);
	if (rc)
		goto fail;
	rc = uv_thread_create(&lane->thread, lane_thread, lane);
	if (rc) {
		uv_close((uv_handle_t *)&lane->wake, lane_closed); /* frees it */
		return rc;
	}
	*out = lane;
	return PST_OK;
fail:
	uv_cond_destroy(&lane->cond);
	uv_mutex_destroy(&lane->mutex);
	free(lane);
	return rc;
}

int
pst_lane_run(struct pst_lane *lane, int (*work)(void *arg), void (*done)(void *arg, int rc),
    void *arg)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return -ENOMEM;
	job->work = work;
	job->done = done;
	job->arg = arg;
	uv_mutex_lock(&lane->mutex);
	queue_put(&lane->todo, job);
	uv_cond_signal(&lane->cond);
	uv_mutex_unlock(&lane->mutex);
	return PST_OK;
}

void
pst_lane_close(struct pst_lane **lane, void (*on_closed)(void *arg), void *arg)
{
	struct pst_lane *l = *lane;

	*lane = NULL;
	l->on_closed = on_closed;
	l->on_closed_arg = arg;
	uv_mutex_lock(&l->mutex);
	l->closing = true;
	uv_cond_signal(&l->cond);
	uv_mutex_unlock(&l->mutex);
}
