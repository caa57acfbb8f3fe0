#include "allowance.h"

bool
allowance_take(struct allowance *a, const struct sockaddr_storage *to, uint64_t now_ms, size_t bytes)
{
	uint8_t host[PST_HOST_KEY];
	uint64_t hash, used, back;
	size_t at;

	pst_sockaddr_host(to, host);
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
	crypto_shorthash((uint8_t *)&hash, host, sizeof host, a->key);
	at = hash % ALLOWANCE_PLACES;
	used = a->place[at].used;
	back = (now_ms - a->place[at].at_ms) * ALLOWANCE_PER_S / 1000;
	used = used > back ? used - back : 0;
	if (used + bytes > ALLOWANCE_BYTES)
		return false;
	a->place[at].used = used + bytes;
	a->place[at].at_ms = now_ms;
	return true;
}
