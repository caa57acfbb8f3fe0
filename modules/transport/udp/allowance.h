/*
 * What strangers may be told beyond what they have said themselves. Anybody may write any
 * address on a datagram, so who is told more than he has said may never have asked: each
 * host has so many bytes of that for nothing, and so many more a second.
 *
 * Ockam's answers are longer than what they answer, by a few bytes (an echo, an
 * address) or by an identity (the second message of a handshake), so none at all will not do.
 *
 * Hosts (pst_sockaddr_host) share places by a keyed hash: the size is fixed,
 * and nobody can tell with whom he shares.
 */
#ifndef UDP_ALLOWANCE_H
#define UDP_ALLOWANCE_H

#include <stdbool.h>

#include <sodium.h>

#include <postern/dial.h>

/* Bytes at once: some fifty handshakes of hosts behind one address. */
#define ALLOWANCE_BYTES (64 * 1024)
#define ALLOWANCE_PER_S (16 * 1024)
#define ALLOWANCE_PLACES 4096

/* Zeroed, but for the key, which is random. */
struct allowance {
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct {
		uint64_t used; /* bytes, at */
		uint64_t at_ms;
	} place[ALLOWANCE_PLACES];
};

/* So many bytes for nothing go there; false: not now. */
bool allowance_take(struct allowance *allowance, const struct sockaddr_storage *to, uint64_t now_ms, size_t bytes);

#endif
