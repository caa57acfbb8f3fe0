/*
 * Credentials: what an authority says of an identity, for a limited time
 * (spec trust.md 3.3, 3.4).
 *
 * A credential is a set of attributes of one subject, signed by an issuer. An
 * identity *accepts* issuers; what these say of its peers, who show it in
 * handshakes and refresh it in channels, becomes the peers' attributes. It
 * *shows* what issuers it accepts say of itself. And it may *issue*.
 *
 * Attributes stand by subject and issuer: two authorities that speak of the
 * same peer do not overwrite each other. Time is in seconds since 1970; what
 * expires at a second is not valid in it.
 */
#ifndef POSTERN_CREDENTIAL_H
#define POSTERN_CREDENTIAL_H

#include <postern/identity.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- attributes ---- */

/* One attribute. Names and values are UTF-8 by convention, bytes by type. */
struct pst_attribute {
	const uint8_t *name, *value;
	uint32_t name_len, value_len;
};

/* The order of names: bytewise, a prefix first. */
PST_API int pst_attribute_compare(const struct pst_attribute *a, const struct pst_attribute *b);
/* The one of this name among `count` in that order; NULL when there is none. No allocation. */
PST_API const struct pst_attribute *pst_attribute_find(const struct pst_attribute *item,
    size_t count, const void *name, size_t len);

/* What one issuer says of one subject: counted, immutable, in ascending order
 * of names, each name once. */
struct pst_attributes {
	unsigned refs;
	struct pst_identifier issuer;
	uint64_t expires_at;
	size_t count;
	struct pst_attribute item[]; /* the bytes lie behind */
};

PST_API struct pst_attributes *pst_attributes_ref(const struct pst_attributes *attributes);
PST_API void pst_attributes_unref(struct pst_attributes **attributes);
/* The attribute of this name, NULL when there is none; no allocation. */
PST_API const struct pst_attribute *pst_attributes_find(const struct pst_attributes *attributes,
    const void *name, size_t len);

/* ---- what peers have proven ---- */

/*
 * What `issuer` says of this peer; of several, when issuer is NULL, the one that
 * spoke last. NULL when nothing is valid now. It lives until the loop turns;
 * for longer, pst_attributes_ref(). O(1), no allocation.
 */
PST_API const struct pst_attributes *pst_peer_attributes(const struct pst_peer *peer,
    const struct pst_identifier *issuer);

/*
 * fn runs, from the loop, whenever the peer's attributes came, changed or
 * expired, for each watch once a turn: whoever decided by them decides anew.
 * Embedded by who watches, who keeps the peer until it watches no more. fn may
 * unwatch.
 */
struct pst_peer_watch {
	struct pst_peer_watch *next;
	struct pst_peer_watch **link; /* NULL while not watching */
	void (*fn)(struct pst_peer_watch *watch);
};
PST_API void pst_peer_watch(struct pst_peer *peer, struct pst_peer_watch *watch,
    void (*fn)(struct pst_peer_watch *watch));
/* A no-op on one that does not watch. */
PST_API void pst_peer_unwatch(struct pst_peer_watch *watch);

/* ---- whom an identity accepts as issuer ---- */

/*
 * Accept an issuer by its history, which is verified and kept for good: a newer
 * one replaces what is known, an older one is ignored. Several may be accepted,
 * and one several times. *out (may be NULL) gets its identifier. What peers
 * showed before counts when they show it again.
 *
 * Returns PST_OK; PST_E_AUTH when the history does not hold or contradicts the
 * one that is known, -EBADMSG when it does not decode; -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_identity_accept(struct pst_identity *self,
    struct pst_identifier *out, const uint8_t *history, size_t len, struct pst_err *err);
/* Once for each accept. After the last what it said of peers is gone, and they
 * are told; what it says of us is no longer shown. */
PST_API void pst_identity_unaccept(struct pst_identity *self,
    const struct pst_identifier *issuer);

/* ---- what an identity shows ---- */

/*
 * Show this CredentialAndPurposeKey about ourselves, once verified, in place of
 * an earlier one of the same issuer: in handshakes from now on, and to all open
 * channels (RefreshCredentials, trust.md 4.8). It is kept in the store, and
 * shown again after a restart, when its issuer is accepted and while it is valid.
 *
 * Returns PST_OK, *expires_at (may be NULL) set; PST_E_AUTH when it does not
 * hold or its issuer is not accepted, -EBADMSG when it does not decode,
 * PST_E_LIMIT when a handshake has no room for it; -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_identity_present(struct pst_identity *self,
    const uint8_t *credential, size_t len, uint64_t *expires_at, struct pst_err *err);
/* What is shown of this issuer, valid until the loop turns; NULL when there is
 * nothing, or no longer. *expires_at (may be NULL) is set. */
PST_API const uint8_t *pst_identity_presented(const struct pst_identity *self,
    const struct pst_identifier *issuer, size_t *len, uint64_t *expires_at);

/* For channels: which edition of its credentials an identity shows; another
 * number whenever others have come, and fn (may be NULL) runs, from the loop. */
struct pst_identity_watch {
	struct pst_identity_watch *next;
	struct pst_identity_watch **link; /* NULL while not watching */
	void (*fn)(struct pst_identity_watch *watch);
	/* This subject is revoked: its channels end. May be NULL; set after watching. */
	void (*revoked)(struct pst_identity_watch *watch, const struct pst_identifier *subject);
	/* An issuer that we accept has another key, and what it has said of us is nothing to
	 * whom shows it now. Comes within a handshake: only note it. NULL and set as before. */
	void (*rekeyed)(struct pst_identity_watch *watch, const struct pst_identifier *issuer);
};
PST_API uint64_t pst_identity_edition(const struct pst_identity *self);
PST_API void pst_identity_watch(struct pst_identity *self, struct pst_identity_watch *watch,
    void (*fn)(struct pst_identity_watch *watch));
/* A no-op on one that does not watch. fn may not call it. */
PST_API void pst_identity_unwatch(struct pst_identity_watch *watch);
/* What RefreshCredentials carries: CBOR [history, credentials], at most 65 439
 * bytes; valid until the loop turns. */
PST_API const uint8_t *pst_identity_refresh(struct pst_identity *self, size_t *len);
/*
 * The same from a peer: its history, and what issuers say of it. PST_OK, though
 * its credentials may have been refused, which is logged; else nothing has
 * changed: PST_E_AUTH for a history that is older, in conflict, another's or does
 * not hold; -EBADMSG, -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_identity_refreshed(struct pst_identity *self,
    struct pst_peer *peer, const uint8_t *refresh, size_t len, struct pst_err *err);

/* ---- what an authority issues ---- */

/*
 * One credential being made. Fill the inputs, keep it and what they point to
 * until fn runs: once, from the loop, never within the call.
 */
struct pst_issue_call {
	void (*fn)(struct pst_issue_call *call, int rc);
	void *arg;
	const struct pst_peer *subject;
	const struct pst_attribute *attributes; /* any order, no name twice */
	size_t count;
	uint64_t ttl_s; /* shortened where our own keys end sooner */
	/* results, while fn runs: CredentialAndPurposeKey, and when it expires */
	const uint8_t *credential;
	size_t len;
	uint64_t expires_at;
	/* the identity's */
	struct pst_identity *identity;
	struct pst_issue_call *next;
	uint64_t created_at;
	uint8_t *memory, *signature;
	struct pst_vault_call vault;
};

/*
 * Issue by the key for credentials, which the identity's vault makes at first
 * use (Ed25519 where it can, else P-256) and the identity attests; it is kept in
 * the store, and replaced when its attestation no longer holds.
 *
 * rc: PST_OK; PST_E_LIMIT when the attributes are too many for a handshake;
 * -EINVAL for a name that is there twice; PST_E_CLOSED when the identity
 * closes; else what the vault or the store says.
 */
PST_API void pst_identity_issue(struct pst_identity *self, struct pst_issue_call *call);

/*
 * What this identity has issued to subject until the time at counts no longer with it:
 * what it attested is gone, who watches the peer is told, and the peer's channels with us end. A
 * credential made until then is refused when it is shown again, up to the time until, when
 * it has expired. A restart forgets that: who revokes keeps it, and says it again; what was said
 * before changes nothing. -ENOMEM: all this, but for the refusal.
 */
PST_API PST_MUST_CHECK int pst_identity_revoke(struct pst_identity *self,
    const struct pst_identifier *subject, uint64_t at, uint64_t until);

#ifdef __cplusplus
}
#endif
#endif
