/*
 * What an identity shows: its history, the attestation of its channel key, and
 * what the issuers that it accepts say of it. In the store, under
 * credential/NAME/I<issuer>: CredentialAndPurposeKey.
 *
 * One credential an issuer is known; shown are those whose issuer is accepted,
 * while they are valid and there is room.
 */
#ifndef PST_TRUST_SHOWN_H
#define PST_TRUST_SHOWN_H

#include <postern/credential.h>

#include "trust/attestation.h"

/* What a handshake message 2 has room for (trust.md 8.1). */
#define PST_SHOWN_MAX 65439

struct pst_shown_credential {
	struct pst_shown_credential *next;
	struct pst_identifier issuer;
	uint64_t expires_at;
	bool shown; /* in the presentation as it is */
	size_t len;
	uint8_t bytes[];
};

struct pst_shown {
	struct pst_shown_credential *credentials;
	uint8_t *presentation; /* as it is now; refresh lies behind it */
	size_t presentation_len, refresh_len;
	uint64_t until; /* then it is another: seconds since 1970 */
	uint64_t edition;
	struct pst_identity_watch *watches;
	struct pst_task task; /* tells them */
	void (*loaded)(struct pst_identity *self, int rc);
};

void pst_shown_fini(struct pst_identity *self);
/* Read from the store what others say of us; done() follows unless it closes. */
void pst_shown_load(struct pst_identity *self, void (*done)(struct pst_identity *self, int rc));
/* Make anew what is shown. PST_E_LIMIT when there is no room for the history; -ENOMEM. */
PST_MUST_CHECK int pst_shown_build(struct pst_identity *self);
/* The same, and those who watch are told that there is something new. */
PST_MUST_CHECK int pst_shown_publish(struct pst_identity *self);
/* An issuer is accepted by now: is what it said of us before still so? */
void pst_shown_accepted(struct pst_identity *self, const struct pst_identifier *issuer);

#endif
