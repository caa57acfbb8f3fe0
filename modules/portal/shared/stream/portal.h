/*
 * The nouns of streams: a portal is an inlet or an outlet section, or what functions
 * have in an inlet's place; a stream is one connection at one of them, and its
 * peer at the other end; the two of them are a session, of which either end logs
 * one line.
 */
#ifndef PORTAL_PORTAL_H
#define PORTAL_PORTAL_H

#include <postern/admission.h>
#include <postern/outbox.h>
#include <postern/router.h>

#include "../section/session.h"
#include "wire.h"

/*
 * Payload bytes a stream takes at first; it grows to window_max. With 256 KiB
 * a loopback portal reached 8.6 Gbit/s where it now reaches 11.
 */
#define STREAM_WINDOW (512 * 1024)
/*
 * Blocks that a socket may have on their way out. With 256 KiB the throughput
 * is the same, and a short message beside bulk waits 290 us instead of 230.
 */
#define STREAM_SOURCE_WINDOW (128 * 1024)
/* A shorter round trip counts for so long: routes change. */
#define PORTAL_RTT_MS 60000
/* A grant is awaited for so long: an inlet asks whether the path lives. */
#define STREAM_DOUBT_MS 1000
/* No grant for so long, though windows were agreed: something on the way
 * drops unknown messages (extensions.md 2). */
#define STREAM_NO_GRANT_MS 5000

struct pst_status;

struct portal {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_router *router;
	const struct pst_log *log;
	struct stream *streams;
	int64_t count, max_streams;
	uint64_t window_max;
	uint64_t rtt_ns, rtt_ms; /* the shortest round trip of late, and when it was seen */
	struct pst_timer quiet;  /* outlet: until it looks again whether its peers are there */
	bool closing;
	bool draining, drained;  /* nothing new is taken on; nothing is left */
	/* Sessions that are over: those that were open, and those turned away. */
	uint64_t ended, refusals;
	enum wire_reason lacks; /* inlet: why there is no outlet for it, when that was the last that it heard */
	uint64_t bytes_in, bytes_out;
	void (*gone)(struct portal *portal); /* the last stream of a closing portal */
	void (*doubt)(struct stream *stream); /* is the other end alive? outlet: NULL */
	/* A stream is, before its socket is closed: for who has the other end of that. NULL: nobody. */
	void (*over)(struct stream *stream, bool finished);
	const char *target;      /* outlet: as the configuration has it */
	struct pst_rate odd, refused;
};

enum stream_state {
	STREAM_WAITING, /* for a path, a Pong, or the target */
	STREAM_OPEN,
	STREAM_CLOSING,
};

struct stream {
	struct portal *portal;
	struct stream *next, **link;
	struct pst_worker worker;
	struct pst_gate *gate;  /* to the other end; NULL: none yet, or gone */
	struct pst_gate_watch watch;
	struct pst_admitted admitted; /* the peer */
	struct pst_route *peer; /* where the other end is */
	uint16_t front, back;   /* room that the route wants */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe; /* of a function in this process, or by a path */
	} socket;
	bool has_socket, reading, gave, reset;
	bool patient; /* unanswered, it waits for the next path when this one goes */
	enum stream_state state;
	struct pst_timer timer;
	struct pst_task unsaid; /* the end, for want of memory for a message */
	uint64_t since_ms; /* when the application came, or the Ping */
	struct sockaddr_in6 application; /* its address, or an IPv4 one; at the outlet none */
	enum wire_reason told;
	int rc; /* of what failed, for the log; 0: nothing has */
	struct pst_dial *dial;  /* outlet, while it connects */
	void *owner;            /* portal->over()'s */
	struct wire_offer agreed;
	/* A Pong has come (inlet), or the target answered (outlet): rc. */
	void (*answered)(struct stream *stream, struct pst_message *pong);

	/* socket to peer */
	struct pst_account *source;
	struct pst_buf rx;
	uint64_t sent, limit;
	bool granted_once; /* a grant has come from there */

	/* peer to socket */
	struct pst_uv_pipe pipe; /* it writes; flow.c reads */
	struct pst_outbox box;
	struct pst_account *kept; /* what waits for the socket */
	uint64_t received, taken, granted;
	uint64_t window;          /* ours, as it grew */
	uint64_t mark_taken, mark_ns, opened_ns;
	uint64_t heard;           /* messages by the gate, when the outlet last looked */
	unsigned quiet;           /* so often it has seen no more */
	int32_t counter;          /* of v2 Payloads: the next; -1 before the first */

	bool socket_eof;  /* nothing more to read */
	bool finish_sent;
	bool peer_done;   /* Finish or Disconnect has come */
	bool peer_left;   /* Disconnect */
	bool shut;
};

/* stream.c: life */
int stream_new(struct stream **out, struct portal *portal);
/* Messages come and go by this gate from now on, to this route. */
int stream_attach(struct stream *stream, struct pst_gate *gate, const struct pst_route *peer);
/* It ends with END_DENIED when the peer, now allowed, may no longer. */
void stream_admit(struct stream *stream, struct pst_admission *admission, struct pst_peer *peer);
/* Both ends are there: read the socket, tell windows. */
void stream_open(struct stream *stream);
/* The socket is connected: from now on it is reset when this node is killed, as by stream_end().
 * A FIN from the kernel would look like an end of what was to be said. */
void stream_guard(struct stream *stream);
/* A round trip to the other end took so long. */
void portal_rtt(struct portal *portal, uint64_t ns);
/* The end: the peer is told, the log has its line, and both sides are let go. But for
 * END_FINISHED the socket is reset. A second end is none. */
void stream_end(struct stream *stream, enum end why);
/* END_FAILED, by rc. */
void stream_fail(struct stream *stream, int rc);
/* The dial of a stream that has ended is over: let go of what came of it. */
void stream_release(struct stream *stream);
/* A short message to the peer. */
void stream_say(struct stream *stream, const uint8_t *bytes, size_t len);
/* End all streams; portal->gone() runs when the last one is. */
void portal_end(struct portal *portal);
/* Take on nothing new; the section is drained when the last stream has ended by itself. */
void portal_drain(struct portal *portal);
/* What we offer, if the node offers anything. */
struct wire_offer portal_offer(const struct portal *portal);
/* True when one more stream is too many. */
bool portal_full(const struct portal *portal);

/* quiet.c: a stream of an outlet ends when nothing comes from its peer for 30 to 40 s, or has ever come of it. */
void quiet_watch(struct portal *portal);

/* session.c: the one line of each session, and the sum of all */
void session_ended(const struct stream *stream, enum end why);
/* Of one that was turned away before it became a stream; rc as in a stream. */
void session_refused(struct portal *portal, const struct pst_gate *from, enum end why, int rc);
void portal_status(const struct portal *portal, struct pst_status *status);

/* flow.c: bytes */
void flow_message(struct stream *stream, struct pst_message *message);
void flow_read_on(struct stream *stream);
void flow_start(struct stream *stream);
extern const struct pst_pipe_events flow_events;

#endif
