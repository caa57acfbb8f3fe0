/* The module's nouns: the section, its listeners, and links. */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <postern/listen.h>
#include <postern/stream_link.h>

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
	struct pst_listeners listeners;
	struct pst_stream_links links;
	int64_t max_links; /* as far as there are descriptors */
	bool closing;
};

struct link {
	struct pst_stream_link base;
	struct tcp *tcp;
	uv_tcp_t handle;
	struct pst_uv_pipe pipe;
	struct pst_dial *dial; /* while it connects */
	char name[PST_ADDRESS_TEXT]; /* of the peer */
};

/* link.c */
struct link *link_new(struct tcp *tcp, bool accepted);
/* Takes the connection in any case; when that fails the log says why, and the link has ended. */
void link_accept(struct link *link, uv_stream_t *server);
/* The module's op. */
int link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
/* The module's op. */
bool link_stranded(const struct pst_link *link);
/* What struct pst_stream_links asks for. */
void link_ending(struct pst_stream_link *base);
void link_gone(struct pst_stream_link *base);

/* tcp.c: a link is gone, or all listeners are. */
void tcp_gone(struct tcp *tcp);

#endif
