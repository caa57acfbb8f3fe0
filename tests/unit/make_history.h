/* Histories and attestations for tests, signed with libsodium. */
#ifndef MAKE_HISTORY_H
#define MAKE_HISTORY_H

#include <sodium.h>

#include "trust/attestation.h"
#include "trust/history.h"
#include "trust/presentation.h"

struct maker {
	uint8_t bytes[PST_HISTORY_MAX + 1024];
	size_t len; /* of the history so far, without its head */
	size_t count;
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct pst_public_key key;
	uint8_t latest[PST_HASH_LEN];
	struct pst_identifier identifier;
};

static inline void
maker_sign(struct pst_signature *out, const uint8_t *secret, const uint8_t *data, size_t len,
    uint8_t hash[static PST_HASH_LEN])
{
	crypto_hash_sha256(hash, data, len);
	out->kind = PST_KEY_ED25519;
	crypto_sign_detached(out->bytes, NULL, hash, PST_HASH_LEN, secret);
}

/* One more change, with a key made from the number. */
static inline void
maker_change(struct maker *m, uint32_t number, uint64_t from, uint64_t until)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = { 0 }, body[256], data[256];
	uint8_t previous_secret[crypto_sign_SECRETKEYBYTES], hash[PST_HASH_LEN];
	struct pst_writer b = pst_writer(body, sizeof body), d = pst_writer(data, sizeof data);
	struct pst_writer w = pst_writer(m->bytes + m->len, sizeof m->bytes - m->len);
	struct pst_signature signature;

	memcpy(previous_secret, m->secret, sizeof previous_secret);
	memcpy(seed, &number, sizeof number);
	m->key.kind = PST_KEY_ED25519;
	m->key.len = 32;
	crypto_sign_seed_keypair(m->key.bytes, m->secret, seed);

	pst_cbor_write_array(&b, 5);
	if (m->count)
		pst_cbor_write_bytes(&b, m->latest, sizeof m->latest);
	else
		pst_cbor_write_null(&b);
	pst_verifying_key_write(&b, &m->key);
	pst_cbor_write_bool(&b, false);
	pst_cbor_write_uint(&b, from);
	pst_cbor_write_uint(&b, until);
	pst_versioned_write(&d, PST_VERSIONED_CHANGE, body, pst_writer_len(&b));

	pst_cbor_write_array(&w, m->count ? 3 : 2);
	pst_cbor_write_bytes(&w, data, pst_writer_len(&d));
	maker_sign(&signature, m->secret, data, pst_writer_len(&d), hash);
	pst_signature_write(&w, &signature);
	if (m->count) {
		maker_sign(&signature, previous_secret, data, pst_writer_len(&d), hash);
		pst_signature_write(&w, &signature);
	} else {
		memcpy(m->identifier.bytes, hash, sizeof hash);
	}
	memcpy(m->latest, hash, sizeof hash);
	m->len += pst_writer_len(&w);
	m->count++;
}

/* The history as it travels; out has room for PST_HISTORY_MAX + 2048. */
static inline size_t
maker_history(const struct maker *m, uint8_t *out)
{
	struct pst_writer w = pst_writer(out, PST_HISTORY_MAX + 2048);

	pst_cbor_write_array(&w, m->count);
	pst_write_bytes(&w, m->bytes, m->len);
	return pst_writer_len(&w);
}

/* The history as it is read. */
static inline int
maker_read(const struct maker *m, struct pst_history **out)
{
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	struct pst_reader r = pst_reader(bytes, maker_history(m, bytes));

	return pst_history_read(out, &r, NULL);
}

/* What the identity says of its channel key. */
static inline struct pst_attestation
maker_attest(const struct maker *m, const uint8_t static_key[32], uint64_t from, uint64_t until)
{
	struct pst_attestation attestation = {
		.subject = m->identifier,
		.key = { PST_KEY_X25519, 32, { 0 } },
		.created_at = from,
		.expires_at = until,
	};
	uint8_t data[PST_ATTESTATION_DATA_MAX];
	struct pst_writer w = pst_writer(data, sizeof data);

	memcpy(attestation.change, m->latest, sizeof attestation.change);
	memcpy(attestation.key.bytes, static_key, 32);
	pst_attestation_write_data(&w, &attestation);
	maker_sign(&attestation.signature, m->secret, data, pst_writer_len(&w), attestation.hash);
	return attestation;
}

/* [history, attestation, []]; out as for maker_history. */
static inline size_t
maker_presentation(const struct maker *m, const struct pst_attestation *attestation,
    uint8_t *out)
{
	static uint8_t history[PST_HISTORY_MAX + 2048];
	size_t len = maker_history(m, history);
	uint8_t data[PST_ATTESTATION_DATA_MAX], bytes[PST_ATTESTATION_MAX];
	struct pst_writer d = pst_writer(data, sizeof data);
	struct pst_writer a = pst_writer(bytes, sizeof bytes);
	struct pst_writer w = pst_writer(out, PST_HISTORY_MAX + 2048);

	pst_attestation_write_data(&d, attestation);
	pst_attestation_write(&a, data, pst_writer_len(&d), &attestation->signature);
	pst_presentation_write(&w, history, len, bytes, pst_writer_len(&a));
	pst_cbor_write_array(&w, 0);
	return pst_writer_len(&w);
}

#endif
