/* Timers of an env: a binary heap over one libuv handle. */
#include <stdlib.h>

#include "base/env.h"

/* A timer knows its place in the heap, so that stopping it is O(log n). */
static size_t
place(const struct pst_timer *timer)
{
	return (size_t)(uintptr_t)timer->node[0];
}

static void
put(struct pst_env *env, size_t i, struct pst_timer *timer)
{
	env->timers[i] = timer;
	timer->node[0] = (void *)(uintptr_t)i;
}

static bool
before(const struct pst_timer *a, const struct pst_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void
sift_up(struct pst_env *env, size_t i, struct pst_timer *timer)
{
	while (i && before(timer, env->timers[(i - 1) / 2])) {
		put(env, i, env->timers[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(env, i, timer);
}

static void
sift_down(struct pst_env *env, size_t i, struct pst_timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= env->timer_count)
			break;
		if (child + 1 < env->timer_count && before(env->timers[child + 1], env->timers[child]))
			child++;
		if (!before(env->timers[child], timer))
			break;
		put(env, i, env->timers[child]);
		i = child;
	}
	put(env, i, timer);
}

static void
heap_remove(struct pst_env *env, struct pst_timer *timer)
{
	size_t i = place(timer);
	struct pst_timer *last = env->timers[--env->timer_count];

	timer->armed = false;
	if (last == timer)
		return;
	if (i && before(last, env->timers[(i - 1) / 2]))
		sift_up(env, i, last);
	else
		sift_down(env, i, last);
}

static void alarm_set(struct pst_env *env, uint64_t least_ms);

static void
alarm_rings(uv_timer_t *alarm)
{
	struct pst_env *env = alarm->data;
	uint64_t now = uv_now(env->loop);

	/* one started meanwhile has a later seq, and waits for the next turn: with
	 * 0 ms libuv would ring again before it has looked at any socket */
	uint64_t last_seq = env->timer_seq;

	while (env->timer_count && env->timers[0]->due_ms <= now && env->timers[0]->seq <= last_seq) {
		struct pst_timer *timer = env->timers[0];

		heap_remove(env, timer);
		timer->fn(timer);
	}
	alarm_set(env, 1);
}

static void
alarm_set(struct pst_env *env, uint64_t least_ms)
{
	uint64_t now = uv_now(env->loop), due;

	if (!env->timer_count) {
		uv_timer_stop(&env->alarm);
		return;
	}
	due = env->timers[0]->due_ms;
	uv_timer_start(&env->alarm, alarm_rings, due > now + least_ms ? due - now : least_ms, 0);
}

void
pst_timer_start(struct pst_env *env, struct pst_timer *timer, uint64_t ms,
    void (*fn)(struct pst_timer *timer))
{
	if (timer->armed)
		heap_remove(env, timer);
	if (env->timer_count == env->timer_room) {
		size_t room = env->timer_room ? env->timer_room * 2 : 64;
		struct pst_timer **timers = realloc(env->timers, room * sizeof(struct pst_timer *));

		if (!timers)
			abort(); /* a node that cannot count time is no node */
		env->timers = timers;
		env->timer_room = room;
	}
	timer->fn = fn;
	timer->due_ms = uv_now(env->loop) + ms;
	timer->seq = ++env->timer_seq;
	timer->armed = true;
	sift_up(env, env->timer_count++, timer);
	if (env->timers[0] == timer)
		alarm_set(env, 0);
}

void
pst_timer_stop(struct pst_env *env, struct pst_timer *timer)
{
	if (!timer->armed)
		return;
	heap_remove(env, timer);
	/* the alarm may ring once for nothing: cheaper than setting it each time */
	if (!env->timer_count)
		uv_timer_stop(&env->alarm);
}
