#include "trust/move.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/opening.h"

/* trust.md 2.2: 10 years of 365 days, in seconds. */
#define LIFE_S 315360000

static void PST_PRINTF(3, 4)
fail(struct pst_identity *self, int rc, const char *fmt, ...)
{
	va_list args;

	self->move.err.rc = rc;
	va_start(args, fmt);
	vsnprintf(self->move.err.text, sizeof self->move.err.text, fmt, args);
	va_end(args);
	if (*self->move.note.to_handle)
		pst_move_drop(self, false);
	else
		pst_move_finish(self);
}

/* ---- committed ---- */

/* From here on it is another key's; what is shown, too. */
static void
take(struct pst_identity *self)
{
	struct pst_move *move = &self->move;
	struct pst_history *known;
	char text[PST_IDENTIFIER_TEXT];

	self->former[self->formers++] = self->history; /* others point into it */
	self->history = move->history;
	move->history = NULL;
	memcpy(self->handle, move->note.to_handle, sizeof self->handle);
	memcpy(self->moved_to, move->note.to, sizeof self->moved_to);
	self->vault = move->to;
	self->vault.name = self->moved_to;
	/* where we are an issuer that we accept, it is this key's credentials that count */
	if (pst_peers_compare(self->peers, &known, self->history, NULL))
		pst_warn(pst_section_log(self->env), "what is known of ourselves is no older history of ours");
	pst_purpose_key_take(&self->channel);
	free(self->credential.record);
	self->credential.record = NULL;
	self->credential.handle[0] = '\0';
	self->credential.len = 0;
	if (pst_shown_publish(self))
		pst_error(pst_section_log(self->env), "no memory to show the new key; it is shown when "
		    "the identity is opened again");
	pst_identifier_format(text, pst_history_identifier(self->history));
	pst_info(pst_section_log(self->env), "identity moved", PST_STR("identifier", text),
	    PST_STR("vault", self->vault.name));
	pst_move_drop(self, true);
}

/* A store that failed may have done it all the same: what does it have? */
static void
doubted(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_identity *self = arg;
	char handle[PST_HANDLE_TEXT], vault[PST_CONF_WORD_MAX + 1];
	struct pst_reader r;

	if (!pst_identity_answered(self))
		return;
	if (!rc)
		rc = pst_identity_record_read(item, &r, handle, vault);
	if (rc) {
		pst_fail(&self->move.err, rc, "store %s: %s; whether the identity has moved shows when it "
		    "is opened again", self->conf->store, pst_strerror(rc));
		pst_move_finish(self);
	} else if (!strcmp(handle, self->move.note.to_handle)) {
		self->move.err = (struct pst_err)PST_ERR_INIT;
		take(self);
	} else {
		pst_move_drop(self, false);
	}
}

static void
committed(void *arg, int rc)
{
	struct pst_identity *self = arg;
	char key[PST_STORE_KEY_MAX];

	if (!pst_identity_answered(self))
		return;
	if (!rc) {
		take(self);
		return;
	}
	pst_fail(&self->move.err, rc, "store %s: the move cannot be recorded: %s", self->conf->store,
	    pst_strerror(rc));
	pst_opening_key(key, "identity", self, "");
	pst_opening_get(self, key, doubted);
}

/* One batch: all of it, if all is still as we know it. */
static void
record(struct pst_identity *self)
{
	struct pst_move *move = &self->move;
	size_t room = PST_IDENTITY_RECORD_MAX(move->history->len);
	uint8_t *bytes = malloc(2 * room);
	struct pst_writer was = pst_writer(bytes, bytes ? room : 0), will = { 0 };
	char identity[PST_STORE_KEY_MAX], channel[PST_STORE_KEY_MAX], credential[PST_STORE_KEY_MAX];
	struct pst_store_op ops[3 + PST_PURPOSE_OPS];

	if (!bytes || pst_purpose_key_put(&self->channel, channel, ops + 3)) {
		free(bytes);
		fail(self, -ENOMEM, "out of memory");
		return;
	}
	will = pst_writer(bytes + room, room);
	pst_identity_record_write(&was, self->history, self->handle, self->moved_to);
	pst_identity_record_write(&will, move->history, move->note.to_handle, move->note.to);
	pst_opening_key(identity, "identity", self, "");
	pst_purpose_key_name(&self->credential, credential);
	ops[0] = (struct pst_store_op){ PST_STORE_EXPECT, { identity, bytes, pst_writer_len(&was) } };
	ops[1] = (struct pst_store_op){ PST_STORE_PUT,
		{ identity, bytes + room, pst_writer_len(&will) } };
	ops[2] = (struct pst_store_op){ PST_STORE_DELETE, { credential, NULL, 0 } };
	pst_move_commit(self, ops, sizeof ops / sizeof *ops, committed);
	free(bytes);
}

/* ---- before ---- */

static void
attested(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_attestation *next = &self->channel.next;

	if (!pst_identity_answered(self))
		return;
	if (!rc) {
		next->signature.kind = self->move.history->key.kind;
		memcpy(next->signature.bytes, call->result, sizeof next->signature.bytes);
		rc = pst_attestation_verify(next, self->move.history, next->created_at, NULL);
	}
	if (rc)
		fail(self, rc, "vault %s cannot sign for the channel key: %s", self->move.to.name,
		    pst_strerror(rc));
	else
		record(self);
}

/* The longer history, read as everybody will. */
static int
history_make(struct pst_identity *self, const struct pst_signature *previous)
{
	struct pst_move *move = &self->move;
	size_t room = self->history->len + PST_CHANGE_MAX;
	uint8_t *bytes = malloc(room);
	struct pst_writer w = pst_writer(bytes, room);
	struct pst_reader r;
	int rc;

	if (!bytes)
		return -ENOMEM;
	pst_history_write_next(&w, self->history, move->data, move->data_len, &move->signature,
	    previous);
	r = pst_reader(bytes, pst_writer_len(&w));
	rc = w.status ? w.status : pst_history_read(&move->history, &r, NULL);
	free(bytes);
	return rc;
}

static void
signed_by_old(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_signature previous = { self->history->key.kind, { 0 } };

	if (!pst_identity_answered(self))
		return;
	memcpy(previous.bytes, call->result, sizeof previous.bytes);
	if (!rc)
		rc = history_make(self, &previous);
	if (rc) {
		fail(self, rc, "vault %s cannot sign the change: %s", self->vault.name, pst_strerror(rc));
		return;
	}
	pst_purpose_key_same(&self->channel);
	pst_purpose_key_prepare(&self->channel, self->move.history);
	call = pst_move_call(self, self->move.note.to_handle);
	memcpy(call->message, self->channel.next.hash, sizeof call->message);
	pst_move_ask(self, &self->move.to, self->move.to.ops->sign, attested);
}

static void
change_sign(struct pst_identity *self, const struct pst_identity_vault *vault, const char *handle,
    void (*next)(struct pst_vault_call *call, int rc))
{
	struct pst_vault_call *call = pst_move_call(self, handle);

	crypto_hash_sha256(call->message, self->move.data, self->move.data_len);
	pst_move_ask(self, vault, vault->ops->sign, next);
}

static void
signed_by_new(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_signature *signature = &self->move.signature;

	if (!pst_identity_answered(self))
		return;
	if (rc) {
		fail(self, rc, "vault %s cannot sign with its new key: %s", self->move.to.name,
		    pst_strerror(rc));
		return;
	}
	signature->kind = self->move.kind;
	memcpy(signature->bytes, call->result, sizeof signature->bytes);
	change_sign(self, &self->vault, self->handle, signed_by_old);
}

static void
noted(void *arg, int rc)
{
	struct pst_identity *self = arg;

	if (!pst_identity_answered(self))
		return;
	if (rc)
		fail(self, rc, "store %s: the move cannot be noted: %s", self->conf->store,
		    pst_strerror(rc));
	else
		change_sign(self, &self->move.to, self->move.note.to_handle, signed_by_new);
}

static void key_make(struct pst_identity *self, enum pst_key_kind kind);

static void
made(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;
	struct pst_move *move = &self->move;
	struct pst_writer w = pst_writer(move->data, sizeof move->data);
	uint64_t now = pst_clock_now();

	if (!pst_identity_answered(self))
		return;
	if (rc == -ENOTSUP && move->kind == PST_KEY_ED25519 &&
	    self->conf->key == PST_IDENTITY_KEY_ANY) {
		key_make(self, PST_KEY_P256);
		return;
	}
	if (rc) {
		fail(self, rc, "vault %s cannot make an identity key: %s", move->to.name, pst_strerror(rc));
		return;
	}
	if (now < self->history->valid_from)
		now = self->history->valid_from;
	pst_change_write_next(&w, self->history, &call->key, now, now + LIFE_S);
	move->data_len = pst_writer_len(&w);
	memcpy(move->note.to_handle, call->handle, sizeof move->note.to_handle);
	pst_move_note(self, noted);
}

static void
key_make(struct pst_identity *self, enum pst_key_kind kind)
{
	self->move.kind = kind;
	pst_move_call(self, "")->key.kind = kind;
	pst_move_ask(self, &self->move.to, self->move.to.ops->make, made);
}

/* The key that signs credentials goes with the old one, if there is one. */
static void
credential_got(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_identity *self = arg;
	struct pst_reader r;

	if (!pst_identity_answered(self))
		return;
	if (!rc && pst_key_record_read(item, &r, self->move.note.credential_handle))
		self->move.note.credential_handle[0] = '\0';
	if (rc && rc != -ENOENT)
		fail(self, rc, "store %s: %s", self->conf->store, pst_strerror(rc));
	else
		key_make(self, self->conf->key == PST_IDENTITY_KEY_P256 ? PST_KEY_P256 : PST_KEY_ED25519);
}

static int
prepare(struct pst_identity *self, const char *to, struct pst_err *err)
{
	struct pst_move *move = &self->move;
	struct pst_history **more = realloc(self->former, (self->formers + 1) * sizeof *more);

	if (!more)
		return pst_fail(err, -ENOMEM, "out of memory");
	self->former = more;
	if (move->left)
		return pst_fail(err, -EBUSY, "vault %s still has a key that is to be removed first",
		    move->gone.name ? move->gone.name : move->note.from);
	memset(&move->note, 0, sizeof move->note);
	snprintf(move->note.from, sizeof move->note.from, "%s", self->vault.name);
	snprintf(move->note.to, sizeof move->note.to, "%s", to);
	memcpy(move->note.from_handle, self->handle, sizeof move->note.from_handle);
	return pst_identity_vault_get(&move->to, self->env, move->note.to, err);
}

/* What an earlier move has left is gone. */
static void
begun(struct pst_identity *self)
{
	struct pst_move *move = &self->move;
	char name[PST_STORE_KEY_MAX];

	move->err = (struct pst_err)PST_ERR_INIT;
	if (prepare(self, pst_ask_value(move->ask, "to"), &move->err)) {
		pst_move_finish(self);
		return;
	}
	pst_purpose_key_name(&self->credential, name);
	pst_opening_get(self, name, credential_got);
}

void
pst_move_begin(struct pst_identity *self, struct pst_ask **ask)
{
	const char *to = pst_ask_value(*ask, "to");
	struct pst_err err = PST_ERR_INIT;

	if (!to || !*to)
		pst_fail(&err, -EINVAL, "want a vault to move to");
	else if (!strcmp(to, self->vault.name))
		pst_fail(&err, -EEXIST, "the identity's key is in vault %s already", to);
	else if (self->move.busy || self->channel.busy || self->credential.busy)
		pst_fail(&err, -EBUSY, "the identity is busy with its keys: ask again");
	if (err.rc) {
		pst_ask_done(ask, err.rc, err.text);
		return;
	}
	self->move.ask = *ask;
	*ask = NULL;
	/* nobody else does anything to these meanwhile */
	self->move.busy = self->channel.busy = self->credential.busy = true;
	pst_move_recover(self, begun);
}

void
pst_move_fini(struct pst_identity *self)
{
	pst_history_unref(&self->move.history);
	if (self->move.ask)
		pst_ask_done(&self->move.ask, PST_E_CLOSED, NULL);
}
