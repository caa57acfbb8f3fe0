#include "trust/peers.h"

#include <stdlib.h>

#include "trust/known.h"

int
pst_peers_load(struct pst_peers *peers, struct pst_history *history)
{
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(history));

	if (!known)
		known = pst_known_add(peers, history);
	if (!known)
		return -ENOMEM;
	known->kept = true;
	return PST_OK;
}

int
pst_peers_read(const struct pst_peers *peers, struct pst_history **out, struct pst_reader *r,
    struct pst_err *err)
{
	struct pst_identifier claimed;
	const struct pst_known *known = NULL;
	const struct pst_history *same;

	if (!pst_history_peek(&claimed, *r))
		known = *pst_known_find(peers, &claimed);
	same = known ? known->history : NULL;
	/* a history ends by itself, so its bytes at the front are all of it */
	if (!same || pst_reader_left(r) < same->len || memcmp(r->p, same->bytes, same->len))
		return pst_history_read(out, r, err);
	r->p += same->len;
	*out = pst_history_ref(known->history);
	return PST_OK;
}

static bool
was_attested(const struct pst_attested *known, const struct pst_attestation *attestation)
{
	return known->is && known->signature.kind == attestation->signature.kind &&
	    !memcmp(known->hash, attestation->hash, sizeof known->hash) &&
	    !memcmp(known->signature.bytes, attestation->signature.bytes, sizeof known->signature.bytes);
}

int
pst_peers_verify(struct pst_peers *peers, const struct pst_attestation *attestation,
    const struct pst_history *history, uint64_t now, struct pst_err *err)
{
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(history));
	struct pst_attested *attested = known ? &known->attested[attestation->purpose] : NULL;
	int rc;

	if (attested && was_attested(attested, attestation))
		return pst_attestation_check(attestation, history, now, err);
	rc = pst_attestation_verify(attestation, history, now, err);
	if (rc || !attested)
		return rc;
	pst_peers_verified(peers, attestation, history);
	return PST_OK;
}

void
pst_peers_verified(struct pst_peers *peers, const struct pst_attestation *attestation,
    const struct pst_history *history)
{
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(history));
	struct pst_attested *attested = known ? &known->attested[attestation->purpose] : NULL;

	if (!attested)
		return;
	attested->is = true;
	memcpy(attested->hash, attestation->hash, sizeof attested->hash);
	attested->signature = attestation->signature;
}

int
pst_peers_compare(struct pst_peers *peers, struct pst_history **out,
    struct pst_history *received, struct pst_err *err)
{
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(received));

	*out = received;
	if (!known)
		return PST_OK;
	switch (pst_history_compare(received, known->history)) {
	case PST_HISTORY_EQUAL:
		*out = known->history;
		return PST_OK;
	case PST_HISTORY_NEWER:
		pst_known_renew(known, received);
		return PST_OK;
	case PST_HISTORY_OLDER:
		return pst_fail(err, PST_E_AUTH,
		    "the history is older than the one that is known of this identity");
	case PST_HISTORY_CONFLICT:
		break;
	}
	return pst_fail(err, PST_E_AUTH,
	    "the history contradicts the one that is known of this identity");
}

/* ---- peers ---- */

int
pst_peers_add(struct pst_peers *peers, struct pst_peer **out, struct pst_history *history)
{
	struct pst_peer *peer = calloc(1, sizeof *peer);
	struct pst_known *known = *pst_known_find(peers, pst_history_identifier(history));

	*out = NULL;
	if (peer && !known)
		known = pst_known_add(peers, history);
	if (!peer || !known) {
		free(peer);
		return -ENOMEM;
	}
	known->peers++;
	peer->refs = 1;
	peer->known = known;
	peer->identifier = *pst_history_identifier(history);
	pst_identifier_format(peer->text, &peer->identifier);
	*out = peer;
	return PST_OK;
}

struct pst_peer *
pst_peer_ref(struct pst_peer *peer)
{
	peer->refs++;
	return peer;
}

void
pst_peer_unref(struct pst_peer **peer)
{
	struct pst_peer *gone = *peer;

	*peer = NULL;
	if (!gone || --gone->refs)
		return;
	gone->known->peers--;
	pst_known_settle(gone->known);
	free(gone);
}

const struct pst_identifier *
pst_peer_identifier(const struct pst_peer *peer)
{
	return &peer->identifier;
}

const char *
pst_peer_text(const struct pst_peer *peer)
{
	return peer->text;
}

const uint8_t *
pst_peer_change(const struct pst_peer *peer)
{
	return pst_history_latest_hash(peer->known->history);
}

void
pst_peer_keep(const struct pst_peer *peer)
{
	pst_known_keep(peer->known);
}
