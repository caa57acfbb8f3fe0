/* Issuing and showing credentials, by identities over the file vault and the SQLite store. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/store.h>

#include "fake_vault.h"
#include "make_credential.h"
#include "trust/identity.h"
#include "trust/trust.h"

extern const struct pst_module vault_file_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
#define VAULT_OPS ((const struct pst_vault_ops *)vault_file_LTX_pst_module.ops)

#define NOW 1800000000
#define YEAR 31536000
#define DAY 86400

struct conf {
	const char *path;
	const char *passphrase_file; /* the vault's; the store reads path only */
};

struct world {
	struct fake_node node;
	struct fake_section vault, store;
	struct pst_vault_ops vault_ops; /* the file vault's, with make as below */
	struct conf conf;
	struct fake_section issuer, member, other;
	struct pst_peer *member_peer; /* as the issuer sees it */
};

static const struct pst_identity_conf plain = { "default", "", "default" };
static uint64_t clock_now;
static unsigned keys_made;

uint64_t __wrap_pst_clock_now(void);

uint64_t
__wrap_pst_clock_now(void)
{
	return clock_now;
}

static void
make_counted(void *vault, struct pst_vault_call *call)
{
	keys_made++;
	VAULT_OPS->make(vault, call);
}

/* ---- the world ---- */

static void
open_as(struct world *w, struct fake_section *identity, const char *name)
{
	memset(identity, 0, sizeof *identity);
	fake_refer(identity, "vault", "default", &w->vault);
	fake_refer(identity, "store", "default", &w->store);
	assert_int_equal(fake_open(identity, &w->node, pst_trust_sections, NULL, name, &plain), PST_OK);
}

/* One as the other's peer, as a handshake makes it. */
static struct pst_peer *
admit(struct fake_section *to, struct fake_section *who)
{
	struct pst_peer *peer;
	size_t len;
	const uint8_t *shown = pst_identity_presentation(who->self, &len);

	assert_int_equal(pst_identity_admit(to->self, &peer, shown, len,
			     pst_identity_static_key(who->self), NULL),
	    PST_OK);
	return peer;
}

static void
accept_issuer(struct world *w, struct fake_section *who)
{
	struct pst_identifier id;
	size_t len;
	const uint8_t *history = pst_identity_history(w->issuer.self, &len);

	assert_int_equal(pst_identity_accept(who->self, &id, history, len, NULL), PST_OK);
	assert_true(pst_identifier_equal(&id, pst_identity_identifier(w->issuer.self)));
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	clock_now = NOW;
	keys_made = 0;
	fake_node_init(&w->node);
	w->vault_ops = *VAULT_OPS;
	w->vault_ops.make = make_counted;
	assert_int_equal(fake_open(&w->vault, &w->node, vault_file_LTX_pst_module.sections,
			     &w->vault_ops, "default", &w->conf),
	    PST_OK);
	assert_int_equal(fake_open(&w->store, &w->node, store_sqlite_LTX_pst_module.sections,
			     store_sqlite_LTX_pst_module.ops, "default", &w->conf),
	    PST_OK);
	open_as(w, &w->issuer, "issuer");
	open_as(w, &w->member, "member");
	open_as(w, &w->other, "other");
	w->member_peer = admit(&w->issuer, &w->member);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pst_peer_unref(&w->member_peer);
	fake_close(&w->issuer);
	fake_close(&w->member);
	fake_close(&w->other);
	fake_close(&w->store);
	fake_close(&w->vault);
	fake_node_fini(&w->node);
	free(w);
	return 0;
}

/* ---- issuing ---- */

struct issued {
	struct pst_issue_call call;
	bool done;
	int rc;
	uint8_t bytes[2048];
	size_t len;
	uint64_t expires_at;
};

static void
on_issued(struct pst_issue_call *call, int rc)
{
	struct issued *issued = pst_container_of(call, struct issued, call);

	assert_false(issued->done);
	issued->done = true;
	issued->rc = rc;
	if (rc)
		return;
	issued->len = call->len;
	issued->expires_at = call->expires_at;
	assert_true(call->len <= sizeof issued->bytes);
	memcpy(issued->bytes, call->credential, call->len);
}

static const struct pst_attribute roles[] = {
	{ (const uint8_t *)"role", (const uint8_t *)"web", 4, 3 },
	{ (const uint8_t *)"app", (const uint8_t *)"bank", 3, 4 },
};

static void
issue_begin(struct world *w, struct issued *out, uint64_t ttl_s)
{
	*out = (struct issued){ .call = { .fn = on_issued, .subject = w->member_peer,
		.attributes = roles, .count = 2, .ttl_s = ttl_s } };
	pst_identity_issue(w->issuer.self, &out->call);
	assert_false(out->done);
}

static struct issued
issue(struct world *w, uint64_t ttl_s)
{
	struct issued *issued = malloc(sizeof *issued), copy;

	issue_begin(w, issued, ttl_s);
	fake_wait(&w->node, &issued->done);
	copy = *issued;
	free(issued);
	return copy;
}

static int
present(struct fake_section *who, const struct issued *issued)
{
	return pst_identity_present(who->self, issued->bytes, issued->len, NULL, NULL);
}

/* What this one sees in the member after a handshake, of the issuer. */
static const char *
seen(struct world *w, struct fake_section *by)
{
	static char value[16];
	struct pst_peer *peer = admit(by, &w->member);
	const struct pst_attributes *attributes =
	    pst_peer_attributes(peer, pst_identity_identifier(w->issuer.self));
	const struct pst_attribute *a = attributes ? pst_attributes_find(attributes, "app", 3) : NULL;

	snprintf(value, sizeof value, "%.*s", a ? (int)a->value_len : 0, a ? (const char *)a->value : "");
	pst_peer_unref(&peer);
	return value;
}

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

/* ---- showing ---- */

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
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(what_is_issued_is_shown_and_believed),
		test(many_at_once_share_one_key),
		test(nodes_of_one_identity_have_a_key_each),
		test(what_cannot_be_issued_is_refused),
		test(the_key_is_replaced_when_its_time_is_over),
		test(without_ed25519_the_key_is_p256),
		test(a_vault_that_fails_is_asked_again),
		test(what_is_shown_is_shown_again_after_a_restart),
		test(a_handshake_has_room_for_so_much),
		test(a_refresh_says_what_is_new),
		test(the_channel_key_is_attested_anew_in_time),
		test(it_may_be_closed_while_it_issues),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
