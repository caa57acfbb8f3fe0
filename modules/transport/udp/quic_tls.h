/*
 * The TLS within QUIC. It proves nothing that anybody asks for: who a peer is, is
 * said by the secure channel above, as over TCP. So a section makes a key and a
 * certificate of its own when it opens, and nobody looks at them.
 */
#ifndef UDP_QUIC_TLS_H
#define UDP_QUIC_TLS_H

#include <stdbool.h>

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <postern/err.h>

#include "quic_secret.h"

/* What is spoken on the one stream: the frames of transport/tcp. */
#define QUIC_ALPN "postern-1"

struct quic_tls {
	gnutls_certificate_credentials_t credentials; /* NULL: not made */
	uint8_t secret[QUIC_SECRET_LEN];              /* as of quic_secret.h, by who has made it */
};

PST_MUST_CHECK int quic_tls_init(struct quic_tls *tls);
void quic_tls_fini(struct quic_tls *tls);
/* A session for one connection, which ref leads to. -EIO, -ENOMEM. */
PST_MUST_CHECK int quic_tls_session(gnutls_session_t *out, const struct quic_tls *tls, bool server,
    ngtcp2_crypto_conn_ref *ref);

#endif
