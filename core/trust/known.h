/*
 * The table behind peers.c: what is known of each identity, by identifier.
 */
#ifndef PST_TRUST_KNOWN_H
#define PST_TRUST_KNOWN_H

#include <sodium.h>

#include "trust/peers.h"
#include "trust/standing.h"

/* The attestation of one purpose whose signature was found right last. */
struct pst_attested {
	bool is;
	uint8_t hash[PST_HASH_LEN];
	struct pst_signature signature;
};

/* What is known of one identity: there while it has peers, or is kept. */
struct pst_known {
	struct pst_known *next;
	struct pst_peers *table;
	struct pst_history *history;
	uint32_t peers;
	uint32_t accepted; /* as issuer, so often */
	bool kept;
	struct pst_attested attested[2]; /* by enum pst_purpose */
	struct pst_standing standing;
};

struct pst_peers {
	/* who picks identifiers by brute force does not know where they go */
	uint8_t key[crypto_shorthash_KEYBYTES];
	size_t count;
	size_t bucket_count; /* a power of two */
	struct pst_known **bucket;
	bool closed;
	struct pst_standings standings;
	struct pst_revoked *revoked; /* revoked.c's */
	void (*keep)(void *arg, const struct pst_history *history);
	void *arg;
};

struct pst_peer {
	uint32_t refs;
	struct pst_known *known;
	struct pst_identifier identifier;
	char text[PST_IDENTIFIER_TEXT];
};

/* Where it is; *at is NULL where it would be. */
struct pst_known **pst_known_find(const struct pst_peers *peers, const struct pst_identifier *id);
/* Of an identity that is not there; NULL without memory. */
struct pst_known *pst_known_add(struct pst_peers *peers, struct pst_history *history);
/* Forget it, unless there is a reason not to; the last one of a closed table
 * takes the table along. */
void pst_known_settle(struct pst_known *known);
/* Keep it for ever, and see that it is stored. */
void pst_known_keep(struct pst_known *known);
/* revoked.c: credentials made before that time count no longer; 0: all do. */
uint64_t pst_peers_counts_from(const struct pst_peers *peers, const struct pst_identifier *subject,
    const struct pst_identifier *issuer);
void pst_revoked_free(struct pst_peers *peers);
/* A history that is newer. */
void pst_known_renew(struct pst_known *known, struct pst_history *history);

#endif
