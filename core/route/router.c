#include <postern/router.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/refusal.h>

#include "route/router.h"

#define TABLE_FIRST 64
/* Each delivery takes a hop off, so this is never met but by a loop of ours. */
#define DEPTH_MAX 64

int
pst_router_new(struct pst_router **out, struct pst_env *env)
{
	struct pst_router *router = calloc(1, sizeof *router);

	if (!router)
		return -ENOMEM;
	router->env = env;
	router->slots = TABLE_FIRST;
	router->table = calloc(router->slots, sizeof(struct pst_worker *));
	if (!router->table) {
		free(router);
		return -ENOMEM;
	}
	randombytes_buf(router->key, sizeof router->key);
	*out = router;
	return PST_OK;
}

void
pst_router_free(struct pst_router **router)
{
	if (*router) {
		pst_pairs_free(*router);
		free((*router)->table);
	}
	free(*router);
	*router = NULL;
}

size_t
pst_router_workers(const struct pst_router *router)
{
	return router->count;
}

/* ---- the table ---- */

/* Keyed, since relay names are chosen by peers. */
static uint64_t
hash(const struct pst_router *router, const uint8_t *address, size_t len)
{
	uint64_t h;

	_Static_assert(sizeof h == crypto_shorthash_BYTES, "hash");
	crypto_shorthash((uint8_t *)&h, address, len, router->key);
	return h;
}

static struct pst_worker **
slot_of(const struct pst_router *router, const uint8_t *address, size_t len)
{
	return &router->table[hash(router, address, len) & (router->slots - 1)];
}

static struct pst_worker *
find(const struct pst_router *router, const uint8_t *address, size_t len)
{
	struct pst_worker *worker = *slot_of(router, address, len);

	while (worker && (worker->address_len != len || memcmp(worker->address, address, len)))
		worker = worker->next;
	return worker;
}

static void
table_grow(struct pst_router *router)
{
	size_t slots = router->slots * 2, old_slots = router->slots;
	struct pst_worker **table = calloc(slots, sizeof(struct pst_worker *));
	struct pst_worker **old = router->table;

	if (!table)
		return; /* longer chains, no harm */
	router->table = table;
	router->slots = slots;
	for (size_t i = 0; i < old_slots; i++) {
		while (old[i]) {
			struct pst_worker *worker = old[i];
			struct pst_worker **slot = slot_of(router, worker->address, worker->address_len);

			old[i] = worker->next;
			worker->next = *slot;
			*slot = worker;
		}
	}
	free(old);
}

static void
table_add(struct pst_router *router, struct pst_worker *worker)
{
	struct pst_worker **slot;

	if (router->count >= router->slots)
		table_grow(router);
	slot = slot_of(router, worker->address, worker->address_len);
	worker->next = *slot;
	*slot = worker;
	router->count++;
}

/* ---- workers ---- */

int
pst_worker_start(struct pst_router *router, struct pst_worker *worker, enum pst_reach reach,
    pst_receive_fn *receive)
{
	uint8_t bytes[PST_RANDOM_NAME_LEN / 2];
	char name[PST_RANDOM_NAME_LEN + 1];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(name, sizeof name, bytes, sizeof bytes);
	worker->address = worker->random;
	worker->address_len = (uint16_t)pst_address_encode(worker->random, sizeof worker->random,
	    PST_ADDRESS_LOCAL, name, PST_RANDOM_NAME_LEN);
	worker->receive = receive;
	worker->reach = (uint8_t)reach;
	table_add(router, worker);
	return PST_OK;
}

int
pst_worker_start_named(struct pst_router *router, struct pst_worker *worker, const char *name,
    enum pst_reach reach, pst_receive_fn *receive)
{
	uint8_t address[PST_ADDRESS_MAX], *copy;
	size_t len = pst_address_encode(address, sizeof address, PST_ADDRESS_LOCAL, name, strlen(name));

	if (!len)
		return PST_E_LIMIT;
	if (find(router, address, len))
		return -EEXIST;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, address, len);
	worker->address = copy;
	worker->address_len = (uint16_t)len;
	worker->receive = receive;
	worker->reach = (uint8_t)reach;
	table_add(router, worker);
	return PST_OK;
}

void
pst_worker_stop(struct pst_router *router, struct pst_worker *worker)
{
	struct pst_worker **link;

	if (!worker->address)
		return;
	link = slot_of(router, worker->address, worker->address_len);
	while (*link != worker)
		link = &(*link)->next;
	*link = worker->next;
	router->count--;
	if (worker->address != worker->random)
		free((void *)worker->address);
	worker->address = NULL;
}

struct pst_route
pst_worker_route(const struct pst_worker *worker)
{
	struct pst_route route = { worker->address, worker->address_len, 1 };

	return route;
}

struct pst_worker *
pst_router_find(struct pst_router *router, const struct pst_route *route)
{
	size_t len = pst_route_first_len(route);

	return len ? find(router, route->data, len) : NULL;
}

struct pst_gate *
pst_router_gate(struct pst_router *router, const struct pst_route *route)
{
	struct pst_worker *worker = pst_router_find(router, route);

	return worker && worker->is_gate ? (struct pst_gate *)worker : NULL;
}

/* ---- delivery ---- */

static bool
lets_in(struct pst_router *router, const struct pst_worker *worker, const struct pst_message *m)
{
	struct pst_address address;

	if (!m->from)
		return true;
	switch ((enum pst_reach)worker->reach) {
	case PST_REACH_ANY:
		return true;
	case PST_REACH_LOCAL:
		return m->from->local;
	case PST_REACH_GATE:
		return worker->reach_gate == m->from->id;
	case PST_REACH_SECTION:
		pst_route_first(&m->onward, &address);
		return !m->from->exposes || m->from->exposes(m->from, address.value, address.len);
	case PST_REACH_INSIDE:
		return worker->is_gate &&
		    pst_pair_exists(router, ((const struct pst_gate *)worker)->id, m->from->id);
	}
	return false;
}

static void
log_dropped(struct pst_router *router, const struct pst_message *m, int rc)
{
	const struct pst_log *log = m->from && m->from->log ? m->from->log : pst_env_log(router->env);
	char route[160];

	pst_info_rated(log, &router->dropped, "message dropped",
	    PST_STR("route", pst_route_format(&m->onward, route, sizeof route)), PST_RC(rc));
}

int
pst_router_send(struct pst_router *router, struct pst_message *m)
{
	struct pst_worker *worker = pst_router_find(router, &m->onward);
	int rc = PST_OK;

	if (m->from)
		m->from->messages++;
	if (!worker || router->depth == DEPTH_MAX)
		rc = PST_E_NO_ROUTE;
	else if (!lets_in(router, worker, m))
		rc = PST_E_DENIED;
	if (rc) {
		log_dropped(router, m, rc);
		if (!worker)
			pst_refuse(router->env, m, PST_REFUSAL_NOBODY);
	} else {
		router->depth++;
		worker->receive(worker, m);
		router->depth--;
	}
	pst_buf_free(&m->payload);
	return rc;
}

int
pst_send(struct pst_router *router, const struct pst_route *onward, const struct pst_route *back,
    struct pst_buf *payload)
{
	struct pst_message m = {
		.onward = *onward,
		.back = *back,
		.payload = pst_buf_take(payload),
	};

	return pst_router_send(router, &m);
}
