/* The bodies of requests and answers (trust.md 5.4, 5.5). */
#ifndef AUTHORITY_MESSAGE_H
#define AUTHORITY_MESSAGE_H

#include "record.h"

#define CODE_LEN 32
/* A OneTimeCode. */
#define CODE_BODY_LEN (CODE_LEN + 4)
/* An AttributesEntry, and the identifier in front of it in a list. */
#define ENTRY_MAX (ATTRIBUTES_ARRAYS + 2 * 34 + 16)

struct add_member {
	struct pst_identifier member;
	struct attributes attributes; /* borrowed from the body */
};

struct create_token {
	struct attributes attributes; /* likewise */
	uint64_t ttl_s;
	uint64_t uses;
};

/* What CreateToken leaves out. */
#define TOKEN_TTL_S 600
#define TOKEN_USES 1

/* Each -EBADMSG for what is none. */
PST_MUST_CHECK int add_member_read(struct add_member *out, struct pst_reader r);
PST_MUST_CHECK int create_token_read(struct create_token *out, struct pst_reader r);
PST_MUST_CHECK int one_time_code_read(uint8_t out[CODE_LEN], struct pst_reader r);

void one_time_code_write(struct pst_writer *w, const uint8_t code[CODE_LEN]);
/* AttributesEntry. */
void entry_write(struct pst_writer *w, const struct member *member);
void identifier_write(struct pst_writer *w, const struct pst_identifier *id);

#endif
