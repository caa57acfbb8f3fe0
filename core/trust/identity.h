/*
 * The inside of an identity: what opening.c and its steps make and identity.c uses.
 *
 * In the store, NAME being the section's:
 *   identity/NAME         [history bytes, handle text] of the vault's key
 *   purpose/NAME/…        the keys for channels and credentials (purpose.h)
 *   peer/NAME/I…          the history of a peer that something names
 *   credential/NAME/I…    what an issuer says of us (shown.h)
 */
#ifndef PST_TRUST_IDENTITY_H
#define PST_TRUST_IDENTITY_H

#include <postern/identity.h>
#include <postern/store.h>
#include <postern/vault.h>

#include "trust/attestation.h"
#include "trust/history.h"
#include "trust/issue.h"
#include "trust/peers.h"
#include "trust/purpose.h"
#include "trust/shown.h"

/* So that every key of the store fits. */
#define PST_IDENTITY_NAME_MAX 128

struct pst_identity_conf {
	const char *vault;
	const char *channel_vault; /* NULL or empty: as vault */
	const char *store;
};

struct pst_identity_vault {
	const char *name;
	void *self;
	const struct pst_vault_ops *ops;
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
};

/* What is known of an identity by this authority, valid now; NULL: nothing. */
const struct pst_attributes *pst_identity_attributes(const struct pst_identity *self,
    const struct pst_identifier *id, const struct pst_identifier *authority);

/* Begin; ends with pst_section_up or _down. */
void pst_identity_open_begin(struct pst_identity *self);
/* An answer has come: false when the section closes and self may be gone. */
bool pst_identity_answered(struct pst_identity *self);

#endif
