/*
 * Credentials with the issuer's attestation. What is taken has its attributes in
 * order and, written anew, is taken the same; what holds attests its subject, once.
 * Covers: core/trust/credential.c core/trust/attributes.c
 * Covers: core/trust/attest.c:pst_peer_attest()
 */
#include <stdlib.h>

#include "../unit/make_credential.h"
#include "trust/known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* When the corpus was made, by the issuer of number 1, of the identity of key 7. */
#define NOW 1700000000

static void
check(bool right)
{
	if (!right)
		abort();
}

static struct pst_history *
history_of(const struct maker *m)
{
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	struct pst_reader r = pst_reader(bytes, maker_history(m, bytes));
	struct pst_history *history;

	check(!pst_history_read(&history, &r, NULL));
	return history;
}

static void
check_attributes(const struct pst_credential *c, const struct pst_attributes *attributes)
{
	const uint8_t *own = pst_attributes_bytes(attributes);

	check(!memcmp(own, c->bytes, c->len) && attributes->expires_at == c->expires_at);
	for (size_t i = 0; i < attributes->count; i++) {
		const struct pst_attribute *a = &attributes->item[i];

		check(a->name >= own && a->name + a->name_len <= own + c->len);
		check(a->value >= own && a->value + a->value_len <= own + c->len);
		check(!i || pst_attribute_compare(a - 1, a) < 0);
		check(pst_attributes_find(attributes, a->name, a->name_len) == a);
	}
	/* longer than any name */
	check(!pst_attributes_find(attributes, c->bytes, c->len));
}

/* In our own words, by another issuer: the same is said. */
static void
check_anew(const struct pst_credential *c, const struct pst_attributes *attributes,
    const struct issuer *issuer)
{
	struct pst_credential_data said = { c->subject, c->attestation.change, attributes->item,
		attributes->count, c->created_at, c->expires_at };
	size_t room = pst_credential_data_len(&said) + PST_CREDENTIAL_OVERHEAD + issuer->len;
	uint8_t *out = malloc(room);
	struct pst_reader r = pst_reader(out, issuer_sign(issuer, &said, issuer->secret, out, room));
	struct pst_credential again;
	struct pst_attributes *same;

	check(pst_reader_left(&r) > 0);
	pst_credential_read(&r, &again);
	check(!r.status && !pst_reader_left(&r) && again.has_subject);
	check(pst_identifier_equal(&again.subject, &c->subject));
	check(again.created_at == c->created_at && again.expires_at == c->expires_at);
	check(pst_signature_verify(&again.signature, &issuer->attestation.key, again.hash));
	check(!pst_attributes_new(&same, &again, NULL) && same->count == attributes->count);
	for (size_t i = 0; i < same->count; i++) {
		const struct pst_attribute *a = &same->item[i], *b = &attributes->item[i];

		check(!pst_attribute_compare(a, b) && a->value_len == b->value_len &&
		    !memcmp(a->value, b->value, a->value_len));
	}
	pst_attributes_unref(&same);
	free(out);
}

/* What a peer gets by it: the attributes exactly when all of 3.4 holds. */
static void
check_peer(const uint8_t *data, size_t len, const struct issuer *issuer, bool reads)
{
	struct pst_history *issuers = history_of(&issuer->maker), *subjects;
	struct maker subject = { .len = 0 };
	struct pst_credential c;
	struct pst_reader r = pst_reader(data, len);
	struct pst_peers *peers;
	struct pst_peer *peer;
	struct pst_err err = PST_ERR_INIT;
	bool holds = false;
	int rc;

	maker_change(&subject, 7, NOW - 1000, NOW + 100000);
	subjects = history_of(&subject);
	check(!pst_peers_new(&peers, NULL, NULL, NULL));
	check(!pst_peers_accept(peers, issuers, NULL) && !pst_peers_add(peers, &peer, subjects));
	if (reads) {
		pst_credential_read(&r, &c);
		holds = pst_identifier_equal(&c.attestation.subject, &issuer->maker.identifier) &&
		    !pst_attestation_verify(&c.attestation, issuers, NOW, NULL) &&
		    !pst_credential_check(&c, &subject.identifier, NOW, NULL);
	}
	rc = pst_peer_attest(peer, data, len, NOW, &err);
	check(rc ? err.text[0] != 0 : holds);
	check(rc != PST_E_AUTH || !holds);
	check(pst_peer_attest(peer, data, len, NOW, NULL) == rc);
	check(!rc == (peer->known->standing.statements != NULL));
	pst_peers_unaccept(peers, &issuer->maker.identifier);
	check(!peer->known->standing.statements);
	pst_peer_unref(&peer);
	pst_peers_close(&peers);
	pst_history_unref(&issuers);
	pst_history_unref(&subjects);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct issuer issuer;
	struct pst_reader r = pst_reader(data, len);
	struct pst_credential c;
	struct pst_attributes *attributes, *again;
	struct pst_err err = PST_ERR_INIT;
	int rc;

	if (sodium_init() < 0)
		return 0;
	issuer_make(&issuer, 1, NOW - 1000, NOW + 100000);
	pst_credential_read(&r, &c);
	check_peer(data, len, &issuer, !r.status);
	if (r.status)
		return 0;
	check(c.bytes == data && c.len <= len);
	check(c.attributes.p >= data && c.attributes.end <= data + c.len);
	rc = pst_credential_check(&c, NULL, NOW, &err);
	check(!rc || (rc == PST_E_AUTH && err.text[0]));
	rc = pst_attributes_new(&attributes, &c, &err);
	check(!rc || (rc == -EBADMSG && err.text[0]));
	if (rc)
		return 0;
	check_attributes(&c, attributes);
	check_anew(&c, attributes, &issuer);
	again = pst_attributes_ref(attributes);
	pst_attributes_unref(&attributes);
	check_attributes(&c, again);
	pst_attributes_unref(&again);
	return 0;
}
