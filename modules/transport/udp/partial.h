/*
 * A message of which parts have come, in any order. Each is kept as it came:
 * what a peer says of the whole (`total`, an offset) makes nobody allocate.
 *
 * Refused (spec routing.md 3.3), and with the part all that was kept: no parts
 * in all, or other than were said before; an offset beyond them; an empty part
 * before the last; one of another length than those before the last have; one
 * that is there with other bytes; more than DATAGRAM_MESSAGE_MAX.
 *
 * Two things that Ockam refuses are taken. A last part may be empty, because
 * its sender makes such (datagram.h). The same part once more is passed over:
 * networks duplicate, and nothing is lost by it.
 */
#ifndef UDP_PARTIAL_H
#define UDP_PARTIAL_H

#include "datagram.h"

/* What is kept of all messages of all peers of one socket. */
struct partial_store {
	size_t used; /* bytes, with what keeping them takes */
	size_t limit;
};

/* What a part of len bytes takes of it. */
size_t partial_cost(size_t len);

/* All zero: nothing has come. */
struct partial {
	void *parts; /* tsearch(3)'s, by offset: whatever order a peer picks, none is slow */
	size_t len;  /* bytes of all parts */
	uint16_t total;
	uint16_t come;
	uint16_t part_len; /* of all but the last; 0: none has come */
};

/*
 * Keep a copy of a part. PST_OK; -EBADMSG: refused; PST_E_LIMIT: the store is
 * full; -ENOMEM. After an error nothing is kept, of earlier parts either.
 */
PST_MUST_CHECK int partial_add(struct partial *partial, struct partial_store *store,
    const struct datagram *datagram);
/* Have all come? */
bool partial_whole(const struct partial *partial);
/* All parts of a whole one behind another: len bytes at out. It is left as it is. */
void partial_copy(const struct partial *partial, uint8_t *out);
/* Forget all that was kept. */
void partial_drop(struct partial *partial, struct partial_store *store);

#endif
