/*
 * The router: workers, gates, and who may reach whom.
 *
 * A worker has an address and receives messages. It is a small object that
 * its owner embeds; a million idle ones are fine. Look-up is O(1).
 *
 * A gate is where messages enter and leave the node: a link, or a channel.
 * What is sent to the gate's worker leaves by it; what comes in by it carries
 * the gate as `from`. Nobody outside reaches a worker that does not let the
 * gate in (the flow control of routing.md 11 and trust.md 4.11):
 *
 *   PST_REACH_INSIDE   only messages of this node itself, and of gates that
 *                      were paired with it (pst_gate_pair)
 *   PST_REACH_SECTION  a section's worker: every channel, and links whose
 *                      transport exposes its name
 *   PST_REACH_GATE     one gate only: answers, portal streams
 *   PST_REACH_ANY      every gate: cryptography decides
 *   PST_REACH_LOCAL    messages of this node itself, and gates of this
 *                      machine's operator (`local`): the control service.
 *                      No exposed name and no channel leads here, not even a
 *                      channel over such a gate
 */
#ifndef POSTERN_ROUTER_H
#define POSTERN_ROUTER_H

#include <postern/env.h>
#include <postern/route.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_peer;
struct pst_worker;
struct pst_pair_end;
struct sockaddr_storage;

enum pst_reach {
	PST_REACH_INSIDE,
	PST_REACH_SECTION,
	PST_REACH_GATE,
	PST_REACH_ANY,
	PST_REACH_LOCAL,
};

/*
 * A message has arrived: its first onward address is this worker's. The
 * callee may take the payload (pst_buf_take); what it leaves is freed. The
 * message and its routes are the router's again after the call.
 */
typedef void pst_receive_fn(struct pst_worker *worker, struct pst_message *message);

struct pst_worker {
	struct pst_worker *next; /* the router's */
	pst_receive_fn *receive;
	const uint8_t *address; /* canonical CBOR; `random` or the heap's */
	uint64_t reach_gate;    /* the gate's id, for PST_REACH_GATE */
	uint16_t front;         /* room that a payload sent here wants in front, */
	uint16_t back;          /* and behind; 0 for workers of this node */
	uint16_t address_len;
	uint8_t reach;          /* enum pst_reach */
	bool is_gate;
	uint8_t random[PST_RANDOM_ADDRESS_LEN];
};

struct pst_router;

PST_API PST_MUST_CHECK int pst_router_new(struct pst_router **out, struct pst_env *env);
PST_API void pst_router_free(struct pst_router **router);
PST_API size_t pst_router_workers(const struct pst_router *router);

/* Give a worker a random address and add it. PST_OK. */
PST_API PST_MUST_CHECK int pst_worker_start(struct pst_router *router, struct pst_worker *worker,
    enum pst_reach reach, pst_receive_fn *receive);
/* The same with a name. -EEXIST when it is taken, PST_E_LIMIT when too long. */
PST_API PST_MUST_CHECK int pst_worker_start_named(struct pst_router *router,
    struct pst_worker *worker, const char *name, enum pst_reach reach, pst_receive_fn *receive);
/* Take it out; a no-op on a zeroed or stopped worker. */
PST_API void pst_worker_stop(struct pst_router *router, struct pst_worker *worker);
PST_API struct pst_route pst_worker_route(const struct pst_worker *worker);
/* The worker that the first hop of a route names; NULL when there is none. */
PST_API struct pst_worker *pst_router_find(struct pst_router *router,
    const struct pst_route *route);
/* The gate by which a route leaves the node; NULL when its first hop is none. */
PST_API struct pst_gate *pst_router_gate(struct pst_router *router, const struct pst_route *route);

/*
 * Deliver along the onward route. The payload is consumed whatever happens.
 * The receiver runs within this call, and may answer within it too.
 * PST_OK; PST_E_NO_ROUTE (no such worker), PST_E_DENIED (not let in); both
 * are logged, at a bounded rate, and nobody outside learns of them but inlets whose outlet
 * there is not (refusal.h).
 */
PST_API int pst_router_send(struct pst_router *router, struct pst_message *message);

/* A message of this node itself: `payload` to `onward`, answers to `back`. */
PST_API int pst_send(struct pst_router *router, const struct pst_route *onward,
    const struct pst_route *back, struct pst_buf *payload);

/* ---- gates ---- */

/* Told once when a gate closes; embedded by who depends on it. */
struct pst_gate_watch {
	struct pst_gate_watch *next;
	struct pst_gate_watch **link; /* NULL while not watching */
	void (*fn)(struct pst_gate_watch *watch);
};

struct pst_gate {
	struct pst_worker worker; /* first: a worker that is_gate is a gate */
	uint64_t id;              /* never used again */
	struct pst_peer *peer;    /* who is at the other end; NULL: nobody known */
	/* May messages of this gate reach a section's worker of that name? NULL: yes. */
	bool (*exposes)(const struct pst_gate *gate, const uint8_t *name, size_t len);
	/* An admitted identity's channel came up over it: full limits from now on. */
	void (*admit)(struct pst_gate *gate);
	/* End it, from the loop, not within this call; a channel's peer is told. */
	void (*end)(struct pst_gate *gate, int rc);
	const struct pst_log *log;
	struct pst_gate_watch *watches;
	struct pst_pair_end *pairs;
	/* The kernel says that who is at the other end runs as this node's user, or
	 * as root, on this machine: set by transport/unix, nobody else. */
	bool local;
	uint64_t messages; /* that came in by it: a sign of life */
	/* Messages may be lost on the way and overtake each other: of a link, what its
	 * transport does; of a channel, what the gate below does. Nobody knows it of
	 * what lies behind a relay. */
	bool unreliable;
	/* Of a link over UDP: where its messages come from, the gate's. Else NULL. */
	const struct sockaddr_storage *source;
};

/* Start its worker (reach INSIDE, random address) and give it an id. */
PST_API PST_MUST_CHECK int pst_gate_open(struct pst_router *router, struct pst_gate *gate,
    pst_receive_fn *receive);
/*
 * Tell the watches, who may still say goodbye through it, then stop the worker
 * and forget its pairs. A no-op on a closed gate. The owner sees to it that
 * it is not closed again from a watch.
 */
PST_API void pst_gate_close(struct pst_router *router, struct pst_gate *gate);
PST_API void pst_gate_watch(struct pst_gate *gate, struct pst_gate_watch *watch,
    void (*fn)(struct pst_gate_watch *watch));
PST_API void pst_gate_unwatch(struct pst_gate_watch *watch);
/* Let messages that come in by `a` go out by `b`, and the reverse, as long as
 * both are open: what a relay does. Doing it again costs a look-up. */
PST_API PST_MUST_CHECK int pst_gate_pair(struct pst_router *router, struct pst_gate *a,
    struct pst_gate *b);

/*
 * A doorman names peers: a section with a list of identifiers. A channel of a
 * peer that some doorman names counts as admitted from the start; channels
 * of all others are bounded until a section accepts one of their messages.
 */
struct pst_doorman {
	struct pst_doorman *next;
	struct pst_doorman **link; /* NULL while not on duty */
	bool (*names)(const struct pst_doorman *doorman, const struct pst_peer *peer);
};
PST_API void pst_doorman_enter(struct pst_router *router, struct pst_doorman *doorman,
    bool (*names)(const struct pst_doorman *doorman, const struct pst_peer *peer));
/* A no-op on one that is not on duty. */
PST_API void pst_doorman_leave(struct pst_doorman *doorman);
/* Does any doorman name this peer? */
PST_API bool pst_router_names(const struct pst_router *router, const struct pst_peer *peer);

/* ---- request and response ---- */

/*
 * One question along a route, with the first answer that comes back by the
 * same gate. Embedded by the caller; fn runs once, with the answer's message
 * (fn may take its payload), or NULL and -ETIMEDOUT. A failed send does not stop
 * the clock: cancel it, or let the time run out. So does an empty payload fail,
 * which is what there is when memory was out: -ENOMEM.
 */
struct pst_request {
	struct pst_worker worker;
	struct pst_env *env;
	struct pst_timer timer;
	void (*fn)(struct pst_request *request, int rc, struct pst_message *answer);
};

/* One that is under way must be cancelled before it is sent again. */
PST_API PST_MUST_CHECK int pst_request_send(struct pst_env *env, struct pst_request *request,
    const struct pst_route *route, struct pst_buf *payload, uint64_t timeout_ms,
    void (*fn)(struct pst_request *request, int rc, struct pst_message *answer));
/* fn will not run; a no-op when none is under way. */
PST_API void pst_request_cancel(struct pst_request *request);

#ifdef __cplusplus
}
#endif
#endif
