/*
 * Who comes to a connection that is not there. Nothing is kept of anybody before he
 * has shown that he hears us at his address: he is given a token (RFC 9000, 8.1.2) and
 * asks again with it. Whatever is answered until then is no longer than what was asked.
 */
#ifndef UDP_QUIC_DOOR_H
#define UDP_QUIC_DOOR_H

#include "quic.h"
#include "quic_conn.h"

/* The name that a datagram is for; false: it is none of QUIC. */
bool quic_door_name(ngtcp2_cid *out, const uint8_t *bytes, size_t len);
/*
 * A datagram for a name that nobody has. True: who has come hears us, and *out is what quic_conn_accept() wants; it
 * points into bytes. Else *answer_len bytes of answer (QUIC_DATAGRAM_MIN of room), if any, are to go back.
 */
bool quic_door_open(struct quic_hello *out, const struct quic_tls *tls, const struct sockaddr_storage *from,
    const uint8_t *bytes, size_t len, uint8_t *answer, size_t *answer_len, uint64_t now);

#endif
