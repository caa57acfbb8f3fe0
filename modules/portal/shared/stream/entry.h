/*
 * An entry: the half of a portal where streams begin. It keeps one path or more to
 * the outlet, and asks the outlet for each stream. Where the applications come from is
 * its owner's: an inlet's listener, or functions (capability/outlet).
 */
#ifndef PORTAL_ENTRY_H
#define PORTAL_ENTRY_H

#include "../section/way.h"
#include "portal.h"

struct entry_conf {
	struct way_conf way;
	const char *listen; /* an inlet's alone */
	uint64_t connect_timeout;
	uint64_t window_max;
	int64_t streams;
};

/* The options of both but `listen`. */
#define ENTRY_OPTIONS(streams_) \
	WAY_OPTIONS, \
	PST_OPT(TIME, struct entry_conf, connect_timeout, "15s", \
	    "an application's connection is reset when nothing answers for so long"), \
	PST_OPT(SIZE, struct entry_conf, window_max, "8M", "bytes a connection may have under way"), \
	PST_OPT(INT, struct entry_conf, streams, streams_, "connections at once")
_Static_assert(offsetof(struct entry_conf, way) == 0, "WAY_OPTIONS");

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
