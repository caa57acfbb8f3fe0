/*
 * How an identity section opens: one step after the other, each ending in a
 * call of a vault or the store, whose answer begins the next.
 *
 *     peers    what is known of others
 *     identity record -> the vault still has its key
 *              none   -> unless there was one (identity_note.c, or keys in the vault): make a key, sign the first change, record it
 *     move     what one that was cut off has left is removed (move.c)
 *     channel  its key (purpose.c)
 *     credentials that others issued of us (shown.c)
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "trust/opening.h"

/* trust.md 2.2: 10 years of 365 days, in seconds. */
#define IDENTITY_LIFE_S 315360000
/* November 2023: a clock before it was never set, and an identity made by it
 * would be worthless to everybody else. */
#define CLOCK_MIN_S 1700000000

/* So often is looked whether the channel key is to be attested anew. */
#define RENEWAL_LOOK_MS (60 * 60 * 1000)

/* ---- the last step, and what is done from then on ---- */

static void renewal_look(struct pst_timer *timer);

static void
renewed(struct pst_identity *self, int rc)
{
	if (!rc)
		rc = pst_shown_build(self);
	else
		pst_error(pst_section_log(self->env), "the channel key is not attested anew",
		    PST_STR("reason", self->channel.err.text), PST_RC(rc));
	if (!rc)
		pst_info(pst_section_log(self->env), "channel key attested anew");
	pst_timer_start(pst_section_env(self->env), &self->renewal, RENEWAL_LOOK_MS, renewal_look);
}

static void
renewal_look(struct pst_timer *timer)
{
	struct pst_identity *self = pst_container_of(timer, struct pst_identity, renewal);

	if (!self->channel.busy && pst_purpose_key_due(&self->channel))
		pst_purpose_key_renew(&self->channel, renewed);
	else
		pst_timer_start(pst_section_env(self->env), timer, RENEWAL_LOOK_MS, renewal_look);
}

static void
credentials_loaded(struct pst_identity *self, int rc)
{
	if (rc) {
		pst_opening_fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
		return;
	}
	rc = pst_shown_build(self);
	if (rc == PST_E_LIMIT) {
		pst_opening_fail(self, rc, "the history is too long to be shown");
		return;
	}
	if (rc) {
		pst_opening_fail(self, rc, "out of memory");
		return;
	}
	pst_identity_note(self);
	pst_timer_start(pst_section_env(self->env), &self->renewal, 0, renewal_look);
	pst_section_up(self->env);
}

static void
channel_ready(struct pst_identity *self, int rc)
{
	if (rc)
		pst_opening_fail(self, rc, "%s", self->channel.err.text);
	else
		pst_shown_load(self, credentials_loaded);
}

static void
channel_open(struct pst_identity *self)
{
	pst_purpose_key_open(&self->channel, channel_ready);
}

/* ---- the identity itself ---- */

static void
identity_committed(void *arg, int rc)
{
	struct pst_identity *self = arg;
	char text[PST_IDENTIFIER_TEXT];

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "store %s: the identity cannot be recorded: %s",
		    self->conf->store, pst_strerror(rc));
		return;
	}
	pst_opening_orphan(self, NULL, NULL);
	pst_identifier_format(text, pst_history_identifier(self->history));
	pst_info(pst_section_log(self->env), "identity made", PST_STR("identifier", text));
	pst_purpose_key_open(&self->channel, channel_ready);
}

static void
identity_signed(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_identity_opening *opening = &self->opening;
	uint8_t bytes[PST_HISTORY_FIRST_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_signature signature = { opening->kind, { 0 } };
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op expect = { PST_STORE_EXPECT_ABSENT, { key, NULL, 0 } };
	struct pst_reader r;

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "vault %s cannot sign with its new key: %s",
		    self->vault.name, pst_strerror(rc));
		return;
	}
	memcpy(signature.bytes, call->result, sizeof signature.bytes);
	pst_history_write_first(&w, opening->data, opening->data_len, &signature);
	/* read as everybody will, before it is recorded */
	r = pst_reader(bytes, pst_writer_len(&w));
	rc = pst_history_read(&self->history, &r, &opening->err);
	if (rc) {
		pst_opening_fail(self, rc, "vault %s signs wrongly: a new identity does not verify",
		    self->vault.name);
		return;
	}
	pst_opening_key(key, "identity", self, "");
	pst_opening_commit(self, expect, self->history->bytes, self->history->len, self->handle,
	    identity_committed);
}

static void identity_key_make(struct pst_identity *self, enum pst_key_kind kind);

static void
identity_made(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_writer w = pst_writer(self->opening.data, sizeof self->opening.data);
	uint64_t now = pst_clock_now();

	if (!pst_identity_answered(self))
		return;
	if (rc == -ENOTSUP && self->opening.kind == PST_KEY_ED25519 &&
	    self->conf->key == PST_IDENTITY_KEY_ANY) {
		identity_key_make(self, PST_KEY_P256);
		return;
	}
	if (rc) {
		pst_opening_fail(self, rc, "vault %s cannot make an identity key (%s): %s",
		    self->vault.name, self->opening.kind == PST_KEY_P256 ? "P-256" : "Ed25519",
		    pst_strerror(rc));
		return;
	}
	pst_opening_orphan(self, &self->vault, call->handle);
	memcpy(self->handle, call->handle, sizeof self->handle);
	pst_change_write_data(&w, &call->key, now, now + IDENTITY_LIFE_S);
	self->opening.data_len = pst_writer_len(&w);

	call = pst_opening_call(self);
	memcpy(call->handle, self->handle, sizeof call->handle);
	crypto_hash_sha256(call->message, self->opening.data, self->opening.data_len);
	pst_opening_ask(self, &self->vault, self->vault.ops->sign, identity_signed);
}

static void
identity_key_make(struct pst_identity *self, enum pst_key_kind kind)
{
	self->opening.kind = kind;
	pst_opening_call(self)->key.kind = kind;
	pst_opening_ask(self, &self->vault, self->vault.ops->make, identity_made);
}

static void
identity_make(struct pst_identity *self)
{
	if (pst_clock_now() < CLOCK_MIN_S) {
		pst_opening_fail(self, -EINVAL,
		    "no identity is made while the clock is not set: others would refuse it");
		return;
	}
	identity_key_make(self,
	    self->conf->key == PST_IDENTITY_KEY_P256 ? PST_KEY_P256 : PST_KEY_ED25519);
}

/*
 * There was an identity of that name. Where its vault has keys, the store has lost it: others know us by what
 * was there, which is better brought back. Where it has none, vault and store are other ones than they were.
 */
static void
identity_missed(void *arg, int rc, const struct pst_vault_key *keys, size_t count)
{
	struct pst_identity *self = arg;
	struct pst_identifier was;
	char text[PST_IDENTIFIER_TEXT] = "somebody else";

	(void)keys;
	if (!pst_identity_answered(self))
		return;
	if (pst_identity_noted(self, &was))
		pst_identifier_format(text, &was);
	if (rc) {
		pst_opening_fail(self, rc, "vault %s: %s", self->vault.name, pst_strerror(rc));
	} else if (count) {
		pst_opening_fail(self, -ENOENT, "store %s does not have this identity, which was %s: bring the store "
		    "back from a copy (usually state.db); or, to become somebody else, empty %s/identity-%s",
		    self->conf->store, text, pst_section_state_dir(self->env), pst_section_name(self->env));
	} else {
		pst_warn(pst_section_log(self->env), "neither store nor vault has this identity: a new one is made",
		    PST_STR("was", text));
		identity_make(self);
	}
}

static void
identities_got(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct pst_identity *self = arg;

	(void)items;
	if (!pst_identity_answered(self))
		return;
	if (rc)
		pst_opening_fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
	else if (count)
		identity_make(self);
	else
		pst_opening_fail(self, -ENOENT, "vault %s has keys of an identity, and store %s has none: bring its store, "
		    "too (usually state.db); or, to become somebody else, make an empty file %s/identity-%s",
		    self->vault.name, self->conf->store, pst_section_state_dir(self->env),
		    pst_section_name(self->env));
}

/*
 * Nothing says that there was an identity of that name, unless its vault does, which somebody has copied alone. A key for
 * channels is made when an identity has been recorded; one that is not, after a crash, has left a key that signs.
 */
static void
keys_got(void *arg, int rc, const struct pst_vault_key *keys, size_t count)
{
	struct pst_identity *self = arg;
	size_t i = 0;

	if (!pst_identity_answered(self))
		return;
	while (i < count && keys[i].key.kind != PST_KEY_X25519)
		i++;
	if (rc) {
		pst_opening_fail(self, rc, "vault %s: %s", self->vault.name, pst_strerror(rc));
	} else if (i == count || pst_identity_note_is_there(self)) {
		identity_make(self);
	} else {
		self->pending++;
		self->store_ops->list(self->store, "identity/", identities_got, self);
	}
}

static void
identity_found(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	const struct pst_public_key *key = &self->history->key;

	if (!pst_identity_answered(self))
		return;
	if (!rc && (call->key.kind != key->kind || call->key.len != key->len ||
		       memcmp(call->key.bytes, key->bytes, key->len)))
		rc = -ENOENT;
	if (rc == -ENOENT)
		pst_opening_fail(self, rc, "vault %s does not have the key of this identity (%s); "
		    "`postern vault move` brings it there", self->vault.name, self->handle);
	else if (rc)
		pst_opening_fail(self, rc, "vault %s: %s", self->vault.name, pst_strerror(rc));
	else
		pst_move_recover(self, channel_open);
}

static void
identity_got(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_identity *self = arg;
	struct pst_err err = PST_ERR_INIT;
	struct pst_identifier was;
	struct pst_reader r;

	if (!pst_identity_answered(self))
		return;
	if (rc == -ENOENT) {
		self->pending++;
		self->vault.ops->list(self->vault.self, pst_identity_noted(self, &was) ? identity_missed : keys_got, self);
		return;
	}
	if (rc) {
		pst_opening_fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
		return;
	}
	rc = pst_identity_record_read(item, &r, self->handle, self->moved_to);
	if (!rc)
		rc = pst_history_read(&self->history, &r, &err);
	if (rc) {
		/* never made anew: others know us by what was there */
		pst_opening_fail(self, rc, "store %s: the record of the identity is damaged: %s",
		    self->conf->store, err.text[0] ? err.text : pst_strerror(rc));
		return;
	}
	if (*self->moved_to &&
	    pst_identity_vault_get(&self->vault, self->env, self->moved_to, &err)) {
		pst_opening_fail(self, PST_E_CONF, "its key was moved to vault %s, which is not open",
		    self->moved_to);
		return;
	}
	memcpy(pst_opening_call(self)->handle, self->handle, PST_HANDLE_TEXT);
	pst_opening_ask(self, &self->vault, self->vault.ops->public_key, identity_found);
}

/* ---- what is known of others ---- */

static void
peer_load(struct pst_identity *self, const struct pst_store_item *item)
{
	struct pst_reader r = pst_reader(item->value, item->len);
	char text[PST_IDENTIFIER_TEXT];
	struct pst_history *history;
	int rc = pst_history_read(&history, &r, NULL);

	if (!rc) {
		const char *name = strrchr(item->key, '/');

		pst_identifier_format(text, pst_history_identifier(history));
		rc = name && !strcmp(name + 1, text) ? pst_peers_load(self->peers, history) :
						       -EBADMSG;
	}
	if (rc)
		pst_warn(pst_section_log(self->env), "the record of a peer is not used",
		    PST_STR("key", item->key), PST_RC(rc));
	pst_history_unref(&history);
}

static void
peers_got(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct pst_identity *self = arg;
	char key[PST_STORE_KEY_MAX];

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
		return;
	}
	for (size_t i = 0; i < count; i++)
		peer_load(self, &items[i]);
	pst_opening_key(key, "identity", self, "");
	pst_opening_get(self, key, identity_got);
}

void
pst_identity_open_begin(struct pst_identity *self)
{
	char key[PST_STORE_KEY_MAX];

	snprintf(key, sizeof key, "peer/%s/", pst_section_name(self->env));
	self->pending++;
	self->store_ops->list(self->store, key, peers_got, self);
}
