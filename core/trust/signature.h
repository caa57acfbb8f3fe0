/*
 * Verifying keys and signatures, as they travel and as they are checked
 * (trust.md 0.4, 1.1). The two kinds have the same numbers in both choices:
 * 0 Ed25519, 1 ECDSA P-256.
 */
#ifndef PST_TRUST_SIGNATURE_H
#define PST_TRUST_SIGNATURE_H

#include <postern/cbor.h>
#include <postern/vault.h>

#include "trust/record.h"

/* Longest encodings: [1, [65 bytes]] and [kind, [64 bytes]]. */
#define PST_VERIFYING_KEY_MAX 70
#define PST_SIGNATURE_MAX 69

struct pst_signature {
	enum pst_key_kind kind;
	uint8_t bytes[PST_SIGNATURE_LEN];
};

/* Errors stick to the reader: unknown kinds, wrong lengths, compressed points. */
void pst_verifying_key_read(struct pst_reader *r, struct pst_public_key *out);
void pst_verifying_key_write(struct pst_writer *w, const struct pst_public_key *key);
void pst_signature_read(struct pst_reader *r, struct pst_signature *out);
void pst_signature_write(struct pst_writer *w, const struct pst_signature *signature);

/*
 * True when the signature is the key's over the message `hash`: for P-256
 * the digest is the SHA-256 of it once more, and a high S is as good as a
 * low one. A key and a signature of different kinds never fit.
 */
bool pst_signature_verify(const struct pst_signature *signature,
    const struct pst_public_key *key, const uint8_t hash[static PST_HASH_LEN]);

#endif
