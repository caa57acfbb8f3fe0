/*
 * The key of an identity's channels: found where it was, if its attestation
 * still holds, else made and attested anew, without asking (trust.md 3.1).
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "trust/opening.h"
#include "trust/presentation.h"

/* trust.md 3.1: 5 years of 365 days, in seconds. */
#define PURPOSE_LIFE_S 157680000

static void
ready(struct pst_identity *self)
{
	struct pst_identity_opening *opening = &self->opening;
	size_t room = self->history->len + opening->attestation_len + 4;
	struct pst_writer w;

	if (room > PST_HISTORY_MAX) {
		pst_opening_fail(self, PST_E_LIMIT, "the history is too long to be shown");
		return;
	}
	self->presentation = malloc(room);
	if (!self->presentation) {
		pst_opening_fail(self, -ENOMEM, "out of memory");
		return;
	}
	w = pst_writer(self->presentation, room);
	pst_presentation_write(&w, self->history->bytes, self->history->len,
	    opening->attestation, opening->attestation_len);
	self->presentation_len = pst_writer_len(&w);
	free(opening->old_record);
	opening->old_record = NULL;
	pst_section_up(self->env);
}

/* ---- a new one ---- */

static void
channel_committed(void *arg, int rc)
{
	struct pst_identity *self = arg;

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "store %s: the channel key cannot be recorded: %s",
		    self->conf->store, pst_strerror(rc));
		return;
	}
	/* the new key is in use now; the one before, if any, is not */
	pst_opening_orphan(self, &self->channel_vault,
	    self->opening.old_handle[0] ? self->opening.old_handle : NULL);
	pst_opening_drop(self, ready);
}

static void
channel_signed(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_identity_opening *opening = &self->opening;
	struct pst_writer w = pst_writer(opening->attestation, sizeof opening->attestation);
	struct pst_signature *signature = &self->attestation.signature;
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op expect = {
		PST_STORE_EXPECT, { key, opening->old_record, opening->old_record_len },
	};

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "vault %s cannot sign for the channel key: %s",
		    self->vault.name, pst_strerror(rc));
		return;
	}
	signature->kind = self->history->key.kind;
	memcpy(signature->bytes, call->result, sizeof signature->bytes);
	/* our own check finds an expired identity and a vault that signs wrongly */
	rc = pst_attestation_verify(&self->attestation, self->history,
	    self->attestation.created_at, &opening->err);
	if (rc) {
		pst_opening_fail(self, rc, "the identity cannot vouch for a channel key: "
		    "it has expired, or vault %s signs wrongly", self->vault.name);
		return;
	}
	pst_attestation_write(&w, opening->data, opening->data_len, signature);
	opening->attestation_len = pst_writer_len(&w);
	pst_opening_key(key, "purpose", self, "/channel");
	if (!opening->old_record)
		expect.verb = PST_STORE_EXPECT_ABSENT;
	pst_opening_commit(self, expect, opening->attestation, opening->attestation_len,
	    self->channel_handle, channel_committed);
}

static void
channel_made(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_attestation *attestation = &self->attestation;
	struct pst_writer w = pst_writer(self->opening.data, sizeof self->opening.data);

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		pst_opening_fail(self, rc, "vault %s cannot make a channel key (X25519): %s",
		    self->channel_vault.name, pst_strerror(rc));
		return;
	}
	pst_opening_orphan(self, &self->channel_vault, call->handle);
	memcpy(self->channel_handle, call->handle, sizeof self->channel_handle);
	memset(attestation, 0, sizeof *attestation);
	attestation->subject = *pst_history_identifier(self->history);
	memcpy(attestation->change, pst_history_latest_hash(self->history), PST_HASH_LEN);
	attestation->purpose = PST_PURPOSE_CHANNEL;
	attestation->key = call->key;
	/* never before its identity: a machine without a battery comes up in 1970 */
	attestation->created_at = pst_clock_now();
	if (attestation->created_at < self->history->valid_from)
		attestation->created_at = self->history->valid_from;
	attestation->expires_at = attestation->created_at + PURPOSE_LIFE_S;
	if (attestation->expires_at > self->history->valid_until)
		attestation->expires_at = self->history->valid_until;
	pst_attestation_write_data(&w, attestation);
	self->opening.data_len = pst_writer_len(&w);

	call = pst_opening_call(self);
	memcpy(call->handle, self->handle, sizeof call->handle);
	crypto_hash_sha256(call->message, self->opening.data, self->opening.data_len);
	memcpy(attestation->hash, call->message, sizeof attestation->hash);
	pst_opening_ask(self, &self->vault, self->vault.ops->sign, channel_signed);
}

static void
channel_make(struct pst_identity *self)
{
	pst_opening_call(self)->key.kind = PST_KEY_X25519;
	pst_opening_ask(self, &self->channel_vault, self->channel_vault.ops->make, channel_made);
}

/* ---- the one there was ---- */

static void
channel_found(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	const struct pst_public_key *key = &self->attestation.key;

	if (!pst_identity_answered(self))
		return;
	if (rc && rc != -ENOENT) {
		pst_opening_fail(self, rc, "vault %s: %s", self->channel_vault.name, pst_strerror(rc));
		return;
	}
	if (!rc && call->key.kind == PST_KEY_X25519 && call->key.len == key->len &&
	    !memcmp(call->key.bytes, key->bytes, key->len)) {
		ready(self);
		return;
	}
	/* the vault is another one by now */
	self->opening.old_handle[0] = '\0';
	channel_make(self);
}

/* True when the record holds: only then its key is worth looking for. */
static bool
channel_record_holds(struct pst_identity *self, const struct pst_store_item *item)
{
	struct pst_identity_opening *opening = &self->opening;
	struct pst_attestation *attestation = &self->attestation;
	struct pst_reader r;
	uint64_t now = pst_clock_now();

	if (pst_key_record_read(item, &r, self->channel_handle))
		return false;
	memcpy(opening->old_handle, self->channel_handle, PST_HANDLE_TEXT);
	if (pst_reader_left(&r) > sizeof opening->attestation)
		return false;
	opening->attestation_len = pst_reader_left(&r);
	memcpy(opening->attestation, r.p, opening->attestation_len);
	pst_attestation_read(&r, attestation);
	if (r.status || attestation->purpose != PST_PURPOSE_CHANNEL)
		return false;
	/* our own is not of the future: then the clock is not set yet */
	if (now < attestation->created_at)
		now = attestation->created_at;
	return pst_attestation_verify(attestation, self->history, now, NULL) == PST_OK;
}

static void
channel_got(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_identity *self = arg;
	struct pst_identity_opening *opening = &self->opening;

	if (!pst_identity_answered(self))
		return;
	if (rc && rc != -ENOENT) {
		pst_opening_fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
		return;
	}
	if (rc == -ENOENT) {
		channel_make(self);
		return;
	}
	opening->old_record = malloc(item->len + 1);
	if (!opening->old_record) {
		pst_opening_fail(self, -ENOMEM, "out of memory");
		return;
	}
	memcpy(opening->old_record, item->value, item->len);
	opening->old_record_len = item->len;
	if (!channel_record_holds(self, item)) {
		channel_make(self);
		return;
	}
	memcpy(pst_opening_call(self)->handle, self->channel_handle, PST_HANDLE_TEXT);
	pst_opening_ask(self, &self->channel_vault, self->channel_vault.ops->public_key,
	    channel_found);
}

void
pst_channel_key_begin(struct pst_identity *self)
{
	char key[PST_STORE_KEY_MAX];

	pst_opening_key(key, "purpose", self, "/channel");
	pst_opening_get(self, key, channel_got);
}
