/*
 * An entry: the half of a portal where streams begin. It keeps one path or more to
 * the outlet, and asks the outlet for each stream. Where the applications come from is
 * its owner's: an inlet's listener, or functions (capability/outlet).
 */
#ifndef PORTAL_ENTRY_H
#define PORTAL_ENTRY_H

#include <postern/choice.h>

#include "portal.h"

struct entry_conf {
	const char *listen; /* an inlet's alone */
	struct pst_list to;
	const char *via;
	const char *outlet;
	const char *project;
	const char *channel;
	struct pst_list authorized;
	const char *allow;
	struct pst_list hops;
	uint64_t connect_timeout;
	uint64_t window_max;
	int64_t streams;
};

/* The options of both but `listen`. */
#define ENTRY_OPTIONS(streams_) \
	PST_OPT(LIST, struct entry_conf, to, NULL, \
	    "multiaddr of the outlet; of several, which are all kept open, the best serves"), \
	PST_OPT(STR, struct entry_conf, via, NULL, \
	    "in place of `to`: the name of the relay, at a node of the project, of the node with the outlet"), \
	PST_OPT(STR, struct entry_conf, outlet, "outlet", "with `via`: the outlet's address there"), \
	PST_OPT(REF, struct entry_conf, project, NULL, "where the relay is", .of = "project"), \
	PST_OPT(REF, struct entry_conf, channel, NULL, "the section whose channels are used", \
	    .of = "channel"), \
	PST_OPT(LIST, struct entry_conf, authorized, NULL, \
	    "who the far end of the last channel may be; \"*\" for anybody"), \
	PST_OPT(STR, struct entry_conf, allow, NULL, "the same by a policy over its attributes"), \
	PST_OPT(LIST, struct entry_conf, hops, NULL, "who the ends of the channels before it are, in order"), \
	PST_OPT(TIME, struct entry_conf, connect_timeout, "15s", \
	    "an application's connection is reset when nothing answers for so long"), \
	PST_OPT(SIZE, struct entry_conf, window_max, "8M", "bytes a connection may have under way"), \
	PST_OPT(INT, struct entry_conf, streams, streams_, "connections at once")

struct entry {
	struct portal portal;
	const struct entry_conf *conf;
	struct pst_choice *paths;
	struct pst_gate *gate;  /* of the one that serves; NULL while none is up */
	struct pst_route route; /* to the outlet, while it is up */
};

/* Look across the options. */
PST_MUST_CHECK int entry_check(const struct entry_conf *conf, struct pst_err *err);
/* Begin; gone() runs when its last stream, or its path, has ended and it is closing. */
PST_MUST_CHECK int entry_open(struct entry *entry, struct pst_section_env *senv,
    const struct entry_conf *conf, void (*gone)(struct portal *portal), struct pst_err *err);
/* A stream whose socket is connected: ask the outlet, now or when there is a route. */
void entry_begin(struct entry *entry, struct stream *stream);
/* End all streams, and the path: gone() runs at least once more. */
void entry_close(struct entry *entry);
/* There is nothing left of it. */
bool entry_rests(const struct entry *entry);
void entry_status(const struct entry *entry, struct pst_status *status);

#endif
