/*
 * A puncture: a gate to a peer behind another NAT, by a socket of its own (spec
 * routing.md 3.5). The peer has asked for it over a channel, at the worker `udp`:
 *
 *   ASKING ── where am I seen? ──► PINGING ── Pong ──► OPEN
 *      │ no rendezvous for 3 s        │ none for 15 s    │ none for 10 s
 *      └──────────────────────────────┴──────────────────┴──► its end, of which nobody is told
 *
 * The rendezvous tells where our socket is seen; the peer is told that, and a name
 * that nobody else knows. Both then ping each other each second, which opens their
 * NATs. What does not bear the name is dropped.
 */
#ifndef UDP_PUNCTURE_H
#define UDP_PUNCTURE_H

#include "puncture_wire.h"
#include "udp.h"

enum puncture_state {
	PUNCTURE_ASKING,
	PUNCTURE_PINGING,
	PUNCTURE_OPEN,
};

struct puncture {
	struct puncture *next, **link; /* of udp->punctures */
	struct udp *udp;
	struct pst_gate gate; /* open while PUNCTURE_OPEN */
	struct pst_account *account;
	struct socket socket;
	struct sockaddr_storage rendezvous; /* whom we ask */
	struct negotiation peer;            /* what it has told us of itself */
	struct pst_route *back;             /* where it is told of us */
	enum puncture_state state;
	bool pinged; /* it has a worker already: spares it what it would drop */
	bool ended;
	uint16_t number;   /* of the next message */
	uint64_t since_ms; /* when the state began, or the latest Pong came */
	struct pst_timer timer;
	struct pst_task task; /* ends it */
	struct pst_log log;
	struct pst_field fields[2];
	char name[PST_RANDOM_NAME_LEN + 1]; /* by which it is spoken to */
	char text[PST_ADDRESS_TEXT];        /* the peer's address */
};

/* A peer wants one. `back`: where the answer goes. It looks after itself from now on. */
PST_MUST_CHECK int puncture_begin(struct udp *udp, const struct sockaddr_storage *rendezvous,
    const struct negotiation *peer, const struct pst_route *back);
void puncture_end(struct puncture *puncture, int rc);
/* The first Pong: open the gate. */
void puncture_heard(struct puncture *puncture);

/* puncture_talk.c */
void puncture_ask(struct puncture *puncture);
void puncture_ping(struct puncture *puncture);
/* A message leaves by the gate. */
void puncture_leaves(struct pst_worker *worker, struct pst_message *message);
/* One came, of anybody. */
void puncture_message(struct socket *socket, const struct sockaddr_storage *from,
    struct assembled *whole);

#endif
