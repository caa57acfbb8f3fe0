/*
 * The vectors of trust.json that concern keys, histories, attestations and
 * credentials.
 *
 * For channel/noise: handshake-trace, handshake-message-*, handshake-final-keys,
 * transport-*, rekey-*, sc-*, live-enroller-handshake.
 * Left for the trust issue: req-*, resp-*, attributes-entry*, member-ids,
 * live-notes* (authority); ticket-* (tickets); abac* (policies).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "trust/attestation.h"
#include "trust/attributes.h"
#include "trust/history.h"
#include "trust/presentation.h"

#define BYTES_MAX 4096
/* A time at which the attestations of the vectors hold. */
#define NOW 1700002000

struct bytes {
	uint8_t data[BYTES_MAX];
	size_t len;
};

static json_t *vectors;

/* ---- getting at them ---- */

static const json_t *
vector(const char *name)
{
	size_t i;
	json_t *v;

	json_array_foreach(vectors, i, v)
		if (!strcmp(json_string_value(json_object_get(v, "name")), name))
			return v;
	fail_msg("no vector %s", name);
	return NULL;
}

static struct bytes
unhex(const char *hex)
{
	struct bytes b;

	assert_non_null(hex);
	assert_int_equal(sodium_hex2bin(b.data, sizeof b.data, hex, strlen(hex), NULL, &b.len, NULL), 0);
	assert_int_equal(b.len * 2, strlen(hex));
	return b;
}

static struct bytes
bytes_of(const char *name)
{
	return unhex(json_string_value(json_object_get(vector(name), "hex")));
}

static const json_t *
decoded(const char *name, const char *member)
{
	return json_object_get(json_object_get(vector(name), "decoded"), member);
}

static struct bytes
decoded_bytes(const char *name, const char *member)
{
	return unhex(json_string_value(decoded(name, member)));
}

static const char *
joined(const char *head, const char *tail)
{
	static char name[64];

	snprintf(name, sizeof name, "%s%s", head, tail);
	return name;
}

static int
history_read(struct pst_history **out, const struct bytes *b)
{
	struct pst_reader r = pst_reader(b->data, b->len);

	return pst_history_read(out, &r, NULL);
}

static struct pst_history *
history(const char *name)
{
	struct bytes b = bytes_of(name);
	struct pst_history *h;

	assert_int_equal(history_read(&h, &b), PST_OK);
	return h;
}

static void
check_identifier(const struct pst_history *h, const char *text)
{
	char shown[PST_IDENTIFIER_TEXT];

	pst_identifier_format(shown, pst_history_identifier(h));
	assert_string_equal(shown, text);
}

/* Ed25519 is deterministic: we must sign as the peer did. */
static struct pst_signature
sign(const char *signer, const struct bytes *message)
{
	struct bytes seed = decoded_bytes(joined("verifying-key-", signer), "secret");
	struct pst_signature signature = { PST_KEY_ED25519, { 0 } };
	uint8_t secret[64], pub[32], hash[32];

	assert_int_equal(seed.len, 32);
	crypto_sign_seed_keypair(pub, secret, seed.data);
	crypto_hash_sha256(hash, message->data, message->len);
	crypto_sign_detached(signature.bytes, NULL, hash, sizeof hash, secret);
	return signature;
}

/* ---- tests ---- */

static const char *const people[] = { "alice", "bob", "authority" };

static void
verifying_keys_are_read_and_written(void **state)
{
	static const char *const names[] = { "alice", "bob", "authority", "p256" };

	for (size_t i = 0; i < 4; i++) {
		const char *name = joined("verifying-key-", names[i]);
		struct bytes b = bytes_of(name), handle = decoded_bytes(name, "handle");
		struct pst_reader r = pst_reader(b.data, b.len);
		struct pst_public_key key;
		uint8_t again[PST_VERIFYING_KEY_MAX], hash[32];
		struct pst_writer w = pst_writer(again, sizeof again);

		pst_verifying_key_read(&r, &key);
		assert_int_equal(r.status, PST_OK);
		assert_int_equal(pst_reader_left(&r), 0);
		assert_int_equal(key.kind, i < 3 ? PST_KEY_ED25519 : PST_KEY_P256);
		crypto_hash_sha256(hash, key.bytes, key.len);
		assert_memory_equal(hash, handle.data, 32);
		pst_verifying_key_write(&w, &key);
		assert_int_equal(pst_writer_len(&w), b.len);
		assert_memory_equal(again, b.data, b.len);
	}
}

static void
fresh_identities_are_made_byte_by_byte(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct pst_history *h = history(joined("change-history-", people[i]));
		struct bytes versioned = bytes_of(joined("versioned-data-", people[i]));
		struct bytes data = bytes_of(joined("change-data-", people[i])), made;
		struct bytes sha = decoded_bytes(joined("versioned-data-", people[i]), "sha256");
		struct pst_reader body = pst_versioned_reader(versioned.data, versioned.len,
		    PST_VERSIONED_CHANGE);
		struct pst_signature signature;
		struct pst_writer w;

		assert_int_equal(body.status, PST_OK);
		assert_int_equal(pst_reader_left(&body), data.len);
		assert_memory_equal(body.p, data.data, data.len);
		check_identifier(h, json_string_value(decoded(joined("change-history-", people[i]),
					"identifier")));
		assert_memory_equal(pst_history_identifier(h)->bytes, sha.data, 32);
		assert_int_equal(h->valid_from, json_integer_value(decoded(joined("change-data-",
						    people[i]), "valid_from")));

		w = pst_writer(made.data, sizeof made.data);
		pst_change_write_data(&w, &h->key, h->valid_from, h->valid_until);
		made.len = pst_writer_len(&w);
		assert_int_equal(made.len, versioned.len);
		assert_memory_equal(made.data, versioned.data, made.len);
		signature = sign(people[i], &versioned);
		w = pst_writer(made.data, sizeof made.data);
		pst_history_write_first(&w, versioned.data, versioned.len, &signature);
		assert_int_equal(pst_writer_len(&w), h->len);
		assert_memory_equal(made.data, h->bytes, h->len);
		pst_history_unref(&h);
	}
}

/* Every vector that says whether the peer takes it as a history. */
static void
histories_are_taken_and_refused_as_by_the_peer(void **state)
{
	unsigned taken = 0, refused = 0;
	size_t i;
	json_t *v;

	json_array_foreach(vectors, i, v) {
		const json_t *d = json_object_get(v, "decoded");
		const json_t *import = json_object_get(d, "import");
		const char *name = json_string_value(json_object_get(v, "name"));
		struct pst_history *h;
		struct bytes b;
		int rc;

		import = import ? import : d;
		if (!json_object_get(import, "accepted"))
			continue;
		b = unhex(json_string_value(json_object_get(v, "hex")));
		rc = history_read(&h, &b);
		if (!json_is_true(json_object_get(import, "accepted"))) {
			if (rc != PST_E_AUTH && rc != -EBADMSG)
				fail_msg("%s is taken", name);
			refused++;
			continue;
		}
		if (rc)
			fail_msg("%s is refused", name);
		assert_int_equal(h->count, json_integer_value(json_object_get(import, "changes")));
		check_identifier(h, json_string_value(json_object_get(import, "identifier")));
		pst_history_unref(&h);
		taken++;
	}
	/* change-history-* 6, tol-* 7; neg-* 7 */
	assert_int_equal(taken, 13);
	assert_int_equal(refused, 7);
}

static void
histories_compare_as_the_peer_compares(void **state)
{
	struct pst_history *one = history("change-history-p256");
	struct pst_history *two = history("change-history-rotated");
	struct pst_history *three = history("change-history-rotated-revoke");
	struct pst_history *other = history("change-history-bob");

	assert_string_equal(json_string_value(decoded("compare", "h1_vs_h1")), "Equal");
	assert_int_equal(pst_history_compare(one, one), PST_HISTORY_EQUAL);
	assert_string_equal(json_string_value(decoded("compare", "h1_vs_h2")), "Older");
	assert_int_equal(pst_history_compare(one, two), PST_HISTORY_OLDER);
	assert_string_equal(json_string_value(decoded("compare", "h2_vs_h1")), "Newer");
	assert_int_equal(pst_history_compare(two, one), PST_HISTORY_NEWER);
	assert_int_equal(pst_history_compare(three, one), PST_HISTORY_NEWER);
	assert_int_equal(pst_history_compare(three, other), PST_HISTORY_CONFLICT);
	pst_history_unref(&one);
	pst_history_unref(&two);
	pst_history_unref(&three);
	pst_history_unref(&other);
}

static struct pst_attestation
attestation(const char *name)
{
	struct bytes b = bytes_of(name);
	struct pst_reader r = pst_reader(b.data, b.len);
	struct pst_attestation a;

	pst_attestation_read(&r, &a);
	assert_int_equal(r.status, PST_OK);
	assert_int_equal(pst_reader_left(&r), 0);
	return a;
}

static void
attestations_hold_and_are_made_byte_by_byte(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct pst_history *h = history(joined("change-history-", people[i]));
		const char *name = joined("attestation-", people[i]);
		struct pst_attestation a = attestation(name);
		struct bytes whole = bytes_of(name), data, made;
		struct bytes key, body = bytes_of(joined("attestation-data-", people[i]));
		struct pst_signature signature;
		struct pst_writer w;

		key = decoded_bytes(joined("attestation-data-", people[i]), "x25519_public");
		assert_int_equal(a.purpose, PST_PURPOSE_CHANNEL);
		assert_memory_equal(a.key.bytes, key.data, 32);
		assert_int_equal(a.created_at, 1700001000);
		assert_int_equal(a.expires_at, 1857681000);
		assert_int_equal(pst_attestation_verify(&a, h, NOW, NULL), PST_OK);

		w = pst_writer(data.data, sizeof data.data);
		pst_attestation_write_data(&w, &a);
		data.len = pst_writer_len(&w);
		assert_memory_equal(data.data + data.len - body.len, body.data, body.len);
		signature = sign(people[i], &data);
		w = pst_writer(made.data, sizeof made.data);
		pst_attestation_write(&w, data.data, data.len, &signature);
		assert_int_equal(pst_writer_len(&w), whole.len);
		assert_memory_equal(made.data, whole.data, whole.len);
		pst_history_unref(&h);
	}
}

static void
an_attestation_of_a_credential_key_holds_too(void **state)
{
	struct pst_history *h = history("change-history-authority");
	struct pst_attestation a = attestation("attestation-authority-credential");

	assert_int_equal(a.purpose, PST_PURPOSE_CREDENTIAL);
	assert_int_equal(a.key.kind, PST_KEY_ED25519);
	assert_int_equal(pst_attestation_verify(&a, h, NOW, NULL), PST_OK);
	pst_history_unref(&h);
}

static void
attestations_that_do_not_hold_are_refused(void **state)
{
	struct pst_history *alice = history("change-history-alice");
	struct pst_history *bob = history("change-history-bob");
	struct bytes b = bytes_of("attestation-alice");
	struct pst_attestation a = attestation("attestation-alice");

	assert_int_equal(pst_attestation_verify(&a, bob, NOW, NULL), PST_E_AUTH);
	assert_int_equal(pst_attestation_verify(&a, alice, 1700001000 - 61, NULL), PST_E_AUTH);
	assert_int_equal(pst_attestation_verify(&a, alice, 1857681001, NULL), PST_E_AUTH);
	/* no bit can be turned */
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		struct pst_reader r = pst_reader(b.data, b.len);

		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		pst_attestation_read(&r, &a);
		if (!r.status && !pst_attestation_verify(&a, alice, NOW, NULL))
			fail_msg("bit %zu turned unseen", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	pst_history_unref(&alice);
	pst_history_unref(&bob);
}

static void
presentations_of_a_handshake_are_taken(void **state)
{
	static const struct {
		const char *name, *who;
		size_t credentials; /* bytes */
	} table[] = { { "handshake-payload-2", "bob", 1 }, { "handshake-payload-3", "alice", 399 } };

	for (size_t i = 0; i < 2; i++) {
		struct bytes b = bytes_of(table[i].name);
		struct bytes key = decoded_bytes(joined("attestation-data-", table[i].who),
		    "x25519_public");
		struct bytes made;
		struct bytes h = bytes_of(joined("change-history-", table[i].who));
		struct bytes a = bytes_of(joined("attestation-", table[i].who));
		struct pst_writer w = pst_writer(made.data, sizeof made.data);
		struct pst_presentation p;

		assert_int_equal(pst_presentation_read(&p, NULL, b.data, b.len, NULL), PST_OK);
		assert_int_equal(pst_attestation_verify(&p.attestation, p.history, NOW, NULL), PST_OK);
		assert_memory_equal(p.attestation.key.bytes, key.data, 32);
		assert_int_equal(pst_reader_left(&p.credentials), table[i].credentials);
		pst_presentation_release(&p);
		pst_presentation_write(&w, h.data, h.len, a.data, a.len);
		assert_memory_equal(made.data, b.data, pst_writer_len(&w));
		assert_int_equal(pst_writer_len(&w) + table[i].credentials, b.len);
	}
}

/* ---- credentials ---- */

static struct pst_credential
credential(const struct bytes *b)
{
	struct pst_reader r = pst_reader(b->data, b->len);
	struct pst_credential c;

	pst_credential_read(&r, &c);
	assert_int_equal(r.status, PST_OK);
	assert_int_equal(pst_reader_left(&r), 0);
	return c;
}

/* Its attributes are those of the vector, no more and no less. */
static struct pst_attributes *
attributes_as(const struct pst_credential *c, const json_t *want)
{
	struct pst_attributes *attributes;
	const char *name;
	json_t *value;

	assert_int_equal(pst_attributes_new(&attributes, c, NULL), PST_OK);
	assert_int_equal(attributes->count, json_object_size(want));
	json_object_foreach((json_t *)want, name, value) {
		const struct pst_attribute *a = pst_attributes_find(attributes, name, strlen(name));

		assert_non_null(a);
		assert_int_equal(a->value_len, json_string_length(value));
		assert_memory_equal(a->value, json_string_value(value), a->value_len);
	}
	return attributes;
}

static void
a_credential_holds_and_is_made_byte_by_byte(void **state)
{
	struct bytes whole = bytes_of("credential-and-purpose-key"), data = bytes_of("credential-data");
	struct bytes att = bytes_of("attestation-authority-credential"), made, again;
	struct pst_history *authority = history("change-history-authority");
	struct pst_history *alice = history("change-history-alice");
	struct pst_history *bob = history("change-history-bob");
	struct pst_credential c = credential(&whole);
	struct pst_attributes *attributes = attributes_as(&c, decoded("credential-data", "attributes"));
	struct pst_credential_data said = { *pst_history_identifier(alice),
		pst_history_latest_hash(alice), attributes->item, attributes->count,
		c.created_at, c.expires_at };
	struct pst_writer w = pst_writer(made.data, sizeof made.data);

	assert_int_equal(pst_attestation_verify(&c.attestation, authority, NOW, NULL), PST_OK);
	assert_int_equal(pst_credential_check(&c, pst_history_identifier(alice), NOW, NULL), PST_OK);
	assert_int_equal(pst_credential_check(&c, NULL, NOW, NULL), PST_OK);
	assert_true(json_is_false(decoded("credential-and-purpose-key", "wrong_authority_accepted")));
	assert_int_equal(pst_attestation_verify(&c.attestation, bob, NOW, NULL), PST_E_AUTH);
	assert_true(json_is_false(decoded("credential-and-purpose-key", "wrong_subject_accepted")));
	assert_int_equal(pst_credential_check(&c, pst_history_identifier(bob), NOW, NULL), PST_E_AUTH);

	pst_credential_write_data(&w, &said);
	made.len = pst_writer_len(&w);
	assert_int_equal(made.len, pst_credential_data_len(&said));
	assert_memory_equal(made.data + made.len - data.len, data.data, data.len);
	w = pst_writer(again.data, sizeof again.data);
	pst_credential_write(&w, &said, &c.signature, att.data, att.len);
	assert_int_equal(pst_writer_len(&w), whole.len);
	assert_memory_equal(again.data, whole.data, whole.len);
	pst_attributes_unref(&attributes);
	pst_history_unref(&authority);
	pst_history_unref(&alice);
	pst_history_unref(&bob);
}

static void
a_credential_of_a_live_authority_holds(void **state)
{
	struct bytes whole = bytes_of("live-credential"), h = decoded_bytes("live-credential", "issuer_history");
	struct pst_credential c = credential(&whole);
	struct pst_attributes *attributes = attributes_as(&c, decoded("live-credential", "attributes"));
	struct pst_history *issuer;
	char text[PST_IDENTIFIER_TEXT];
	uint64_t from = c.created_at;

	assert_int_equal(history_read(&issuer, &h), PST_OK);
	check_identifier(issuer, json_string_value(decoded("live-credential", "issuer")));
	pst_identifier_format(text, &c.subject);
	assert_string_equal(text, json_string_value(decoded("live-credential", "subject")));
	assert_int_equal(c.expires_at - from, json_integer_value(decoded("live-credential", "ttl")));
	assert_int_equal(pst_attestation_verify(&c.attestation, issuer, from, NULL), PST_OK);
	assert_int_equal(pst_credential_check(&c, &c.subject, from, NULL), PST_OK);
	/* 60 s of skew before, none after */
	assert_int_equal(pst_credential_check(&c, &c.subject, from - 60, NULL), PST_OK);
	assert_int_equal(pst_credential_check(&c, &c.subject, from - 61, NULL), PST_E_AUTH);
	assert_int_equal(pst_credential_check(&c, &c.subject, c.expires_at, NULL), PST_OK);
	assert_int_equal(pst_credential_check(&c, &c.subject, c.expires_at + 1, NULL), PST_E_AUTH);
	pst_attributes_unref(&attributes);
	pst_history_unref(&issuer);
}

/* 0.4: neither a low S nor a high one is asked for. */
static void
high_s_is_as_good_as_low(void **state)
{
	/* the order of P-256 */
	static const uint8_t n[32] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9,
		0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	struct bytes b = bytes_of("change-history-p256");
	uint8_t *s = b.data + b.len - 32;
	struct pst_history *h;
	int borrow = 0;

	for (int i = 31; i >= 0; i--) { /* s = n - s */
		int d = n[i] - s[i] - borrow;

		borrow = d < 0;
		s[i] = (uint8_t)(d + 256 * borrow);
	}
	assert_int_equal(history_read(&h, &b), PST_OK);
	pst_history_unref(&h);
	memset(s, 0, 32);
	assert_int_equal(history_read(&h, &b), PST_E_AUTH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifying_keys_are_read_and_written),
		cmocka_unit_test(fresh_identities_are_made_byte_by_byte),
		cmocka_unit_test(histories_are_taken_and_refused_as_by_the_peer),
		cmocka_unit_test(histories_compare_as_the_peer_compares),
		cmocka_unit_test(attestations_hold_and_are_made_byte_by_byte),
		cmocka_unit_test(an_attestation_of_a_credential_key_holds_too),
		cmocka_unit_test(attestations_that_do_not_hold_are_refused),
		cmocka_unit_test(presentations_of_a_handshake_are_taken),
		cmocka_unit_test(a_credential_holds_and_is_made_byte_by_byte),
		cmocka_unit_test(a_credential_of_a_live_authority_holds),
		cmocka_unit_test(high_s_is_as_good_as_low),
	};
	const char *srcdir = getenv("srcdir");
	char path[4096];
	json_error_t why;
	int rc;

	if (sodium_init() < 0)
		return 1;
	snprintf(path, sizeof path, "%s/tests/vectors/trust.json", srcdir ? srcdir : ".");
	vectors = json_load_file(path, 0, &why);
	if (!vectors) {
		fprintf(stderr, "%s: %s\n", path, why.text);
		return 1;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return rc;
}
