/* Credentials for tests, by an issuer whose keys the test has. */
#ifndef MAKE_CREDENTIAL_H
#define MAKE_CREDENTIAL_H

#include "make_history.h"
#include "trust/credential.h"

/* An issuer's key for credentials, attested. */
struct issuer {
	struct maker maker;
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct pst_attestation attestation;
	uint8_t bytes[PST_ATTESTATION_MAX];
	size_t len;
};

static inline void
issuer_attest(struct issuer *issuer, uint64_t from, uint64_t until)
{
	struct pst_attestation *a = &issuer->attestation;
	uint8_t data[PST_ATTESTATION_DATA_MAX];
	struct pst_writer d = pst_writer(data, sizeof data);
	struct pst_writer w = pst_writer(issuer->bytes, sizeof issuer->bytes);

	a->subject = issuer->maker.identifier;
	memcpy(a->change, issuer->maker.latest, sizeof a->change);
	a->created_at = from;
	a->expires_at = until;
	pst_attestation_write_data(&d, a);
	maker_sign(&a->signature, issuer->maker.secret, data, pst_writer_len(&d), a->hash);
	pst_attestation_write(&w, data, pst_writer_len(&d), &a->signature);
	issuer->len = pst_writer_len(&w);
}

/* With keys made from the number. */
static inline void
issuer_make(struct issuer *issuer, uint32_t number, uint64_t from, uint64_t until)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = { 0xcc };

	memset(issuer, 0, sizeof *issuer);
	maker_change(&issuer->maker, number, from, until);
	memcpy(seed + 1, &number, sizeof number);
	issuer->attestation.purpose = PST_PURPOSE_CREDENTIAL;
	issuer->attestation.key.kind = PST_KEY_ED25519;
	issuer->attestation.key.len = 32;
	crypto_sign_seed_keypair(issuer->attestation.key.bytes, issuer->secret, seed);
	issuer_attest(issuer, from, until);
}

/* What the issuer says, signed by a key that may be another's. */
static inline size_t
issuer_sign(const struct issuer *issuer, const struct pst_credential_data *said,
    const uint8_t *secret, uint8_t *out, size_t room)
{
	uint8_t *data = malloc(room), hash[PST_HASH_LEN];
	struct pst_writer d = pst_writer(data, room), w = pst_writer(out, room);
	struct pst_signature signature;

	pst_credential_write_data(&d, said);
	maker_sign(&signature, secret, data, pst_writer_len(&d), hash);
	pst_credential_write(&w, said, &signature, issuer->bytes, issuer->len);
	free(data);
	return w.status ? 0 : pst_writer_len(&w);
}

/* { "name": value } about a subject. */
static inline size_t
issuer_say(const struct issuer *issuer, const struct pst_identifier *subject, const char *name,
    const char *value, uint64_t from, uint64_t until, uint8_t *out, size_t room)
{
	struct pst_attribute attribute = { (const uint8_t *)name, (const uint8_t *)value,
		(uint32_t)strlen(name), (uint32_t)strlen(value) };
	struct pst_credential_data said = { *subject, subject->bytes, &attribute, 1, from, until };

	return issuer_sign(issuer, &said, issuer->secret, out, room);
}

#endif
