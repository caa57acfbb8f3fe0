/*
 * Credentials that count no longer although they have not expired: those that a
 * project has issued to who is no member any more, at the project's own nodes. One a
 * subject, and as many as there were members deleted within the life of a credential.
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

static struct pst_revoked *
revoked_find(const struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer)
{
	struct pst_revoked *one = peers->revoked;

	while (one && (!pst_identifier_equal(&one->subject, subject) ||
	    !pst_identifier_equal(&one->issuer, issuer)))
		one = one->next;
	return one;
}

uint64_t
pst_peers_counts_from(const struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer)
{
	const struct pst_revoked *one = revoked_find(peers, subject, issuer);

	return one ? one->at + 1 : 0;
}

static struct pst_revoked *
revoked_add(struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer)
{
	struct pst_revoked *one = malloc(sizeof *one);

	if (!one)
		return NULL;
	*one = (struct pst_revoked){ .next = peers->revoked, .subject = *subject, .issuer = *issuer };
	peers->revoked = one;
	return one;
}

int
pst_identity_revoke(struct pst_identity *self, const struct pst_identifier *subject, uint64_t at,
    uint64_t until)
{
	const struct pst_identifier *issuer = pst_identity_identifier(self);
	struct pst_known *known = *pst_known_find(self->peers, subject);
	struct pst_revoked *one;

	sweep(self->peers, pst_clock_now());
	one = revoked_find(self->peers, subject, issuer);
	if (one && one->at >= at)
		return PST_OK;
	if (!one)
		one = revoked_add(self->peers, subject, issuer);
	if (one) {
		one->at = at;
		one->until = until;
	}
	if (known)
		pst_standing_drop(&known->standing, issuer);
	/* who watches is a section of this node: none comes or goes by this */
	for (struct pst_identity_watch *watch = self->shown.watches; watch; watch = watch->next)
		if (watch->revoked)
			watch->revoked(watch, subject);
	return one ? PST_OK : -ENOMEM;
}
