/*
 * The module's nouns: a portal is an inlet or an outlet section; a flow is what one
 * application's address and the target say to each other, and its half at each of
 * the two is a struct flow; a far is where the other halves are.
 *
 * Nothing waits: a datagram that cannot go on at once is dropped, and counted.
 */
#ifndef PORTAL_UDP_PORTAL_H
#define PORTAL_UDP_PORTAL_H

#include <uv.h>

#include <postern/admission.h>
#include <postern/router.h>

#include "../shared/section/session.h"
#include "flows.h"
#include "guests.h"
#include "wire.h"

/* Bytes that may wait for the link to the other end, of all flows that go there. */
#define FAR_WINDOW (512 * 1024)
/* The longest datagram there is, and a bit. */
#define DATAGRAM_ROOM 65536
/* Quiet for so long, a flow does not keep a node that stops. */
#define DRAIN_IDLE_MS 1000

struct pst_status;
struct flow;
struct far;

/* `in` is what came from the other end. */
struct traffic {
	uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
	uint64_t dropped;
};

struct portal {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_router *router;
	const struct pst_log *log;
	struct pst_worker *worker; /* what the other end answers to, or asks */
	const char *target;        /* outlet: as the configuration has it */
	struct flows flows;
	size_t most;              /* flows at once */
	size_t left;              /* flows whose memory is there */
	bool closing, draining, drained;
	uint64_t ended, refusals; /* flows that are over, and those turned away */
	enum wire_reason lacks;   /* inlet: why there is no outlet for it, when that was the last that it heard */
	struct traffic traffic;   /* of ended ones, and dropped for want of one */
	uint64_t fars;            /* ever */
	/* Its gate has closed, or its peer may no longer: END_ROUTE_LOST, END_DENIED. */
	void (*far_gone)(struct far *far, enum end why);
	void (*flow_leaves)(struct flow *flow); /* its number is free again, or its guest's place */
	void (*gone)(struct portal *portal); /* no flow is left of a closing portal */
	struct pst_task rest;
	struct pst_rate odd, refused, crowded;
	char scratch[DATAGRAM_ROOM]; /* where datagrams are read */
};

/* portal.c: all flows of one section */
void portal_init(struct portal *portal, struct pst_section_env *senv, int64_t most, uint64_t idle_ms);
void portal_fini(struct portal *portal);
/* Is there room for one more? If need be another one makes way: `own`, or else (NULL) the one that was
 * quiet longest. False when memory is short. */
bool portal_room(struct portal *portal, struct flow *own);
/* Something has ended that gone(), or the drain, may have waited for. */
void portal_rests(struct portal *portal);
void portal_drain(struct portal *portal);
/* End all flows; gone() runs when nothing is left of them. */
void portal_end(struct portal *portal);
void portal_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
/* The kernel takes it, or it is dropped; negative errno. to NULL: whom the socket is connected to. */
int portal_write(uv_udp_t *socket, const struct sockaddr *to, const struct wire_message *m);

struct flow {
	struct flow_entry entry;
	struct guest_entry guest;  /* outlet */
	struct flow *next, **link; /* of its far */
	struct portal *portal;
	struct far *far;
	uint64_t number;           /* in messages; the inlet's choice */
	uint64_t since_ms;
	bool begun;                /* the outlet has said once that it is there: it is a session */
	bool opened;               /* so it is by this far, */
	uint64_t asked_ms;         /* or was asked then */
	uint64_t mute_ms;          /* turned away: nothing is said for it until then; 0: it was not */
	struct traffic traffic;
	enum wire_reason told;     /* what the other end said */
	int rc;                    /* what the target's socket said last, for the log */
	uv_udp_t socket;           /* outlet, connected to the target */
	bool has_socket;
};

/* flow.c: one half of a flow */
PST_MUST_CHECK int flow_new(struct flow **out, struct portal *portal, struct far *far,
    const union flow_key *key);
/* From now on its datagrams go there, where it is not yet known. */
void flow_move(struct flow *flow, struct far *far);
/* The outlet has it. */
void flow_opened(struct flow *flow);
/* A datagram goes to the other end, or is dropped and counted. */
void flow_say(struct flow *flow, enum wire_kind kind, const void *data, size_t len);
/* One that came from there went on, unless rc says otherwise. */
void flow_took(struct flow *flow, size_t len, int rc);
/* The log has its line, the other end is told, and it is let go. */
void flow_end(struct flow *flow, enum end why);

struct far {
	struct far *next, **link; /* outlet: of those that are there */
	struct portal *portal;
	struct pst_gate *gate;    /* NULL: it has closed */
	struct pst_gate_watch watch;
	struct pst_peer *peer;    /* NULL: nobody known */
	struct pst_admitted admitted;
	struct pst_route *route;
	struct pst_account *account;
	struct flow *flows;
	uint64_t id;              /* never used again in this portal */
	uint16_t front, back;     /* room that the route wants */
	unsigned uses;            /* a flow is one */
};

/* far.c: where the other halves are. It has one use, the caller's. */
PST_MUST_CHECK int far_new(struct far **out, struct portal *portal, struct pst_gate *gate,
    const struct pst_route *route);
/* far_gone() runs with END_DENIED when the peer, now allowed, may no longer. */
void far_admit(struct far *far, struct pst_admission *admission);
void far_unref(struct far **far);
/* End all of its flows. */
void far_end(struct far *far, enum end why);
/* False: dropped, since too much waits, or nothing leads there any more. */
bool far_say(struct far *far, const struct wire_message *message);
/* Answer a message for which there is no flow. */
void far_refuse(struct portal *portal, const struct pst_message *message, uint64_t number,
    enum wire_reason reason);

/* session.c: what the log and the status say */
void session_ended(const struct flow *flow, enum end why);
/* Of one that was turned away before it became a flow. */
void session_refused(struct portal *portal, const struct pst_peer *peer, enum end why, int rc);
/* The same of a flow, which stays. */
void session_turned_away(const struct flow *flow, enum end why);
void portal_status(const struct portal *portal, struct pst_status *status);

#endif
