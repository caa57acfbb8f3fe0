/*
 * TLS over a pipe, as a pipe (OpenSSL, between two BIOs in memory). What it
 * holds is bounded: of each direction it takes no more while 64 KiB wait.
 */
#ifndef WEBSOCKET_TLS_H
#define WEBSOCKET_TLS_H

#include <openssl/ssl.h>

#include "pending.h"

struct tls {
	struct pst_pipe pipe;
	struct pst_pipe *below;
	struct pst_env *env;
	SSL *ssl;
	BIO *in, *out; /* ssl's: what came from below, what is to go there */
	void (*opened)(void *arg, int rc);
	void *opened_arg;
	uint8_t *rx, *tx; /* being read into; being written by below */
	bool open, reading, below_reading, writing;
	struct pending pending;
	struct pst_task task;
};

/* tls_context.c. Of a listener: certificate with its chain, and key, both PEM. The context is the caller's to free.
 * -EACCES and the like where a file cannot be read, PST_E_CONF where it is of no use. */
PST_MUST_CHECK int tls_server(SSL_CTX **out, const char *certificate, const char *key, struct pst_err *err);
/* Of who connects: authorities, or certificates themselves, PEM; NULL: the system's. */
PST_MUST_CHECK int tls_client(SSL_CTX **out, const char *ca, struct pst_err *err);

/*
 * Shake hands over `below`, whose owner this is from now on. name: whom a
 * client wants to find there, a DNS name or an address; NULL: this is the server.
 * opened(arg, rc) comes once, from the loop: PST_E_CERTIFICATE when the other's
 * certificate is not good, with the reason in tls_why(). -ENOMEM.
 */
PST_MUST_CHECK int tls_open(struct tls *tls, struct pst_env *env, struct pst_pipe *below, SSL_CTX *ctx,
    const char *name, void (*opened)(void *arg, int rc), void *arg);
/* Why a certificate was refused; NULL: none was. */
const char *tls_why(const struct tls *tls);

#endif
