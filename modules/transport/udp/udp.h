/*
 * The module's nouns: the section, its sockets, and links.
 *
 * A link is what one peer and we say to each other. One that we made has a
 * socket of its own, connected to the peer. Those of peers that have spoken
 * first share the socket they spoke to, one link for each address and port;
 * such a link begins with a whole message, and ends when it is quiet.
 */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include <postern/dial.h>
#include <postern/quiet.h>
#include <postern/stream_link.h>

#include "allowance.h"
#include "socket.h"

struct udp_conf {
	struct pst_list listen;
	struct pst_list expose;
	uint64_t max_message, window;
	uint64_t unknown_max_message, unknown_window;
	uint64_t unfinished;
	uint64_t idle, unknown_idle;
	uint64_t handshake_timeout;
	int64_t links, unknown_links, handshakes;
	const char *rendezvous;
	int64_t punctures;
};

/* A socket that listens, and the links of those who speak to it. */
struct listener {
	struct socket socket;
	struct udp *udp;
	struct listener *next;
	void *links; /* tsearch(3)'s, by the peer's address */
	void *names; /* the same of QUIC's connections, by their names (quic_link.c) */
};

struct quic_tls;

struct udp {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct udp_conf *conf;
	struct listener *listeners;
	struct link *first;
	int64_t accepted;            /* links, */
	struct pst_quiets strangers; /* and those of them that are not admitted */
	struct allowance allowance; /* of these */
	struct pst_stream_links quic; /* links by QUIC (quic.h) */
	struct quic_tls *tls;
	struct pst_quiets opening; /* of QUIC's: accepted and not up yet, in the order in which they came */
	unsigned open_listeners;
	struct pst_worker negotiator;
	bool negotiates;
	struct puncture *punctures;
	int64_t puncture_count;  /* with those that are closing, */
	int64_t punctures_asked; /* and those of them that peers have asked for */
	bool closing;
	struct pst_rate refused; /* lines about what peers do wrong, */
	struct pst_rate strange, known; /* and about the accepted links of strangers, and of the others */
	struct socket_scratch scratch;
	struct train train; /* that is being filled */
};

struct link {
	struct sockaddr_storage peer; /* first: peers_order() looks at it */
	struct pst_link link;
	struct udp *udp;
	struct link *later, *earlier; /* made after and before */
	struct pst_quiet quiet;       /* of a stranger */
	size_t credit;                /* his: bytes that he has said, and was not told; */
	size_t lent;                  /* those that he was told beyond */
	struct sockaddr_storage asked; /* where it speaks to, of one that was accepted: it is answered from there */
	struct listener *listener;    /* of one that was accepted, else NULL, and */
	struct socket own;            /* this is its socket */
	uv_getaddrinfo_t lookup;
	uint16_t port;
	uint16_t number; /* of the next message */
	bool up, ended, told; /* told: the log has it */
	unsigned holds;
	uint64_t started_ms, heard_ms;
	uint64_t bytes_in, bytes_out;
	struct pst_task task; /* ends it */
	int end_rc;
	struct pst_timer idle; /* of accepted ones */
	const struct pst_link_events *events; /* of ours */
	void *arg;
	struct pst_log log;
	struct pst_field fields[2];
	char name[PST_ADDRESS_TEXT]; /* of the peer */
};

/* link.c */
struct link *link_new(struct udp *udp);
/* Its peer is known: open the gate. After an error, end it. */
PST_MUST_CHECK int link_up(struct link *link);
/* A whole message of its peer, which is ended; what does not fit is lost, as on the way. */
void link_message(struct link *link, struct partial_store *store, struct assembled *whole);
/* Close the gate, then the socket; who connected learns rc. Once; it may be gone after it. */
void link_end(struct link *link, int rc);
void link_release(struct link *link);
extern const struct socket_events link_listener_events;
/* dial.c; the module's ops */
int link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
/* link.c again */
void link_close(struct pst_link **out);
void link_end_all(struct udp *udp);

/* negotiator.c: a worker that begins punctures, where the section names a rendezvous. */
PST_MUST_CHECK int negotiator_open(struct udp *udp, struct pst_err *err);
void negotiator_close(struct udp *udp);
/* initiator.c; the module's ops */
int puncture_connect(struct pst_link **out, void *transport, const struct pst_route *via,
    const struct pst_link_events *events, void *arg);
void puncture_close(struct pst_link **out);
/* udp.c: of the protocol "puncture", behind "quic" (quic.h) */
extern const struct pst_transport_ops puncture_ops;

/* udp.c: a listener's socket is closed. */
void udp_listener_closed(struct socket *socket);
/* A link's or listener's memory is gone. */
void udp_gone(struct udp *udp);
/* With that port. */
void udp_address(struct sockaddr_storage *out, const struct addrinfo *address, uint16_t port);
/* A socket to the first of these addresses that there is a way to, which is `peer`: UDP tells no more. On an
 * error there is nothing to close. *list is that one then. */
PST_MUST_CHECK int udp_reach(struct udp *udp, struct socket *out, const struct socket_events *events,
    const struct addrinfo **list, uint16_t port, struct sockaddr_storage *peer);
/* The bounds of a socket's peers. */
struct peers udp_peers(const struct udp *udp, size_t most);

#endif
