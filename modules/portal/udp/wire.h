/*
 * What the two ends of a flow say to each other: a CBOR array whose first item is the
 * kind, the second the flow's number (doc/protocol.md, *Datagrams*).
 */
#ifndef PORTAL_UDP_WIRE_H
#define PORTAL_UDP_WIRE_H

#include <postern/buf.h>

#include "../shared/section/reason.h"

/* What we speak; an outlet answers with the lower of its own and the inlet's. */
#define WIRE_VERSION 1

enum wire_kind {
	WIRE_OPEN = 0,     /* inlet: version, bytes: a datagram of a flow that may be new */
	WIRE_OPENED = 1,   /* outlet: version: there is such a flow */
	WIRE_DATAGRAM = 2, /* bytes: one more, either way */
	WIRE_END = 3,      /* reason: there is no such flow any more */
	WIRE_UNKNOWN,      /* any other: to be ignored */
};

struct wire_message {
	enum wire_kind kind;
	uint64_t flow;
	uint64_t version;        /* OPEN, OPENED; at least 1 */
	enum wire_reason reason; /* END; one that we do not know is WIRE_INTERNAL */
	const uint8_t *data;     /* OPEN, DATAGRAM: where it lies */
	size_t len;
};

/* The longest of what stands before a datagram's bytes, or of a message without any. */
#define WIRE_HEAD_MAX 32

/* Put all of a message but its bytes in front of these; the room must be there. */
void wire_push(struct pst_buf *buf, const struct wire_message *message);
/* -EBADMSG for what is no message. Items behind those that we know are not looked at. */
PST_MUST_CHECK int wire_read(struct wire_message *out, struct pst_reader *r);

#endif
