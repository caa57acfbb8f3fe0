/* What is known of peers, and who of them may. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_history.h"
#include "trust/peers.h"

#define NOW 1700000000
#define YEAR 31536000

static uint8_t bytes[PST_HISTORY_MAX + 2048];

struct stored {
	unsigned times;
	uint32_t changes;
};

static void
on_keep(void *arg, const struct pst_history *history)
{
	struct stored *stored = arg;

	stored->times++;
	stored->changes = history->count;
}

/* Compare and, when that is well, a peer. */
static int
meet(struct pst_peers *peers, struct pst_peer **out, struct pst_history *shown)
{
	struct pst_history *history;
	int rc = pst_peers_compare(peers, &history, shown, NULL);

	return rc ? rc : pst_peers_add(peers, out, history);
}

struct family {
	struct pst_history *one, *two, *other_two; /* of one identity */
	struct pst_history *stranger;
};

static void
family_make(struct family *family)
{
	struct maker m = { .len = 0 }, n, s = { .len = 0 };

	maker_change(&m, 1, NOW, NOW + YEAR);
	n = m;
	assert_int_equal(maker_read(&m, &family->one), PST_OK);
	maker_change(&m, 2, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &family->two), PST_OK);
	maker_change(&n, 3, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&n, &family->other_two), PST_OK);
	maker_change(&s, 4, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&s, &family->stranger), PST_OK);
}

static void
family_free(struct family *family)
{
	pst_history_unref(&family->one);
	pst_history_unref(&family->two);
	pst_history_unref(&family->other_two);
	pst_history_unref(&family->stranger);
}

static void
a_history_that_shrinks_or_forks_is_refused_while_the_peer_lives(void **state)
{
	struct family f;
	struct pst_peers *peers;
	struct pst_peer *peer, *again, *stranger, *late;

	family_make(&f);
	assert_int_equal(pst_peers_new(&peers, NULL, NULL, NULL), PST_OK);
	assert_int_equal(meet(peers, &peer, f.one), PST_OK);
	assert_int_equal(meet(peers, &again, f.one), PST_OK);
	assert_int_equal(meet(peers, &stranger, f.stranger), PST_OK);
	assert_string_equal(pst_peer_text(peer), pst_peer_text(again));
	assert_string_not_equal(pst_peer_text(peer), pst_peer_text(stranger));
	pst_peer_unref(&again);
	assert_int_equal(meet(peers, &again, f.two), PST_OK);
	assert_int_equal(meet(peers, &late, f.one), PST_E_AUTH);
	assert_int_equal(meet(peers, &late, f.other_two), PST_E_AUTH);
	/* it is known as long as one of them lives */
	pst_peer_unref(&again);
	assert_int_equal(meet(peers, &late, f.one), PST_E_AUTH);
	pst_peer_unref(&peer);
	assert_int_equal(meet(peers, &late, f.one), PST_OK);
	pst_peer_unref(&late);
	/* peers may outlive the table's owner */
	again = pst_peer_ref(stranger);
	pst_peers_close(&peers);
	pst_peer_unref(&stranger);
	assert_non_null(pst_peer_text(again));
	pst_peer_keep(again); /* nobody to tell */
	pst_peer_unref(&again);
	family_free(&f);
}

static void
a_kept_history_is_stored_and_stays_known(void **state)
{
	struct family f;
	struct stored stored = { 0 };
	struct pst_peers *peers;
	struct pst_peer *peer;

	family_make(&f);
	assert_int_equal(pst_peers_new(&peers, NULL, on_keep, &stored), PST_OK);
	assert_int_equal(meet(peers, &peer, f.one), PST_OK);
	assert_int_equal(stored.times, 0);
	pst_peer_keep(peer);
	pst_peer_keep(peer);
	assert_int_equal(stored.times, 1);
	pst_peer_unref(&peer);
	assert_int_equal(meet(peers, &peer, f.two), PST_OK);
	assert_int_equal(stored.times, 2);
	assert_int_equal(stored.changes, 2);
	pst_peer_unref(&peer);
	assert_int_equal(meet(peers, &peer, f.one), PST_E_AUTH);
	pst_peers_close(&peers);

	/* as after a restart */
	assert_int_equal(pst_peers_new(&peers, NULL, on_keep, &stored), PST_OK);
	assert_int_equal(pst_peers_load(peers, f.two), PST_OK);
	assert_int_equal(meet(peers, &peer, f.one), PST_E_AUTH);
	assert_int_equal(meet(peers, &peer, f.two), PST_OK);
	pst_peer_keep(peer);
	assert_int_equal(stored.times, 2);
	pst_peers_close(&peers);
	pst_peer_unref(&peer);
	family_free(&f);
}

static void
known_bytes_are_known_and_no_others(void **state)
{
	struct maker m = { .len = 0 }, s = { .len = 0 };
	struct pst_history *first, *again;
	struct pst_peers *peers;
	struct pst_peer *peer;
	struct pst_reader r;
	size_t len;

	maker_change(&m, 1, NOW, NOW + YEAR);
	maker_change(&s, 2, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &first), PST_OK);
	assert_int_equal(pst_peers_new(&peers, NULL, NULL, NULL), PST_OK);
	assert_int_equal(meet(peers, &peer, first), PST_OK);
	len = maker_history(&m, bytes);
	bytes[len] = 0xff; /* what lies behind stays */
	r = pst_reader(bytes, len + 1);
	assert_int_equal(pst_peers_read(peers, &again, &r, NULL), PST_OK);
	assert_ptr_equal(again, first);
	assert_int_equal(pst_reader_left(&r), 1);
	pst_history_unref(&again);
	/* anything else is read and verified, as if nothing were known */
	for (size_t i = 0; i < len * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		r = pst_reader(bytes, len);
		if (pst_peers_read(peers, &again, &r, NULL) == PST_OK)
			fail_msg("bit %zu may be turned", i);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	r = pst_reader(bytes, len - 1);
	assert_int_equal(pst_peers_read(peers, &again, &r, NULL), -EBADMSG);
	r = pst_reader(bytes, maker_history(&s, bytes));
	assert_int_equal(pst_peers_read(peers, &again, &r, NULL), PST_OK);
	assert_ptr_not_equal(again, first);
	pst_history_unref(&again);
	pst_peer_unref(&peer);
	pst_peers_close(&peers);
	pst_history_unref(&first);
}

static void
what_was_attested_still_has_its_time_and_its_signature(void **state)
{
	static const uint8_t key[32] = { 9 };
	struct maker m = { .len = 0 };
	struct pst_history *one, *two;
	struct pst_attestation a, b;
	struct pst_peers *peers;
	struct pst_peer *peer, *newer;

	maker_change(&m, 1, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &one), PST_OK);
	a = maker_attest(&m, key, NOW, NOW + 1000);
	b = maker_attest(&m, key, NOW, NOW + 2000);
	assert_int_equal(pst_peers_new(&peers, NULL, NULL, NULL), PST_OK);
	assert_int_equal(pst_peers_verify(peers, &a, one, NOW, NULL), PST_OK); /* of a stranger */
	assert_int_equal(meet(peers, &peer, one), PST_OK);
	/* what was found right before is not looked at again: this signature would not hold */
	b.signature.bytes[40] ^= 1;
	pst_peers_verified(peers, &b, one);
	assert_int_equal(pst_peers_verify(peers, &b, one, NOW, NULL), PST_OK);
	b.signature.bytes[40] ^= 1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pst_peers_verify(peers, &a, one, NOW, NULL), PST_OK);
	assert_int_equal(pst_peers_verify(peers, &a, one, NOW + 1001, NULL), PST_E_AUTH);
	a.signature.bytes[40] ^= 1;
	assert_int_equal(pst_peers_verify(peers, &a, one, NOW, NULL), PST_E_AUTH);
	a.signature.bytes[40] ^= 1;
	a.hash[0] ^= 1;
	assert_int_equal(pst_peers_verify(peers, &a, one, NOW, NULL), PST_E_AUTH);
	a.hash[0] ^= 1;
	assert_int_equal(pst_peers_verify(peers, &b, one, NOW, NULL), PST_OK);
	assert_int_equal(pst_peers_verify(peers, &a, one, NOW, NULL), PST_OK);
	/* a new key: what the old one signed holds no longer */
	maker_change(&m, 2, NOW, NOW + YEAR);
	assert_int_equal(maker_read(&m, &two), PST_OK);
	assert_int_equal(meet(peers, &newer, two), PST_OK);
	assert_int_equal(pst_peers_verify(peers, &a, two, NOW, NULL), PST_E_AUTH);
	memcpy(a.change, pst_history_latest_hash(two), sizeof a.change);
	assert_int_equal(pst_peers_verify(peers, &a, two, NOW, NULL), PST_E_AUTH);
	pst_peer_unref(&newer);
	pst_peer_unref(&peer);
	pst_peers_close(&peers);
	pst_history_unref(&two);
	pst_history_unref(&one);
}

static void
a_thousand_peers_are_told_apart(void **state)
{
	struct pst_peer *peer[1000];
	struct pst_peers *peers;

	assert_int_equal(pst_peers_new(&peers, NULL, NULL, NULL), PST_OK);
	for (uint32_t i = 0; i < 1000; i++) {
		struct maker m = { .len = 0 };
		struct pst_history *history;

		maker_change(&m, i, NOW, NOW + YEAR);
		assert_int_equal(maker_read(&m, &history), PST_OK);
		assert_int_equal(meet(peers, &peer[i], history), PST_OK);
		assert_true(pst_identifier_equal(pst_peer_identifier(peer[i]), &m.identifier));
		pst_history_unref(&history);
	}
	for (int i = 0; i < 1000; i += 2)
		pst_peer_unref(&peer[i]);
	pst_peers_close(&peers);
	for (int i = 1; i < 1000; i += 2)
		pst_peer_unref(&peer[i]);
}

/* ---- who may ---- */

static void
only_who_is_listed_is_admitted_and_then_kept(void **state)
{
	struct family f;
	char text[PST_IDENTIFIER_TEXT];
	const char *items[] = {
		text,
		" I0000000000000000000000000000000000000000000000000000000000000000 ",
	};
	struct pst_list list = { 2, items };
	struct pst_admission *admission;
	struct stored stored = { 0 };
	struct pst_peers *peers;
	struct pst_peer *known, *stranger;

	family_make(&f);
	assert_int_equal(pst_peers_new(&peers, NULL, on_keep, &stored), PST_OK);
	assert_int_equal(meet(peers, &known, f.one), PST_OK);
	assert_int_equal(meet(peers, &stranger, f.stranger), PST_OK);
	pst_identifier_format(text, pst_history_identifier(f.one));
	assert_int_equal(pst_admission_new(&admission, &list, NULL), PST_OK);
	assert_false(pst_admission_anybody(admission));
	assert_false(pst_admission_allows(admission, stranger));
	assert_int_equal(stored.times, 0);
	assert_true(pst_admission_allows(admission, known));
	assert_true(pst_admission_allows(admission, known));
	assert_int_equal(stored.times, 1);
	pst_admission_free(&admission);
	assert_null(admission);
	pst_peer_unref(&known);
	pst_peer_unref(&stranger);
	pst_peers_close(&peers);
	family_free(&f);
}

static void
an_empty_list_admits_nobody_and_a_star_everybody(void **state)
{
	const char *star[] = { "*" };
	struct pst_list none = { 0, NULL }, all = { 1, star };
	struct stored stored = { 0 };
	struct pst_admission *admission;
	struct pst_peers *peers;
	struct pst_peer *peer;
	struct family f;

	family_make(&f);
	assert_int_equal(pst_peers_new(&peers, NULL, on_keep, &stored), PST_OK);
	assert_int_equal(meet(peers, &peer, f.stranger), PST_OK);
	assert_int_equal(pst_admission_new(&admission, &none, NULL), PST_OK);
	assert_false(pst_admission_allows(admission, peer));
	pst_admission_free(&admission);
	assert_int_equal(pst_admission_new(&admission, &all, NULL), PST_OK);
	assert_true(pst_admission_anybody(admission));
	assert_true(pst_admission_allows(admission, peer));
	assert_int_equal(stored.times, 0); /* a star names nobody */
	pst_admission_free(&admission);
	pst_peer_unref(&peer);
	pst_peers_close(&peers);
	family_free(&f);
}

static void
a_list_with_something_else_is_refused(void **state)
{
	const char *items[] = { "*", "Ixyz" };
	struct pst_list list = { 2, items };
	struct pst_admission *admission;
	struct pst_err err = PST_ERR_INIT;

	assert_int_equal(pst_admission_new(&admission, &list, &err), PST_E_CONF);
	assert_null(admission);
	assert_non_null(strstr(err.text, "\"Ixyz\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_history_that_shrinks_or_forks_is_refused_while_the_peer_lives),
		cmocka_unit_test(a_kept_history_is_stored_and_stays_known),
		cmocka_unit_test(known_bytes_are_known_and_no_others),
		cmocka_unit_test(what_was_attested_still_has_its_time_and_its_signature),
		cmocka_unit_test(a_thousand_peers_are_told_apart),
		cmocka_unit_test(only_who_is_listed_is_admitted_and_then_kept),
		cmocka_unit_test(an_empty_list_admits_nobody_and_a_star_everybody),
		cmocka_unit_test(a_list_with_something_else_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
