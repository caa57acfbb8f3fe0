/*
 * Listening: a TCP socket at an address of ours, bound here, or passed by who
 * started the node, as systemd does (sd_listen_fds(3)): the passed socket
 * whose local address is the one that is wanted is taken, and none is bound.
 */
#ifndef POSTERN_LISTEN_H
#define POSTERN_LISTEN_H

#include <postern/dial.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Connections that may wait for us; the kernel caps it (net.core.somaxconn). */
#define PST_BACKLOG 1024

/* Is it "address:port" or "[v6]:port", in numbers? Else PST_E_CONF, and a
 * sentence that begins with "listen:". */
PST_API PST_MUST_CHECK int pst_listen_check(const char *address, struct pst_err *err);
/*
 * Listen there; waits(handle, status) runs for each connection. An IPv6
 * address is for IPv6 alone.
 *
 * handle  initialised here whatever is returned, and the caller's to close;
 *         its `data` is left alone. A passed socket outlives it, and is taken
 *         again by who listens there next.
 * log     gets one line when it has begun, with the address that it has: of port 0
 *         the one that the system chose.
 */
PST_API PST_MUST_CHECK int pst_listen(uv_tcp_t *handle, struct pst_env *env,
    const struct pst_log *log, const char *address, uv_connection_cb waits, struct pst_err *err);

/*
 * Listening again. libuv tells of one connection, and of no other before
 * uv_accept() has taken it: who had no memory for one must not just return.
 * Embed this, and waits(server, 0) runs again after PST_LISTEN_AGAIN_MS.
 */
#define PST_LISTEN_AGAIN_MS 100
struct pst_listen_again {
	struct pst_timer timer;
	uv_stream_t *server;
	uv_connection_cb waits;
};
PST_API void pst_listen_again(struct pst_listen_again *again, struct pst_env *env,
    uv_stream_t *server, uv_connection_cb waits);
/* No more of it: before the server is closed. */
PST_API void pst_listen_no_more(struct pst_listen_again *again, struct pst_env *env);

#ifdef __cplusplus
}
#endif
#endif
