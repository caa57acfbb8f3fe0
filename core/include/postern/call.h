/*
 * Function calls: a request to a worker, with headers, a body of any length
 * both ways, a deadline, and exactly one answer or failure (extensions.md 6).
 *
 * The caller's half is a worker that its owner embeds (struct pst_caller), with any
 * number of calls under way (struct pst_call); the callee's half is a named
 * worker (struct pst_callee) with the calls that came (struct pst_called).
 * Both are on the loop. A call whose other side's gate closes ends by itself.
 *
 * Bodies travel in pieces of at most PST_CALL_PIECE, and only as far as the
 * receiver granted. A callee gets a body whole, up to its own limit: that is what
 * a function takes. A caller gets an answer piece by piece.
 */
#ifndef POSTERN_CALL_H
#define POSTERN_CALL_H

#include <postern/coordinated.h>
#include <postern/identity.h>
#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_CALL_PIECE (64 * 1024)
#define PST_CALL_FIRST_GRANT (256 * 1024)
#define PST_CALL_ID_MAX 16
/* Ours: a head fits a message; state travels in it, which has what earlier steps answered. */
#define PST_CALL_HEADERS_MAX 100
#define PST_CALL_HEAD_MAX (1024 * 1024)
/* Ours: a longer deadline counts as this, a week. */
#define PST_CALL_DEADLINE_MAX (7 * 24 * 3600 * UINT64_C(1000))
/* Ours: a body of which nothing comes, or nothing is granted, for so long ends its call. */
#define PST_CALL_STALL_MS 60000
/* Ours: what answers may wait in a callee's links before new calls find it busy. */
#define PST_CALL_ANSWERS_MAX (16 * 1024 * 1024)
/* The header that has a struct pst_coordinated without its body. In an answer: as the function has
 * left it, if it changed it; with the body if it changed that. How a run error is told:
 * PST_COORDINATED_ERROR_HEADER. */
#define PST_CALL_REQUEST_HEADER "x-pst-request"
/* The id of the request that the call is a part of, for the log. */
#define PST_CALL_ID_HEADER "x-request-id"

/* Why there is no answer; the texts of the wire are theirs in lower case. */
enum pst_call_code {
	PST_CALL_TRAP,
	PST_CALL_DEADLINE,
	PST_CALL_MEMORY,
	PST_CALL_BUSY,
	PST_CALL_DENIED,
	PST_CALL_UNKNOWN,
	PST_CALL_CANCELLED,
	PST_CALL_INTERNAL,
};
PST_API const char *pst_call_code_text(enum pst_call_code code);

struct pst_call_failure {
	enum pst_call_code code;
	const char *text;        /* a sentence for a person */
	uint32_t retry_after_ms; /* 0: nothing said */
	bool started;            /* guest code ran: the call may have had an effect */
};

#define PST_CALL_MORE 1       /* the body goes on in pieces */
#define PST_CALL_IDEMPOTENT 2 /* may be made again elsewhere, though it had started */
#define PST_CALL_STREAM 4     /* the answer may come before the whole body is there */

struct pst_call_head {
	const char *method;   /* "POST" */
	const char *resource; /* path and query */
	const struct pst_map *headers; /* names in lower case; may be NULL */
	uint64_t deadline_ms; /* from now on; 0: the callee's, and we wait as long as the way is there */
	unsigned flags;       /* PST_CALL_IDEMPOTENT, PST_CALL_STREAM */
};

/* Calls under way, in a table by hash; embedded. */
struct pst_call_node {
	struct pst_call_node *next;
	uint64_t hash;
};
struct pst_call_table {
	struct pst_call_node **slots;
	size_t room, count; /* room: a power of two, or 0 */
};

/* A body on its way out. */
struct pst_call_out {
	const uint8_t *bytes; /* what has not been sent */
	size_t left;
	uint64_t granted; /* that may still be sent */
	struct pst_task task; /* the next piece */
};

/* ---- caller ---- */

struct pst_call;

struct pst_call_events {
	/* The answer has begun. headers lives for the call. */
	void (*answer)(struct pst_call *call, unsigned status, const struct pst_map *headers);
	/* A piece of its body, in order; may be taken (pst_buf_take). `last` ends the call. An answer
	 * without body has one empty last piece. */
	void (*body)(struct pst_call *call, struct pst_buf *piece, bool last);
	/* There is no answer, or it does not go on: this ends the call. */
	void (*failed)(struct pst_call *call, const struct pst_call_failure *failure);
};

/* Embedded by its owner; many calls to many routes. */
struct pst_caller {
	struct pst_worker worker;
	struct pst_env *env;
	struct pst_call_table calls; /* by id */
	uint64_t next_id;
};
PST_API PST_MUST_CHECK int pst_caller_open(struct pst_caller *caller, struct pst_env *env);
/* What is under way is cancelled; no event follows. */
PST_API void pst_caller_close(struct pst_caller *caller);

/* One call. Embedded; nobody's after its last event, and after pst_call_cancel(). */
struct pst_call {
	const struct pst_call_events *events;
	void *arg; /* the owner's */
	/* the rest is caller.c's */
	struct pst_caller *caller; /* NULL: over */
	struct pst_call_node node;
	struct pst_route *route;
	struct pst_gate *gate; /* by which answers come; NULL: from inside */
	struct pst_gate_watch watch;
	struct pst_timer timer;
	uint64_t id;
	struct pst_buf message, body; /* the first message; what has the rest of the body */
	struct pst_call_out out;
	uint64_t window; /* body bytes that may still come */
	struct pst_map headers; /* of the answer */
	bool *over;             /* set when it ends within an event */
	bool begun, answered, held;
};

/*
 * Begin. route leads to the callee's worker; body is consumed, whatever
 * happens, and is all of it. Events come later, never within this call.
 * The deadline runs here too, a second later than at the callee. -ENOMEM, PST_E_LIMIT (a
 * head too large).
 */
PST_API PST_MUST_CHECK int pst_call_begin(struct pst_caller *caller, struct pst_call *call,
    const struct pst_route *route, const struct pst_call_head *head, struct pst_buf *body,
    const struct pst_call_events *events);
/* Tell the callee, and hear no more of it. A no-op on one that is over. */
PST_API void pst_call_cancel(struct pst_call *call);
/* For who cannot pass the answer on as fast as it comes: while a call is held, no more of it is
 * granted; what was, at most PST_CALL_FIRST_GRANT, still comes. A no-op on one that is over. */
PST_API void pst_call_hold(struct pst_call *call, bool held);

/* ---- callee ---- */

struct pst_called;

struct pst_call_load;

/* Embedded by its owner. */
struct pst_callee {
	struct pst_worker worker;
	struct pst_env *env;
	const struct pst_log *log;
	/* A call is here with all of its body. It is ended by pst_called_answer() or
	 * pst_called_fail(), now or later. */
	void (*called)(struct pst_callee *callee, struct pst_called *call);
	/* What a probe is answered with (extensions.md 6). */
	void (*probed)(struct pst_callee *callee, struct pst_call_load *load);
	/* May this caller? False: it was logged, and the call fails `denied`. from is the gate it comes by;
	 * NULL: from inside. One without a peer is a link that the transport exposes this worker to: nobody
	 * knows who is at its other end. Asked before a body is taken in. NULL: all but these. */
	bool (*admits)(struct pst_callee *callee, const struct pst_gate *from);
	size_t body_max;  /* bytes of a call; more fails it */
	size_t calls_max; /* with bodies on their way, in or out; more fail `busy` */
	/* the rest is callee.c's */
	struct pst_called *first; /* all of them */
	struct pst_call_table calls; /* by return route and id */
	size_t count, moving;        /* all; with bodies on their way */
	struct pst_account *answers;
	struct pst_rate refused;
	uint8_t key[16]; /* of the table's hash: both are chosen by peers */
};

struct pst_call_load {
	uint32_t running, queued, capacity;
	uint8_t version[32]; /* hash of the module */
};

/* A call that came. */
struct pst_called {
	/* for the callee's owner */
	const char *method, *resource;
	struct pst_map headers;
	uint8_t *body; /* whole; may be taken by leaving NULL */
	size_t body_len;
	uint64_t deadline_ms; /* left, when it came; 0: none */
	unsigned flags;
	struct pst_peer *peer; /* NULL: from inside this node. Kept for the call */
	void *arg;             /* the owner's */
	/* Told once when the caller cancelled or is gone, unless it ended before: nobody
	 * waits for the answer, but the call must still be ended. May be NULL. */
	void (*cancelled)(struct pst_called *call);
	/* the rest is callee.c's */
	struct pst_callee *callee;
	struct pst_called *next, **link;
	struct pst_call_node node;
	struct pst_route back; /* lies behind, with the texts */
	struct pst_gate_watch watch;
	struct pst_timer timer;
	uint8_t id[PST_CALL_ID_MAX];
	uint8_t id_len;
	bool reachable; /* and in the table: somebody waits for the answer */
	bool moving;    /* its body is on its way, or its answer's */
	bool answered;
	size_t body_room;
	uint64_t window; /* body bytes that may still come */
	uint64_t came_ms;
	struct pst_call_out out;
};

/* As pst_worker_start_named(). The members up to calls_max are set by the owner before. */
PST_API PST_MUST_CHECK int pst_callee_open(struct pst_callee *callee, struct pst_env *env,
    const char *name);
/* No call comes any more. Those under way are still to be ended by the owner. */
PST_API void pst_callee_close(struct pst_callee *callee);
/* How many are under way, with those that wait for the rest of their body. */
PST_API size_t pst_callee_calls(const struct pst_callee *callee);

/* Answer; body is len bytes on the heap, which are taken (free()d) whatever happens; headers may
 * be NULL. Sets *call to NULL; what is left of the body goes out as the caller grants. */
PST_API void pst_called_answer(struct pst_called **call, unsigned status,
    const struct pst_map *headers, uint8_t *body, size_t len);
PST_API void pst_called_fail(struct pst_called **call, const struct pst_call_failure *failure);

/* ---- probes ---- */

/*
 * Ask a callee how busy it is; as pst_request_send(), and cancelled by pst_request_cancel().
 * load is NULL unless rc is PST_OK. PST_E_DENIED: it does not let us; PST_E_PROTOCOL.
 */
struct pst_call_probe {
	struct pst_request request;
	void (*fn)(struct pst_call_probe *probe, int rc, const struct pst_call_load *load);
};
PST_API PST_MUST_CHECK int pst_call_probe(struct pst_env *env, struct pst_call_probe *probe,
    const struct pst_route *route, uint64_t timeout_ms,
    void (*fn)(struct pst_call_probe *probe, int rc, const struct pst_call_load *load));

#ifdef __cplusplus
}
#endif
#endif
