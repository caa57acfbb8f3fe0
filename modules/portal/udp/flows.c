#include "flows.h"

#include <string.h>

#include <postern/linked.h>

static struct flow_entry **
bucket_of(struct flows *flows, const union flow_key *key)
{
	uint64_t hash;

	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)key, sizeof *key, flows->secret);
	return &flows->bucket[hash % FLOWS_BUCKETS];
}

/* ---- by use ---- */

static void
use_begin(struct flows *flows, struct flow_entry *e)
{
	e->used_ms = pst_now_ms(flows->env);
	e->newer = NULL;
	e->older = flows->newest;
	*(e->older ? &e->older->newer : &flows->oldest) = e;
	flows->newest = e;
}

static void
use_end(struct flows *flows, struct flow_entry *e)
{
	*(e->newer ? &e->newer->older : &flows->newest) = e->older;
	*(e->older ? &e->older->newer : &flows->oldest) = e->newer;
}

void
flows_use(struct flows *flows, struct flow_entry *e)
{
	use_end(flows, e);
	use_begin(flows, e);
}

/* ---- idle ---- */

static void look(struct pst_timer *timer);

/* One timer for all: the oldest is due first. */
static void
timer_set(struct flows *flows)
{
	uint64_t now = pst_now_ms(flows->env), due;

	if (!flows->oldest)
		return;
	due = flows->oldest->used_ms + flows->idle_ms;
	pst_timer_start(flows->env, &flows->timer, due > now ? due - now : 0, look);
}

static void
look(struct pst_timer *timer)
{
	struct flows *flows = pst_container_of(timer, struct flows, timer);
	uint64_t now = pst_now_ms(flows->env);

	while (flows->oldest && flows->oldest->used_ms + flows->idle_ms <= now)
		flows->idle(flows->oldest);
	timer_set(flows);
}

void
flows_idle(struct flows *flows, uint64_t idle_ms)
{
	flows->idle_ms = idle_ms;
	timer_set(flows);
}

/* ---- the table ---- */

void
flows_init(struct flows *flows, struct pst_env *env, uint64_t idle_ms,
    void (*idle)(struct flow_entry *entry))
{
	*flows = (struct flows){ .env = env, .idle_ms = idle_ms, .idle = idle };
	randombytes_buf(flows->secret, sizeof flows->secret);
}

void
flows_fini(struct flows *flows)
{
	pst_timer_stop(flows->env, &flows->timer);
}

struct flow_entry *
flows_find(struct flows *flows, const union flow_key *key)
{
	struct flow_entry *e = *bucket_of(flows, key);

	while (e && memcmp(&e->key, key, sizeof *key))
		e = e->next;
	return e;
}

void
flows_enter(struct flows *flows, struct flow_entry *e)
{
	pst_linked_enter(bucket_of(flows, &e->key), e);
	use_begin(flows, e);
	if (!flows->count++)
		timer_set(flows);
}

void
flows_leave(struct flows *flows, struct flow_entry *e)
{
	pst_linked_leave(e);
	use_end(flows, e);
	if (!--flows->count)
		pst_timer_stop(flows->env, &flows->timer);
}
