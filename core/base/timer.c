/*
 * Timers of an env: a pairing heap over one libuv handle. It lies in the
 * timers themselves, so that starting one cannot fail.
 */
#include "base/env.h"

/* What a timer's nodes are: its first child, and its neighbours among the
 * children of the same one. The first of them has its parent before it. */
enum { CHILD, NEXT, PREV };

static bool
before(const struct pst_timer *a, const struct pst_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void
put(struct pst_timer *timer, int node, struct pst_timer *other)
{
	timer->node[node] = other;
	if (node != PREV && other)
		other->node[PREV] = timer;
}

/* Two heaps become one: whoever is due later is a child of the other. */
static struct pst_timer *
meld(struct pst_timer *a, struct pst_timer *b)
{
	struct pst_timer *later = a;

	if (!a || !b)
		return a ? a : b;
	if (before(b, a))
		a = b;
	else
		later = b;
	put(later, NEXT, a->node[CHILD]);
	put(a, CHILD, later);
	return a;
}

/* Children that have lost their parent: in pairs first, then all of these, which
 * keeps it O(log n) in the long run. */
static struct pst_timer *
meld_all(struct pst_timer *first)
{
	struct pst_timer *pairs = NULL, *heap = NULL;

	while (first) {
		struct pst_timer *a = first, *b = a->node[NEXT];

		first = b ? b->node[NEXT] : NULL;
		a = meld(a, b);
		a->node[NEXT] = pairs;
		pairs = a;
	}
	while (pairs) {
		struct pst_timer *a = pairs;

		pairs = a->node[NEXT];
		heap = meld(heap, a);
	}
	return heap;
}

static void
heap_remove(struct pst_env *env, struct pst_timer *timer)
{
	struct pst_timer *children = meld_all(timer->node[CHILD]), *prev = timer->node[PREV];

	timer->armed = false;
	if (timer == env->timers) {
		env->timers = children;
		return;
	}
	put(prev, prev->node[CHILD] == timer ? CHILD : NEXT, timer->node[NEXT]);
	env->timers = meld(env->timers, children);
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

	while (env->timers && env->timers->due_ms <= now && env->timers->seq <= last_seq) {
		struct pst_timer *timer = env->timers;

		heap_remove(env, timer);
		timer->fn(timer);
	}
	alarm_set(env, 1);
}

static void
alarm_set(struct pst_env *env, uint64_t least_ms)
{
	uint64_t now = uv_now(env->loop), due;

	if (!env->timers) {
		uv_timer_stop(&env->alarm);
		return;
	}
	due = env->timers->due_ms;
	uv_timer_start(&env->alarm, alarm_rings, due > now + least_ms ? due - now : least_ms, 0);
}

void
pst_timer_start(struct pst_env *env, struct pst_timer *timer, uint64_t ms,
    void (*fn)(struct pst_timer *timer))
{
	if (timer->armed)
		heap_remove(env, timer);
	timer->fn = fn;
	timer->due_ms = uv_now(env->loop) + ms;
	timer->seq = ++env->timer_seq;
	timer->armed = true;
	timer->node[CHILD] = timer->node[NEXT] = timer->node[PREV] = NULL;
	env->timers = meld(env->timers, timer);
	if (env->timers == timer)
		alarm_set(env, 0);
}

void
pst_timer_stop(struct pst_env *env, struct pst_timer *timer)
{
	if (!timer->armed)
		return;
	heap_remove(env, timer);
	/* the alarm may ring once for nothing: cheaper than setting it each time */
	if (!env->timers)
		uv_timer_stop(&env->alarm);
}
