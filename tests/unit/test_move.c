/* An identity that moves to another vault, cut off at each thing it asks of vaults and store. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_vault.h"
#include "trust/identity.h"
#include "trust/trust.h"

extern const struct pst_module vault_file_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
#define VAULT_OPS ((const struct pst_vault_ops *)vault_file_LTX_pst_module.ops)
#define STORE_OPS ((const struct pst_store_ops *)store_sqlite_LTX_pst_module.ops)

/* ---- a command that asks, instead of core/node's ---- */

struct pst_ask {
	const char *to;
	bool done;
	int rc;
};

const char *
pst_ask_word(const struct pst_ask *ask)
{
	return "move";
}

const char *
pst_ask_value(const struct pst_ask *ask, const char *name)
{
	return ask->to;
}

struct pst_status *
pst_ask_answer(struct pst_ask *ask)
{
	return NULL;
}

void
pst_status_put(struct pst_status *status, const struct pst_field *fields)
{
}

void
pst_ask_done(struct pst_ask **ask, int rc, const char *sentence)
{
	(*ask)->done = true;
	(*ask)->rc = rc;
	*ask = NULL;
}

/* ---- vaults and a store that count what they are asked ---- */

static struct {
	unsigned asked, cut_at; /* 0: never */
	struct fake_section *identity;
	bool made_last; /* what it was cut at */
} cut;

/* What is asked is done, but nobody is there for the answer. */
static void
count(bool make)
{
	if (++cut.asked != cut.cut_at)
		return;
	cut.made_last = make;
	cut.identity->section->close(cut.identity->self);
}

static void
counted_make(void *vault, struct pst_vault_call *call)
{
	VAULT_OPS->make(vault, call);
	count(true);
}

static void
counted_sign(void *vault, struct pst_vault_call *call)
{
	VAULT_OPS->sign(vault, call);
	count(false);
}

static void
counted_remove(void *vault, struct pst_vault_call *call)
{
	VAULT_OPS->remove(vault, call);
	count(false);
}

static void
counted_get(void *store, const char *key,
    void (*fn)(void *arg, int rc, const struct pst_store_item *item), void *arg)
{
	STORE_OPS->get(store, key, fn, arg);
	count(false);
}

static void
counted_commit(void *store, const struct pst_store_op *ops, size_t n,
    void (*fn)(void *arg, int rc), void *arg)
{
	STORE_OPS->commit(store, ops, n, fn, arg);
	count(false);
}

struct conf {
	const char *path;
	const char *passphrase_file; /* the vault's; the store reads path only */
};

struct fixture {
	struct fake_node node;
	struct fake_section vault, other, store, identity;
	struct pst_vault_ops vault_ops;
	struct pst_store_ops store_ops;
	struct conf conf;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct pst_section *vaults = vault_file_LTX_pst_module.sections;

	f->vault_ops = *VAULT_OPS;
	f->vault_ops.make = counted_make;
	f->vault_ops.sign = counted_sign;
	f->vault_ops.remove = counted_remove;
	f->store_ops = *STORE_OPS;
	f->store_ops.get = counted_get;
	f->store_ops.commit = counted_commit;
	fake_node_init(&f->node);
	assert_int_equal(fake_open(&f->vault, &f->node, vaults, &f->vault_ops, "default", &f->conf), 0);
	assert_int_equal(fake_open(&f->other, &f->node, vaults, &f->vault_ops, "other", &f->conf), 0);
	assert_int_equal(fake_open(&f->store, &f->node, store_sqlite_LTX_pst_module.sections,
			     &f->store_ops, "default", &f->conf),
	    0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fake_close(&f->store);
	fake_close(&f->other);
	fake_close(&f->vault);
	fake_node_fini(&f->node);
	free(f);
	return 0;
}

/* ---- asking ---- */

static void
identity_open(struct fixture *f)
{
	static const struct pst_identity_conf conf = { "default", "", "default" };

	memset(&f->identity, 0, sizeof f->identity);
	fake_refer(&f->identity, "vault", "default", &f->vault);
	fake_refer(&f->identity, "vault", "other", &f->other);
	fake_refer(&f->identity, "store", "default", &f->store);
	assert_int_equal(fake_open(&f->identity, &f->node, pst_trust_sections, NULL, "default", &conf),
	    PST_OK);
}

/* Closed over it when it comes to that question; else the answer. */
static int
move(struct fixture *f, const char *to, unsigned cut_at)
{
	struct pst_ask ask = { .to = to }, *asked = &ask;

	memset(&cut, 0, sizeof cut);
	cut.cut_at = cut_at;
	cut.identity = &f->identity;
	f->identity.hooks->ask(f->identity.self, asked);
	while (!ask.done && !f->identity.closed)
		uv_run(&f->node.loop, UV_RUN_ONCE);
	if (cut_at && cut.asked >= cut_at)
		fake_wait(&f->node, &f->identity.closed);
	cut.cut_at = 0;
	assert_true(ask.done);
	return ask.rc;
}

static void
counted_keys(void *arg, int rc, const struct pst_vault_key *keys, size_t n)
{
	assert_int_equal(rc, PST_OK);
	*(size_t *)arg = n + 1; /* 0: no answer yet */
}

static size_t
keys_in(struct fixture *f, struct fake_section *vault)
{
	size_t n = 0;

	VAULT_OPS->list(vault->self, counted_keys, &n);
	while (!n)
		uv_run(&f->node.loop, UV_RUN_ONCE);
	return n - 1;
}

static void
noted(void *arg, int rc, const struct pst_store_item *item)
{
	*(int *)arg = rc;
}

/* Where it says it is, it is, and can do its work; who it is has not changed. */
static bool
whole(struct fixture *f, const struct pst_identifier *id)
{
	const struct pst_identity *self = f->identity.self;
	struct pst_vault_call call = { 0 };
	struct pst_signature signature = { self->history->key.kind, { 0 } };
	struct fake_section *vault = strcmp(self->vault.name, "other") ? &f->vault : &f->other;
	int note = 1;

	memcpy(call.handle, self->handle, sizeof call.handle);
	assert_int_equal(fake_ask(vault, sign, &call), PST_OK);
	memcpy(signature.bytes, call.result, sizeof signature.bytes);
	assert_true(pst_signature_verify(&signature, &self->history->key, call.message));
	assert_int_equal(pst_attestation_verify(&self->channel.attestation, self->history,
			     self->channel.attestation.created_at, NULL),
	    PST_OK);
	assert_true(pst_identifier_equal(id, pst_identity_identifier(self)));
	STORE_OPS->get(f->store.self, "move/default", noted, &note);
	while (note == 1)
		uv_run(&f->node.loop, UV_RUN_ONCE);
	assert_int_equal(note, -ENOENT);
	return true;
}

static void
a_move_that_is_cut_off_anywhere_is_finished_or_taken_back(void **state)
{
	struct fixture *f = *state;
	struct pst_identifier id;
	bool there = false, done = false;
	unsigned lost = 0, moved = 0, n;

	identity_open(f);
	id = *pst_identity_identifier(f->identity.self);
	for (n = 1; !done; n++) {
		const struct pst_identity *self;

		assert_true(n < 40);
		done = move(f, there ? "default" : "other", n) == PST_OK;
		lost += cut.made_last; /* nobody has learned of that key */
		if (!done || cut.asked >= n) {
			done = false;
			assert_true(f->identity.closed);
			identity_open(f);
		}
		assert_true(whole(f, &id));
		/* one that signs and one for channels, and no other */
		assert_int_equal(keys_in(f, &f->vault) + keys_in(f, &f->other), 2 + lost);
		self = f->identity.self;
		moved += there != !strcmp(self->vault.name, "other");
		there = !strcmp(self->vault.name, "other");
	}
	assert_true(n > 8);
	assert_true(moved > 2);
	assert_int_equal(lost, 1);
	fake_close(&f->identity);
}

static void
a_move_that_is_refused_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct pst_identifier id;

	identity_open(f);
	id = *pst_identity_identifier(f->identity.self);
	assert_int_equal(move(f, "default", 0), -EEXIST);
	assert_int_equal(move(f, "nowhere", 0), PST_E_CONF);
	assert_int_equal(move(f, NULL, 0), -EINVAL);
	assert_true(whole(f, &id));
	assert_int_equal(keys_in(f, &f->vault), 2);
	/* and what uses which vault is known to reloads */
	assert_false(f->identity.hooks->uses(f->identity.self, "vault", "other"));
	assert_int_equal(move(f, "other", 0), PST_OK);
	assert_true(f->identity.hooks->uses(f->identity.self, "vault", "other"));
	assert_false(f->identity.hooks->uses(f->identity.self, "store", "other"));
	fake_close(&f->identity);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(a_move_that_is_cut_off_anywhere_is_finished_or_taken_back),
		test(a_move_that_is_refused_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
