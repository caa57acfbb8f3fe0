/*
 * Listening: the sockets at which a section waits for connections. One is bound
 * here, to an address or to a path in the file system; or it was passed by who
 * started the node, as systemd does (sd_listen_fds(3)): the passed socket whose
 * local address is the one that is wanted is taken, and none is bound.
 */
#ifndef POSTERN_LISTEN_H
#define POSTERN_LISTEN_H

#include <postern/dial.h>
#include <postern/local.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Connections that may wait for us; the kernel caps it (net.core.somaxconn). */
#define PST_BACKLOG 1024

/* Is it "address:port" or "[v6]:port", in numbers? Else PST_E_CONF, and a
 * sentence that begins with "listen:". */
PST_API PST_MUST_CHECK int pst_listen_check(const char *address, struct pst_err *err);
/* libuv tells of one connection, and of no other before uv_accept() has taken it: who has no memory for one is asked again. */
#define PST_LISTEN_AGAIN_MS 100

/* All that one section listens at. The section sets what stands first. */
struct pst_listeners {
	struct pst_env *env;
	const struct pst_log *log; /* the section's */
	/* A connection waits: uv_accept() takes it, whatever becomes of it then. False, with nothing
	 * taken: there is no memory; the log says so, and it is asked again after PST_LISTEN_AGAIN_MS. */
	bool (*waits)(struct pst_listeners *listeners, uv_stream_t *server);
	/* After pst_listen_no_more(), from the loop: all are closed. */
	void (*closed)(struct pst_listeners *listeners);

	/* the rest is the core's; all zero at first */
	struct pst_listener *first; /* NULL: there is none, or none any more */
	struct pst_rate refused;
};

struct pst_listener {
	struct pst_listeners *listeners;
	struct pst_listener *next;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct pst_timer again;
	char path[PST_LOCAL_PATH_MAX + 1]; /* of the socket in the file system, which goes with it; empty: there is none */
};

/*
 * Listen at one more "address:port", or "/path" (local.h). An IPv6 address is for
 * IPv6 alone. The log gets one line when it has begun, with the address that it has: of port 0
 * the one that the system chose. After an error there is a sentence, and
 * pst_listen_no_more() is the way to the end all the same.
 */
PST_API PST_MUST_CHECK int pst_listen(struct pst_listeners *listeners, const char *where, struct pst_err *err);
/* The same for each of so many, up to the first error. */
PST_API PST_MUST_CHECK int pst_listen_all(struct pst_listeners *listeners, const char *const *where, size_t count, struct pst_err *err);
/* Close all; closed() follows, unless there was none. A passed socket outlives it, and is taken again by who
 * listens there next. The second time nothing happens. */
PST_API void pst_listen_no_more(struct pst_listeners *listeners);

#ifdef __cplusplus
}
#endif
#endif
