/*
 * The HTTP server: libmicrohttpd on the loop of the node, without a thread.
 *
 * Its epoll descriptor is one more that the loop watches. We accept for it, so that
 * sockets may be passed to us, and see to what it does not: how many connections there
 * are, in all and from one address, and how long a head or a body may take. A
 * connection that waits for its next request makes way for a new one.
 *
 * A request is an exchange (exchange.c): asked once it is whole, answered once, at once
 * or later; until then the connection is at rest.
 */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include <microhttpd.h>

#include <postern/map.h>
#include <postern/listen.h>
#include <postern/module.h>

#define SERVER_HEAD_MAX (16 * 1024)

struct server_conf {
	const struct pst_list *listen;
	const char *certificate, *key; /* files, PEM; NULL: without TLS */
	uint64_t body_max, bodies_max; /* of one request; of all together */
	uint64_t head_ms; /* to a whole head, on a new connection or behind an answer */
	uint64_t body_ms; /* from there to the whole body; and to take an answer, while nothing moves */
	size_t connections, per_address;
};

struct exchange;

struct server {
	struct pst_env *env;
	const struct pst_log *log;
	struct server_conf conf;
	/* A request is whole. */
	void (*asked)(struct server *server, struct exchange *exchange);
	/* the rest is server.c's */
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	struct pst_timer timer;
	struct pst_task task;
	struct pst_listeners listeners;
	struct conn *conns;            /* all */
	struct conn *waiting, **latest; /* for a head; who waits longest first */
	struct conn *accepting;        /* is being handed over */
	size_t count;
	uint64_t bodies; /* bytes of requests that have not been answered */
	size_t hung_up; /* streams that have ended, and that the library has not let go yet */
	int open_handles;
	struct pst_rate crowded;
	void (*on_closed)(struct server *server);
};

/* Can a server be opened by this? Without listening: certificate and key are looked at. */
PST_MUST_CHECK int server_check(const struct server_conf *conf, struct pst_err *err);
/* conf's texts are borrowed until it is closed; its members are set before. */
PST_MUST_CHECK int server_open(struct server *server, struct pst_err *err);
/* Accept nobody from now on. */
void server_stop_listening(struct server *server);
/* No more is asked, and all who wait are told so; on_closed follows, once. */
void server_close(struct server *server, void (*on_closed)(struct server *server));
/* Have the library look at its connections, soon, or now. */
void server_poke(struct server *server);
void server_run(struct server *server);
/* One of its handles is closed. */
void server_handle_gone(struct server *server);

#endif
