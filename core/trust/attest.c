/* Issuers, and what their credentials make of peers. */
#include <errno.h>

#include "trust/clock.h"
#include "trust/known.h"

/* ---- issuers ---- */

int
pst_peers_accept(struct pst_peers *peers, struct pst_history *history, struct pst_err *err)
{
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(history));

	if (!known) {
		known = pst_known_add(peers, history);
		if (!known)
			return pst_fail(err, -ENOMEM, "out of memory");
	}
	switch (pst_history_compare(history, known->history)) {
	case PST_HISTORY_NEWER:
		pst_known_renew(known, history);
		break;
	case PST_HISTORY_CONFLICT:
		return pst_fail(err, PST_E_AUTH,
		    "the history contradicts the one that is known of this identity");
	case PST_HISTORY_EQUAL:
	case PST_HISTORY_OLDER: /* from an old ticket */
		break;
	}
	pst_known_keep(known);
	known->accepted++;
	return PST_OK;
}

void
pst_peers_unaccept(struct pst_peers *peers, const struct pst_identifier *issuer)
{
	struct pst_known *known = *pst_known_find(peers, issuer);

	if (!known || !known->accepted || --known->accepted)
		return;
	for (size_t i = 0; i < peers->bucket_count; i++)
		for (struct pst_known *peer = peers->bucket[i]; peer; peer = peer->next)
			pst_standing_drop(&peer->standing, issuer);
}

static struct pst_known *
issuer_find(const struct pst_peers *peers, const struct pst_identifier *id)
{
	struct pst_known *known = *pst_known_find(peers, id);

	return known && known->accepted ? known : NULL;
}

bool
pst_peers_accepts(const struct pst_peers *peers, const struct pst_identifier *issuer)
{
	return issuer_find(peers, issuer);
}

/* ---- their credentials ---- */

int
pst_peers_check(struct pst_peers *peers, const struct pst_credential *credential,
    const struct pst_identifier *subject, uint64_t now, struct pst_err *err)
{
	const struct pst_attestation *attestation = &credential->attestation;
	struct pst_known *issuer = issuer_find(peers, &attestation->subject);
	int rc;

	/* whose history is not known is not accepted either */
	if (!issuer)
		return pst_fail(err, PST_E_AUTH, "the issuer is not accepted");
	rc = pst_peers_verify(peers, attestation, issuer->history, now, err);
	return rc ? rc : pst_credential_check(credential, subject, now, err);
}

/* Verified before, and nothing of it has ended since. */
static bool
holds_still(const struct pst_known *known, const uint8_t *bytes, size_t len, uint64_t now)
{
	const struct pst_statement *said = pst_standing_same(&known->standing, bytes, len);
	const struct pst_known *issuer;

	if (!said || said->attributes->expires_at <= now)
		return false;
	issuer = issuer_find(known->table, &said->attributes->issuer);
	return issuer && !memcmp(said->change, pst_history_latest_hash(issuer->history), PST_HASH_LEN);
}

int
pst_peer_attest(struct pst_peer *peer, const uint8_t *bytes, size_t len, uint64_t now,
    struct pst_err *err)
{
	struct pst_known *known = peer->known;
	struct pst_credential credential;
	struct pst_reader r = pst_reader(bytes, len);
	int rc;

	if (known->table->closed)
		return pst_fail(err, PST_E_CLOSED, "the identity closes");
	if (holds_still(known, bytes, len, now))
		return PST_OK;
	pst_credential_read(&r, &credential);
	if (r.status)
		return pst_fail(err, r.status, "the credential does not decode");
	rc = pst_peers_check(known->table, &credential, &peer->identifier, now, err);
	if (!rc && credential.created_at <
	    pst_peers_counts_from(known->table, &peer->identifier, &credential.attestation.subject))
		rc = pst_fail(err, PST_E_AUTH, "the credential was revoked");
	if (!rc)
		rc = pst_standing_put(&known->standing, &credential, err);
	if (!rc)
		pst_known_keep(known);
	return rc;
}

/* ---- the peer's ---- */

const struct pst_attributes *
pst_peer_attributes(const struct pst_peer *peer, const struct pst_identifier *issuer)
{
	return pst_standing_find(&peer->known->standing, issuer, pst_clock_now());
}

void
pst_peer_watch(struct pst_peer *peer, struct pst_peer_watch *watch,
    void (*fn)(struct pst_peer_watch *watch))
{
	pst_standing_watch(&peer->known->standing, watch, fn);
}
