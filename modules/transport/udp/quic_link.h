/*
 * Links whose bytes go by QUIC: frames as over TCP, on the sockets of this
 * module. One that we made has a socket of its own; those that were accepted share
 * the listener's, where the names in their datagrams tell them apart.
 */
#ifndef UDP_QUIC_LINK_H
#define UDP_QUIC_LINK_H

#include "quic.h"
#include "quic_pipe.h"
#include "udp.h"

struct quic_link {
	struct pst_stream_link base;
	struct udp *udp;
	struct listener *listener; /* of one that was accepted, else NULL, and */
	struct socket own;         /* this is its socket */
	struct pst_quiet opening;  /* accepted, and not up yet */
	struct quic_name *names;   /* of one that was accepted: by these its datagrams find it */
	struct quic_pipe pipe;
	struct pst_timer timer; /* while it connects */
	struct quic_path path;  /* by which it does */
	struct addrinfo *list;  /* of the name's addresses, as long as it connects */
	const struct addrinfo *at; /* of which this one is asked, */
	unsigned round;         /* so many times after the first */
	bool silent;            /* one of them has said nothing in this round, not even no */
	uv_getaddrinfo_t lookup;
	bool looking;
	uint64_t asked_ms; /* for it, at first */
	uint16_t port;
	char name[PST_ADDRESS_TEXT]; /* of the peer */
};

/* In the section's list from here on. listener: of one that is accepted, else NULL. */
struct quic_link *quic_link_new(struct udp *udp, struct listener *listener);

/* quic_accept.c. Its handshake takes too long. */
void quic_link_handshake_over(struct pst_quiet *opening);
/* One that was accepted comes up: there are few enough, or a stranger makes way. False when there is none. */
bool quic_link_room(struct udp *udp);
/* As of struct quic_pipe_events: a listener knows links by their names. */
int quic_link_named(struct quic_pipe *pipe, const ngtcp2_cid *cid);
void quic_link_unnamed(struct quic_pipe *pipe, const ngtcp2_cid *cid);
/* None leads to it any more. */
void quic_link_nameless(struct quic_link *link);
/* quic_link.c. As of struct pst_transport_ops. */
int quic_link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg);
/* What struct pst_stream_links asks for. */
void quic_link_ending(struct pst_stream_link *base);
void quic_link_gone(struct pst_stream_link *base);

#endif
