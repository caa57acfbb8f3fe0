/* The inside of a router, shared by router.c and gate.c. */
#ifndef PST_ROUTE_ROUTER_H
#define PST_ROUTE_ROUTER_H

#include <postern/router.h>
#include <sodium.h>

struct pst_pair;

struct pst_router {
	struct pst_env *env;
	struct pst_worker **table;
	size_t slots; /* a power of two */
	size_t count;
	unsigned depth;
	uint64_t gate_ids;
	struct pst_pair **pairs; /* a table like `table`, by both ids */
	size_t pair_slots;
	size_t pair_count;
	struct pst_doorman *doormen;
	struct pst_rate dropped;
	uint8_t key[crypto_shorthash_KEYBYTES];
};

bool pst_pair_exists(const struct pst_router *router, uint64_t a, uint64_t b);
void pst_pairs_free(struct pst_router *router);

#endif
