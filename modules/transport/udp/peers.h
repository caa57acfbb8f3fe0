/*
 * Whoever sends to a socket, each with what it has under way. Anybody may write
 * any source address on a datagram, so this is bounded three ways, and nobody is
 * refused: room is made by forgetting who has been silent longest.
 *
 *   most         peers that are remembered
 *   store.limit  bytes of unfinished messages, of all of them
 *   PEERS_QUIET  a peer of whom nothing was taken for so long begins anew: else
 *                one that has restarted, with numbers that look late, would not
 *                be heard until it has passed those it had
 */
#ifndef UDP_PEERS_H
#define UDP_PEERS_H

#include <sys/socket.h>

#include "reassembly.h"

#define PEERS_QUIET_MS 5000

struct peer;

/* Orders socket addresses by what makes them one, for tsearch(3): family, port, address, interface. */
int peers_order(const void *a, const void *b);

struct peers {
	/* Set by the owner. */
	size_t most;
	struct partial_store store;
	/* the rest is peers.c's; all zero at first */
	void *tree; /* tsearch(3)'s, by address */
	struct peer *latest, *silent; /* who was heard last, and longest ago */
	size_t count;
};

/*
 * Take a datagram that came from there at that time: as reassembly_take(), and
 * assembled_end(…, &peers->store, …) has to follow.
 */
PST_MUST_CHECK int peers_take(struct peers *peers, const struct sockaddr_storage *from,
    uint64_t now_ms, const struct datagram *datagram, struct assembled *out);
void peers_fini(struct peers *peers);

#endif
