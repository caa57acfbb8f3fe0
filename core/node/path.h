/*
 * The inside of a path: its plan (path_plan.c), its making and unmaking
 * (path.c), its channels one by one (path_step.c), the puncture on the way
 * (path_puncture.c), the probes that watch it (path_probe.c), and which of
 * several serves (path_choice.c).
 */
#ifndef PST_NODE_PATH_H
#define PST_NODE_PATH_H

#include <postern/channel.h>
#include <postern/multiaddr.h>
#include <postern/path.h>
#include <postern/transport.h>

/* Design: reconnection. */
#define BACKOFF_FIRST_MS 10
#define BACKOFF_MAX_MS 1000
#define PATIENCE_MIN_MS 300
/* A link that had to wait for its way, through a cut, says nothing of how far it is. */
#define PATIENCE_MAX_MS 3000
#define ATTEMPTS_ALIVE 3
#define ATTEMPTS_QUICK 10
/* Then another link is made, after about a minute: one by UDP does not say that it leads nowhere. */
#define ATTEMPTS_A_LINK 20
#define ATTEMPT_SLOW_MS 10000
/* Once a person would notice, and then seldom. */
#define TOLD_FIRST_MS 5000
#define WHY_TEXT 256
#define TOLD_AGAIN_MS 60000
/* Spec routing.md 8.7. */
#define PROBE_EVERY_MS 10000
#define PROBES_LOST 3
/* Ours: of several paths each. */
#define PROBE_OFTEN_MS 2000
/* Streams would break: so many more, of a second or more each. A cut of 5 s is over after 7.8 s for a
 * TCP connection that was busy: it repeats after 250 ms, and after twice as long each time. */
#define PROBES_HELD 10
#define PROBE_HELD_MS 1000
/* Ours: one that was slow for another reason is no measure. */
#define PROBES_KEPT 4

#define CHANNELS_MAX 8

struct attempt {
	struct pst_path *path;
	struct step *step;
	struct pst_channel *channel; /* NULL: free */
	uint64_t began_ns;
};

/* One channel of the path, made over what lies before it. */
struct step {
	size_t first, last; /* hops of the multiaddr; the last is /secure/… */
	size_t puncture;    /* the hop before them, of the puncture that it is made over; 0: none */
	struct pst_admission *admission;
	struct attempt attempts[ATTEMPTS_ALIVE];
	struct pst_channel *channel; /* of the attempt that won; NULL until then */
	uint64_t began_ns, took_ns;  /* from the first attempt until it was up */
	uint64_t handshake_ns;       /* what the attempt that won took of it */
};

struct pst_path {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_log log;
	struct pst_field fields[2]; /* which route, of several */
	struct pst_multiaddr to;
	bool dials; /* it begins with a host and a port */
	bool holds, one_of_several; /* as struct pst_path_conf has them */
	char *project;                /* section with the first hops; NULL: all are in `to` */
	struct pst_multiaddr *beyond; /* the hops after them */
	size_t turn;                  /* of the project's routes */
	char *channel_name; /* of the section whose channels are used */
	const struct pst_channel_ops *channel_ops;
	const struct pst_path_events *events;
	void *arg;

	const struct pst_transport_ops *transport_ops;
	struct pst_link *link;
	struct step steps[CHANNELS_MAX];
	size_t step_count, step_now;
	const struct pst_transport_ops *hole_ops;
	struct pst_link *hole; /* the puncture, */
	struct step *through;  /* what is made over it: once it is open, what led to it is not needed */
	uint64_t hole_began_ns, hole_took_ns;
	unsigned tried;        /* attempts at the present step */
	uint64_t wait_ms;      /* before the next one */
	struct pst_timer timer; /* of the next attempt, probe or beginning */
	uint64_t backoff_ms;
	uint64_t failures;     /* since it was last up */
	int why;               /* of the last of them */
	uint64_t tell_ms;      /* one that comes later is told */
	uint64_t link_began_ns, link_took_ns;
	void (*on_tried)(void *arg, int rc); /* a try has failed; NULL: nobody wants to know */

	struct pst_route_buf route; /* as far as it is open */
	struct pst_route_buf whole; /* to its end, while it is up */
	struct pst_gate *gate;      /* its first hop */
	size_t tail;                /* first hop after the last channel */
	bool up;
	struct pst_request probe;
	uint8_t probe_sent[9];
	uint64_t probe_sent_ns;
	uint64_t answers_ns[PROBES_KEPT]; /* how long the last answers took, in turn; 0: none yet */
	unsigned answers;
	uint64_t heard; /* what had come from the far end when it was sent */
	bool probing, suspected;
	bool unproven; /* the last time it was up nothing came from its far end */
	unsigned probes_lost;

	struct pst_task close_task;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

/* path_plan.c: what is to be made, from the configuration. */
int path_plan(struct pst_path *path, const struct pst_path_conf *conf, struct pst_err *err);
/* The next of the project's routes, where there is one: before each beginning. */
int path_resolve(struct pst_path *path);
void path_plan_free(struct pst_path *path);
/* Append hops first up to end of the multiaddr to a route. */
int path_extend(const struct pst_path *path, struct pst_route_buf *rb, size_t first, size_t end);

/* path_puncture.c: make the puncture that the present step is to be made over. */
int path_puncture(struct pst_path *path);
void path_puncture_drop(struct pst_path *path);
/* The link that what is sent goes by, as far as it is known; NULL: none. And who made it. */
struct pst_link *path_link(const struct pst_path *path);
const struct pst_transport_ops *path_link_ops(const struct pst_path *path);

/* path.c: the first open transport that speaks the protocol; NULL: none. */
void *path_transport(const struct pst_path *path, const char *protocol, const struct pst_transport_ops **out);
/* path.c: it is down for this reason: dismantle it and begin again. */
void path_start_over(struct pst_path *path, int rc);
/* path.c: every step is made. */
void path_all_up(struct pst_path *path);
/* path.c: why it is down, perhaps printed there; NULL: it is up, or was not tried to its end yet. */
const char *path_why(const struct pst_path *path, char *out, size_t size);
/* The hops of a step, "/service/forward_to_bank/secure/api". */
void path_step_print(const struct pst_path *path, const struct step *step, char *out, size_t size);
/* A sentence of what does not open, for one that is not up, and why. */
PST_API void pst_path_stuck(const struct pst_path *path, int rc, char *out, size_t size);

/* path_step.c: make the channels, the first over that gate; NULL: within this node. */
void path_steps_start(struct pst_path *path, struct pst_gate *first);
void path_steps_drop(struct pst_path *path);
/* What it was made for is open, up to this gate: on with the present step. */
void path_step_on(struct pst_path *path, struct pst_gate *gate);
/* It is up and its far end silent: another handshake for the last channel, which the new one
 * replaces when it comes up before anything else is heard. And that this is not wanted any more. */
void path_try_anew(struct pst_path *path);
void path_stays(struct pst_path *path);

/* path_probe.c: how long the far end takes for an answer, in microseconds: the quickest of the last; 0: not known yet. */
uint64_t path_answers_us(const struct pst_path *path);
/* It is up, and its far end has answered the last probe, or was not asked yet. */
bool path_sound(const struct pst_path *path);
/* It is up: probe the far end from now on; and no more. */
void path_probes_start(struct pst_path *path);
void path_probes_stop(struct pst_path *path);
/* Probe the end of what is open, once; the path begins again when several are lost. */
void path_probe_once(struct pst_path *path);

#endif
