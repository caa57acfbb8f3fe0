/* Identifiers, histories and attestations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_history.h"

#define NOW 1700000000
#define YEAR 31536000

static uint8_t bytes[PST_HISTORY_MAX + 2048];

/* ---- identifiers ---- */

static void
an_identifier_is_read_in_either_case_and_written_in_lower(void **state)
{
	static const char text[] =
	    "Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c6358";
	char shown[PST_IDENTIFIER_TEXT];
	struct pst_identifier a, b;

	assert_int_equal(pst_identifier_parse(&a, text), PST_OK);
	assert_int_equal(a.bytes[0], 0xdc);
	pst_identifier_format(shown, &a);
	assert_string_equal(shown, text);
	assert_int_equal(pst_identifier_parse(&b,
	    " \tIDCA3C193EE199AD5B20A64A95E0631ED4CA3EBA55709CFA339AC72A96B3C6358\r\n"), PST_OK);
	assert_true(pst_identifier_equal(&a, &b));
	b.bytes[31] ^= 1;
	assert_false(pst_identifier_equal(&a, &b));
}

static void
what_is_no_identifier_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"I",
		"dca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c6358",
		"idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c6358",
		"Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c635",
		"Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c63588",
		"Idca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c635g",
		"I dca3c193ee199ad5b20a64a95e0631ed4ca3eba55709cfa339ac72a96b3c635",
	};
	struct pst_identifier id;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(pst_identifier_parse(&id, texts[i]), -EINVAL);
}

/* ---- histories ---- */

static void
a_fresh_history_has_128_bytes_and_holds(void **state)
{
	struct maker m = { .len = 0 };
	struct pst_history *history;
	uint8_t data[PST_CHANGE_DATA_MAX], again[PST_HISTORY_FIRST_MAX], hash[PST_HASH_LEN];
	struct pst_writer d = pst_writer(data, sizeof data), w = pst_writer(again, sizeof again);
	struct pst_signature signature;

	maker_change(&m, 1, NOW, NOW + 10 * YEAR);
	assert_int_equal(maker_history(&m, bytes), 128);
	assert_int_equal(maker_read(&m, &history), PST_OK);
	assert_int_equal(history->count, 1);
	assert_int_equal(history->valid_from, NOW);
	assert_int_equal(history->valid_until, NOW + 10 * YEAR);
	assert_true(pst_identifier_equal(pst_history_identifier(history), &m.identifier));
	/* the core's own writer makes the same */
	pst_change_write_data(&d, &m.key, NOW, NOW + 10 * YEAR);
	maker_sign(&signature, m.secret, data, pst_writer_len(&d), hash);
	pst_history_write_first(&w, data, pst_writer_len(&d), &signature);
	assert_int_equal(pst_writer_len(&w), history->len);
	assert_memory_equal(again, history->bytes, history->len);
	pst_history_unref(&history);
}

/* What moves an identity to another vault: the same bytes as the maker's. */
static void
a_rotation_is_written_as_it_is_read(void **state)
{
	struct maker m = { .len = 0 };
	struct pst_history *first, *second;
	uint8_t data[PST_CHANGE_DATA_MAX], again[PST_HISTORY_FIRST_MAX + PST_CHANGE_MAX];
	uint8_t secret[crypto_sign_SECRETKEYBYTES], hash[PST_HASH_LEN];
	struct pst_writer d = pst_writer(data, sizeof data), w = pst_writer(again, sizeof again);
	struct pst_signature signature, previous;

	maker_change(&m, 1, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &first), PST_OK);
	memcpy(secret, m.secret, sizeof secret);
	maker_change(&m, 2, NOW + 5, NOW + 2 * YEAR);
	assert_int_equal(maker_read(&m, &second), PST_OK);

	pst_change_write_next(&d, first, &m.key, NOW + 5, NOW + 2 * YEAR);
	maker_sign(&previous, secret, data, pst_writer_len(&d), hash);
	maker_sign(&signature, m.secret, data, pst_writer_len(&d), hash);
	pst_history_write_next(&w, first, data, pst_writer_len(&d), &signature, &previous);
	assert_int_equal(w.status, PST_OK);
	assert_int_equal(pst_writer_len(&w), second->len);
	assert_memory_equal(again, second->bytes, second->len);
	assert_int_equal(pst_history_compare(second, first), PST_HISTORY_NEWER);
	assert_true(pst_identifier_equal(pst_history_identifier(first),
	    pst_history_identifier(second)));
	pst_history_unref(&first);
	pst_history_unref(&second);
}

static void
no_bit_of_a_history_can_be_turned(void **state)
{
	struct maker m = { .len = 0 };
	size_t len;

	maker_change(&m, 1, NOW, NOW + YEAR);
	maker_change(&m, 2, NOW, NOW + YEAR);
	len = maker_history(&m, bytes);
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct pst_reader r = pst_reader(bytes, len);
		struct pst_history *history;
		int rc;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rc = pst_history_read(&history, &r, NULL);
		/* a shorter list in front is a history of its own: 82 -> 81 */
		if (!rc && !(bit / 8 == 0 && history->count == 1))
			fail_msg("bit %zu turned unseen", bit);
		pst_history_unref(&history);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
a_history_cut_anywhere_is_refused(void **state)
{
	struct maker m = { .len = 0 };
	size_t len;

	maker_change(&m, 1, NOW, NOW + YEAR);
	len = maker_history(&m, bytes);
	for (size_t cut = 0; cut < len; cut++) {
		struct pst_history *history;
		uint8_t *copy = malloc(cut + 1); /* so that reading on is seen */
		struct pst_reader r = pst_reader(copy, cut);

		memcpy(copy, bytes, cut);
		assert_int_equal(pst_history_read(&history, &r, NULL), -EBADMSG);
		assert_null(history);
		free(copy);
	}
}

static void
time_may_not_run_backwards_in_a_history(void **state)
{
	struct maker m = { .len = 0 };
	struct pst_history *history;

	maker_change(&m, 1, NOW, NOW + YEAR);
	maker_change(&m, 2, NOW - 1, NOW + YEAR);
	assert_int_equal(maker_read(&m, &history), PST_E_AUTH);
}

static void
a_long_history_is_read_and_a_longer_one_refused(void **state)
{
	struct maker *m = calloc(1, sizeof *m);
	struct pst_history *history;
	struct pst_err err = PST_ERR_INIT;
	struct pst_reader r;

	/* short times make the shortest changes */
	while (m->len < PST_HISTORY_MAX - 260)
		maker_change(m, (uint32_t)m->count + 1, 1, 2);
	assert_true(m->count > 250);
	assert_int_equal(maker_read(m, &history), PST_OK);
	assert_int_equal(history->count, m->count);
	assert_memory_equal(pst_history_latest_hash(history), m->latest, PST_HASH_LEN);
	pst_history_unref(&history);
	while (m->len < PST_HISTORY_MAX)
		maker_change(m, (uint32_t)m->count + 1, 1, 2);
	r = pst_reader(bytes, maker_history(m, bytes));
	assert_int_equal(pst_history_read(&history, &r, &err), PST_E_LIMIT);
	free(m);
}

static void
an_impossible_count_costs_nothing(void **state)
{
	static const uint8_t nine[] = { 0x9b, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff };
	struct pst_reader r = pst_reader(nine, sizeof nine);
	struct pst_history *history;

	assert_int_equal(pst_history_read(&history, &r, NULL), -EBADMSG);
}

/* ---- attestations ---- */

static void
attestations_are_bound_to_the_clock(void **state)
{
	static const uint8_t key[32] = { 9 };
	struct maker m = { .len = 0 };
	struct pst_history *history;
	struct pst_attestation a;

	maker_change(&m, 1, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &history), PST_OK);
	a = maker_attest(&m, key, NOW + 100, NOW + 1000);
	assert_int_equal(pst_attestation_verify(&a, history, NOW + 100, NULL), PST_OK);
	/* at most 60 s ahead; no grace at the end */
	assert_int_equal(pst_attestation_verify(&a, history, NOW + 40, NULL), PST_OK);
	assert_int_equal(pst_attestation_verify(&a, history, NOW + 39, NULL), PST_E_AUTH);
	assert_int_equal(pst_attestation_verify(&a, history, NOW + 1000, NULL), PST_OK);
	assert_int_equal(pst_attestation_verify(&a, history, NOW + 1001, NULL), PST_E_AUTH);
	assert_int_equal(pst_attestation_verify(&a, history, UINT64_MAX, NULL), PST_E_AUTH);
	/* within the life of the key */
	a = maker_attest(&m, key, NOW - 1, NOW + 1000);
	assert_int_equal(pst_attestation_verify(&a, history, NOW, NULL), PST_E_AUTH);
	a = maker_attest(&m, key, NOW, NOW + YEAR);
	assert_int_equal(pst_attestation_verify(&a, history, NOW, NULL), PST_OK);
	a = maker_attest(&m, key, NOW, NOW + YEAR + 1);
	assert_int_equal(pst_attestation_verify(&a, history, NOW, NULL), PST_E_AUTH);
	a = maker_attest(&m, key, UINT64_MAX, UINT64_MAX);
	assert_int_equal(pst_attestation_verify(&a, history, NOW, NULL), PST_E_AUTH);
	pst_history_unref(&history);
}

static void
an_attestation_of_an_older_key_or_another_identity_is_refused(void **state)
{
	static const uint8_t key[32] = { 9 };
	struct maker m = { .len = 0 }, other = { .len = 0 };
	struct pst_history *history, *others;
	struct pst_attestation before, after;

	maker_change(&m, 1, NOW, NOW + YEAR);
	before = maker_attest(&m, key, NOW, NOW + 1000);
	maker_change(&m, 2, NOW, NOW + YEAR);
	after = maker_attest(&m, key, NOW, NOW + 1000);
	assert_int_equal(maker_read(&m, &history), PST_OK);
	assert_int_equal(pst_attestation_verify(&before, history, NOW, NULL), PST_E_AUTH);
	assert_int_equal(pst_attestation_verify(&after, history, NOW, NULL), PST_OK);
	after.signature.bytes[3] ^= 4;
	assert_int_equal(pst_attestation_verify(&after, history, NOW, NULL), PST_E_AUTH);
	after.signature.bytes[3] ^= 4;
	after.signature.kind = PST_KEY_P256;
	assert_int_equal(pst_attestation_verify(&after, history, NOW, NULL), PST_E_AUTH);
	maker_change(&other, 3, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&other, &others), PST_OK);
	before = maker_attest(&other, key, NOW, NOW + 1000);
	assert_int_equal(pst_attestation_verify(&before, history, NOW, NULL), PST_E_AUTH);
	pst_history_unref(&others);
	pst_history_unref(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identifier_is_read_in_either_case_and_written_in_lower),
		cmocka_unit_test(what_is_no_identifier_is_refused),
		cmocka_unit_test(a_fresh_history_has_128_bytes_and_holds),
		cmocka_unit_test(a_rotation_is_written_as_it_is_read),
		cmocka_unit_test(no_bit_of_a_history_can_be_turned),
		cmocka_unit_test(a_history_cut_anywhere_is_refused),
		cmocka_unit_test(time_may_not_run_backwards_in_a_history),
		cmocka_unit_test(a_long_history_is_read_and_a_longer_one_refused),
		cmocka_unit_test(an_impossible_count_costs_nothing),
		cmocka_unit_test(attestations_are_bound_to_the_clock),
		cmocka_unit_test(an_attestation_of_an_older_key_or_another_identity_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
