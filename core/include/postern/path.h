/*
 * A path: the way along a multiaddr, kept open for ever.
 *
 * It connects a link of its own, makes the channels, watches them with
 * probes, and when anything is lost begins again: after 10 ms at first, up to
 * 1 s, jittered. Handshakes are repeated afresh while nobody answers, since
 * unknown workers do not (design: safety). Used by inlets, relays and channels.
 */
#ifndef POSTERN_PATH_H
#define POSTERN_PATH_H

#include <postern/identity.h>
#include <postern/look.h>
#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_path;

struct pst_path_events {
	/*
	 * The path is open: `route` leads to its end (its bytes are valid until down),
	 * gate is its first hop, whose peer is the far end of the last channel.
	 */
	void (*up)(void *arg, const struct pst_route *route, struct pst_gate *gate);
	void (*down)(void *arg, int rc);
};

struct pst_path_conf {
	const char *to;                     /* a multiaddr; NULL: as via says, or the project's node */
	const char *key;                    /* what messages call it; NULL: "to" */
	const char *project;                /* section; NULL: none */
	const char *via, *outlet;           /* a relay of the project, and a worker behind it; or NULL */
	/* the far end of the last channel (admission.h), unless that is the project's node */
	const struct pst_list *authorized;
	const char *allow;                  /* NULL: not written */
	const char *type;                   /* of the resource; NULL: none */
	const char *resource;               /* its name; NULL: the section's */
	bool any_authority;                 /* counts, without a project (admission.h) */
	const struct pst_list *hops;        /* the ends of all channels before it but the project's, in
	                                       order; empty: any */
	const char *channel;                /* section of the channels */
	/* Streams go over it, which would break: when its far end is silent a new channel is
	 * tried beside the last one, and that is not given up for a cut of some seconds. */
	bool holds;
	bool one_of_several; /* it is probed often: another can take over when its far end is silent */
};

/* Check a path's configuration without opening it. */
PST_API PST_MUST_CHECK int pst_path_check(const struct pst_path_conf *conf, struct pst_err *err);
/* Warn who checks when the route leads by what this node has not: a transport, a project. */
PST_API void pst_path_look(const struct pst_path_conf *conf, struct pst_look *look);
/* Open for the section `env`; conf is copied. Events come later. */
PST_API PST_MUST_CHECK int pst_path_open(struct pst_path **out, struct pst_section_env *env,
    const struct pst_path_conf *conf, const struct pst_path_events *events, void *arg,
    struct pst_err *err);
/* Something on the path looks dead (no answer to a Ping): probe it at once. */
PST_API void pst_path_suspect(struct pst_path *path);
/* Fields for a section's status: whether it is up and who is there, or why it is not. */
PST_API void pst_path_status(const struct pst_path *path, struct pst_status *status);
/* The same, of one that is open: why it cannot come up as long as the node has the sections that it has; NULL: it can. */
PST_API const char *pst_path_hindrance(const struct pst_path *path);
/* Who the far end may be: for sessions, which end when it no longer may. It lives as long
 * as the path is up, and NULL where nobody is asked for. */
PST_API struct pst_admission *pst_path_admission(const struct pst_path *path);
/* How long one attempt at something that may not be answered should wait:
 * 4 × the link's connect time, within 300 ms and 3 s. */
PST_API uint64_t pst_path_patience_ms(const struct pst_path *path);
/* Close; no event follows. on_closed(arg) may be NULL. Sets *path to NULL. */
PST_API void pst_path_close(struct pst_path **path, void (*on_closed)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
