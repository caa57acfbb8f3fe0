/*
 * Transports: listen, connect; a link carries messages between two nodes.
 *
 * Kind "transport"; sections `transport NAME { use = tcp … }`. A link is a
 * gate: a message sent to its worker goes to the peer. It owns its
 * back-pressure by its account (buf.h).
 *
 * A link made by connect() belongs to the caller, who closes it; one that a
 * listener accepted belongs to its transport.
 */
#ifndef POSTERN_TRANSPORT_H
#define POSTERN_TRANSPORT_H

#include <postern/module.h>
#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room that a link wants in front of a payload: length, array heads and two
 * routes of three random addresses. More is a copy, not an error. */
#define PST_LINK_FRONT 256

struct pst_link {
	struct pst_gate gate;
	const char *peer_name; /* "127.0.0.1:4000", "/run/a.sock"; the link's */
	uint64_t connect_ms;   /* what connecting took */
	struct pst_account *account; /* of what it has read; NULL until it is up */
};

struct pst_link_events {
	void (*up)(void *arg, struct pst_link *link);
	/* Connecting failed, or an open link was lost. The link is gone after the
	 * call, and the caller's pointer to it is dead. Not called after close(). */
	void (*lost)(void *arg, int rc);
};

struct pst_transport_ops {
	size_t size;
	const char *protocol; /* "tcp", "ws", "puncture", as in a multiaddr; "unix", which none has */
	/*
	 * Connect to host (a name, or an address without brackets) and port; for
	 * "unix" host is the path of the socket, and port means nothing. Borrowed
	 * for the call. *out is set at once; events come later, never within the
	 * call. -ENOMEM; UV_ENAMETOOLONG for a path of more than 107 bytes.
	 */
	int (*connect)(struct pst_link **out, void *transport, const char *host, uint16_t port,
	    const struct pst_link_events *events, void *arg);
	/* Close without a further event. Sets *link to NULL. */
	void (*close)(struct pst_link **link);
	/* Another protocol that the same sections speak, or NULL. */
	const struct pst_transport_ops *also;
	/* Has the host lost the address that the link goes out from, so that nothing can come back?
	 * Asked when nothing does. NULL: not known. */
	bool (*stranded)(const struct pst_link *link);
	/*
	 * Of "puncture", in place of connect: a link through NATs to the node where `via` leads by a
	 * channel to the worker that negotiates punctures. `via` is copied; the rest is as with connect().
	 * PST_E_CONF: the section lacks what it takes.
	 */
	int (*puncture)(struct pst_link **out, void *transport, const struct pst_route *via,
	    const struct pst_link_events *events, void *arg);
	/* Why none of this is there after all, for a person: "this transport/udp was built without QUIC". NULL: it is. */
	const char *lacks;
};

/* Does a list of names let this one in? A last * matches any rest. What a link's
 * gate answers to `exposes`. */
PST_API bool pst_exposes(const struct pst_list *list, const uint8_t *name, size_t len);

#ifdef __cplusplus
}
#endif
#endif
