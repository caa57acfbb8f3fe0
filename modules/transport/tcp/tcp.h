/* The module's nouns: the section, its listeners, and links. */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <postern/dial.h>
#include <postern/stream.h>
#include <postern/transport.h>

struct tcp_conf {
	struct pst_list listen;
	struct pst_list expose;
	uint64_t max_frame, window;
	uint64_t unknown_max_frame, unknown_window;
	uint64_t connect_timeout;
	uint64_t unknown_idle;
	int64_t links;
	int64_t unknown_links;
};

struct tcp {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct tcp_conf *conf;
	struct listener *listeners;
	struct link *links;
	int64_t accepted; /* links of listeners, for the limits */
	int64_t max_links; /* as far as there are descriptors */
	unsigned open_listeners;
	struct pst_rate refused;
	bool closing;
};

struct link {
	struct pst_link base;
	struct tcp *tcp;
	struct link *next, **prev_link; /* in tcp->links */
	uv_tcp_t handle;
	bool has_handle, closing, accepted, up;
	struct pst_stream stream;
	const struct pst_link_events *events; /* NULL for accepted links */
	void *arg;

	struct pst_dial *dial; /* while it connects */
	uint64_t started_ms;
	uint64_t heard_ms;     /* of the last whole frame */
	struct pst_timer idle; /* until it is admitted */
	struct sockaddr_storage peer;

	char name[PST_ADDRESS_TEXT]; /* of the peer */
	struct pst_log log;
	struct pst_field fields[2];
};

/* link.c */
int link_accept(struct tcp *tcp, uv_stream_t *server);
/* The module's op. */
int link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
void link_op_close(struct pst_link **link);
/* End it; the events, if any, learn rc. */
void link_end(struct link *link, int rc);

/* tcp.c: a link's or listener's memory is gone. */
void tcp_gone(struct tcp *tcp);

#endif
