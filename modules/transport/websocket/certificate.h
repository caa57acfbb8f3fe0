/*
 * A listener's certificate and key, as their files are: who renews them renews files,
 * and nobody is told. What is open keeps what it began with.
 */
#ifndef WEBSOCKET_CERTIFICATE_H
#define WEBSOCKET_CERTIFICATE_H

#include <sys/stat.h>

#include <postern/log.h>

#include "tls.h"

struct certificate {
	const char *file, *key; /* PEM; they live as long as this */
	SSL_CTX *ctx;           /* NULL: there is none */
	struct stat seen[2];    /* of both, when they were last read */
};

/* As tls_server(). */
PST_MUST_CHECK int certificate_open(struct certificate *c, const char *file, const char *key, struct pst_err *err);
/* For who comes now: anew, if a file has changed. Where that is of no use the log says so, once, and the one before stays. */
SSL_CTX *certificate_now(struct certificate *c, const struct pst_log *log);
void certificate_close(struct certificate *c);

#endif
