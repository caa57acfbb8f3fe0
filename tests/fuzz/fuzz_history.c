/*
 * Histories and attestations as somebody with all the keys makes them, with one
 * flaw or another in each change: they hold exactly when a list of rules says so.
 *
 * Four bytes are a change: its key, its flaw, when it begins and ends; the last
 * four are the attestation: its flaw, when it begins and ends, and the time now.
 */
#include <stdlib.h>

#include <sodium.h>

#include "trust/attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHANGES_MAX 8

/* What is wrong with a change. */
enum flaw {
	NONE,
	PREVIOUS_MISSING,   /* or, in the first change, there */
	PREVIOUS_OTHER,
	SIGNATURE_ALTERED,  /* by its own key */
	LINK_MISSING,       /* the signature by the key before */
	LINK_ALTERED,
	FLAWS,
};

/* What is wrong with an attestation. */
enum att_flaw {
	ATT_NONE,
	ATT_SUBJECT,
	ATT_CHANGE,
	ATT_SIGNATURE,
	ATT_KEY_BEFORE, /* signed with the key before the last */
	ATT_FLAWS,
};

struct maker {
	uint8_t bytes[4096];
	struct pst_writer w;
	uint8_t hash[CHANGES_MAX][PST_HASH_LEN];
	uint8_t pair[CHANGES_MAX][crypto_sign_SECRETKEYBYTES];
	uint64_t from, until; /* of the latest */
	size_t count;
	bool right;
};

static void
check(bool right)
{
	if (!right)
		abort();
}

static struct pst_public_key
key_make(uint8_t number, uint8_t pair[crypto_sign_SECRETKEYBYTES])
{
	const uint8_t seed[crypto_sign_SEEDBYTES] = { number };
	struct pst_public_key key = { PST_KEY_ED25519, crypto_sign_PUBLICKEYBYTES, { 0 } };

	check(!crypto_sign_seed_keypair(key.bytes, pair, seed));
	return key;
}

static void
sign(struct pst_writer *w, const uint8_t *pair, const uint8_t hash[PST_HASH_LEN], bool alter)
{
	struct pst_signature signature = { PST_KEY_ED25519, { 0 } };

	crypto_sign_detached(signature.bytes, NULL, hash, PST_HASH_LEN, pair);
	signature.bytes[7] ^= alter;
	pst_signature_write(w, &signature);
}

/* The signed bytes of a change; their hash is kept. */
static void
change_data(struct maker *m, struct pst_writer *data, const struct pst_public_key *key,
    enum flaw flaw)
{
	uint8_t body[256], other[PST_HASH_LEN] = { 1 };
	struct pst_writer b = pst_writer(body, sizeof body);
	bool named = (m->count > 0) != (flaw == PREVIOUS_MISSING);

	pst_cbor_write_array(&b, 5);
	if (!named)
		pst_cbor_write_null(&b);
	else
		pst_cbor_write_bytes(&b, m->count && flaw != PREVIOUS_OTHER ? m->hash[m->count - 1] : other,
		    PST_HASH_LEN);
	pst_verifying_key_write(&b, key);
	pst_cbor_write_bool(&b, false);
	pst_cbor_write_uint(&b, m->from);
	pst_cbor_write_uint(&b, m->until);
	pst_versioned_write(data, PST_VERSIONED_CHANGE, body, pst_writer_len(&b));
	check(!b.status && !data->status);
	crypto_hash_sha256(m->hash[m->count], data->start, pst_writer_len(data));
}

/* Whether a change with this flaw may stand here. */
static bool
may_stand(const struct maker *m, enum flaw flaw, uint64_t from_before)
{
	if (!m->count) /* nothing stands before: what would link to it is not looked at */
		return flaw != PREVIOUS_MISSING && flaw != SIGNATURE_ALTERED;
	return flaw == NONE && m->from >= from_before;
}

static void
change_add(struct maker *m, const uint8_t bytes[4])
{
	enum flaw flaw = bytes[1] % FLAWS;
	uint64_t from_before = m->from;
	struct pst_public_key key = key_make(bytes[0], m->pair[m->count]);
	uint8_t text[256];
	struct pst_writer data = pst_writer(text, sizeof text);
	bool linked = m->count && flaw != LINK_MISSING;

	m->from = bytes[2];
	m->until = bytes[3];
	m->right &= may_stand(m, flaw, from_before);
	change_data(m, &data, &key, flaw);
	pst_cbor_write_array(&m->w, linked ? 3 : 2);
	pst_cbor_write_bytes(&m->w, text, pst_writer_len(&data));
	sign(&m->w, m->pair[m->count], m->hash[m->count], flaw == SIGNATURE_ALTERED);
	if (linked)
		sign(&m->w, m->pair[m->count - 1], m->hash[m->count], flaw == LINK_ALTERED);
	m->count++;
}

/* It says when it holds, as the rules have it; all numbers are small. */
static bool
att_holds(const struct maker *m, enum att_flaw flaw, const struct pst_attestation *a, uint64_t now)
{
	bool other_key = m->count > 1 && memcmp(m->pair[m->count - 1], m->pair[m->count - 2],
	    sizeof m->pair[0]);

	return (flaw == ATT_NONE || (flaw == ATT_KEY_BEFORE && !other_key)) &&
	    a->created_at >= m->from && a->expires_at <= m->until &&
	    a->created_at <= now + PST_CLOCK_SKEW_S && a->expires_at >= now;
}

static void
check_attestation(const struct maker *m, const struct pst_history *history, const uint8_t bytes[4])
{
	enum att_flaw flaw = bytes[0] % ATT_FLAWS;
	size_t signer = flaw == ATT_KEY_BEFORE && m->count > 1 ? m->count - 2 : m->count - 1;
	struct pst_attestation a = { .key = { PST_KEY_X25519, 32, { 9 } } }, read;
	uint8_t data[PST_ATTESTATION_DATA_MAX], text[PST_ATTESTATION_MAX], hash[PST_HASH_LEN];
	struct pst_writer d = pst_writer(data, sizeof data), w = pst_writer(text, sizeof text);
	struct pst_err err = PST_ERR_INIT;
	struct pst_reader r;

	memcpy(a.subject.bytes, m->hash[0], PST_HASH_LEN);
	memcpy(a.change, m->hash[m->count - 1], PST_HASH_LEN);
	a.subject.bytes[3] ^= flaw == ATT_SUBJECT;
	a.change[3] ^= flaw == ATT_CHANGE;
	a.created_at = bytes[1];
	a.expires_at = bytes[2];
	pst_attestation_write_data(&d, &a);
	crypto_hash_sha256(hash, data, pst_writer_len(&d));
	pst_cbor_write_array(&w, 2);
	pst_cbor_write_bytes(&w, data, pst_writer_len(&d));
	sign(&w, m->pair[signer], hash, flaw == ATT_SIGNATURE);
	r = pst_reader(text, pst_writer_len(&w));
	pst_attestation_read(&r, &read);
	check(!d.status && !w.status && !r.status && !pst_reader_left(&r));
	check(!pst_attestation_verify(&read, history, bytes[3], &err) ==
	    att_holds(m, flaw, &a, bytes[3]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct maker m;
	size_t changes = len / 4 - (len >= 4);
	struct pst_err err = PST_ERR_INIT;
	struct pst_history *history;
	struct pst_reader r;
	int rc;

	if (sodium_init() < 0 || len % 4 || len < 4 || changes > CHANGES_MAX)
		return 0;
	m = (struct maker){ .right = changes > 0 };
	m.w = pst_writer(m.bytes, sizeof m.bytes);
	pst_cbor_write_array(&m.w, changes);
	for (size_t i = 0; i < changes; i++)
		change_add(&m, data + 4 * i);
	check(!m.w.status);
	r = pst_reader(m.bytes, pst_writer_len(&m.w));
	rc = pst_history_read(&history, &r, &err);
	check(!rc == m.right && (!rc || err.text[0]));
	if (rc)
		return 0;
	check(history->count == changes && history->valid_from == m.from && history->valid_until == m.until);
	check(!memcmp(pst_history_identifier(history), m.hash[0], PST_HASH_LEN));
	check(!memcmp(pst_history_latest_hash(history), m.hash[changes - 1], PST_HASH_LEN));
	check_attestation(&m, history, data + 4 * changes);
	pst_history_unref(&history);
	return 0;
}
