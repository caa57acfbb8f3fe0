/* The module's two nouns: the section (a listener, or a channel kept open), and its channels. */
#ifndef NOISE_NOISE_H
#define NOISE_NOISE_H

#include <postern/admission.h>
#include <postern/channel.h>
#include <postern/credential.h>

#include "handshake.h"
#include "kept.h"
#include "record.h"

/* What policies call channels. */
#define NOISE_POLICY_TYPE "channel"

struct noise_conf {
	const char *identity;
	struct pst_list authorized;
	const char *allow;
	struct pst_list to;
	struct pst_list hops;
	int64_t half_open;
	int64_t unknown_channels;
	uint64_t unknown_idle;
	uint64_t idle;
	uint64_t handshake_timeout;
};

struct noise {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_router *router;
	struct pst_identity *identity;
	const struct noise_conf *conf;
	struct pst_admission *admission; /* whom the listener accepts */
	struct pst_worker listener; /* unless one is kept: */
	struct kept kept;
	struct channel *opening;  /* responders whose handshake is under way, newest first */
	struct channel *channels; /* all others */
	int64_t half_open, unknown;
	int64_t asking; /* the vault, for who has come; they are not half open any more when others took their place */
	struct pst_task evict; /* the unknown ones beyond the limit */
	struct pst_identity_watch shown; /* we show other credentials now */
	struct pst_task refresh; /* of them, to channels that opened meanwhile */
	struct pst_rate refused;
	struct pst_rate strange, known; /* lines about the channels of strangers, and of those that sections name */
	bool closing, keeps; /* what is kept is not yet gone */
};

enum channel_state {
	CHANNEL_WAIT2, /* initiator: message 1 is out */
	CHANNEL_WAIT3, /* responder: message 2 is out */
	CHANNEL_VAULT, /* the vault computes */
	CHANNEL_OPEN,
	CHANNEL_CLOSED, /* kept only until the vault answers */
};

struct channel {
	struct pst_channel base; /* its gate's worker is the encryptor */
	struct noise *noise;
	struct channel *next, **link; /* in one of noise's lists */
	struct pst_worker remote;     /* the peer sends here */
	struct pst_gate_watch below;  /* the gate our records leave by */
	struct pst_gate *below_gate;
	struct pst_route *out;        /* to the peer's worker */
	enum channel_state state;
	bool initiator, ending, told; /* told: the log has it */
	bool half_open, unknown;      /* counted in noise */
	bool initiating; /* within channel_initiate(): it does not end yet */
	struct handshake *hs;         /* until open */
	struct pst_peer *peer;
	uint64_t edition;             /* of our credentials, as the peer saw them last */
	struct pst_vault_call call;
	struct pst_aead *seal, *open;
	struct sealer sealer;
	struct opener opener;
	uint64_t routed_n;            /* the record that last set `out` */
	struct pst_timer timer;       /* handshake, then idleness */
	struct pst_task end_task;     /* what a failed send leaves to the loop */
	int end_rc;
	bool end_tells; /* the peer */
	uint64_t started_ms, took_ms, heard_ms; /* took_ms: the handshake */
	struct pst_admission *admission;
	struct pst_admitted admitted; /* by it, from when the peer is known */
	const struct pst_channel_events *events; /* NULL for responders */
	void *arg;
	struct pst_log log;
	struct pst_field fields[3]; /* role, peer, end */
	struct pst_rate rejected;
};

/* noise.c: a channel's memory is gone; the last one may end the section. */
void noise_channel_gone(struct noise *noise);
/* From the loop: each open channel's peer sees the credentials that we show now. */
void noise_refresh_later(struct noise *noise);

/* channel.c: life of a channel, and its handshake */
int channel_new(struct channel **out, struct noise *noise, bool initiator,
    struct pst_admission *admission);
int channel_initiate(struct channel *c, const struct pst_route *route);
/* Message 1 has come to the listener. */
int channel_respond(struct channel *c, struct pst_message *message);
/* Tell the peer when open, tell the events unless NULL, and let go. */
void channel_end(struct channel *c, int rc, bool tell_peer);
/* The same from the loop, for who is within a call that goes on with it. */
void channel_end_later(struct channel *c, int rc, bool tell_peer);
/* Where to send from now on; the gate there is watched. */
int channel_route(struct channel *c, const struct pst_route *route);
/* Put it into one of noise's lists, at the front. */
void channel_enter(struct channel *c, struct channel **list);
/* What only the handshake needed. */
void channel_handshake_drop(struct channel *c);

/* traffic.c: what goes through an open channel */
void channel_opened(struct channel *c);
void channel_record(struct channel *c, struct pst_message *message);
/* Show the peer our credentials, if they are others than it saw last. */
void channel_refresh(struct channel *c);
/* Close the gate, whose users say goodbye through it; then say it too. */
void channel_goodbye(struct channel *c, bool tell_peer);

#endif
