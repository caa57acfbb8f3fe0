/* The module's nouns: the section, its listeners, and links. */
#ifndef WEBSOCKET_TRANSPORT_H
#define WEBSOCKET_TRANSPORT_H

#include <postern/listen.h>
#include <postern/stream_link.h>

#include "certificate.h"
#include "head.h"
#include "messages.h"
#include "tls.h"

struct transport_conf {
	struct pst_list listen;
	const char *certificate, *key;
	const char *path;
	struct pst_list headers;
	const char *ca, *server_name;
	const char *proxy;
	struct pst_list expose;
	uint64_t max_frame, window;
	uint64_t unknown_max_frame, unknown_window;
	uint64_t connect_timeout, handshake_timeout, unknown_idle, ping;
	int64_t links, unknown_links, handshakes;
};

struct transport {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct transport_conf *conf;
	struct certificate certificate; /* none: it listens without TLS */
	SSL_CTX *client;
	struct pst_listeners listeners;
	struct pst_stream_links links;
	struct pst_quiets opening; /* accepted links that are not up yet, in the order in which they came */
	bool closing;
};

/*
 * From the connection to the link, each step over the pipe that the one before made:
 *
 *     connecting:  TCP ─► head of a proxy's answer ─► TLS ─► head of the answer ─► messages ─► up
 *     accepting:   TCP ─► TLS ─► head of the request ─► messages ─► up
 */
struct link {
	struct pst_stream_link base;
	struct transport *transport;
	uv_tcp_t handle;
	struct pst_uv_pipe tcp;
	struct tls tls;
	struct messages messages;
	struct head head;
	struct pst_dial *dial;  /* while it connects */
	struct pst_timer timer; /* how long connecting may take */
	struct pst_quiet opening;
	bool secure; /* wss */
	bool asked;  /* for the upgrade */
	char host[PST_HOST_TEXT]; /* where it connects to */
	char at[PST_HOST_TEXT + 8]; /* the same with the port, as HTTP has it */
	char key[HEAD_KEY];
	char name[PST_ADDRESS_TEXT]; /* of the peer */
};

/* link.c */
static inline struct link *
link_of(struct pst_stream_link *base)
{
	return pst_container_of(base, struct link, base);
}
struct link *link_new(struct transport *transport, bool accepted);
/* A step has failed: the log says why where an operator can do something, and the events learn of it. */
void link_failed(struct link *link, int rc);
/* The pipe that the last step has made is the link's now: closing it closes those below. */
void link_stand_on(struct link *link, struct pst_pipe *pipe);
/* The head is read: what stands behind it is the first of the messages. */
PST_MUST_CHECK int link_messages_begin(struct link *link);
/* It is open, or ends. */
void link_opening_over(struct link *link);
/* accepted.c: takes the connection in any case; when that fails the log says why, and the link has ended. */
void link_accept(struct link *link, uv_stream_t *server);
/* Its handshake takes too long. */
void link_handshake_over(struct pst_quiet *opening);
/* The module's ops. */
int link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
int link_connect_secure(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
bool link_stranded(const struct pst_link *link);
/* What struct pst_stream_links asks for. */
void link_ending(struct pst_stream_link *base);
void link_gone(struct pst_stream_link *base);

/* transport.c: a link is gone, or all listeners are. */
void transport_gone(struct transport *transport);

#endif
