/*
 * Credentials as they travel and as they are verified: CredentialAndPurposeKey,
 *
 *     [[VersionedData 3, signature], the issuer's attestation of its key]
 *
 * where the data is [subject, its latest change, [schema, {name: value}],
 * from, until] (trust.md 3.3, 3.4). The change and the schema decide nothing.
 */
#ifndef PST_TRUST_CREDENTIAL_H
#define PST_TRUST_CREDENTIAL_H

#include <postern/credential.h>

#include "trust/attestation.h"

/* The longest that is issued: what a handshake holds, less room for a history. */
#define PST_CREDENTIAL_MAX 60000

struct pst_credential {
	/* as received, borrowed */
	const uint8_t *bytes;
	size_t len;
	bool has_subject;
	struct pst_identifier subject;
	struct pst_reader attributes; /* the map, within bytes */
	uint64_t created_at, expires_at; /* seconds since 1970 */
	uint8_t hash[PST_HASH_LEN]; /* what is signed */
	struct pst_signature signature;
	struct pst_attestation attestation; /* its subject is the issuer */
};

/* Decode one; errors stick to r. Nothing is verified. It borrows from r. */
void pst_credential_read(struct pst_reader *r, struct pst_credential *out);

/*
 * Check all of 3.4 but the attestation itself (step 1) and whether its subject
 * is accepted (step 2), at the time now. subject: who it must speak of, or
 * NULL. Returns PST_OK, or PST_E_AUTH with a sentence.
 */
PST_MUST_CHECK int pst_credential_check(const struct pst_credential *credential,
    const struct pst_identifier *subject, uint64_t now, struct pst_err *err);

/* ---- writing ---- */

/* The bytes to be hashed and signed; attributes in ascending order of names. */
struct pst_credential_data {
	struct pst_identifier subject;
	const uint8_t *change; /* PST_HASH_LEN: the subject's latest */
	const struct pst_attribute *attributes;
	size_t count;
	uint64_t created_at, expires_at;
};
/* How long they are. */
size_t pst_credential_data_len(const struct pst_credential_data *data);
void pst_credential_write_data(struct pst_writer *w, const struct pst_credential_data *data);
/* How long the whole is at most, beside data and attestation. */
#define PST_CREDENTIAL_OVERHEAD (1 + 1 + 9 + PST_SIGNATURE_MAX)
void pst_credential_write(struct pst_writer *w, const struct pst_credential_data *data,
    const struct pst_signature *signature, const uint8_t *attestation, size_t attestation_len);

#endif
