#include "peers.h"

#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>

struct peer {
	struct sockaddr_storage address;
	struct peer *later, *earlier; /* heard after and before */
	uint64_t taken_ms;
	struct reassembly reassembly;
};

int
peers_order(const void *a, const void *b)
{
	const struct sockaddr_in6 *x = a, *y = b;
	const struct sockaddr_in *v = a, *w = b;
	int order;

	if (v->sin_family != w->sin_family)
		return v->sin_family < w->sin_family ? -1 : 1;
	order = memcmp(&v->sin_port, &w->sin_port, sizeof v->sin_port);
	if (order)
		return order;
	if (v->sin_family != AF_INET6)
		return memcmp(&v->sin_addr, &w->sin_addr, sizeof v->sin_addr);
	order = memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr);
	if (order || x->sin6_scope_id == y->sin6_scope_id)
		return order;
	return x->sin6_scope_id < y->sin6_scope_id ? -1 : 1;
}

static void
peer_unlink(struct peers *peers, struct peer *peer)
{
	*(peer->later ? &peer->later->earlier : &peers->latest) = peer->earlier;
	*(peer->earlier ? &peer->earlier->later : &peers->silent) = peer->later;
}

static void
peer_link(struct peers *peers, struct peer *peer)
{
	peer->later = NULL;
	peer->earlier = peers->latest;
	*(peers->latest ? &peers->latest->later : &peers->silent) = peer;
	peers->latest = peer;
}

static void
peer_forget(struct peers *peers, struct peer *peer)
{
	tdelete(peer, &peers->tree, peers_order);
	peer_unlink(peers, peer);
	reassembly_forget(&peer->reassembly, &peers->store);
	peers->count--;
	free(peer);
}

static struct peer *
peer_new(struct peers *peers, const struct sockaddr_storage *from)
{
	struct peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return NULL;
	peer->address = *from;
	if (!tsearch(peer, &peers->tree, peers_order)) {
		free(peer);
		return NULL;
	}
	peer_link(peers, peer);
	peers->count++;
	return peer;
}

/* The peer there, who has now been heard last of all. */
static struct peer *
peer_find(struct peers *peers, const struct sockaddr_storage *from)
{
	void *node = tfind(from, &peers->tree, peers_order);
	struct peer *peer;

	if (!node) {
		if (peers->silent && peers->count >= peers->most)
			peer_forget(peers, peers->silent);
		return peer_new(peers, from);
	}
	peer = *(struct peer **)node;
	peer_unlink(peers, peer);
	peer_link(peers, peer);
	return peer;
}

/* Somebody loses something, and he who is heard now last of all. False: nothing is left of his. */
static bool
shed(struct peers *peers, struct peer *peer)
{
	if (peers->silent == peer)
		return reassembly_shed(&peer->reassembly, &peers->store);
	peer_forget(peers, peers->silent);
	return true;
}

static void
room_make(struct peers *peers, struct peer *peer, size_t bytes)
{
	while (peers->store.used && peers->store.used + bytes > peers->store.limit && shed(peers, peer))
		;
}

int
peers_take(struct peers *peers, const struct sockaddr_storage *from, uint64_t now_ms,
    const struct datagram *d, struct assembled *out)
{
	struct peer *peer = peer_find(peers, from);
	int rc;

	*out = (struct assembled){ 0 };
	if (!peer)
		return -ENOMEM;
	if (now_ms - peer->taken_ms >= PEERS_QUIET_MS)
		reassembly_forget(&peer->reassembly, &peers->store);
	if (d->total > 1)
		room_make(peers, peer, partial_cost(d->len));
	rc = reassembly_take(&peer->reassembly, &peers->store, d, out);
	if (rc != -ESTALE)
		peer->taken_ms = now_ms;
	return rc;
}

void
peers_fini(struct peers *peers)
{
	while (peers->silent)
		peer_forget(peers, peers->silent);
}
