/* Credentials: what holds, what becomes of it, and until when. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_section.h"
#include "make_credential.h"
#include "trust/attributes.h"
#include "trust/clock.h"
#include "trust/peers.h"

#define NOW 1700000000
#define DAY 86400
#define ROOM 70000

static uint64_t clock_now = NOW;
static uint8_t bytes[ROOM];

/* The linker gives it for pst_clock_now(). */
uint64_t __wrap_pst_clock_now(void);

uint64_t
__wrap_pst_clock_now(void)
{
	return clock_now;
}

static struct pst_history *
history_of(const struct maker *m)
{
	static uint8_t text[PST_HISTORY_MAX + 2048];
	struct pst_reader r = pst_reader(text, maker_history(m, text));
	struct pst_history *history;

	assert_int_equal(pst_history_read(&history, &r, NULL), PST_OK);
	return history;
}

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
	history = history_of(&issuer.maker);
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
	history = history_of(&issuer.maker);
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
	history = history_of(&issuer.maker);
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
	history = history_of(&issuer.maker);
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

/* ---- what becomes of peers ---- */

struct world {
	struct fake_node node;
	struct pst_peers *peers;
	struct issuer one, two;
	struct pst_peer *peer;
	struct pst_peer_watch watch;
	unsigned told, kept;
	bool told_once;
};

static void
on_keep(void *arg, const struct pst_history *history)
{
	((struct world *)arg)->kept++;
}

static void
on_told(struct pst_peer_watch *watch)
{
	struct world *w = pst_container_of(watch, struct world, watch);

	w->told++;
	w->told_once = true;
}

static struct pst_peer *
peer_make(struct world *w, uint32_t number)
{
	struct maker m = { .len = 0 };
	struct pst_history *history;
	struct pst_peer *peer;

	maker_change(&m, number, NOW, NOW + DAY);
	history = history_of(&m);
	assert_int_equal(pst_peers_add(w->peers, &peer, history), PST_OK);
	pst_history_unref(&history);
	return peer;
}

static int
accept_issuer(struct world *w, const struct issuer *issuer)
{
	struct pst_history *history = history_of(&issuer->maker);
	int rc = pst_peers_accept(w->peers, history, NULL);

	pst_history_unref(&history);
	return rc;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	clock_now = NOW;
	fake_node_init(&w->node);
	assert_int_equal(pst_peers_new(&w->peers, &w->node.env, on_keep, w), PST_OK);
	issuer_make(&w->one, 101, NOW, NOW + 10 * DAY);
	issuer_make(&w->two, 102, NOW, NOW + 10 * DAY);
	w->peer = peer_make(w, 1);
	pst_peer_watch(w->peer, &w->watch, on_told);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pst_peer_unwatch(&w->watch);
	pst_peer_unref(&w->peer);
	pst_peers_close(&w->peers);
	fake_node_fini(&w->node);
	free(w);
	return 0;
}

static int
say(struct world *w, const struct issuer *issuer, const char *value, uint64_t from, uint64_t until)
{
	size_t len = issuer_say(issuer, pst_peer_identifier(w->peer), "app", value, from, until, bytes, ROOM);

	return pst_peer_attest(w->peer, bytes, len, clock_now, NULL);
}

/* What is said of the peer; "" where nothing is. */
static const char *
said_by(struct world *w, const struct issuer *issuer)
{
	static char value[16];
	const struct pst_attributes *attributes =
	    pst_peer_attributes(w->peer, issuer ? &issuer->maker.identifier : NULL);
	const struct pst_attribute *a = attributes ? pst_attributes_find(attributes, "app", 3) : NULL;

	snprintf(value, sizeof value, "%.*s", a ? (int)a->value_len : 0, a ? (const char *)a->value : "");
	return value;
}

static void
turn(struct world *w)
{
	w->told_once = false;
	fake_wait(&w->node, &w->told_once);
}

static void
who_is_not_accepted_attests_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_E_AUTH);
	assert_null(pst_peer_attributes(w->peer, NULL));
	assert_int_equal(w->kept, 0);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(w->kept, 1);
	assert_int_equal(say(w, &w->two, "web", NOW, NOW + 100), PST_E_AUTH);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	assert_string_equal(said_by(w, &w->one), "web");
	assert_string_equal(said_by(w, NULL), "web");
	assert_string_equal(said_by(w, &w->two), "");
	assert_int_equal(w->kept, 2); /* who has a credential is known for good */
	turn(w);
	assert_int_equal(w->told, 1);
}

static void
two_issuers_do_not_overwrite_each_other(void **state)
{
	struct world *w = *state;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 200), PST_OK);
	assert_string_equal(said_by(w, &w->one), "web");
	assert_string_equal(said_by(w, &w->two), "db");
	/* a newer one replaces, an older one does not */
	assert_int_equal(say(w, &w->one, "new", NOW + 10, NOW + 50), PST_OK);
	assert_string_equal(said_by(w, &w->one), "new");
	assert_int_equal(say(w, &w->one, "old", NOW + 9, NOW + 500), PST_OK);
	assert_string_equal(said_by(w, &w->one), "new");
	assert_string_equal(said_by(w, &w->two), "db");
	turn(w);
	assert_int_equal(w->told, 1); /* once a turn */
	/* of one that is accepted twice the first end changes nothing */
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	pst_peers_unaccept(w->peers, &w->two.maker.identifier);
	assert_string_equal(said_by(w, &w->two), "db");
	pst_peers_unaccept(w->peers, &w->two.maker.identifier);
	assert_string_equal(said_by(w, &w->two), "");
	assert_string_equal(said_by(w, &w->one), "new");
	turn(w);
	assert_int_equal(w->told, 2);
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 200), PST_E_AUTH);
}

static void
attributes_expire_and_watchers_hear_of_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	/* in the wrong order, so that the timer is set anew */
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 500), PST_OK);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 1), PST_OK);
	turn(w);
	assert_string_equal(said_by(w, &w->one), "web");
	clock_now = NOW + 1;
	assert_string_equal(said_by(w, &w->one), ""); /* at once, whatever the timer does */
	assert_string_equal(said_by(w, &w->two), "db");
	turn(w); /* the timer, within a second */
	assert_int_equal(w->told, 2);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 1), PST_OK); /* it still verifies … */
	assert_string_equal(said_by(w, &w->one), ""); /* … and says nothing */
	turn(w);
	clock_now = NOW + 500;
	assert_string_equal(said_by(w, NULL), "");
}

static void
the_same_bytes_hold_only_while_their_issuer_does(void **state)
{
	struct world *w = *state;
	size_t len;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	len = issuer_say(&w->one, pst_peer_identifier(w->peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_OK);
	turn(w);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_OK);
	uv_run(&w->node.loop, UV_RUN_NOWAIT);
	assert_int_equal(w->told, 1); /* nothing has changed */
	/* known bytes with another signature are other bytes */
	bytes[len - 1] ^= 1;
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_E_AUTH);
	bytes[len - 1] ^= 1;
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW + 101, NULL), PST_E_AUTH);
	/* the issuer's key changes: shown again it is refused, as to others */
	maker_change(&w->one.maker, 103, NOW, NOW + 10 * DAY);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_E_AUTH);
}

static void
strangers_leave_nothing(void **state)
{
	struct world *w = *state;
	struct issuer self;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(w->kept, 1);
	for (uint32_t i = 1000; i < 2000; i++) {
		struct pst_peer *peer = peer_make(w, i);
		size_t len;

		/* what it says of itself, and what was said of another */
		issuer_make(&self, i, NOW, NOW + DAY);
		len = issuer_say(&self, pst_peer_identifier(peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
		assert_int_equal(pst_peer_attest(peer, bytes, len, NOW, NULL), PST_E_AUTH);
		len = issuer_say(&w->one, pst_peer_identifier(w->peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
		assert_int_equal(pst_peer_attest(peer, bytes, len, NOW, NULL), PST_E_AUTH);
		pst_peer_unref(&peer);
	}
	assert_int_equal(w->kept, 1);
	assert_int_equal(w->told, 0);
}

static struct pst_peer_watch second;

static void
on_told_and_gone(struct pst_peer_watch *watch)
{
	struct world *w = pst_container_of(watch, struct world, watch);

	pst_peer_unwatch(watch);
	pst_peer_unwatch(&second);
	pst_peer_unref(&w->peer);
	w->told_once = true;
}

static void
on_never(struct pst_peer_watch *watch)
{
	fail_msg("told after it left");
}

static void
a_watch_may_end_everything(void **state)
{
	struct world *w = *state;
	const struct pst_attributes *attributes;
	struct pst_attributes *counted;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	pst_peer_watch(w->peer, &second, on_never);
	pst_peer_watch(w->peer, &w->watch, on_told_and_gone); /* the front: told first */
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	attributes = pst_peer_attributes(w->peer, NULL);
	counted = pst_attributes_ref(attributes);
	pst_peers_close(&w->peers); /* the table goes with its last peer */
	assert_null(pst_peer_attributes(w->peer, NULL));
	assert_int_equal(counted->count, 1); /* who counted it still has it */
	pst_attributes_unref(&counted);
	pst_peer_unwatch(&second);
	/* the same while the table lives */
	pst_peer_unwatch(&w->watch);
	pst_peer_unref(&w->peer);
	assert_int_equal(pst_peers_new(&w->peers, &w->node.env, NULL, NULL), PST_OK);
	w->peer = peer_make(w, 1);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	pst_peer_watch(w->peer, &second, on_never);
	pst_peer_watch(w->peer, &w->watch, on_told_and_gone);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	turn(w);
	assert_null(w->peer);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_credential_holds_for_its_time_and_no_longer),
		cmocka_unit_test(what_is_not_by_the_issuer_or_not_of_the_subject_is_refused),
		cmocka_unit_test(no_bit_can_be_turned_and_nothing_cut),
		cmocka_unit_test(attributes_are_found_by_name_whatever_their_order),
		test(who_is_not_accepted_attests_nothing),
		test(two_issuers_do_not_overwrite_each_other),
		test(attributes_expire_and_watchers_hear_of_it),
		test(the_same_bytes_hold_only_while_their_issuer_does),
		test(strangers_leave_nothing),
		test(a_watch_may_end_everything),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
