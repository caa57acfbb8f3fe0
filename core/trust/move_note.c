/* What a move has left to do: its note, the keys that nothing refers to, the answer. */
#include <errno.h>
#include <stdio.h>

#include "trust/opening.h"

/* ---- questions ---- */

struct pst_vault_call *
pst_move_call(struct pst_identity *self, const char *handle)
{
	struct pst_vault_call *call = &self->move.call;

	memset(call, 0, sizeof *call);
	snprintf(call->handle, sizeof call->handle, "%s", handle);
	return call;
}

void
pst_move_ask(struct pst_identity *self, const struct pst_identity_vault *vault,
    void (*op)(void *vault, struct pst_vault_call *call),
    void (*next)(struct pst_vault_call *call, int rc))
{
	self->move.call.fn = next;
	self->move.call.arg = self;
	self->pending++;
	op(vault->self, &self->move.call);
}

void
pst_move_commit(struct pst_identity *self, const struct pst_store_op *ops, size_t count,
    void (*next)(void *arg, int rc))
{
	self->pending++;
	self->store_ops->commit(self->store, ops, count, next, self);
}

/* ---- the note ---- */

static void
note_write(struct pst_writer *w, const struct pst_move_note *note)
{
	const char *const texts[] = { note->from, note->from_handle, note->to, note->to_handle,
		note->credential_handle };

	pst_cbor_write_array(w, 5);
	for (size_t i = 0; i < 5; i++)
		pst_cbor_write_text(w, texts[i], strlen(texts[i]));
}

void
pst_move_note(struct pst_identity *self, void (*next)(void *arg, int rc))
{
	uint8_t bytes[sizeof self->move.note + 32];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op put = { PST_STORE_PUT, { key, bytes, 0 } };

	note_write(&w, &self->move.note);
	pst_opening_key(key, "move", self, "");
	put.item.len = pst_writer_len(&w);
	pst_move_commit(self, &put, 1, next);
}

static int
note_read(struct pst_move_note *note, const struct pst_store_item *item)
{
	struct pst_reader r = pst_reader(item->value, item->len);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	pst_record_need(&r, &fields);
	pst_record_text(&r, note->from, sizeof note->from);
	pst_record_need(&r, &fields);
	pst_record_text(&r, note->from_handle, sizeof note->from_handle);
	pst_record_need(&r, &fields);
	pst_record_text(&r, note->to, sizeof note->to);
	pst_record_need(&r, &fields);
	pst_record_text(&r, note->to_handle, sizeof note->to_handle);
	pst_record_need(&r, &fields);
	pst_record_text(&r, note->credential_handle, sizeof note->credential_handle);
	return r.status;
}

/* ---- the end ---- */

void
pst_move_finish(struct pst_identity *self)
{
	struct pst_move *move = &self->move;
	void (*recovered)(struct pst_identity *self) = move->recovered;

	pst_history_unref(&move->history);
	move->recovered = NULL;
	if (recovered) {
		recovered(self);
		return;
	}
	move->busy = self->channel.busy = self->credential.busy = false;
	pst_issuing_go_on(self);
	if (!move->err.rc)
		pst_status_put(pst_ask_answer(move->ask), PST_FIELDS(PST_STR("vault", self->vault.name),
		    PST_STR("key", move->kind == PST_KEY_P256 ? "p256" : "ed25519")));
	pst_ask_done(&move->ask, move->err.rc, move->err.rc ? move->err.text : NULL);
}

static void
note_gone(void *arg, int rc)
{
	struct pst_identity *self = arg;

	if (rc)
		pst_warn(pst_section_log(self->env), "the note of a move stays in the store", PST_RC(rc));
	if (pst_identity_answered(self))
		pst_move_finish(self);
}

static void
note_off(struct pst_identity *self)
{
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op off = { PST_STORE_DELETE, { key, NULL, 0 } };

	pst_opening_key(key, "move", self, "");
	pst_move_commit(self, &off, 1, note_gone);
}

static void remove_next(struct pst_identity *self);

static void
removed(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;

	if (rc && rc != -ENOENT) {
		self->move.left = true;
		pst_warn(pst_section_log(self->env), "a key without use stays in the vault for now", PST_STR("vault", self->move.gone.name), PST_RC(rc));
	}
	if (pst_identity_answered(self))
		remove_next(self);
}

/* What nothing refers to goes; then the note, unless it is still needed. */
static void
remove_next(struct pst_identity *self)
{
	struct pst_move *move = &self->move;
	const char *handle = move->remove[move->removed];

	if (handle) {
		move->removed++;
		pst_move_call(self, handle);
		pst_move_ask(self, &move->gone, move->gone.ops->remove, removed);
	} else if (move->left) {
		pst_move_finish(self);
	} else {
		note_off(self);
	}
}

void
pst_move_drop(struct pst_identity *self, bool committed)
{
	struct pst_move *move = &self->move;
	const char *vault = committed ? move->note.from : move->note.to;
	struct pst_err err = PST_ERR_INIT;
	size_t count = 0;

	move->removed = 0;
	move->left = false;
	move->remove[count++] = committed ? move->note.from_handle : move->note.to_handle;
	if (committed && *move->note.credential_handle)
		move->remove[count++] = move->note.credential_handle;
	move->remove[count] = NULL;
	if (pst_identity_vault_get(&move->gone, self->env, vault, &err)) {
		pst_warn(pst_section_log(self->env), "a key without use stays in a vault that is not open",
		    PST_STR("vault", vault));
		move->left = true;
		pst_move_finish(self);
		return;
	}
	remove_next(self);
}

/* ---- after a death ---- */

static void
note_got(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_identity *self = arg;

	if (!pst_identity_answered(self))
		return;
	if (!rc)
		rc = note_read(&self->move.note, item);
	if (rc) {
		if (rc != -ENOENT)
			pst_warn(pst_section_log(self->env), "the note of a move is not used", PST_RC(rc));
		pst_move_finish(self);
		return;
	}
	pst_info(pst_section_log(self->env), "a move was cut off; what it left is removed");
	pst_move_drop(self, !strcmp(self->handle, self->move.note.to_handle));
}

void
pst_move_recover(struct pst_identity *self, void (*next)(struct pst_identity *self))
{
	char key[PST_STORE_KEY_MAX];

	self->move.recovered = next;
	self->move.left = false;
	pst_opening_key(key, "move", self, "");
	pst_opening_get(self, key, note_got);
}
