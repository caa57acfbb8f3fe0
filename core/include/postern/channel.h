/*
 * Secure channels: authenticated encryption between two workers over any
 * route, also through other channels.
 *
 * Kind "channel"; sections `channel NAME { use = noise  identity = … }`: a
 * listener at the address NAME, and what initiators of this node use. An
 * established channel is a gate whose peer is known. One with `to` keeps a channel
 * open, to which it passes on what this node sends to NAME.
 */
#ifndef POSTERN_CHANNEL_H
#define POSTERN_CHANNEL_H

#include <postern/identity.h>
#include <postern/module.h>
#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_channel {
	struct pst_gate gate; /* its worker is the encryptor */
};

struct pst_channel_events {
	void (*up)(void *arg, struct pst_channel *channel);
	/* The handshake failed or the channel ended; the channel is gone after
	 * the call. Not called after close(). */
	void (*lost)(void *arg, int rc);
};

struct pst_channel_ops {
	size_t size;
	/*
	 * One handshake as initiator with the listener at the end of `route`, which
	 * is copied. admission (borrowed while the channel lives): whom to accept.
	 * There is no time-out: unknown workers do not answer, so the caller
	 * starts another attempt and closes the ones it no longer wants.
	 */
	int (*connect)(struct pst_channel **out, void *section, const struct pst_route *route,
	    struct pst_admission *admission, const struct pst_channel_events *events, void *arg);
	/* Tell the peer and end. Sets *channel to NULL; no event follows. */
	void (*close)(struct pst_channel **channel);
};

#ifdef __cplusplus
}
#endif
#endif
