/*
 * What a peer shows in a handshake: history, attestation, credentials. What is
 * taken, written anew, is taken the same.
 * Covers: core/trust/presentation.c core/trust/history.c core/trust/attestation.c
 * Covers: core/trust/signature.c core/trust/record.c
 */
#include <stdlib.h>

#include <sodium.h>

#include "trust/presentation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A time at which the corpus holds. */
#define NOW 1700002000

static void
check(bool right)
{
	if (!right)
		abort();
}

static bool
same_key(const struct pst_public_key *a, const struct pst_public_key *b)
{
	return a->kind == b->kind && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* What was shown, with the attestation in our own words; its length. */
static size_t
write_anew(uint8_t *out, size_t size, const struct pst_presentation *shown)
{
	uint8_t body[PST_ATTESTATION_DATA_MAX], bytes[PST_ATTESTATION_MAX];
	struct pst_writer b = pst_writer(body, sizeof body), a = pst_writer(bytes, sizeof bytes);
	struct pst_writer w = pst_writer(out, size);

	pst_attestation_write_data(&b, &shown->attestation);
	pst_attestation_write(&a, body, pst_writer_len(&b), &shown->attestation.signature);
	pst_presentation_write(&w, shown->history->bytes, shown->history->len, bytes, pst_writer_len(&a));
	pst_cbor_write_array(&w, 0);
	check(!b.status && !a.status && !w.status);
	return pst_writer_len(&w);
}

static void
check_same(const struct pst_presentation *a, const struct pst_presentation *b)
{
	const struct pst_attestation *x = &a->attestation, *y = &b->attestation;

	check(pst_history_compare(a->history, b->history) == PST_HISTORY_EQUAL);
	check(same_key(&a->history->key, &b->history->key) &&
	    a->history->valid_from == b->history->valid_from &&
	    a->history->valid_until == b->history->valid_until);
	check(x->purpose == y->purpose && same_key(&x->key, &y->key) &&
	    pst_identifier_equal(&x->subject, &y->subject) &&
	    !memcmp(x->change, y->change, sizeof x->change) && x->created_at == y->created_at &&
	    x->expires_at == y->expires_at);
}

/* Without its last change it is older; with other bytes it is another's. */
static void
check_order(struct pst_history *history, struct pst_history *other)
{
	struct pst_history *also = pst_history_ref(history);

	other->count--;
	check(pst_history_compare(history, other) == PST_HISTORY_NEWER);
	check(pst_history_compare(other, history) == PST_HISTORY_OLDER);
	other->count++;
	other->hash[0][0] ^= 1;
	check(pst_history_compare(history, other) == PST_HISTORY_CONFLICT);
	other->hash[0][0] ^= 1;
	pst_history_unref(&also);
	check(!also && history->refs == 1);
}

/* The key and times of a history, as a first change that nobody has signed. */
static void
check_unsigned(const struct pst_history *history)
{
	uint8_t change[PST_CHANGE_DATA_MAX], bytes[PST_HISTORY_FIRST_MAX], hash[PST_HASH_LEN];
	struct pst_writer c = pst_writer(change, sizeof change), w = pst_writer(bytes, sizeof bytes);
	struct pst_signature signature = { history->key.kind, { 0 } };
	struct pst_err err = PST_ERR_INIT;
	struct pst_history *again;
	struct pst_reader r;

	pst_change_write_data(&c, &history->key, history->valid_from, history->valid_until);
	pst_history_write_first(&w, change, pst_writer_len(&c), &signature);
	check(!c.status && !w.status);
	crypto_hash_sha256(hash, change, pst_writer_len(&c));
	check(!pst_signature_verify(&signature, &history->key, hash));
	r = pst_reader(bytes, pst_writer_len(&w));
	check(pst_history_read(&again, &r, &err) == PST_E_AUTH && !again && err.text[0]);
}

static void
check_taken(const struct pst_presentation *shown)
{
	size_t size = shown->history->len + PST_ATTESTATION_MAX + 16;
	uint8_t *bytes = malloc(size);
	struct pst_presentation again;
	struct pst_err err = PST_ERR_INIT;

	check(!pst_presentation_read(&again, NULL, bytes, write_anew(bytes, size, shown), &err));
	check_same(shown, &again);
	check_order(shown->history, again.history);
	check_unsigned(shown->history);
	pst_presentation_release(&again);
	free(bytes);
}

/* Shown again by a peer that lives it is not verified anew, and judged the same. */
static void
check_known(const struct pst_presentation *shown, const uint8_t *data, size_t len, int verdict)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_presentation again;
	struct pst_identifier claimed;
	struct pst_history *known;
	struct pst_peers *peers;
	struct pst_peer *peer;

	check(!pst_history_peek(&claimed, pst_reader(shown->history->bytes, shown->history->len)));
	check(pst_identifier_equal(&claimed, pst_history_identifier(shown->history)));
	check(!pst_peers_new(&peers, NULL, NULL, NULL));
	check(!pst_peers_compare(peers, &known, shown->history, &err) && known == shown->history);
	check(!pst_peers_add(peers, &peer, known));
	check(!pst_presentation_read(&again, peers, data, len, &err) && again.history == known);
	for (int i = 0; i < 2; i++)
		check(pst_peers_verify(peers, &again.attestation, known, NOW, &err) == verdict);
	pst_presentation_release(&again);
	pst_peer_unref(&peer);
	pst_peers_close(&peers);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_presentation shown;
	struct pst_err err = PST_ERR_INIT;
	int rc;

	if (sodium_init() < 0)
		return 0;
	if (pst_presentation_read(&shown, NULL, data, len, &err)) {
		check(err.text[0]);
		return 0;
	}
	rc = pst_attestation_verify(&shown.attestation, shown.history, NOW, &err);
	check(!rc || err.text[0]);
	while (!shown.credentials.status && pst_reader_left(&shown.credentials))
		pst_cbor_skip(&shown.credentials);
	check(!shown.credentials.status);
	check_taken(&shown);
	check_known(&shown, data, len, rc);
	pst_presentation_release(&shown);
	return 0;
}
