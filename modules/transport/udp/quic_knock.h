/*
 * Knocks: "is the way there again?", and "it is". A peer that is silent and owes an acknowledgement
 * is asked by his connection, which doubles its patience each time, without a bound: after a
 * cut of 5 s it might ask up to 4 s later. So one knocks meanwhile, and asks at once when
 * that is answered. A connection that only pretended that its time is over, again and again, would
 * take what was held up on the way for a very slow one.
 *
 * A knock is shorter than any datagram of QUIC with a name of that length, is dropped by who does not
 * know it, and says nothing that has to be believed. Its answer is as long.
 */
#ifndef UDP_QUIC_KNOCK_H
#define UDP_QUIC_KNOCK_H

#include <stddef.h>
#include <stdint.h>

#include <ngtcp2/ngtcp2.h>

/* The names that we give ourselves, by which a datagram finds its connection. */
#define QUIC_CID_LEN 16
/* A short head of one byte, the name, 14 zeros, what it is. */
#define QUIC_KNOCK_LEN 32

enum quic_knock {
	QUIC_NO_KNOCK,
	QUIC_KNOCK,
	QUIC_KNOCK_ANSWER,
};

enum quic_knock quic_knock_read(const uint8_t *bytes, size_t len);
/* The length; 0: the peer's name for itself is not as long as ours are. */
size_t quic_knock_write(uint8_t out[static QUIC_KNOCK_LEN], const ngtcp2_cid *to, enum quic_knock what);

#endif
