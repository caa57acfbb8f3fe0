/* The identity section, over the file vault and the SQLite store. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <postern/store.h>

#include "fake_vault.h"
#include "make_history.h"
#include "trust/identity.h"
#include "trust/trust.h"

extern const struct pst_module vault_file_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
#define STORE_OPS ((const struct pst_store_ops *)store_sqlite_LTX_pst_module.ops)

struct conf {
	const char *path;
	const char *passphrase_file; /* the vault's; the store reads path only */
};

struct fixture {
	struct fake_node node;
	struct fake_section vault, other_vault, store;
	struct conf conf;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct pst_section *vaults = vault_file_LTX_pst_module.sections;

	fake_node_init(&f->node);
	assert_int_equal(fake_open(&f->vault, &f->node, vaults,
			     vault_file_LTX_pst_module.ops, "default", &f->conf),
	    PST_OK);
	assert_int_equal(fake_open(&f->other_vault, &f->node, vaults,
			     vault_file_LTX_pst_module.ops, "other", &f->conf),
	    PST_OK);
	assert_int_equal(fake_open(&f->store, &f->node, store_sqlite_LTX_pst_module.sections,
			     STORE_OPS, "default", &f->conf),
	    PST_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fake_close(&f->store);
	fake_close(&f->other_vault);
	fake_close(&f->vault);
	fake_node_fini(&f->node);
	free(f);
	return 0;
}

static int
identity_open(struct fixture *f, struct fake_section *identity, const char *name,
    const struct pst_identity_conf *conf)
{
	memset(identity, 0, sizeof *identity);
	fake_refer(identity, "vault", "default", &f->vault);
	fake_refer(identity, "vault", "other", &f->other_vault);
	fake_refer(identity, "store", "default", &f->store);
	return fake_open(identity, &f->node, pst_trust_sections, NULL, name, conf);
}

static const struct pst_identity_conf plain = { "default", "", "default" };

/* ---- keys in vaults, items in the store ---- */

struct counting {
	bool done;
	size_t count;
	uint8_t bytes[4096];
	size_t len;
	int rc;
};

static void
on_keys(void *arg, int rc, const struct pst_vault_key *keys, size_t count)
{
	struct counting *c = arg;

	c->count = count;
	c->rc = rc;
	c->done = true;
}

static size_t
vault_keys(struct fake_section *vault)
{
	struct counting c = { false };

	((const struct pst_vault_ops *)vault->ops)->list(vault->self, on_keys, &c);
	fake_wait(vault->node, &c.done);
	return c.count;
}

static void
on_item(void *arg, int rc, const struct pst_store_item *item)
{
	struct counting *c = arg;

	c->rc = rc;
	if (item && item->len <= sizeof c->bytes) {
		memcpy(c->bytes, item->value, item->len);
		c->len = item->len;
	}
	c->done = true;
}

static struct counting
store_get(struct fixture *f, const char *key)
{
	struct counting c = { false };

	STORE_OPS->get(f->store.self, key, on_item, &c);
	fake_wait(&f->node, &c.done);
	return c;
}

static void
on_committed(void *arg, int rc)
{
	on_item(arg, rc, NULL);
}

static void
store_put(struct fixture *f, const char *key, const uint8_t *value, size_t len)
{
	struct pst_store_op put = { PST_STORE_PUT, { key, value, len } };
	struct counting c = { false };

	STORE_OPS->commit(f->store.self, &put, 1, on_committed, &c);
	fake_wait(&f->node, &c.done);
	assert_int_equal(c.rc, PST_OK);
}

/* ---- tests ---- */

static void
an_identity_is_made_once_and_found_again(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	char text[PST_IDENTIFIER_TEXT], again[PST_IDENTIFIER_TEXT];
	uint8_t static_key[32], shown[512];
	struct pst_presentation p;
	size_t len, shown_len;
	const uint8_t *bytes;

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	pst_identifier_format(text, pst_identity_identifier(identity.self));
	memcpy(static_key, pst_identity_static_key(identity.self), 32);
	(void)pst_identity_history(identity.self, &len);
	assert_int_equal(len, 128);
	bytes = pst_identity_presentation(identity.self, &shown_len);
	memcpy(shown, bytes, shown_len);
	assert_int_equal(pst_presentation_read(&p, NULL, shown, shown_len, NULL), PST_OK);
	assert_memory_equal(p.attestation.key.bytes, static_key, 32);
	assert_int_equal(p.history->valid_until - p.history->valid_from, 315360000);
	assert_int_equal(p.attestation.expires_at - p.attestation.created_at, 157680000);
	assert_int_equal(pst_reader_left(&p.credentials), 1);
	pst_presentation_release(&p);
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->vault), 2);

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	pst_identifier_format(again, pst_identity_identifier(identity.self));
	assert_string_equal(text, again);
	bytes = pst_identity_presentation(identity.self, &len);
	assert_int_equal(len, shown_len);
	assert_memory_equal(bytes, shown, len);
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->vault), 2);

	/* another section is somebody else */
	assert_int_equal(identity_open(f, &identity, "second", &plain), PST_OK);
	pst_identifier_format(again, pst_identity_identifier(identity.self));
	assert_string_not_equal(text, again);
	fake_close(&identity);
}

static void
the_channel_key_may_live_in_another_vault(void **state)
{
	static const struct pst_identity_conf split = { "default", "other", "default" };
	struct fixture *f = *state;
	struct fake_section identity;
	uint8_t first[32];

	assert_int_equal(identity_open(f, &identity, "default", &split), PST_OK);
	memcpy(first, pst_identity_static_key(identity.self), 32);
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->vault), 1);
	assert_int_equal(vault_keys(&f->other_vault), 1);
	/* in the vault it is looked for now there is none: a new one */
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	assert_memory_not_equal(first, pst_identity_static_key(identity.self), 32);
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->vault), 2);
	assert_int_equal(vault_keys(&f->other_vault), 1);
}

static void
a_vault_without_the_key_keeps_the_identity_down(void **state)
{
	static const struct pst_identity_conf moved = { "other", "other", "default" };
	struct fixture *f = *state;
	struct fake_section identity;

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	fake_close(&identity);
	assert_int_equal(identity_open(f, &identity, "default", &moved), -ENOENT);
	assert_non_null(strstr(identity.sentence, "vault other does not have the key"));
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->other_vault), 0);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	fake_close(&identity);
}

static void
a_damaged_record_keeps_the_identity_down(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	struct counting record;

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	fake_close(&identity);
	record = store_get(f, "identity/default");
	assert_int_equal(record.rc, PST_OK);
	record.bytes[60] ^= 1;
	store_put(f, "identity/default", record.bytes, record.len);
	assert_int_not_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	assert_non_null(strstr(identity.sentence, "record of the identity is damaged"));
	fake_close(&identity);
	assert_int_equal(vault_keys(&f->vault), 2);
}

/* The channel's record, with an attestation that was true until a second ago. */
static void
attestation_expire(struct fixture *f, struct pst_identity *identity)
{
	struct pst_attestation a = identity->channel.attestation;
	uint8_t data[PST_ATTESTATION_DATA_MAX], bytes[PST_ATTESTATION_MAX], record[512];
	struct pst_writer d = pst_writer(data, sizeof data), w = pst_writer(bytes, sizeof bytes);
	struct pst_writer r = pst_writer(record, sizeof record);
	struct pst_vault_call call = { 0 };
	struct pst_signature signature = { PST_KEY_ED25519, { 0 } };

	a.expires_at = (uint64_t)time(NULL) - 1;
	a.created_at = identity->history->valid_from;
	pst_attestation_write_data(&d, &a);
	crypto_hash_sha256(call.message, data, pst_writer_len(&d));
	memcpy(call.handle, identity->handle, sizeof call.handle);
	assert_int_equal(fake_ask(&f->vault, sign, &call), PST_OK);
	memcpy(signature.bytes, call.result, sizeof signature.bytes);
	pst_attestation_write(&w, data, pst_writer_len(&d), &signature);
	pst_cbor_write_array(&r, 2);
	pst_cbor_write_bytes(&r, bytes, pst_writer_len(&w));
	pst_cbor_write_text(&r, identity->channel.handle, strlen(identity->channel.handle));
	store_put(f, "purpose/default/channel", record, pst_writer_len(&r));
}

static void
a_channel_key_that_expired_is_replaced_in_silence(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	uint8_t first[32], second[32];

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	memcpy(first, pst_identity_static_key(identity.self), 32);
	attestation_expire(f, identity.self);
	fake_close(&identity);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	memcpy(second, pst_identity_static_key(identity.self), 32);
	assert_memory_not_equal(first, second, 32);
	fake_close(&identity);
	/* the old one is not kept */
	assert_int_equal(vault_keys(&f->vault), 2);

	/* so is one whose record cannot be read */
	store_put(f, "purpose/default/channel", (const uint8_t *)"junk", 4);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	assert_memory_not_equal(second, pst_identity_static_key(identity.self), 32);
	fake_close(&identity);
}

static void
agreeing_is_with_the_static_key(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	struct pst_vault_call call = { 0 };
	struct fake_answer answer = { false, 0 };
	uint8_t secret[32], shared[32];

	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	randombytes_buf(secret, sizeof secret);
	call.key.kind = PST_KEY_X25519;
	call.key.len = 32;
	crypto_scalarmult_base(call.key.bytes, secret);
	call.fn = fake_answered;
	call.arg = &answer;
	pst_identity_agree(identity.self, &call);
	fake_wait(&f->node, &answer.done);
	assert_int_equal(answer.rc, PST_OK);
	assert_int_equal(crypto_scalarmult(shared, secret, pst_identity_static_key(identity.self)), 0);
	assert_memory_equal(call.result, shared, 32);
	fake_close(&identity);
}

static void
identities_admit_each_other_and_nothing_less(void **state)
{
	struct fixture *f = *state;
	struct fake_section a, b;
	struct pst_err err = PST_ERR_INIT;
	struct pst_peer *peer;
	static uint8_t bytes[PST_PRESENTATION_MAX + 1];
	const uint8_t *shown, *static_key;
	uint8_t wrong[32] = { 1 };
	size_t len;

	assert_int_equal(identity_open(f, &a, "a", &plain), PST_OK);
	assert_int_equal(identity_open(f, &b, "b", &plain), PST_OK);
	shown = pst_identity_presentation(b.self, &len);
	static_key = pst_identity_static_key(b.self);
	assert_int_equal(pst_identity_admit(a.self, &peer, shown, len, static_key, &err), PST_OK);
	assert_true(pst_identifier_equal(pst_peer_identifier(peer), pst_identity_identifier(b.self)));
	pst_peer_unref(&peer);
	assert_int_equal(pst_identity_admit(a.self, &peer, shown, len, wrong, &err), PST_E_AUTH);
	assert_null(peer);
	assert_non_null(strstr(err.text, "another key than the handshake"));
	assert_int_equal(err.text[0], 'I');
	for (size_t cut = 0; cut < len; cut++) {
		err = (struct pst_err)PST_ERR_INIT;
		assert_int_equal(pst_identity_admit(a.self, &peer, shown, cut, static_key, &err),
		    -EBADMSG);
	}
	/* credentials, even absurd ones, up to what a handshake can carry */
	memcpy(bytes, shown, len - 1);
	bytes[len - 1] = 0x81;
	bytes[len] = 0x59;
	bytes[len + 1] = (uint8_t)((sizeof bytes - 1 - len - 3) >> 8);
	bytes[len + 2] = (uint8_t)(sizeof bytes - 1 - len - 3);
	assert_int_equal(pst_identity_admit(a.self, &peer, bytes, sizeof bytes - 1, static_key, &err),
	    PST_OK);
	pst_peer_unref(&peer);
	assert_int_equal(pst_identity_admit(a.self, &peer, bytes, sizeof bytes, static_key, &err),
	    -EBADMSG);
	/* the place of the credentials is an array's */
	memcpy(bytes, shown, len);
	bytes[len - 1] = 0xa0;
	assert_int_equal(pst_identity_admit(a.self, &peer, bytes, len, static_key, &err), -EBADMSG);
	fake_close(&a);
	fake_close(&b);
}

/* Of a history and an attestation: by who has never met it, and by who knows it. */
static void
no_bit_of_what_is_shown_can_be_turned(void **state)
{
	struct fixture *f = *state;
	struct fake_section a, b;
	struct pst_peer *peer, *known = NULL;
	static uint8_t bytes[4096];
	const uint8_t *shown, *static_key;
	size_t len;

	assert_int_equal(identity_open(f, &a, "a", &plain), PST_OK);
	assert_int_equal(identity_open(f, &b, "b", &plain), PST_OK);
	shown = pst_identity_presentation(b.self, &len);
	assert_in_range(len, 0, sizeof bytes);
	memcpy(bytes, shown, len);
	static_key = pst_identity_static_key(b.self);
	for (int met = 0; met < 2; met++) {
		for (size_t bit = 0; bit < len * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!pst_identity_admit(a.self, &peer, bytes, len, static_key, NULL))
				fail_msg("bit %zu turned unseen", bit);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		if (!met)
			assert_int_equal(pst_identity_admit(a.self, &known, bytes, len, static_key, NULL), PST_OK);
	}
	pst_peer_unref(&known);
	fake_close(&a);
	fake_close(&b);
}

static void
who_is_named_is_known_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	struct maker m = { .len = 0 }, old;
	char text[PST_IDENTIFIER_TEXT], key[256];
	const char *items[] = { text };
	struct pst_list list = { 1, items };
	struct pst_admission *admission;
	struct pst_attestation attestation;
	struct pst_peer *peer;
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	uint8_t static_key[32] = { 3 };
	uint64_t now = (uint64_t)time(NULL);
	size_t len;

	maker_change(&m, 1, now - 10, now + 1000);
	old = m;
	pst_identifier_format(text, &m.identifier);
	snprintf(key, sizeof key, "peer/default/%s", text);
	assert_int_equal(pst_admission_new(&admission, &list, NULL), PST_OK);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);

	attestation = maker_attest(&m, static_key, now, now + 100);
	len = maker_presentation(&m, &attestation, bytes);
	assert_int_equal(pst_identity_admit(identity.self, &peer, bytes, len, static_key, NULL), PST_OK);
	assert_int_equal(store_get(f, key).rc, -ENOENT);
	assert_true(pst_admission_allows(admission, peer));
	assert_int_equal(store_get(f, key).len, 128);
	pst_peer_unref(&peer);

	/* a new key, and then the old one again */
	maker_change(&m, 2, now - 5, now + 1000);
	attestation = maker_attest(&m, static_key, now, now + 100);
	len = maker_presentation(&m, &attestation, bytes);
	assert_int_equal(pst_identity_admit(identity.self, &peer, bytes, len, static_key, NULL), PST_OK);
	fake_close(&identity); /* waits for the store */
	pst_peer_unref(&peer); /* peers may outlive it */
	assert_true(store_get(f, key).len > 300);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	attestation = maker_attest(&old, static_key, now, now + 100);
	len = maker_presentation(&old, &attestation, bytes);
	assert_int_equal(pst_identity_admit(identity.self, &peer, bytes, len, static_key, NULL),
	    PST_E_AUTH);
	fake_close(&identity);

	/* a damaged one is passed over */
	store_put(f, key, (const uint8_t *)"junk", 4);
	assert_int_equal(identity_open(f, &identity, "default", &plain), PST_OK);
	assert_int_equal(pst_identity_admit(identity.self, &peer, bytes, len, static_key, NULL), PST_OK);
	pst_peer_unref(&peer);
	fake_close(&identity);
	pst_admission_free(&admission);
}

static void
it_may_be_closed_at_any_step(void **state)
{
	struct fixture *f = *state;
	struct fake_section identity;
	struct pst_err err = PST_ERR_INIT;

	for (int turns = 0; turns < 40; turns++) {
		char name[16];

		snprintf(name, sizeof name, "i%d", turns);
		memset(&identity, 0, sizeof identity);
		fake_refer(&identity, "vault", "default", &f->vault);
		fake_refer(&identity, "store", "default", &f->store);
		identity.node = &f->node;
		identity.section = pst_trust_sections;
		identity.name = name;
		assert_int_equal(pst_trust_sections->open(&identity.self, &identity, &plain, &err), PST_OK);
		for (int i = 0; i < turns && !identity.settled; i++)
			uv_run(&f->node.loop, UV_RUN_ONCE);
		fake_close(&identity);
	}
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(an_identity_is_made_once_and_found_again),
		test(the_channel_key_may_live_in_another_vault),
		test(a_vault_without_the_key_keeps_the_identity_down),
		test(a_damaged_record_keeps_the_identity_down),
		test(a_channel_key_that_expired_is_replaced_in_silence),
		test(agreeing_is_with_the_static_key),
		test(identities_admit_each_other_and_nothing_less),
		test(no_bit_of_what_is_shown_can_be_turned),
		test(who_is_named_is_known_after_a_restart),
		test(it_may_be_closed_at_any_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
