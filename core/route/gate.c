/* Gates: who may pass from one to another, and who is told when one closes. */
#include <errno.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "route/router.h"

#define PAIRS_FIRST 64

/* A pair stands in the router's table and in the lists of both gates. */
struct pst_pair_end {
	struct pst_pair *pair;
	struct pst_pair_end *next;
	struct pst_pair_end **link;
};

struct pst_pair {
	struct pst_pair *next;
	uint64_t low, high; /* the ids */
	struct pst_pair_end end[2];
};

/* Ids are ours, so a plain multiplication spreads them well enough. */
static size_t
pair_slot(const struct pst_router *router, uint64_t low, uint64_t high)
{
	uint64_t h = (low * UINT64_C(0x9e3779b97f4a7c15)) ^ (high * UINT64_C(0xc2b2ae3d27d4eb4f));

	return (size_t)(h >> 32) & (router->pair_slots - 1);
}

static struct pst_pair **
pair_find(const struct pst_router *router, uint64_t low, uint64_t high)
{
	struct pst_pair **link = &router->pairs[pair_slot(router, low, high)];

	while (*link && ((*link)->low != low || (*link)->high != high))
		link = &(*link)->next;
	return link;
}

bool
pst_pair_exists(const struct pst_router *router, uint64_t a, uint64_t b)
{
	return router->pair_count && *pair_find(router, a < b ? a : b, a < b ? b : a);
}

static int
pairs_room(struct pst_router *router)
{
	size_t slots = router->pair_slots ? router->pair_slots * 2 : PAIRS_FIRST;
	struct pst_pair **old = router->pairs;
	size_t old_slots = router->pair_slots;
	struct pst_pair **table;

	if (router->pair_count < router->pair_slots)
		return PST_OK;
	table = calloc(slots, sizeof(struct pst_pair *));
	if (!table)
		return -ENOMEM;
	router->pairs = table;
	router->pair_slots = slots;
	for (size_t i = 0; i < old_slots; i++) {
		while (old[i]) {
			struct pst_pair *pair = old[i];
			struct pst_pair **slot = &table[pair_slot(router, pair->low, pair->high)];

			old[i] = pair->next;
			pair->next = *slot;
			*slot = pair;
		}
	}
	free(old);
	return PST_OK;
}

static void
end_enter(struct pst_pair_end *end, struct pst_pair *pair, struct pst_gate *gate)
{
	end->pair = pair;
	pst_linked_enter(&gate->pairs, end);
}

int
pst_gate_pair(struct pst_router *router, struct pst_gate *a, struct pst_gate *b)
{
	uint64_t low = a->id < b->id ? a->id : b->id, high = a->id < b->id ? b->id : a->id;
	struct pst_pair *pair, **slot;

	if (a == b || pst_pair_exists(router, low, high))
		return PST_OK;
	if (pairs_room(router))
		return -ENOMEM;
	pair = calloc(1, sizeof *pair);
	if (!pair)
		return -ENOMEM;
	pair->low = low;
	pair->high = high;
	slot = &router->pairs[pair_slot(router, low, high)];
	pair->next = *slot;
	*slot = pair;
	router->pair_count++;
	end_enter(&pair->end[0], pair, a);
	end_enter(&pair->end[1], pair, b);
	return PST_OK;
}

static void
pairs_leave(struct pst_router *router, struct pst_gate *gate)
{
	while (gate->pairs) {
		struct pst_pair *pair = (gate->pairs)->pair;
		struct pst_pair **link = pair_find(router, pair->low, pair->high);

		*link = pair->next;
		router->pair_count--;
		pst_linked_leave(&pair->end[0]);
		pst_linked_leave(&pair->end[1]);
		free(pair);
	}
}

void
pst_pairs_free(struct pst_router *router)
{
	free(router->pairs); /* gates took theirs along */
}

/* ---- life ---- */

int
pst_gate_open(struct pst_router *router, struct pst_gate *gate, pst_receive_fn *receive)
{
	int rc = pst_worker_start(router, &gate->worker, PST_REACH_INSIDE, receive);

	if (rc)
		return rc;
	gate->worker.is_gate = true;
	gate->id = ++router->gate_ids;
	return PST_OK;
}

void
pst_gate_close(struct pst_router *router, struct pst_gate *gate)
{
	if (!gate->worker.address)
		return;
	while (gate->watches) {
		struct pst_gate_watch *watch = gate->watches;

		pst_gate_unwatch(watch);
		watch->fn(watch);
	}
	pst_worker_stop(router, &gate->worker);
	pairs_leave(router, gate);
}

void
pst_gate_watch(struct pst_gate *gate, struct pst_gate_watch *watch,
    void (*fn)(struct pst_gate_watch *watch))
{
	pst_gate_unwatch(watch);
	watch->fn = fn;
	pst_linked_enter(&gate->watches, watch);
}

void
pst_gate_unwatch(struct pst_gate_watch *watch)
{
	pst_linked_leave(watch);
}
