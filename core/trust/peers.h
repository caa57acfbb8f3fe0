/*
 * What an identity knows of others: the histories of its live peers, and
 * those it was asked to keep.
 *
 * A history is known while a pst_peer of that identifier lives: an older or
 * a conflicting one is refused then (trust.md 2.4). Those of identities that
 * something names (an `authorized` list, later a credential or a ticket) are
 * kept for ever: in the table, and in the store by who made the table. So
 * strangers take memory only with their channels, which are bounded.
 *
 * What is known was verified when it came first: the same bytes are not
 * verified again. A peer that comes back costs no Ed25519 operation.
 */
#ifndef PST_TRUST_PEERS_H
#define PST_TRUST_PEERS_H

#include <postern/credential.h>

#include "trust/attestation.h"

struct pst_peers;

/*
 * keep(arg, history) is called when a history is to be stored: when its
 * identity is kept first, and when a kept one becomes newer. May be NULL. So
 * may env: then attributes end only when they are looked up, and watches hear
 * nothing.
 */
PST_MUST_CHECK int pst_peers_new(struct pst_peers **out, struct pst_env *env,
    void (*keep)(void *arg, const struct pst_history *history), void *arg);
/* The owner lets go: keep is not called again. Peers may live on, without attributes. */
void pst_peers_close(struct pst_peers **peers);

/* A kept history, from the store. */
PST_MUST_CHECK int pst_peers_load(struct pst_peers *peers, struct pst_history *history);

/*
 * As pst_history_read: the known history if these are its bytes, counted once
 * more; else one that has been verified.
 */
PST_MUST_CHECK int pst_peers_read(const struct pst_peers *peers, struct pst_history **out,
    struct pst_reader *r, struct pst_err *err);

/*
 * As pst_attestation_verify, for the history that pst_peers_compare gave; of
 * one that was verified last for this identity all but the signature.
 */
PST_MUST_CHECK int pst_peers_verify(struct pst_peers *peers,
    const struct pst_attestation *attestation, const struct pst_history *history, uint64_t now,
    struct pst_err *err);

/* Of a stranger who is a peer now: what was verified then is not verified again when they meet next. */
void pst_peers_verified(struct pst_peers *peers, const struct pst_attestation *attestation,
    const struct pst_history *history);

/*
 * The history to use for a peer that shows `received`: itself or, when it is
 * equal, the known one. A newer one replaces what is known at once: its
 * signatures hold, whatever becomes of the handshake. Returns PST_OK and a
 * borrowed history; PST_E_AUTH when it is older or in conflict.
 */
PST_MUST_CHECK int pst_peers_compare(struct pst_peers *peers, struct pst_history **out,
    struct pst_history *received, struct pst_err *err);

/* An authenticated peer of this history. -ENOMEM. */
PST_MUST_CHECK int pst_peers_add(struct pst_peers *peers, struct pst_peer **out,
    struct pst_history *history);

/* The hash of its latest change that is known, PST_HASH_LEN; while the loop does not turn. */
const uint8_t *pst_peer_change(const struct pst_peer *peer);

/* ---- credentials ---- */

/*
 * Accept an issuer, once more, by a history that was verified. It is kept; an older
 * one than is known is ignored. PST_E_AUTH for a conflict, -ENOMEM.
 */
PST_MUST_CHECK int pst_peers_accept(struct pst_peers *peers, struct pst_history *history,
    struct pst_err *err);
/* Once less; after the last its statements are gone. */
void pst_peers_unaccept(struct pst_peers *peers, const struct pst_identifier *issuer);

bool pst_peers_accepts(const struct pst_peers *peers, const struct pst_identifier *issuer);

/* Verify a credential: all of trust.md 3.4. subject: who it must speak of. */
struct pst_credential;
PST_MUST_CHECK int pst_peers_check(struct pst_peers *peers,
    const struct pst_credential *credential, const struct pst_identifier *subject, uint64_t now,
    struct pst_err *err);
/*
 * What these bytes, one CredentialAndPurposeKey, attest the peer becomes its
 * attributes; who has any is kept. The same bytes as before are not verified
 * again. PST_OK; PST_E_AUTH, -EBADMSG, -ENOMEM with a sentence.
 */
PST_MUST_CHECK int pst_peer_attest(struct pst_peer *peer, const uint8_t *bytes, size_t len,
    uint64_t now, struct pst_err *err);

#endif
