/*
 * Who was a member until lately. What it was given counts at other nodes until it expires;
 * at ours our identity is told, and told again after a restart: the record stands in the store
 * by the batch that deletes the member. Another node on the same store hears of it when it sweeps.
 */
#include <errno.h>
#include <stdlib.h>

#include "authority.h"

static struct revoked
now_revoked(const struct authority *a)
{
	uint64_t now = a->now();

	return (struct revoked){ now, now + a->conf->credential_ttl / 1000 };
}

struct pst_store_op
revoked_put(const struct authority *a, const struct pst_identifier *member, struct revoked_room *room)
{
	const struct revoked revoked = now_revoked(a);
	struct pst_writer w = pst_writer(room->value, sizeof room->value);

	revoked_write(&w, &revoked);
	return (struct pst_store_op){
		PST_STORE_PUT, { revoked_key(room->key, a, member), room->value, pst_writer_len(&w) }
	};
}

static void
tell(struct authority *a, const struct pst_identifier *member, const struct revoked *revoked)
{
	int rc = pst_identity_revoke(a->identity, member, revoked->at, revoked->until);

	if (rc)
		pst_warn(a->log, "the credential of a deleted member counts until it expires", PST_RC(rc));
}

void
revoked_done(struct authority *a, const struct pst_identifier *member)
{
	const struct revoked revoked = now_revoked(a);

	tell(a, member, &revoked);
}

size_t
revoked_hear(struct authority *a, const struct pst_store_item *items, size_t count,
    struct pst_store_op *expired)
{
	size_t prefix = strlen(revoked_key((char[KEY_MAX]){ 0 }, a, NULL)), n = 0;
	uint64_t now = a->now();

	for (size_t i = 0; i < count; i++) {
		struct pst_identifier member;
		struct revoked revoked;

		if (pst_identifier_parse(&member, items[i].key + prefix) ||
		    revoked_read(&revoked, items[i].value, items[i].len))
			pst_warn(a->log, "the record of a deleted member is not used", PST_STR("key", items[i].key));
		else if (revoked.until > now)
			tell(a, &member, &revoked);
		else if (expired)
			expired[n++] = (struct pst_store_op){ PST_STORE_DELETE, { .key = items[i].key } };
	}
	return n;
}
