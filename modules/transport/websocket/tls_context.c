/* What TLS wants to begin: certificates, keys and authorities, out of files. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include "tls.h"

/* A key of another certificate; the second of another kind than its key. */
static bool
belongs_not(unsigned long error)
{
	return ERR_GET_LIB(error) == ERR_LIB_X509 ||
	    (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_NO_CERTIFICATE_ASSIGNED);
}

/* "key: hub.key: …". Why the library would not read it is told as it is where it is TLS that minds, as a key too short. */
static int
refuse(SSL_CTX **ctx, const char *option, const char *file, const char *why, struct pst_err *err)
{
	unsigned long last = ERR_peek_last_error();
	bool tls = ERR_GET_LIB(last) == ERR_LIB_SSL && !(ERR_GET_REASON(last) & ERR_RFLAG_COMMON) && !belongs_not(last);
	int fd = open(file, O_RDONLY | O_CLOEXEC), rc = PST_E_CONF;

	if (fd < 0) {
		rc = -errno;
		why = pst_strerror(rc);
	} else {
		close(fd);
	}
	rc = pst_fail(err, rc, "%s: %s: %s", option, file, tls ? ERR_reason_error_string(last) : why);
	ERR_clear_error();
	SSL_CTX_free(*ctx);
	*ctx = NULL;
	return rc;
}

/* Nobody is there who could be asked for one. */
static int
no_passphrase(char *buf, int size, int writes, void *arg)
{
	(void)buf, (void)size, (void)writes, (void)arg;
	return -1;
}

static SSL_CTX *
context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx) {
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
		SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
		SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	}
	return ctx;
}

int
tls_server(SSL_CTX **out, const char *certificate, const char *key, struct pst_err *err)
{
	*out = context(TLS_server_method());
	if (!*out)
		return -ENOMEM;
	SSL_CTX_set_default_passwd_cb(*out, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(*out, certificate) != 1)
		return refuse(out, "certificate", certificate, "no certificate in PEM", err);
	if (SSL_CTX_use_PrivateKey_file(*out, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(*out) == 1)
		return PST_OK;
	return refuse(out, "key", key, belongs_not(ERR_peek_last_error())
	    ? "not the certificate's" : "no private key in PEM that wants no passphrase", err);
}

int
tls_client(SSL_CTX **out, const char *ca, struct pst_err *err)
{
	*out = context(TLS_client_method());
	if (!*out)
		return -ENOMEM;
	SSL_CTX_set_verify(*out, SSL_VERIFY_PEER, NULL);
	if (!ca && SSL_CTX_set_default_verify_paths(*out) != 1)
		return -ENOMEM;
	if (!ca)
		return PST_OK;
	/* the file may have the server's own certificate, which nobody else has signed */
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(*out), X509_V_FLAG_PARTIAL_CHAIN);
	return SSL_CTX_load_verify_file(*out, ca) == 1 ? PST_OK : refuse(out, "ca", ca, "no certificates in PEM", err);
}
