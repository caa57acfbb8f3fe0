/*
 * Change histories: the signed list of keys that is an identity (trust.md 2).
 *
 * A history is verified when it is read, immutable afterwards, and counted;
 * it keeps the bytes as they came. The identifier is the hash of its first
 * change, its key that of the latest.
 */
#ifndef PST_TRUST_HISTORY_H
#define PST_TRUST_HISTORY_H

#include <postern/identity.h>

#include "trust/signature.h"

/* What still fits a handshake message beside nothing else (trust.md 8.1).
 * It also bounds the changes: of 221 bytes at least from the second on, 296. */
#define PST_HISTORY_MAX 65439
/* Signed bytes of a change: versioned [f6 or hash, key, false, from, until]. */
#define PST_CHANGE_DATA_MAX (PST_VERSIONED_OVERHEAD + PST_VERIFYING_KEY_MAX + 56)
/* What one change more adds to a history: [data, signature, previous_signature]. */
#define PST_CHANGE_MAX (PST_CHANGE_DATA_MAX + 2 * PST_SIGNATURE_MAX + 8)
/* A history of one change. */
#define PST_HISTORY_FIRST_MAX (PST_CHANGE_DATA_MAX + PST_SIGNATURE_MAX + 8)

struct pst_history {
	uint32_t refs;
	uint32_t count; /* of changes */
	struct pst_public_key key; /* the latest change's, as all of these */
	uint64_t valid_from, valid_until; /* seconds since 1970 */
	size_t len;
	const uint8_t *bytes; /* behind the hashes */
	uint8_t hash[][PST_HASH_LEN]; /* one a change */
};

/* Of what is received against what is known. */
enum pst_history_order {
	PST_HISTORY_EQUAL,
	PST_HISTORY_NEWER,
	PST_HISTORY_OLDER,
	PST_HISTORY_CONFLICT,
};

/*
 * Read one history from r and verify it (2.3); the clock is not asked. What
 * lies behind it stays in r. Returns PST_OK and a history to be unref'd,
 * -EBADMSG when it does not decode, PST_E_AUTH when it does not hold,
 * PST_E_LIMIT when it is longer than PST_HISTORY_MAX, -ENOMEM.
 */
PST_MUST_CHECK int pst_history_read(struct pst_history **out, struct pst_reader *r,
    struct pst_err *err);
/* The identifier that these bytes claim, from their first change; nothing is verified. */
PST_MUST_CHECK int pst_history_peek(struct pst_identifier *out, struct pst_reader bytes);
struct pst_history *pst_history_ref(struct pst_history *history);
void pst_history_unref(struct pst_history **history);

const struct pst_identifier *pst_history_identifier(const struct pst_history *history);
const uint8_t *pst_history_latest_hash(const struct pst_history *history);
enum pst_history_order pst_history_compare(const struct pst_history *received,
    const struct pst_history *known);

/* The bytes to be hashed and signed for a new identity (2.2). */
void pst_change_write_data(struct pst_writer *w, const struct pst_public_key *key,
    uint64_t valid_from, uint64_t valid_until);
/* The history that is made of them and the signature. */
void pst_history_write_first(struct pst_writer *w, const uint8_t *data, size_t len,
    const struct pst_signature *signature);

/* The same for a change that follows the latest of a history: a rotation (2.2). */
void pst_change_write_next(struct pst_writer *w, const struct pst_history *history,
    const struct pst_public_key *key, uint64_t valid_from, uint64_t valid_until);
/* The history with that change, signed by its own key and by the one before; at most
 * PST_CHANGE_MAX longer. */
void pst_history_write_next(struct pst_writer *w, const struct pst_history *history,
    const uint8_t *data, size_t len, const struct pst_signature *signature,
    const struct pst_signature *previous);

#endif
