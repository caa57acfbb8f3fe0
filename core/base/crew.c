/*
 * The crew: hands (threads) take jobs from one queue. All hiring is done on the
 * loop: by who gives a job, and when a hand waits while there are jobs left.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/env.h"

struct queue {
	struct pst_job *first;
	struct pst_job **end;
};

/* Members from `todo` to `closing` are under the mutex. */
struct pst_crew {
	struct pst_env *env;
	uv_mutex_t mutex;
	uv_cond_t cond;  /* hands asleep, until `calls` */
	uv_async_t wake; /* the loop, when `asks`, `done` or `gone` have something */
	unsigned limit;  /* hands awake, and hands asleep, at most */
	struct queue todo, asks, done;
	struct hand *gone; /* they have left and are to be joined */
	unsigned hands, asleep, waiting;
	unsigned calls; /* hands that were called and do not know it yet: no longer asleep */
	bool closing;
	void (*on_closed)(struct pst_env *env);
};

struct hand {
	struct hand *next; /* in `gone` */
	struct pst_crew *crew;
	uv_thread_t thread;
};

/* A job that waits; on its thread's stack. */
struct waits {
	uv_cond_t cond;
	void (*ask)(struct pst_job *job);
	bool over;
};

static void
queue_put(struct queue *queue, struct pst_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct pst_job *
queue_take(struct queue *queue)
{
	struct pst_job *job = queue->first;

	queue->first = job->next;
	if (!job->next)
		queue->end = &queue->first;
	return job;
}

static struct pst_job *
queue_take_all(struct queue *queue)
{
	struct pst_job *first = queue->first;

	queue->first = NULL;
	queue->end = &queue->first;
	return first;
}

/* ---- on the hands' threads ---- */

static unsigned
crew_busy(const struct pst_crew *crew)
{
	return crew->hands - crew->asleep - crew->waiting;
}

/* What waits for the loop already has woken it. */
static void
crew_tell(struct pst_crew *crew, struct queue *queue, struct pst_job *job)
{
	bool told = crew->asks.first || crew->done.first;

	queue_put(queue, job);
	if (!told)
		uv_async_send(&crew->wake);
}

/* NULL: one hand too many. A hand whose job waited may find its place taken: one of the two sleeps. */
static struct pst_job *
crew_next(struct pst_crew *crew)
{
	while (!crew->todo.first || crew_busy(crew) > crew->limit) {
		if (crew->closing || crew->asleep == crew->limit)
			return NULL;
		crew->asleep++;
		while (!crew->calls)
			uv_cond_wait(&crew->cond, &crew->mutex);
		crew->calls--;
	}
	return queue_take(&crew->todo);
}

static void
hand_works(void *arg)
{
	struct hand *hand = arg;
	struct pst_crew *crew = hand->crew;
	struct pst_job *job;

	uv_mutex_lock(&crew->mutex);
	while ((job = crew_next(crew))) {
		uv_mutex_unlock(&crew->mutex);
		job->work(job);
		uv_mutex_lock(&crew->mutex);
		crew_tell(crew, &crew->done, job);
	}
	crew->hands--;
	hand->next = crew->gone;
	crew->gone = hand;
	uv_async_send(&crew->wake);
	uv_mutex_unlock(&crew->mutex);
}

void
pst_crew_wait(struct pst_env *env, struct pst_job *job, void (*ask)(struct pst_job *job))
{
	struct pst_crew *crew = env->crew;
	struct waits waits = { .ask = ask };

	uv_cond_init(&waits.cond);
	job->waits = &waits;
	uv_mutex_lock(&crew->mutex);
	crew->waiting++;
	crew_tell(crew, &crew->asks, job);
	while (!waits.over)
		uv_cond_wait(&waits.cond, &crew->mutex);
	crew->waiting--;
	uv_mutex_unlock(&crew->mutex);
	uv_cond_destroy(&waits.cond);
}

/* ---- on the loop ---- */

void
pst_crew_go_on(struct pst_env *env, struct pst_job *job)
{
	struct waits *waits = job->waits;

	uv_mutex_lock(&env->crew->mutex);
	waits->over = true;
	uv_cond_signal(&waits->cond);
	uv_mutex_unlock(&env->crew->mutex);
}

static int
hand_hire(struct pst_crew *crew)
{
	struct hand *hand = calloc(1, sizeof *hand);
	int rc;

	if (!hand)
		return -ENOMEM;
	hand->crew = crew;
	rc = uv_thread_create(&hand->thread, hand_works, hand);
	if (rc)
		free(hand);
	else
		crew->hands++;
	return rc;
}

/* One more hand for one more job, if there is room. */
static int
crew_staff(struct pst_crew *crew)
{
	if (crew_busy(crew) >= crew->limit)
		return PST_OK;
	if (!crew->asleep)
		return hand_hire(crew);
	crew->asleep--;
	crew->calls++;
	uv_cond_signal(&crew->cond);
	return PST_OK;
}

static void
hands_join(struct hand *hand)
{
	while (hand) {
		struct hand *next = hand->next;

		uv_thread_join(&hand->thread);
		free(hand);
		hand = next;
	}
}

static void
crew_free(struct pst_crew *crew)
{
	uv_cond_destroy(&crew->cond);
	uv_mutex_destroy(&crew->mutex);
	free(crew);
}

static void
crew_closed(uv_handle_t *handle)
{
	struct pst_crew *crew = handle->data;
	struct pst_env *env = crew->env;
	void (*on_closed)(struct pst_env *env) = crew->on_closed;

	crew_free(crew);
	env->crew = NULL;
	on_closed(env);
}

static void
crew_wakes(uv_async_t *wake)
{
	struct pst_crew *crew = wake->data;
	struct pst_job *asks, *done, *job;
	struct hand *gone;
	bool over;

	uv_mutex_lock(&crew->mutex);
	asks = queue_take_all(&crew->asks);
	done = queue_take_all(&crew->done);
	gone = crew->gone;
	crew->gone = NULL;
	/* who waits has left a place; that none may be hired now is no failure: one goes on later */
	job = crew->todo.first;
	while (job && crew_busy(crew) < crew->limit && !crew_staff(crew))
		job = job->next;
	over = crew->closing && !crew->hands;
	uv_mutex_unlock(&crew->mutex);
	hands_join(gone);
	while ((job = asks)) {
		asks = job->next;
		((struct waits *)job->waits)->ask(job);
	}
	while ((job = done)) {
		done = job->next;
		job->done(job);
	}
	if (over && !uv_is_closing((uv_handle_t *)wake))
		uv_close((uv_handle_t *)wake, crew_closed);
}

static int
crew_new(struct pst_env *env)
{
	struct pst_crew *crew = calloc(1, sizeof *crew);
	int rc;

	if (!crew)
		return -ENOMEM;
	crew->env = env;
	crew->limit = uv_available_parallelism();
	crew->todo.end = &crew->todo.first;
	crew->asks.end = &crew->asks.first;
	crew->done.end = &crew->done.first;
	crew->wake.data = crew;
	uv_mutex_init(&crew->mutex);
	uv_cond_init(&crew->cond);
	rc = uv_async_init(env->loop, &crew->wake, crew_wakes);
	if (rc)
		crew_free(crew);
	else
		env->crew = crew;
	return rc;
}

int
pst_crew_run(struct pst_env *env, struct pst_job *job)
{
	struct pst_crew *crew;
	int rc = env->crew ? PST_OK : crew_new(env);

	if (rc)
		return rc;
	crew = env->crew;
	assert(!crew->closing);
	uv_mutex_lock(&crew->mutex);
	rc = crew_staff(crew);
	if (crew->hands)
		rc = PST_OK; /* somebody comes to it */
	if (!rc)
		queue_put(&crew->todo, job);
	uv_mutex_unlock(&crew->mutex);
	return rc;
}

void
pst_crew_close(struct pst_env *env, void (*on_closed)(struct pst_env *env))
{
	struct pst_crew *crew = env->crew;

	uv_mutex_lock(&crew->mutex);
	crew->closing = true;
	crew->on_closed = on_closed;
	crew->calls += crew->asleep;
	crew->asleep = 0;
	uv_cond_broadcast(&crew->cond);
	uv_mutex_unlock(&crew->mutex);
	uv_async_send(&crew->wake);
}
