/* Issuing credentials, and the keys of who issues. */
#include "parties.h"
#include "trust/identity.h"

static void
what_is_issued_is_shown_and_believed(void **state)
{
	struct world *w = *state;
	struct issued issued = issue(w, 3600);
	struct pst_identifier id = *pst_identity_identifier(w->issuer.self);
	uint64_t expires_at;
	size_t len;

	assert_int_equal(issued.rc, PST_OK);
	assert_int_equal(issued.expires_at, NOW + 3600);
	/* it shows nothing by who is not accepted, and nobody shows another's */
	assert_int_equal(present(&w->member, &issued), PST_E_AUTH);
	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	assert_int_equal(present(&w->other, &issued), PST_E_AUTH);
	assert_string_equal(seen(w, &w->other), "");
	assert_int_equal(pst_identity_present(w->member.self, issued.bytes, issued.len, &expires_at, NULL),
	    PST_OK);
	assert_int_equal(expires_at, NOW + 3600);
	assert_string_equal(seen(w, &w->other), "bank");
	assert_memory_equal(pst_identity_presented(w->member.self, &id, &len, &expires_at), issued.bytes,
	    issued.len);
	/* until it expires: then it is shown no longer either */
	clock_now = NOW + 3600;
	assert_string_equal(seen(w, &w->other), "");
	assert_null(pst_identity_presented(w->member.self, &id, &len, &expires_at));
	(void)pst_identity_presentation(w->member.self, &len);
	assert_true(len < issued.len);
}

static void
who_was_revoked_counts_by_what_is_issued_afterwards(void **state)
{
	struct world *w = *state;
	const struct pst_identifier *member = pst_identity_identifier(w->member.self);
	struct issued before, after, meanwhile;

	accept_issuer(w, &w->issuer);
	accept_issuer(w, &w->member);
	before = issue(w, 3600);
	assert_int_equal(present(&w->member, &before), PST_OK);
	assert_string_equal(seen(w, &w->issuer), "bank");
	issue_begin(w, &meanwhile, 3600); /* its second has passed when it is made */
	assert_int_equal(pst_identity_revoke(w->issuer.self, member, NOW, NOW + 3600), PST_OK);
	clock_now = NOW + 1;
	fake_wait(&w->node, &meanwhile.done);
	assert_string_equal(seen(w, &w->issuer), "");
	assert_int_equal(present(&w->member, &meanwhile), PST_OK);
	assert_string_equal(seen(w, &w->issuer), "");
	clock_now = NOW; /* a member again in the same second */
	after = issue(w, 3600);
	assert_int_equal(present(&w->member, &after), PST_OK);
	assert_string_equal(seen(w, &w->issuer), "bank");
}

static void
many_at_once_share_one_key(void **state)
{
	struct world *w = *state;
	struct issued *many = calloc(50, sizeof *many), again;

	keys_made = 0;
	for (size_t i = 0; i < 50; i++)
		issue_begin(w, &many[i], 3600 + i);
	for (size_t i = 0; i < 50; i++) {
		fake_wait(&w->node, &many[i].done);
		assert_int_equal(many[i].rc, PST_OK);
		assert_int_equal(many[i].expires_at, NOW + 3600 + i);
	}
	assert_int_equal(keys_made, 1);
	/* after a restart it is the same */
	pst_peer_unref(&w->member_peer);
	fake_close(&w->issuer);
	open_as(w, &w->issuer, "issuer");
	w->member_peer = admit(&w->issuer, &w->member);
	again = issue(w, 3600);
	assert_int_equal(again.rc, PST_OK);
	assert_int_equal(keys_made, 1);
	assert_int_equal(again.len, many[0].len);
	assert_memory_equal(again.bytes, many[0].bytes, again.len);
	free(many);
}

/* Two nodes of one identity on one store: each has a key for credentials, and
 * neither minds that the other makes its first at the same time. */
static void
nodes_of_one_identity_have_a_key_each(void **state)
{
	struct world *w = *state;
	struct pst_identity *issuer = w->issuer.self, *twin;
	struct fake_section twin_section;
	struct issued one, two;

	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	open_as(w, &twin_section, "issuer");
	twin = twin_section.self;
	keys_made = 0;
	issue_begin(w, &one, 3600);
	two = (struct issued){ .call = one.call };
	pst_identity_issue(twin, &two.call);
	fake_wait(&w->node, &one.done);
	fake_wait(&w->node, &two.done);
	assert_int_equal(one.rc, PST_OK);
	assert_int_equal(two.rc, PST_OK);
	assert_int_equal(keys_made, 2);
	assert_string_not_equal(issuer->credential.handle, twin->credential.handle);
	assert_int_equal(present(&w->member, &one), PST_OK);
	assert_string_equal(seen(w, &w->other), "bank");
	assert_int_equal(present(&w->member, &two), PST_OK);
	assert_string_equal(seen(w, &w->other), "bank");
	/* so it is when they replace them */
	clock_now = NOW + 5 * (uint64_t)YEAR - 3600;
	assert_int_equal(issue(w, 3600).rc, PST_OK);
	two = (struct issued){ .call = { .fn = on_issued, .subject = w->member_peer, .ttl_s = 1 } };
	pst_identity_issue(twin, &two.call);
	fake_wait(&w->node, &two.done);
	assert_int_equal(two.rc, PST_OK);
	assert_int_equal(keys_made, 4);
	fake_close(&twin_section);
}

static void
what_cannot_be_issued_is_refused(void **state)
{
	struct world *w = *state;
	static uint8_t value[70000];
	struct pst_attribute twice[] = { roles[0], roles[1], roles[0] };
	struct pst_attribute large = { (const uint8_t *)"app", value, 3, sizeof value };
	struct issued issued = { .call = { .fn = on_issued, .subject = w->member_peer,
		.attributes = twice, .count = 3, .ttl_s = 1 } };

	pst_identity_issue(w->issuer.self, &issued.call);
	fake_wait(&w->node, &issued.done);
	assert_int_equal(issued.rc, -EINVAL);
	issued = (struct issued){ .call = { .fn = on_issued, .subject = w->member_peer,
		.attributes = &large, .count = 1, .ttl_s = 1 } };
	pst_identity_issue(w->issuer.self, &issued.call);
	fake_wait(&w->node, &issued.done);
	assert_int_equal(issued.rc, PST_E_LIMIT);
}

static void
the_key_is_replaced_when_its_time_is_over(void **state)
{
	struct world *w = *state;
	struct issued issued;

	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	assert_int_equal(issue(w, 3600).rc, PST_OK);
	keys_made = 0;
	/* 5 years less two days: no credential outlives the key */
	clock_now = NOW + 5 * (uint64_t)YEAR - 2 * DAY;
	issued = issue(w, 10 * DAY);
	assert_int_equal(issued.expires_at, NOW + 5 * (uint64_t)YEAR);
	assert_int_equal(keys_made, 0);
	/* an hour: a new one, whose credentials hold as long as they should */
	clock_now = NOW + 5 * (uint64_t)YEAR - 3600;
	issued = issue(w, 10 * DAY);
	assert_int_equal(issued.expires_at, clock_now + 10 * DAY);
	assert_int_equal(keys_made, 1);
	assert_int_equal(issue(w, 10 * DAY).rc, PST_OK);
	assert_int_equal(keys_made, 1);
	assert_int_equal(present(&w->member, &issued), PST_OK);
	assert_string_equal(seen(w, &w->other), "bank");
	/* long after: the identity itself is at its end, and so is what it issues */
	clock_now = NOW + 10 * (uint64_t)YEAR - 100;
	issued = issue(w, 3600);
	assert_int_equal(issued.rc, PST_OK);
	assert_int_equal(issued.expires_at, NOW + 10 * (uint64_t)YEAR);
	clock_now = NOW + 10 * (uint64_t)YEAR + 1;
	assert_int_equal(issue(w, 3600).rc, PST_E_AUTH);
}

/* A vault without Ed25519, from now on: the token of the bank. */
static void
make_refused(void *vault, struct pst_vault_call *call)
{
	if (call->key.kind == PST_KEY_ED25519)
		call->fn(call, -ENOTSUP); /* sooner than a vault may, which is harder */
	else
		VAULT_OPS->make(vault, call);
}

static void
without_ed25519_the_key_is_p256(void **state)
{
	struct world *w = *state;
	struct pst_identity *issuer = w->issuer.self;
	struct issued issued;

	w->vault_ops.make = make_refused;
	accept_issuer(w, &w->member);
	accept_issuer(w, &w->other);
	issued = issue(w, 3600);
	assert_int_equal(issued.rc, PST_OK);
	assert_int_equal(issuer->credential.attestation.key.kind, PST_KEY_P256);
	assert_int_equal(present(&w->member, &issued), PST_OK);
	assert_string_equal(seen(w, &w->other), "bank");
}

static void
a_vault_that_fails_is_asked_again(void **state)
{
	struct world *w = *state;
	struct pst_vault_ops ops = w->vault_ops;

	w->vault_ops.make = VAULT_OPS->remove; /* of no handle: fails */
	assert_int_equal(issue(w, 3600).rc, -ENOENT);
	w->vault_ops = ops;
	assert_int_equal(issue(w, 3600).rc, PST_OK);
	w->vault_ops.sign = VAULT_OPS->agree; /* not with such a key */
	assert_int_equal(issue(w, 3600).rc, -EINVAL);
	w->vault_ops = ops;
	assert_int_equal(issue(w, 3600).rc, PST_OK);
}

/* ---- the channel key ---- */

static void
the_channel_key_is_attested_anew_in_time(void **state)
{
	struct world *w = *state;
	struct pst_identity *member = w->member.self;
	uint8_t static_key[32];
	struct pst_peer *peer;
	uint64_t expires_at = member->channel.attestation.expires_at;

	memcpy(static_key, pst_identity_static_key(member), 32);
	keys_made = 0;
	clock_now = expires_at - 3600;
	fake_close(&w->member);
	open_as(w, &w->member, "member"); /* it looks at once, then every hour */
	member = w->member.self;
	for (int i = 0; i < 1000 && member->channel.attestation.expires_at == expires_at; i++)
		uv_run(&w->node.loop, UV_RUN_ONCE);
	assert_int_equal(member->channel.attestation.expires_at, clock_now + 5 * (uint64_t)YEAR);
	assert_memory_equal(static_key, pst_identity_static_key(member), 32);
	assert_int_equal(keys_made, 0);
	clock_now = expires_at + 1;
	peer = admit(&w->member, &w->member); /* who shows it is believed */
	pst_peer_unref(&peer);
	fake_close(&w->member);
	open_as(w, &w->member, "member");
	assert_memory_equal(static_key, pst_identity_static_key(w->member.self), 32);
}

static void
it_may_be_closed_while_it_issues(void **state)
{
	struct world *w = *state;

	for (int turns = 0; turns < 30; turns++) {
		struct issued issued;

		pst_peer_unref(&w->member_peer);
		fake_close(&w->issuer);
		open_as(w, &w->issuer, turns % 2 ? "odd" : "even");
		w->member_peer = admit(&w->issuer, &w->member);
		issue_begin(w, &issued, 3600);
		for (int i = 0; i < turns && !issued.done; i++)
			uv_run(&w->node.loop, UV_RUN_ONCE);
		fake_close(&w->issuer);
		assert_true(issued.done);
		assert_true(issued.rc == PST_OK || issued.rc == PST_E_CLOSED);
		open_as(w, &w->issuer, "issuer");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PARTIES_TEST(what_is_issued_is_shown_and_believed),
		PARTIES_TEST(who_was_revoked_counts_by_what_is_issued_afterwards),
		PARTIES_TEST(many_at_once_share_one_key),
		PARTIES_TEST(nodes_of_one_identity_have_a_key_each),
		PARTIES_TEST(what_cannot_be_issued_is_refused),
		PARTIES_TEST(the_key_is_replaced_when_its_time_is_over),
		PARTIES_TEST(without_ed25519_the_key_is_p256),
		PARTIES_TEST(a_vault_that_fails_is_asked_again),
		PARTIES_TEST(the_channel_key_is_attested_anew_in_time),
		PARTIES_TEST(it_may_be_closed_while_it_issues),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
