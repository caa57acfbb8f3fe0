/*
 * Credentials that count no longer although they have not expired: those that a
 * project has issued to who is no member any more, at the project's own nodes.
 * As many as there were members deleted within the life of a credential.
 */
#include <errno.h>
#include <stdlib.h>

#include "trust/clock.h"
#include "trust/identity.h"
#include "trust/known.h"

struct pst_revoked {
	struct pst_revoked *next;
	struct pst_identifier subject, issuer;
	uint64_t at;    /* those made until then */
	uint64_t until; /* they have expired by themselves */
};

static void
sweep(struct pst_peers *peers, uint64_t now)
{
	struct pst_revoked **at = &peers->revoked;

	while (*at) {
		struct pst_revoked *one = *at;

		if (one->until <= now) {
			*at = one->next;
			free(one);
		} else {
			at = &one->next;
		}
	}
}

void
pst_revoked_free(struct pst_peers *peers)
{
	sweep(peers, UINT64_MAX);
}

bool
pst_peers_revoked(const struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer, uint64_t created_at)
{
	for (const struct pst_revoked *one = peers->revoked; one; one = one->next)
		if (created_at <= one->at && pst_identifier_equal(&one->subject, subject) &&
		    pst_identifier_equal(&one->issuer, issuer))
			return true;
	return false;
}

static int
peers_revoke(struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer, uint64_t ttl_s)
{
	uint64_t now = pst_clock_now();
	struct pst_revoked *one = malloc(sizeof *one);
	struct pst_known *known = *pst_known_find(peers, subject);

	if (known)
		pst_standing_drop(&known->standing, issuer);
	sweep(peers, now);
	if (!one)
		return -ENOMEM;
	*one = (struct pst_revoked){ peers->revoked, *subject, *issuer, now,
		now > UINT64_MAX - ttl_s ? UINT64_MAX : now + ttl_s };
	peers->revoked = one;
	return PST_OK;
}

int
pst_identity_revoke(struct pst_identity *self, const struct pst_identifier *subject, uint64_t ttl_s)
{
	int rc = peers_revoke(self->peers, subject, pst_identity_identifier(self), ttl_s);

	/* who watches is a section of this node: none comes or goes by this */
	for (struct pst_identity_watch *watch = self->shown.watches; watch; watch = watch->next)
		if (watch->revoked)
			watch->revoked(watch, subject);
	return rc;
}
