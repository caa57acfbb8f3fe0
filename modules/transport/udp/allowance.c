#include "allowance.h"

static struct allowance_place *
place_of(struct allowance *a, const struct sockaddr_storage *peer)
{
	uint8_t host[PST_HOST_KEY];
	uint64_t hash;

	pst_sockaddr_host(peer, host);
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
	crypto_shorthash((uint8_t *)&hash, host, sizeof host, a->key);
	return &a->place[hash % ALLOWANCE_PLACES];
}

bool
allowance_take(struct allowance *a, const struct sockaddr_storage *to, uint64_t now_ms, size_t bytes)
{
	struct allowance_place *place = place_of(a, to);
	uint64_t back = (now_ms - place->at_ms) * ALLOWANCE_PER_S / 1000;
	uint64_t used = place->used > back ? place->used - back : 0;

	if (used + bytes > ALLOWANCE_BYTES)
		return false;
	place->used = used + bytes;
	place->at_ms = now_ms;
	return true;
}

void
allowance_return(struct allowance *a, const struct sockaddr_storage *from, size_t bytes)
{
	struct allowance_place *place = place_of(a, from);

	place->used -= bytes < place->used ? bytes : place->used;
}
