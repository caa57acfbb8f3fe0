/*
 * Keys that serve one purpose of an identity: one for its channels, one that
 * signs credentials. Each is found where it was, if its attestation still
 * holds, else made, attested and recorded anew, without asking (trust.md 3.1).
 *
 * In the store, NAME being the section's, under purpose/NAME/channel and
 * purpose/NAME/credential: [attestation bytes, handle text]. Nodes of one
 * identity that share a store, and not a vault, find each other's there, put
 * their own in its place, and go on with what they have.
 *
 * One thing at a time is done to a key; done() ends it. While the identity
 * closes no done() follows.
 */
#ifndef PST_TRUST_PURPOSE_H
#define PST_TRUST_PURPOSE_H

#include <postern/store.h>
#include <postern/vault.h>

#include "trust/attestation.h"

struct pst_identity;
struct pst_identity_vault;

struct pst_purpose_key {
	struct pst_identity *self;
	enum pst_purpose purpose;
	struct pst_identity_vault *vault; /* that holds it */
	char handle[PST_HANDLE_TEXT];
	struct pst_attestation attestation;
	uint8_t bytes[PST_ATTESTATION_MAX]; /* the attestation as it is shown */
	size_t len; /* 0: there is none */
	uint8_t *record; /* what the store has; NULL: nothing */
	size_t record_len;

	/* what is under way; it becomes the above once it is recorded */
	bool busy;
	bool again; /* another node recorded its key meanwhile */
	void (*done)(struct pst_identity *self, int rc);
	struct pst_err err; /* the sentence of a failure */
	struct pst_vault_call call;
	struct pst_attestation next;
	char next_handle[PST_HANDLE_TEXT];
	uint8_t data[PST_ATTESTATION_DATA_MAX];
	size_t data_len;
	uint8_t *next_record;
	size_t next_record_len;
	char unused[PST_HANDLE_TEXT]; /* a key of the vault that is to go */
	int rc;
};

void pst_purpose_key_init(struct pst_purpose_key *key, struct pst_identity *self,
    enum pst_purpose purpose, struct pst_identity_vault *vault);
void pst_purpose_key_fini(struct pst_purpose_key *key);

/* The one that is recorded, or a new one. */
void pst_purpose_key_open(struct pst_purpose_key *key,
    void (*done)(struct pst_identity *self, int rc));
/* A new one in its place; the vault forgets the old one. */
void pst_purpose_key_replace(struct pst_purpose_key *key,
    void (*done)(struct pst_identity *self, int rc));
/* A new attestation of the same one: who is shaking hands by it goes on. */
void pst_purpose_key_renew(struct pst_purpose_key *key,
    void (*done)(struct pst_identity *self, int rc));

/* There is one, and its attestation holds now. */
bool pst_purpose_key_holds(const struct pst_purpose_key *key);
/* Within a day it does not, and a new attestation would last longer. */
bool pst_purpose_key_due(const struct pst_purpose_key *key);

/* ---- the steps of it (purpose_record.c), for who takes them himself (move.c) ---- */

const char *pst_purpose_name(enum pst_purpose purpose);
/* Its key in the store. */
void pst_purpose_key_name(const struct pst_purpose_key *key, char name[PST_STORE_KEY_MAX]);
/* The next attestation is of the same key. */
void pst_purpose_key_same(struct pst_purpose_key *key);
/* Write what is to be signed of next.key, as of the latest change of this history: next.hash. */
void pst_purpose_key_prepare(struct pst_purpose_key *key, const struct pst_history *history);
/* What to commit once next is signed; name and the key outlive ops. -ENOMEM. */
#define PST_PURPOSE_OPS 2
PST_MUST_CHECK int pst_purpose_key_put(struct pst_purpose_key *key, char name[PST_STORE_KEY_MAX],
    struct pst_store_op ops[PST_PURPOSE_OPS]);
/* It is committed: next is in use. */
void pst_purpose_key_take(struct pst_purpose_key *key);
/* True when the record holds: only then its key is worth looking for. */
bool pst_purpose_key_holds_in(struct pst_purpose_key *key, const struct pst_store_item *item);

#endif
