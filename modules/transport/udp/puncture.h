/*
 * A puncture: a link to a peer behind another NAT, by a socket of its own (spec
 * routing.md 3.5). The peer has asked for it over a channel, at the worker `udp`; or
 * we have asked there:
 *
 *   LOOKING ──► ASKING ── where am I seen? ──► NEGOTIATING ── where are you? ──► PINGING ── Pong ──► OPEN
 *      │           │ no rendezvous for 3 s        │ none for 10 s (asked: at once)  │ none for 15 s  │ none for 10 s
 *      └───────────┴──────────────────────────────┴─────────────────────────────────┴────────────────┴─► its end
 *
 * The rendezvous tells where our socket is seen; the peer is told that, and a name
 * that nobody else knows. Both then ping each other each second, which opens their
 * NATs. What does not bear the name is dropped. Of the end of one the peer is not told.
 */
#ifndef UDP_PUNCTURE_H
#define UDP_PUNCTURE_H

#include "../shared/puncture/puncture_wire.h"
#include "udp.h"

enum puncture_state {
	PUNCTURE_LOOKING, /* the rendezvous' name up */
	PUNCTURE_ASKING,
	PUNCTURE_NEGOTIATING, /* only of one that we have asked for */
	PUNCTURE_PINGING,
	PUNCTURE_OPEN,
};

struct puncture {
	struct puncture *next, **link; /* of udp->punctures */
	struct udp *udp;
	struct pst_link hole; /* its gate is open while PUNCTURE_OPEN */
	struct socket socket;
	struct sockaddr_storage rendezvous; /* whom we ask */
	struct negotiation peer;            /* what it has told us of itself */
	struct pst_route *via;              /* where it is told of us: it, or its worker `udp` */
	bool ours;                          /* we ask for it: */
	struct pst_request request;         /* so, */
	const struct pst_link_events *events; /* and so its owner is told; NULL: nobody */
	void *arg;
	uv_getaddrinfo_t lookup;
	enum puncture_state state;
	bool looking, listening; /* the look-up is under way; the socket is open */
	bool pinged; /* it has a worker already: spares it what it would drop */
	bool ended;
	uint16_t number;   /* of the next message */
	uint64_t since_ms; /* when the state began, or the latest Pong came */
	uint64_t pinged_ms;
	struct pst_timer timer;
	struct pst_task task; /* ends it */
	struct pst_log log;
	struct pst_field fields[2];
	char name[PST_RANDOM_NAME_LEN + 1]; /* by which it is spoken to */
	char text[PST_ADDRESS_TEXT];        /* the peer's address */
};

/*
 * Begin one; it looks after itself from now on. `peer` has asked for it, by whom `via`
 * leads back; or, with NULL, we ask for it where `via` leads.
 */
PST_MUST_CHECK int puncture_begin(struct puncture **out, struct udp *udp, const struct negotiation *peer,
    const struct pst_route *via);
/* Close the gate; who asked for it is told. Once; it may be gone after it. */
void puncture_end(struct puncture *puncture, int rc);
/* This is who it is to. */
void puncture_meets(struct puncture *puncture, const struct negotiation *peer);
void puncture_state(struct puncture *puncture, enum puncture_state state);
/* The first Pong: open the gate. */
void puncture_heard(struct puncture *puncture);

/* initiator.c: our socket is seen there; ask the peer where its own is. */
void puncture_negotiate(struct puncture *puncture, const struct sockaddr_storage *seen);

/* puncture_talk.c */
/* What is told of us, with `seen`, as a message: -ENOMEM. */
PST_MUST_CHECK int puncture_presents(struct pst_buf *out, struct puncture *puncture,
    const struct sockaddr_storage *seen);
void puncture_ask(struct puncture *puncture);
void puncture_ping(struct puncture *puncture);
/* A message leaves by the gate. */
void puncture_leaves(struct pst_worker *worker, struct pst_message *message);
/* One came, of anybody. */
void puncture_message(struct socket *socket, const struct sockaddr_storage *from,
    struct assembled *whole);

#endif
