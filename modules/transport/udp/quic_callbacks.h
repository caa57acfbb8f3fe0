/* What the library asks of a connection (its user data), and tells it. */
#ifndef UDP_QUIC_CALLBACKS_H
#define UDP_QUIC_CALLBACKS_H

#include "quic_conn.h"

extern const ngtcp2_callbacks quic_callbacks;
/* A name of ours: random, so that nobody guesses it. */
void quic_cid_make(ngtcp2_cid *cid);
/* quic_conn.c. The library's own, and the connection learns that it was the peer who spoke. */
int quic_decrypt(uint8_t *out, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *in,
    size_t len, const uint8_t *nonce, size_t nonce_len, const uint8_t *head, size_t head_len);

#endif
