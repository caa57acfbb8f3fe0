/*
 * Dialling: a TCP connection to a name or number. Of several addresses each is
 * tried when the one before it has failed, or has not answered for 250 ms; the first that
 * answers is taken (RFC 8305).
 */
#ifndef POSTERN_DIAL_H
#define POSTERN_DIAL_H

#include <postern/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Addresses of one name that are tried. */
#define PST_DIAL_ADDRESSES 8
/* "[IPv6]:port" and its NUL. */
#define PST_ADDRESS_TEXT 64
/* The longest DNS name and its NUL. */
#define PST_HOST_TEXT 256

struct pst_dial;

/*
 * Connect `handle`, which need not be initialised, within timeout_ms over all.
 * done(arg, rc) runs exactly once, from the loop: PST_OK, and the handle is
 * connected and the caller's to close; or an error, and the handle is closed.
 * The dial is gone when done runs. -ENOMEM: done will not run.
 */
PST_API PST_MUST_CHECK int pst_dial(struct pst_dial **out, struct pst_env *env, uv_tcp_t *handle,
    const char *host, uint16_t port, uint64_t timeout_ms, void (*done)(void *arg, int rc),
    void *arg);
/* Give up: done runs with UV_ECANCELED, soon. A look-up of the name that is under
 * way cannot be stopped; it keeps the loop alive until it ends, and nothing else. */
PST_API void pst_dial_cancel(struct pst_dial *dial);

/* "host:port" or "[v6]:port"; host is written without brackets. -EINVAL. */
PST_API PST_MUST_CHECK int pst_host_port(const char *text, char host[PST_HOST_TEXT], uint16_t *port);
/* The same, for numbers only, into a socket address. */
PST_API PST_MUST_CHECK int pst_sockaddr_parse(const char *text, struct sockaddr_storage *out);
PST_API bool pst_sockaddr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
/* What is the same for all addresses of one host, and for no other: one of IPv6 has a whole /64 to itself
 * (RFC 4291, 2.5.4); a mapped IPv4 address is one. */
#define PST_HOST_KEY 17
PST_API void pst_sockaddr_host(const struct sockaddr_storage *sa, uint8_t out[PST_HOST_KEY]);
/* The text of a socket address. Returns out. */
PST_API char *pst_sockaddr_format(const struct sockaddr_storage *sa, char out[PST_ADDRESS_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
