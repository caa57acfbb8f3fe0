/*
 * A function's way out: streams to the outlet that a section names, and to nothing else. They travel as
 * those of portal/tcp do; each has one end of a socket pair there and the other here (conn.c).
 */
#ifndef OUTLET_OUTLET_H
#define OUTLET_OUTLET_H

#include <postern/capability.h>

#include "../../portal/shared/stream/entry.h"

struct outlet {
	struct entry entry;
	struct conn *conns;
	int32_t last; /* the number of the newest stream */
	bool closing;
};

/* The host functions (doc/functions.md). */
void outlet_open(void *capability, struct pst_host_call *call);
void outlet_write(void *capability, struct pst_host_call *call);
void outlet_read(void *capability, struct pst_host_call *call);
void outlet_close(void *capability, struct pst_host_call *call);

/* portal->over() of its portal. */
void conn_over(struct stream *stream, bool finished);
/* A connection has gone for good, or a stream: is that all? */
void outlet_rests(struct outlet *outlet);

#endif
