/* Credentials as they travel: what holds, and the attributes in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_credential.h"
#include "trust/attributes.h"

#define NOW 1700000000
#define DAY 86400
#define ROOM 70000

static uint8_t bytes[ROOM];

/* ---- as they travel ---- */

/* Read and verify, as for an issuer of this history. */
static int
verify(const uint8_t *at, size_t len, const struct pst_history *issuer,
    const struct pst_identifier *subject, uint64_t now, struct pst_err *err)
{
	struct pst_reader r = pst_reader(at, len);
	struct pst_credential credential;
	int rc;

	pst_credential_read(&r, &credential);
	if (r.status)
		return r.status;
	rc = pst_attestation_verify(&credential.attestation, issuer, now, err);
	return rc ? rc : pst_credential_check(&credential, subject, now, err);
}

static void
a_credential_holds_for_its_time_and_no_longer(void **state)
{
	static const struct {
		uint64_t from, until, now;
		const char *sentence; /* NULL: it holds */
	} table[] = {
		{ NOW, NOW + 100, NOW, NULL },
		{ NOW, NOW + 100, NOW + 100, NULL },
		{ NOW, NOW + 100, NOW + 101, "has expired" },
		{ NOW + 60, NOW + 100, NOW, NULL },
		{ NOW + 61, NOW + 100, NOW, "of the future" },
		{ UINT64_MAX, NOW + 100, NOW, "of the future" },
		{ NOW, NOW + 10 * DAY, NOW, NULL },
		{ NOW, NOW + 10 * DAY + 1, NOW, "outlives the issuer's key" },
		{ NOW, UINT64_MAX, NOW, "outlives the issuer's key" },
		{ NOW - 1, NOW + 100, NOW, "outlives the issuer's key" },
		{ NOW, NOW + 100, NOW + 10 * DAY + 1, "attestation has expired" },
		{ NOW, NOW + 100, NOW - 61, "attestation is of the future" },
	};
	struct pst_identifier subject = { { 7 } };
	struct issuer issuer;
	struct pst_history *history;

	issuer_make(&issuer, 1, NOW, NOW + 20 * DAY);
	issuer_attest(&issuer, NOW, NOW + 10 * DAY);
	assert_int_equal(maker_read(&issuer.maker, &history), PST_OK);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_err err = PST_ERR_INIT;
		size_t len = issuer_say(&issuer, &subject, "app", "web", table[i].from, table[i].until,
		    bytes, ROOM);
		int rc = verify(bytes, len, history, &subject, table[i].now, &err);

		if (rc != (table[i].sentence ? PST_E_AUTH : PST_OK) ||
		    (table[i].sentence && !strstr(err.text, table[i].sentence)))
			fail_msg("case %zu: %d %s", i, rc, err.text);
	}
	pst_history_unref(&history);
}

static void
what_is_not_by_the_issuer_or_not_of_the_subject_is_refused(void **state)
{
	static const uint8_t static_key[32] = { 3 };
	struct pst_identifier subject = { { 7 } }, other = { { 8 } };
	struct pst_credential_data said = { subject, subject.bytes, NULL, 0, NOW, NOW + 100 };
	struct issuer issuer, stranger, wrong;
	struct pst_history *history;
	struct pst_err err = PST_ERR_INIT;
	size_t len;

	issuer_make(&issuer, 1, NOW, NOW + DAY);
	issuer_make(&stranger, 2, NOW, NOW + DAY);
	assert_int_equal(maker_read(&issuer.maker, &history), PST_OK);
	len = issuer_sign(&issuer, &said, issuer.secret, bytes, ROOM);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, &err), PST_OK);
	assert_int_equal(verify(bytes, len, history, &other, NOW, &err), PST_E_AUTH);
	assert_non_null(strstr(err.text, "of another identity"));
	/* re-signed: by another's key, by the issuer's own, by a key that nobody attests */
	len = issuer_sign(&issuer, &said, stranger.secret, bytes, ROOM);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, NULL), PST_E_AUTH);
	len = issuer_sign(&issuer, &said, issuer.maker.secret, bytes, ROOM);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, NULL), PST_E_AUTH);
	len = issuer_sign(&stranger, &said, stranger.secret, bytes, ROOM);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, NULL), PST_E_AUTH);
	/* a channel key signs nothing, even if it could */
	wrong = issuer;
	wrong.attestation = maker_attest(&issuer.maker, static_key, NOW, NOW + DAY);
	issuer_attest(&wrong, NOW, NOW + DAY);
	len = issuer_sign(&wrong, &said, issuer.secret, bytes, ROOM);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, &err), PST_E_AUTH);
	assert_non_null(strstr(err.text, "not one for credentials"));
	/* the issuer has a new key by now: what the old one attested is void */
	len = issuer_sign(&issuer, &said, issuer.secret, bytes, ROOM);
	pst_history_unref(&history);
	maker_change(&issuer.maker, 3, NOW, NOW + DAY);
	assert_int_equal(maker_read(&issuer.maker, &history), PST_OK);
	assert_int_equal(verify(bytes, len, history, NULL, NOW, NULL), PST_E_AUTH);
	pst_history_unref(&history);
}

static void
no_bit_can_be_turned_and_nothing_cut(void **state)
{
	struct pst_identifier subject = { { 7 } };
	struct issuer issuer;
	struct pst_history *history;
	size_t len;

	issuer_make(&issuer, 1, NOW, NOW + DAY);
	assert_int_equal(maker_read(&issuer.maker, &history), PST_OK);
	len = issuer_say(&issuer, &subject, "app", "web", NOW, NOW + 100, bytes, ROOM);
	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!verify(bytes, len, history, &subject, NOW, NULL))
			fail_msg("bit %zu turned unseen", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1); /* so that reading on is seen */

		memcpy(copy, bytes, cut);
		assert_int_equal(verify(copy, cut, history, &subject, NOW, NULL), -EBADMSG);
		free(copy);
	}
	pst_history_unref(&history);
}

/* ---- attributes ---- */

static struct pst_attribute
named(const char *name, const char *value)
{
	struct pst_attribute a = { (const uint8_t *)name, (const uint8_t *)value,
		(uint32_t)strlen(name), (uint32_t)strlen(value) };

	return a;
}

static int
attributes_of(struct pst_attributes **out, struct pst_attribute *item, size_t count,
    struct pst_err *err)
{
	struct pst_identifier subject = { { 7 } };
	struct pst_credential_data said = { subject, subject.bytes, item, count, NOW, NOW + 100 };
	struct pst_credential credential;
	struct pst_reader r;
	struct issuer issuer;

	issuer_make(&issuer, 1, NOW, NOW + DAY);
	r = pst_reader(bytes, issuer_sign(&issuer, &said, issuer.secret, bytes, ROOM));
	pst_credential_read(&r, &credential);
	assert_int_equal(r.status, PST_OK);
	return pst_attributes_new(out, &credential, err);
}

static void
attributes_are_found_by_name_whatever_their_order(void **state)
{
	struct pst_attribute item[] = { named("b", "2"), named("", "empty"), named("ab", ""),
		named("a", "1"), named("aa", "11") };
	struct pst_attributes *attributes;
	struct pst_err err = PST_ERR_INIT;

	assert_int_equal(attributes_of(&attributes, item, 5, NULL), PST_OK);
	memset(bytes, 0xee, sizeof bytes); /* they have their own */
	assert_int_equal(attributes->count, 5);
	for (size_t i = 1; i < 5; i++)
		assert_true(pst_attribute_compare(&attributes->item[i - 1], &attributes->item[i]) < 0);
	for (size_t i = 0; i < 5; i++) {
		const struct pst_attribute *a = pst_attributes_find(attributes, item[i].name, item[i].name_len);

		assert_non_null(a);
		assert_int_equal(a->value_len, item[i].value_len);
		if (a->value_len)
			assert_memory_equal(a->value, item[i].value, a->value_len);
	}
	assert_null(pst_attributes_find(attributes, "abc", 3));
	assert_null(pst_attributes_find(attributes, "c", 1));
	pst_attributes_unref(&attributes);
	assert_int_equal(attributes_of(&attributes, item, 0, NULL), PST_OK);
	assert_null(pst_attributes_find(attributes, "", 0));
	pst_attributes_unref(&attributes);
	item[1] = item[0];
	assert_int_equal(attributes_of(&attributes, item, 5, &err), -EBADMSG);
	assert_null(attributes);
	assert_non_null(strstr(err.text, "twice"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_credential_holds_for_its_time_and_no_longer),
		cmocka_unit_test(what_is_not_by_the_issuer_or_not_of_the_subject_is_refused),
		cmocka_unit_test(no_bit_can_be_turned_and_nothing_cut),
		cmocka_unit_test(attributes_are_found_by_name_whatever_their_order),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
