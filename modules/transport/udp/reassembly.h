/*
 * The messages that one peer is sending: a window of five consecutive numbers,
 * which begins at the first that was seen (spec routing.md 3.3). A newer number
 * moves the window on, and what falls out of it unfinished is lost; an older one
 * is late. One that is far ahead is believed when the next agrees: anybody may send one
 * datagram in a peer's name, and a window that has moved away makes all that the peer says
 * late. Numbers wrap: a is older than b when (b - a) mod 65536 is in 1 … 32768.
 *
 * Nothing here knows time. Who keeps reassemblies decides when one is forgotten
 * (peers.h).
 */
#ifndef UDP_REASSEMBLY_H
#define UDP_REASSEMBLY_H

#include "partial.h"

/* Messages of a peer that may be under way at once. Ockam's default. */
#define REASSEMBLY_WINDOW 5
/* From here on a number is far ahead of the oldest: so many messages can be lost in a row, and one more not. */
#define REASSEMBLY_FAR (2 * REASSEMBLY_WINDOW)

/* All zero: nothing has been seen. */
struct reassembly {
	bool begun;
	bool doubted; /* `far` has come, far ahead, and nothing since */
	uint16_t oldest, far;
	bool done[REASSEMBLY_WINDOW]; /* at number - oldest, as is the next */
	struct partial partial[REASSEMBLY_WINDOW];
};

/* A whole message. */
struct assembled {
	size_t len;          /* 0: there is none */
	const uint8_t *only; /* the part, borrowed, where it is of one */
	struct partial partial;
};

/*
 * Take a datagram. PST_OK: out has the message that it completed, or none. Then
 * assembled_end() has to follow.
 *
 * -ESTALE: late, too far ahead to be believed, or of a message that was completed; PST_E_LIMIT, -ENOMEM: there
 * is no room for it; -EBADMSG: its message is refused. With the last three all
 * that was kept of that message is dropped; parts that come later begin it anew.
 */
PST_MUST_CHECK int reassembly_take(struct reassembly *r, struct partial_store *store,
    const struct datagram *datagram, struct assembled *out);
/* Write the message to out, of len bytes, or nowhere (NULL), and let go of it. */
void assembled_end(struct assembled *assembled, struct partial_store *store, uint8_t *out);

/* Drop the oldest message that is not whole. False: there is none. */
bool reassembly_shed(struct reassembly *r, struct partial_store *store);
/* Forget everything: as if nothing had been seen. */
void reassembly_forget(struct reassembly *r, struct partial_store *store);

#endif
