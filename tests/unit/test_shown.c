/* What an identity shows of itself. */
#include "parties.h"
#include "trust/identity.h"

static void
what_is_shown_is_shown_again_after_a_restart(void **state)
{
	struct world *w = *state;
	struct issued issued = issue(w, 3600);
	struct pst_identifier id = *pst_identity_identifier(w->issuer.self);
	uint64_t edition;
	size_t len;

	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	edition = pst_identity_edition(w->member.self);
	assert_int_equal(present(&w->member, &issued), PST_OK);
	assert_int_equal(pst_identity_edition(w->member.self), edition + 1);
	assert_int_equal(present(&w->member, &issued), PST_OK); /* the same is nothing new */
	assert_int_equal(pst_identity_edition(w->member.self), edition + 1);
	assert_string_equal(seen(w, &w->other), "bank");
	fake_close(&w->member);

	open_as(w, &w->member, "member");
	assert_null(pst_identity_presented(w->member.self, &id, &len, NULL)); /* not accepted yet */
	assert_string_equal(seen(w, &w->other), "bank"); /* but remembered by the other */
	accept_issuer(w, &w->member);
	assert_memory_equal(pst_identity_presented(w->member.self, &id, &len, NULL), issued.bytes, issued.len);
	pst_identity_unaccept(w->member.self, &id);
	assert_null(pst_identity_presented(w->member.self, &id, &len, NULL));
	fake_close(&w->member);

	/* what has expired meanwhile is forgotten */
	clock_now = NOW + 3601;
	open_as(w, &w->member, "member");
	accept_issuer(w, &w->member);
	assert_null(pst_identity_presented(w->member.self, &id, &len, NULL));
	fake_close(&w->member);
	clock_now = NOW;
	open_as(w, &w->member, "member");
	accept_issuer(w, &w->member);
	assert_null(pst_identity_presented(w->member.self, &id, &len, NULL));
}

static void
a_handshake_has_room_for_so_much(void **state)
{
	struct world *w = *state;
	struct pst_identity *member = w->member.self;
	static uint8_t value[65000], bytes[70000];
	struct pst_attribute large = { (const uint8_t *)"app", value, 3, 0 };
	struct pst_credential_data said = { *pst_identity_identifier(member),
		value, &large, 1, NOW, NOW + 100 };
	struct issuer first, second;
	size_t len;

	issuer_make(&first, 1, NOW, NOW + DAY);
	issuer_make(&second, 2, NOW, NOW + DAY);
	len = maker_history(&first.maker, bytes);
	assert_int_equal(pst_identity_accept(member, NULL, bytes, len, NULL), PST_OK);
	len = maker_history(&second.maker, bytes);
	assert_int_equal(pst_identity_accept(member, NULL, bytes, len, NULL), PST_OK);
	large.value_len = 65000;
	len = issuer_sign(&first, &said, first.secret, bytes, sizeof bytes);
	assert_int_equal(pst_identity_present(member, bytes, len, NULL, NULL), PST_E_LIMIT);
	large.value_len = 60000;
	len = issuer_sign(&first, &said, first.secret, bytes, sizeof bytes);
	assert_int_equal(pst_identity_present(member, bytes, len, NULL, NULL), PST_OK);
	(void)pst_identity_presentation(member, &len);
	assert_in_range(len, 60000, PST_SHOWN_MAX);
	/* beside it there is no room, in its place there is */
	large.value_len = 5000;
	len = issuer_sign(&second, &said, second.secret, bytes, sizeof bytes);
	assert_int_equal(pst_identity_present(member, bytes, len, NULL, NULL), PST_E_LIMIT);
	large.value_len = 64000;
	len = issuer_sign(&first, &said, first.secret, bytes, sizeof bytes);
	assert_int_equal(pst_identity_present(member, bytes, len, NULL, NULL), PST_OK);
	(void)pst_identity_presentation(member, &len);
	assert_in_range(len, 64000, PST_SHOWN_MAX);
}

static unsigned told;

static void
on_told(struct pst_identity_watch *watch)
{
	told++;
}

static void
a_refresh_says_what_is_new(void **state)
{
	struct world *w = *state;
	struct issued issued = issue(w, 3600);
	struct pst_identity_watch watch = { .link = NULL };
	struct pst_peer *peer, *wrong = admit(&w->other, &w->issuer);
	struct pst_err err = PST_ERR_INIT;
	const uint8_t *refresh;
	size_t len;

	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	peer = admit(&w->other, &w->member);
	assert_null(pst_peer_attributes(peer, NULL));
	told = 0;
	pst_identity_watch(w->member.self, &watch, on_told);
	assert_int_equal(present(&w->member, &issued), PST_OK);
	assert_int_equal(told, 0); /* from the loop */
	uv_run(&w->node.loop, UV_RUN_NOWAIT);
	uv_run(&w->node.loop, UV_RUN_NOWAIT);
	assert_int_equal(told, 1);
	pst_identity_unwatch(&watch);
	refresh = pst_identity_refresh(w->member.self, &len);
	assert_int_equal(pst_identity_refreshed(w->other.self, wrong, refresh, len, &err), PST_E_AUTH);
	assert_non_null(strstr(err.text, "another's"));
	for (size_t cut = 0; cut < len; cut++) {
		int rc = pst_identity_refreshed(w->other.self, peer, refresh, cut, NULL);

		/* with the history whole it is one, of no credentials */
		assert_true(rc == -EBADMSG || rc == PST_OK);
		assert_null(pst_peer_attributes(peer, NULL));
	}
	assert_int_equal(pst_identity_refreshed(w->other.self, peer, refresh, len, NULL), PST_OK);
	assert_non_null(pst_peer_attributes(peer, pst_identity_identifier(w->issuer.self)));
	pst_peer_unref(&wrong);
	pst_peer_unref(&peer);
}

static unsigned rekeyed;
static struct pst_identifier rekeyed_last;

static void
on_rekeyed(struct pst_identity_watch *watch, const struct pst_identifier *issuer)
{
	rekeyed++;
	rekeyed_last = *issuer;
}

static void
who_watches_hears_of_an_issuer_s_new_key(void **state)
{
	struct world *w = *state;
	struct pst_identity *member = w->member.self;
	struct pst_identity_watch watch = { .link = NULL };
	static uint8_t before[PST_HISTORY_MAX + 2048], after[PST_HISTORY_MAX + 2048];
	struct issuer issuer;
	size_t before_len, after_len;

	issuer_make(&issuer, 1, NOW, NOW + DAY);
	before_len = maker_history(&issuer.maker, before);
	maker_change(&issuer.maker, 2, NOW, NOW + DAY);
	after_len = maker_history(&issuer.maker, after);
	rekeyed = 0;
	pst_identity_watch(member, &watch, NULL);
	watch.rekeyed = on_rekeyed;
	assert_int_equal(pst_identity_accept(member, NULL, before, before_len, NULL), PST_OK);
	assert_int_equal(pst_identity_accept(member, NULL, before, before_len, NULL), PST_OK);
	assert_int_equal(rekeyed, 0);
	assert_int_equal(pst_identity_accept(member, NULL, after, after_len, NULL), PST_OK);
	assert_int_equal(rekeyed, 1);
	assert_true(pst_identifier_equal(&rekeyed_last, &issuer.maker.identifier));
	assert_int_equal(pst_identity_accept(member, NULL, before, before_len, NULL), PST_OK); /* an old ticket */
	assert_int_equal(rekeyed, 1);
	pst_identity_unwatch(&watch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PARTIES_TEST(what_is_shown_is_shown_again_after_a_restart),
		PARTIES_TEST(a_handshake_has_room_for_so_much),
		PARTIES_TEST(a_refresh_says_what_is_new),
		PARTIES_TEST(who_watches_hears_of_an_issuer_s_new_key),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
