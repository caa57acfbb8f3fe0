/* What the library asks of a connection (its user data), and tells it. */
#ifndef UDP_QUIC_CALLBACKS_H
#define UDP_QUIC_CALLBACKS_H

#include "quic_conn.h"

extern const ngtcp2_callbacks quic_callbacks;
/* A name of ours: random, so that nobody guesses it. */
void quic_cid_make(ngtcp2_cid *cid);

#endif
