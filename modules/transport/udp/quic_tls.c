#include "quic_tls.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <sodium.h>

/* Certificates want a time; nobody looks at it. */
#define VALID_S (365 * 24 * 3600)

static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:"
			       "-GROUP-ALL:+GROUP-X25519:%DISABLE_TLS13_COMPAT_MODE";

static int
tls_error(int rc)
{
	return rc >= 0 ? PST_OK : rc == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
}

static int
certificate_fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	static const char name[] = "CN=postern", serial[] = { 1 };
	time_t now = time(NULL);
	int rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn(crt, name, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, now);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, now + VALID_S);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(crt, key);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0);
	return rc;
}

static int
certificate_make(gnutls_certificate_credentials_t credentials)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&crt);
	if (rc >= 0)
		rc = certificate_fill(crt, key);
	if (rc >= 0) /* copies both */
		rc = gnutls_certificate_set_x509_key(credentials, &crt, 1, key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return rc;
}

int
quic_tls_init(struct quic_tls *tls)
{
	int rc = gnutls_certificate_allocate_credentials(&tls->credentials);

	if (rc >= 0)
		rc = certificate_make(tls->credentials);
	if (rc < 0)
		quic_tls_fini(tls);
	return tls_error(rc);
}

void
quic_tls_fini(struct quic_tls *tls)
{
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	sodium_memzero(tls, sizeof *tls);
}

static int
session_set(gnutls_session_t session, const struct quic_tls *tls, bool server)
{
	const gnutls_datum_t alpn = { (unsigned char *)QUIC_ALPN, sizeof QUIC_ALPN - 1 };
	int rc = gnutls_priority_set_direct(session, priority, NULL);

	if (rc >= 0)
		rc = server ? ngtcp2_crypto_gnutls_configure_server_session(session)
			    : ngtcp2_crypto_gnutls_configure_client_session(session);
	if (rc >= 0)
		rc = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
	if (rc >= 0)
		rc = gnutls_alpn_set_protocols(session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	return rc;
}

int
quic_tls_session(gnutls_session_t *out, const struct quic_tls *tls, bool server, ngtcp2_crypto_conn_ref *ref)
{
	unsigned flags = server ? GNUTLS_SERVER | GNUTLS_NO_TICKETS : GNUTLS_CLIENT | GNUTLS_NO_TICKETS;
	gnutls_session_t session = NULL;
	int rc = gnutls_init(&session, flags);

	if (rc >= 0)
		rc = session_set(session, tls, server);
	if (rc < 0) {
		if (session)
			gnutls_deinit(session);
		return tls_error(rc);
	}
	gnutls_session_set_ptr(session, ref);
	*out = session;
	return PST_OK;
}
