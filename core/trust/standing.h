/*
 * What a peer stands for: the attributes that issuers attest it, each with the
 * time it expires, and who is told when they change.
 *
 * A standing is part of what is known of one identity (peers.c). The
 * standings of a table share one order of expiry with one timer, and one task
 * that tells the watches. Nothing is here for who has shown no credential that
 * holds.
 */
#ifndef PST_TRUST_STANDING_H
#define PST_TRUST_STANDING_H

#include "trust/attributes.h"

/* One issuer's word: a credential that was verified. */
struct pst_statement {
	struct pst_statement *next; /* of the same peer */
	struct pst_statement *earlier, *later; /* of all, in order of expiry */
	struct pst_standing *standing;
	struct pst_attributes *attributes;
	size_t len; /* of the credential's bytes, behind the attributes */
	uint64_t created_at;
	uint8_t change[PST_HASH_LEN]; /* the issuer's latest, at that time */
};

struct pst_standings {
	struct pst_env *env; /* NULL: nothing expires by itself, nobody is told */
	struct pst_statement *first, *last; /* in order of expiry */
	struct pst_standing *changed; /* whose watches are to be told */
	struct pst_timer timer;
	struct pst_task task;
};

struct pst_standing {
	struct pst_standings *all;
	struct pst_statement *statements; /* one an issuer, the latest first */
	struct pst_peer_watch *watches;
	struct pst_standing *next, **link; /* among the changed */
};

void pst_standings_init(struct pst_standings *all, struct pst_env *env);
/* Timer and task stop; the standings may live on. */
void pst_standings_fini(struct pst_standings *all);

void pst_standing_init(struct pst_standing *standing, struct pst_standings *all);
/* All is forgotten, and nobody is told. */
void pst_standing_fini(struct pst_standing *standing);

/* The statement that these bytes, a whole credential, have become before. */
const struct pst_statement *pst_standing_same(const struct pst_standing *standing,
    const uint8_t *bytes, size_t len);

/*
 * The issuer's word, verified: it replaces one that is not newer. Older than
 * what is there, it is passed over. -ENOMEM, -EBADMSG (pst_attributes_new).
 */
PST_MUST_CHECK int pst_standing_put(struct pst_standing *standing,
    const struct pst_credential *credential, struct pst_err *err);
/* Nothing more by this issuer. */
void pst_standing_drop(struct pst_standing *standing, const struct pst_identifier *issuer);

/* As pst_peer_watch(). */
void pst_standing_watch(struct pst_standing *standing, struct pst_peer_watch *watch,
    void (*fn)(struct pst_peer_watch *watch));

/* Of this issuer, or of any (NULL), valid at the time now; NULL when there is none. */
const struct pst_attributes *pst_standing_find(const struct pst_standing *standing,
    const struct pst_identifier *issuer, uint64_t now);

#endif
