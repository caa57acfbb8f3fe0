/*
 * What strangers are lent: bytes that they are told beyond what they have said themselves. Anybody may
 * write any address on a datagram, so who is told more than he has said may never have asked: each
 * host is lent little at once, and not much by the second.
 *
 * None at all will not do with Ockam's protocol. The first message of a handshake has 88 bytes, the second, with
 * the identity and its credentials, 515 and more: what a channel wants is lent before anybody can show that
 * he hears us. Who shows it gives back. An answer of echo or rendezvous has a few bytes more than its question.
 *
 * Hosts (pst_sockaddr_host) share places by a keyed hash: the size is fixed,
 * and nobody can tell with whom he shares.
 */
#ifndef UDP_ALLOWANCE_H
#define UDP_ALLOWANCE_H

#include <stdbool.h>

#include <sodium.h>

#include <postern/dial.h>

/* Bytes at once: nine handshakes that have just begun, or one by an identity that has a history. */
#define ALLOWANCE_BYTES 4096
#define ALLOWANCE_PER_S 1024
#define ALLOWANCE_PLACES 4096

/* Zeroed, but for the key, which is random. */
struct allowance {
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct allowance_place {
		uint64_t used; /* bytes, at */
		uint64_t at_ms;
	} place[ALLOWANCE_PLACES];
};

/* So many bytes are lent to there; false: not now. */
bool allowance_take(struct allowance *allowance, const struct sockaddr_storage *to, uint64_t now_ms, size_t bytes);
/* So many of them are given back: who has them has shown that he hears us. */
void allowance_return(struct allowance *allowance, const struct sockaddr_storage *from, size_t bytes);

#endif
