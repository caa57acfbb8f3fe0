/*
 * What an authority keeps in the store, I… being its own identifier, so that
 * authorities that share a store keep apart, and two nodes with one identity
 * together:
 *
 *   authority/I…/member/I…     [attributes, added by, added at, pre-trusted]
 *   authority/I…/revoked/I…    [at, until]
 *   authority/I…/code/SHA-256  [attributes, created by, created at, expires at, uses left, reference]
 *
 * A code stands there by its hash only: whoever reads the store cannot redeem it.
 */
#ifndef AUTHORITY_RECORD_H
#define AUTHORITY_RECORD_H

#include <postern/store.h>

#include "attributes.h"

#define RECORD_MAX (ATTRIBUTES_ENCODED + 128)
#define REFERENCE_LEN 10

struct member {
	struct attributes attributes;
	struct pst_identifier added_by;
	uint64_t added_at;
	bool pre_trusted; /* by the configuration */
};

struct code {
	struct attributes attributes;
	struct pst_identifier created_by;
	uint64_t created_at, expires_at;
	uint64_t uses; /* left */
	char reference[REFERENCE_LEN + 1]; /* what the log calls it */
};

/* Who was a member: what was issued to it until then counts no longer, and has expired
 * by itself at the second time. */
struct revoked {
	uint64_t at, until;
};
#define REVOKED_LEN (1 + 9 + 9)

/* -EBADMSG for what is none; attributes are borrowed from the value. */
PST_MUST_CHECK int member_read(struct member *out, const uint8_t *value, size_t len);
void member_write(struct pst_writer *w, const struct member *member);
PST_MUST_CHECK int code_read(struct code *out, const uint8_t *value, size_t len);
void code_write(struct pst_writer *w, const struct code *code);
PST_MUST_CHECK int revoked_read(struct revoked *out, const uint8_t *value, size_t len);
void revoked_write(struct pst_writer *w, const struct revoked *revoked);

#endif
