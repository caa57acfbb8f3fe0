/*
 * Attestations of purpose keys, by an identity whose history is known. What is
 * taken, written anew, is taken the same, and judged the same.
 * Covers: core/trust/attestation.c
 */
#include <stdlib.h>

#include "../unit/make_history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* When the corpus was made, by the identity of key 1. */
#define NOW 1700000000

static void
check(bool right)
{
	if (!right)
		abort();
}

static struct pst_history *
subject_make(void)
{
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	static struct maker m;
	struct pst_history *history;
	struct pst_reader r;

	m = (struct maker){ .len = 0 };
	maker_change(&m, 1, NOW - 1000, NOW + 100000);
	r = pst_reader(bytes, maker_history(&m, bytes));
	check(!pst_history_read(&history, &r, NULL));
	return history;
}

static void
check_same(const struct pst_attestation *a, const struct pst_attestation *b)
{
	check(pst_identifier_equal(&a->subject, &b->subject) && a->purpose == b->purpose &&
	    !memcmp(a->change, b->change, sizeof a->change));
	check(a->key.kind == b->key.kind && a->key.len == b->key.len &&
	    !memcmp(a->key.bytes, b->key.bytes, a->key.len));
	check(a->created_at == b->created_at && a->expires_at == b->expires_at);
	check(a->signature.kind == b->signature.kind &&
	    !memcmp(a->signature.bytes, b->signature.bytes, sizeof a->signature.bytes));
}

/* The purpose says which keys there may be. */
static void
check_key(const struct pst_attestation *a)
{
	if (a->purpose == PST_PURPOSE_CHANNEL)
		check(a->key.kind == PST_KEY_X25519 && a->key.len == 32);
	else
		check(a->purpose == PST_PURPOSE_CREDENTIAL &&
		    ((a->key.kind == PST_KEY_ED25519 && a->key.len == 32) ||
			(a->key.kind == PST_KEY_P256 && a->key.len == 65 && a->key.bytes[0] == 4)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t body[PST_ATTESTATION_DATA_MAX], bytes[PST_ATTESTATION_MAX];
	struct pst_writer b = pst_writer(body, sizeof body), w = pst_writer(bytes, sizeof bytes);
	struct pst_reader r = pst_reader(data, len);
	struct pst_attestation a, again;
	struct pst_history *history;
	struct pst_err err = PST_ERR_INIT;
	int rc;

	if (sodium_init() < 0)
		return 0;
	pst_attestation_read(&r, &a);
	if (r.status)
		return 0;
	check(r.p <= data + len);
	check_key(&a);
	pst_attestation_write_data(&b, &a);
	pst_attestation_write(&w, body, pst_writer_len(&b), &a.signature);
	check(!b.status && !w.status);
	r = pst_reader(bytes, pst_writer_len(&w));
	pst_attestation_read(&r, &again);
	check(!r.status && !pst_reader_left(&r));
	check_same(&a, &again);
	history = subject_make();
	rc = pst_attestation_verify(&a, history, NOW, &err);
	check(!rc || (rc == PST_E_AUTH && err.text[0]));
	/* the signature is of the bytes as they came, which may not be ours */
	if (!memcmp(a.hash, again.hash, sizeof a.hash))
		check(pst_attestation_verify(&again, history, NOW, NULL) == rc);
	if (!rc)
		check(pst_attestation_verify(&a, history, a.expires_at + 1, NULL) == PST_E_AUTH);
	pst_history_unref(&history);
	return 0;
}
