/*
 * The inside of an identity: what opening.c and its steps make and identity.c uses.
 *
 * In the store, NAME being the section's:
 *   identity/NAME         [history bytes, handle text] of the vault's key; after a move also the
 *                         vault's name, which counts then, whatever the section says
 *   move/NAME             a move that is under way (move.h)
 *   purpose/NAME/…        the keys for channels and credentials (purpose.h)
 *   peer/NAME/I…          the history of a peer that something names
 *   credential/NAME/I…    what an issuer says of us (shown.h)
 */
#ifndef PST_TRUST_IDENTITY_H
#define PST_TRUST_IDENTITY_H

#include <postern/identity.h>
#include <postern/store.h>
#include <postern/vault.h>

#include "conf/conf.h"
#include "trust/attestation.h"
#include "trust/history.h"
#include "trust/issue.h"
#include "trust/move.h"
#include "trust/peers.h"
#include "trust/purpose.h"
#include "trust/shown.h"

/* So that every key of the store fits. */
#define PST_IDENTITY_NAME_MAX 128

/* What kind of key a new identity gets, as `key` says it. */
enum pst_identity_key_kind {
	PST_IDENTITY_KEY_ANY, /* Ed25519, or P-256 where the vault has not that */
	PST_IDENTITY_KEY_ED25519,
	PST_IDENTITY_KEY_P256,
};

struct pst_identity_conf {
	const char *vault;
	const char *channel_vault; /* NULL or empty: as vault */
	const char *store;
	int key; /* enum pst_identity_key_kind */
};

/* What is under way while the section opens, one step after the other. */
struct pst_identity_opening {
	struct pst_vault_call call;
	struct pst_err err; /* of the step that failed */
	/* A key that nothing refers to, to be removed from its vault: one just
	 * made while it is not recorded, or one that was replaced. */
	struct pst_identity_vault *orphan_vault;
	char orphan[PST_HANDLE_TEXT];
	void (*after_orphan)(struct pst_identity *self);
	enum pst_key_kind kind; /* of the key being made */
	/* bytes being signed */
	uint8_t data[PST_CHANGE_DATA_MAX];
	size_t data_len;
};

struct pst_identity {
	struct pst_section_env *env;
	const struct pst_identity_conf *conf;
	struct pst_identity_vault vault, channel_vault;
	void *store;
	const struct pst_store_ops *store_ops;
	unsigned pending; /* answers we wait for */
	bool closing;
	struct pst_identity_opening opening;

	struct pst_peers *peers;
	unsigned accepts; /* issuers, counted as often as they are accepted */
	struct pst_rate refused; /* credentials of others */
	struct pst_history *history;
	char handle[PST_HANDLE_TEXT];
	struct pst_purpose_key channel, credential;
	struct pst_timer renewal; /* of the channel key's attestation */
	struct pst_shown shown;
	struct pst_issuing issuing;
	struct pst_move move;
	char moved_to[PST_CONF_WORD_MAX + 1]; /* the vault of the record; empty: the section's */
	struct pst_history **former; /* before moves, while others point into them */
	size_t formers;
};

/* What is known of an identity; NULL: nothing. */
const struct pst_standing *pst_identity_standing(const struct pst_identity *self,
    const struct pst_identifier *id);

/* An open vault, by name. */
PST_MUST_CHECK int pst_identity_vault_get(struct pst_identity_vault *out,
    struct pst_section_env *env, const char *name, struct pst_err *err);

/* identity_note.c: keep it beside the store who we are; who we were by that, false: nobody yet. */
void pst_identity_note(const struct pst_identity *self);
bool pst_identity_noted(const struct pst_identity *self, struct pst_identifier *out);
/* Is there such a file? An empty one says: whoever it was, make another. */
bool pst_identity_note_is_there(const struct pst_identity *self);

/* Begin; ends with pst_section_up or _down. */
void pst_identity_open_begin(struct pst_identity *self);
/* An answer has come: false when the section closes and self may be gone. */
bool pst_identity_answered(struct pst_identity *self);

#endif
