/*
 * Identities: who this node is, and who a peer proves to be.
 *
 * An identity is a signed history of keys; its identifier is the SHA-256 of
 * the first change (spec trust.md 2). `identity NAME { vault = … }` sections
 * are served by the core; channel modules get one by pst_section_ref(env,
 * "identity", name, NULL), a struct pst_identity *.
 *
 * In a handshake each side shows a *presentation*: CBOR [history, attestation
 * of the channel's static key, credentials].
 */
#ifndef POSTERN_IDENTITY_H
#define POSTERN_IDENTITY_H

#include <postern/module.h>
#include <postern/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_identifier {
	uint8_t bytes[32];
};

/* "I", 64 lower-case hex digits, NUL. */
#define PST_IDENTIFIER_TEXT 66
PST_API void pst_identifier_format(char out[PST_IDENTIFIER_TEXT], const struct pst_identifier *id);
/* White space around it and either case of hex is taken. -EINVAL otherwise. */
PST_API PST_MUST_CHECK int pst_identifier_parse(struct pst_identifier *out, const char *text);
PST_API bool pst_identifier_equal(const struct pst_identifier *a, const struct pst_identifier *b);

/* ---- ours ---- */

struct pst_identity;

PST_API const struct pst_identifier *pst_identity_identifier(const struct pst_identity *self);
/* The change history as it travels; lives as long as the identity. */
PST_API const uint8_t *pst_identity_history(const struct pst_identity *self, size_t *len);
/* The X25519 public key that the attestation speaks of. */
PST_API const uint8_t *pst_identity_static_key(const struct pst_identity *self);
/* What to show in a handshake, at most 65 439 bytes; valid until the loop turns. */
PST_API const uint8_t *pst_identity_presentation(struct pst_identity *self, size_t *len);

/*
 * X25519 of our static key and call->key.bytes, by the vault. The caller
 * keeps `call` until call->fn has run; the result is in call->result.
 */
PST_API void pst_identity_agree(struct pst_identity *self, struct pst_vault_call *call);

/* ---- theirs ---- */

/* An authenticated peer: counted, immutable but for its attributes. */
struct pst_peer;

PST_API struct pst_peer *pst_peer_ref(struct pst_peer *peer);
PST_API void pst_peer_unref(struct pst_peer **peer);
PST_API const struct pst_identifier *pst_peer_identifier(const struct pst_peer *peer);
/* "I…", lives as long as the peer. */
PST_API const char *pst_peer_text(const struct pst_peer *peer);
/* Something names this peer: the identity that admitted it keeps its history over
 * restarts, so that an older one is refused for good. */
PST_API void pst_peer_keep(const struct pst_peer *peer);

/*
 * Verify what a peer presented (spec trust.md 4.3, steps 1 to 4): decode,
 * check the history against what is known of that identifier, verify the
 * attestation at this time, and that it speaks of static_key. A history is
 * known while a peer of it lives, and for good once it was named (below).
 * Takes 0.07 ms of the loop (Ed25519) to 0.2 ms (P-256) for the usual history
 * of one change, 20 to 40 ms for the longest that fits a handshake.
 *
 * Credentials of accepted issuers (<postern/credential.h>) become the peer's
 * attributes (step 6), 0.06 ms for one that was not shown before; others are
 * logged and change nothing, as do those behind the first eight.
 *
 * Returns PST_OK and a peer to be unref'd; PST_E_AUTH for everything that
 * does not hold, with a sentence for our own log in err; -EBADMSG for bytes
 * that do not decode.
 */
PST_API PST_MUST_CHECK int pst_identity_admit(struct pst_identity *self, struct pst_peer **out,
    const uint8_t *presentation, size_t len, const uint8_t static_key[32], struct pst_err *err);

/* ---- who may ---- */

/*
 * A list of identifiers, or "*" for everybody: the value of `authorized`.
 * An empty list admits nobody. Look-up does not depend on its length. What a
 * section says of its resource, policies too: <postern/admission.h>.
 */
struct pst_admission;

PST_API PST_MUST_CHECK int pst_admission_new(struct pst_admission **out,
    const struct pst_list *authorized, struct pst_err *err);
/* Look at a list without keeping it, for the `check` of a section. The sentence
 * begins with key, the option it is the value of. */
PST_API PST_MUST_CHECK int pst_admission_check(const struct pst_list *authorized, const char *key,
    struct pst_err *err);
PST_API void pst_admission_free(struct pst_admission **admission);
PST_API bool pst_admission_anybody(const struct pst_admission *admission);
/*
 * May this peer? A refusal is logged, unless all there is is a list, without a
 * section. If the list names the peer (not by "*"), its history is from now
 * on kept over restarts by the identity that admitted it, so that an older
 * one is refused for good.
 */
PST_API bool pst_admission_allows(struct pst_admission *admission, const struct pst_peer *peer);

#ifdef __cplusplus
}
#endif
#endif
