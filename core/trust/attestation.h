/*
 * Attestations: an identity says which key serves one of its purposes
 * (trust.md 3.1, 3.2). The channel's static key is one; the key that signs
 * credentials is another.
 */
#ifndef PST_TRUST_ATTESTATION_H
#define PST_TRUST_ATTESTATION_H

#include <postern/identity.h>

#include "trust/history.h"
#include "trust/signature.h"

/* How far ahead of our clock created_at may be, seconds (trust.md 3.2, 8.1). */
#define PST_CLOCK_SKEW_S 60
/* Signed bytes: versioned [subject, change, key, from, until]. */
#define PST_ATTESTATION_DATA_MAX (PST_VERSIONED_OVERHEAD + 2 * 34 + PST_VERIFYING_KEY_MAX + 24)
#define PST_ATTESTATION_MAX (PST_ATTESTATION_DATA_MAX + PST_SIGNATURE_MAX + 4)

/* The numbers of the choice PurposePublicKey. */
enum pst_purpose {
	PST_PURPOSE_CHANNEL = 0,    /* key: X25519 */
	PST_PURPOSE_CREDENTIAL = 1, /* key: Ed25519 or P-256 */
};

struct pst_attestation {
	struct pst_identifier subject;
	uint8_t change[PST_HASH_LEN]; /* the subject's latest when it was made */
	enum pst_purpose purpose;
	struct pst_public_key key;
	uint64_t created_at, expires_at; /* seconds since 1970 */
	uint8_t hash[PST_HASH_LEN]; /* what is signed */
	struct pst_signature signature;
};

/* Decode one; errors stick to r. Nothing is verified. */
void pst_attestation_read(struct pst_reader *r, struct pst_attestation *out);

/* Does what was made then and ends then hold at this time? PST_E_AUTH with a sentence about `what`. */
PST_MUST_CHECK int pst_lifetime_check(const char *what, uint64_t created_at, uint64_t expires_at,
    uint64_t now, struct pst_err *err);

/*
 * Check it against its subject's history, at the time now (seconds since
 * 1970), all but the signature. Returns PST_OK, or PST_E_AUTH with a sentence.
 */
PST_MUST_CHECK int pst_attestation_check(const struct pst_attestation *attestation,
    const struct pst_history *subject, uint64_t now, struct pst_err *err);
/* The same, and the signature. */
PST_MUST_CHECK int pst_attestation_verify(const struct pst_attestation *attestation,
    const struct pst_history *subject, uint64_t now, struct pst_err *err);

/* The bytes to be hashed and signed: of `attestation` everything but hash and
 * signature. */
void pst_attestation_write_data(struct pst_writer *w, const struct pst_attestation *attestation);
/* The attestation that is made of them and the signature. */
void pst_attestation_write(struct pst_writer *w, const uint8_t *data, size_t len,
    const struct pst_signature *signature);

#endif
