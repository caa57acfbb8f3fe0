/*
 * The messages that one peer is sending: a window of five consecutive numbers,
 * which begins at the first that was seen (spec routing.md 3.3). A newer number
 * moves the window on, and what falls out of it unfinished is lost; an older one
 * is late. Numbers wrap.
 *
 * A number that is far from the window begins another, and the one that was used last
 * stays. For a sender that speaks to many counts what it says to all of them, so that any number
 * may be the next for us; and anybody may send a datagram in a peer's name, after
 * which the peer is heard as before.
 *
 * Nothing here knows time. Who keeps reassemblies decides when one is forgotten
 * (peers.h).
 */
#ifndef UDP_REASSEMBLY_H
#define UDP_REASSEMBLY_H

#include "partial.h"

/* Messages of a peer that may be under way at once. Ockam's default. */
#define REASSEMBLY_WINDOW 5
/* From here on a number is far from the oldest, be it ahead or behind. */
#define REASSEMBLY_FAR (2 * REASSEMBLY_WINDOW)
#define REASSEMBLY_WINDOWS 2

/* All zero: nothing has been seen. */
struct reassembly {
	struct window {
		bool begun;
		uint16_t oldest;
		bool done[REASSEMBLY_WINDOW]; /* at number - oldest, as is the next */
		struct partial partial[REASSEMBLY_WINDOW];
	} window[REASSEMBLY_WINDOWS]; /* that was used last is first */
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
 * -ESTALE: late, or of a message that was completed; PST_E_LIMIT, -ENOMEM: there
 * is no room for it; -EBADMSG: its message is refused. With the last three all
 * that was kept of that message is dropped; parts that come later begin it anew.
 */
PST_MUST_CHECK int reassembly_take(struct reassembly *r, struct partial_store *store,
    const struct datagram *datagram, struct assembled *out);
/* Write the message to out, of len bytes, or nowhere (NULL), and let go of it. */
void assembled_end(struct assembled *assembled, struct partial_store *store, uint8_t *out);

/* Drop the oldest message that is not whole, of the window that was not used for longer. False: there is none. */
bool reassembly_shed(struct reassembly *r, struct partial_store *store);
/* Forget everything: as if nothing had been seen. */
void reassembly_forget(struct reassembly *r, struct partial_store *store);

#endif
