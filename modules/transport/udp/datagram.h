/*
 * A datagram of plain UDP, as Ockam has it (spec routing.md 3.1): one part of
 * a message, which is a frame's body (route.h) without its length.
 *
 *     [ version, number, offset, total, part ]      an array of five, in CBOR
 *
 * The number is the message's; all parts but the last are of one length.
 */
#ifndef UDP_DATAGRAM_H
#define UDP_DATAGRAM_H

#include <postern/buf.h>

/* The longest that Ockam's receivers take; it crosses every path whole (RFC 1122, 3.3.3). */
#define DATAGRAM_MAX 508
/* Array, version, three numbers and the length, at their longest and shortest. */
#define DATAGRAM_HEAD_MAX 15
#define DATAGRAM_HEAD_MIN 6
#define DATAGRAM_PART_MAX (DATAGRAM_MAX - DATAGRAM_HEAD_MAX)
/* The longest message (3.2). */
#define DATAGRAM_MESSAGE_MAX (16 * 1024 * 1024)

struct datagram {
	uint16_t number; /* of the message */
	uint16_t offset; /* of this part, from 0 */
	uint16_t total;  /* parts of the message */
	size_t len;
	const uint8_t *part; /* borrowed from what was read */
};

/*
 * Read one. -EBADMSG; whether the numbers make sense together is not asked.
 * Items and bytes behind the five are skipped, any version is taken, as Ockam does.
 */
PST_MUST_CHECK int datagram_read(struct datagram *out, const void *bytes, size_t len);
/* All that stands before the part. Its length. */
size_t datagram_head(uint8_t out[static DATAGRAM_HEAD_MAX], const struct datagram *datagram);

/*
 * Splitting: a message of len bytes is sent as so many datagrams; 0 when it is
 * empty or longer than DATAGRAM_MESSAGE_MAX.
 *
 * Ockam's sender adds an empty last part to a multiple of DATAGRAM_PART_MAX,
 * which its receiver refuses. Here the last part is full, which it takes.
 */
size_t datagram_count(size_t len);
/* The datagram of that offset, below datagram_count(len), borrowing from the message. */
struct datagram datagram_split(const void *message, size_t len, uint16_t number, uint16_t offset);

#endif
