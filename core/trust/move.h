/*
 * An identity moves from one vault to another (trust.md 2.2): a new key there,
 * a change of its history that both keys sign, the key of its channels
 * attested anew; all of it committed in one batch. Its identifier stays, and
 * who knows the older history takes the newer one. Then the old vault forgets
 * the old key, and that which signed credentials, if there was one.
 *
 *     make -> note -> sign twice -> attest -> commit -> remove -> note off
 *
 * The note, move/NAME in the store, is [vault, handle] of both keys and the
 * handle of the credential key: [from, its handle, to, its handle, handle or
 * ""]. Whoever is killed meanwhile finds it when the identity opens again, and
 * what nothing refers to is removed: before the commit the new key, after it
 * the old ones. Only a key that was made and not yet noted stays, unused.
 */
#ifndef PST_TRUST_MOVE_H
#define PST_TRUST_MOVE_H

#include <postern/module.h>
#include <postern/store.h>
#include <postern/vault.h>

#include "conf/conf.h"
#include "trust/history.h"

struct pst_identity;

struct pst_identity_vault {
	const char *name;
	void *self;
	const struct pst_vault_ops *ops;
};

struct pst_move_note {
	char from[PST_CONF_WORD_MAX + 1], to[PST_CONF_WORD_MAX + 1];
	char from_handle[PST_HANDLE_TEXT], to_handle[PST_HANDLE_TEXT];
	char credential_handle[PST_HANDLE_TEXT]; /* in `from`; empty: none */
};

struct pst_move {
	bool busy;
	struct pst_ask *ask; /* who is told */
	void (*recovered)(struct pst_identity *self); /* goes on once what an earlier one left is gone */
	struct pst_move_note note;
	struct pst_identity_vault to;
	struct pst_vault_call call;
	enum pst_key_kind kind; /* of the key that is made */
	struct pst_history *history; /* the longer one */
	uint8_t data[PST_CHANGE_DATA_MAX]; /* of its last change */
	size_t data_len;
	struct pst_signature signature; /* by the new key */
	struct pst_err err; /* why it failed */
	struct pst_identity_vault gone; /* the vault that forgets */
	const char *remove[3]; /* what, ended by NULL */
	size_t removed;
	bool left; /* something could not be removed: the note stays */
};

/* Move to the vault `--to`; the ask is answered once that is done, or cannot be. Takes the ask. */
void pst_move_begin(struct pst_identity *self, struct pst_ask **ask);
/* The identity opens: finish what was under way, then next(), unless it closes. */
void pst_move_recover(struct pst_identity *self, void (*next)(struct pst_identity *self));
/* The identity has closed: who still waits is told. */
void pst_move_fini(struct pst_identity *self);

/* ---- move_note.c, for move.c ---- */

/* A cleared call, to be filled for the next question. */
struct pst_vault_call *pst_move_call(struct pst_identity *self, const char *handle);
void pst_move_ask(struct pst_identity *self, const struct pst_identity_vault *vault,
    void (*op)(void *vault, struct pst_vault_call *call),
    void (*next)(struct pst_vault_call *call, int rc));
void pst_move_commit(struct pst_identity *self, const struct pst_store_op *ops, size_t count,
    void (*next)(void *arg, int rc));
/* Put the note into the store. */
void pst_move_note(struct pst_identity *self, void (*next)(void *arg, int rc));
/* Remove the keys of the note that are not in use: the new one, or the old ones; then finish. */
void pst_move_drop(struct pst_identity *self, bool committed);
/* Tell whoever waits, by move.err. */
void pst_move_finish(struct pst_identity *self);

#endif
