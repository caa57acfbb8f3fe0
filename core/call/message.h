/*
 * The messages of function calls (spec extensions.md 6): CBOR arrays, the kind
 * first, then the caller's id of the call.
 *
 * Reading borrows everything from the message's bytes. Writing puts a head in
 * front of a body, which is the last item of those messages that have one.
 */
#ifndef PST_CALL_MESSAGE_H
#define PST_CALL_MESSAGE_H

#include <postern/call.h>
#include <postern/cbor.h>

enum pst_call_kind {
	PST_CALL_KIND_CALL = 1,
	PST_CALL_KIND_PIECE,
	PST_CALL_KIND_ANSWER,
	PST_CALL_KIND_FAILURE,
	PST_CALL_KIND_CANCEL,
	PST_CALL_KIND_GRANT,
	PST_CALL_KIND_PROBE,
	PST_CALL_KIND_LOAD,
};

/*
 * What we put into one piece. The wire allows PST_CALL_PIECE, but with heads in
 * front that trails a tiny segment (PST_READ_MAX says what that costs).
 */
#define PST_CALL_PIECE_SENT PST_READ_MAX
/* A message without a body: a failure has the longest. */
#define PST_CALL_TEXT_MAX 400
#define PST_CALL_SHORT_MAX (PST_CALL_TEXT_MAX + 100)
#define PST_CALL_NAME_MAX 255

/* A field name of HTTP (RFC 9110, 5.6.2), in lower case. */
bool pst_call_name_good(const char *p, size_t len);
/* Text whose only control characters are tabs. */
bool pst_call_value_good(const uint8_t *p, size_t len);

struct pst_call_text {
	const char *p; /* not NUL-terminated */
	size_t len;
};

struct pst_call_id {
	const uint8_t *p; /* NULL: the message has none */
	size_t len;
};

/* Set is what the kind has. */
struct pst_call_message {
	uint64_t kind;
	struct pst_call_id id;
	struct pst_call_text method, resource;
	struct pst_reader headers; /* for pst_call_headers_read() */
	uint64_t deadline_ms, flags, grant;
	unsigned status;
	const uint8_t *body;
	size_t body_len;
	struct pst_call_text code, text;
	uint64_t retry_after_ms;
	bool started;
	struct pst_call_load load;
};

/*
 * PST_OK also for kinds that are not known, of which nothing but the id is looked at.
 * -EBADMSG for what is no such message; PST_E_LIMIT for a piece, a head or a number of
 * headers that is too large. After either, an id that could be read is there.
 */
PST_MUST_CHECK int pst_call_message_read(struct pst_call_message *out, const uint8_t *data,
    size_t len);
/* -EBADMSG, PST_E_LIMIT, -ENOMEM; out is to be freed after these, too. */
PST_MUST_CHECK int pst_call_headers_read(struct pst_map *out, struct pst_reader headers);
/* The code of a failure; what is not known is PST_CALL_INTERNAL. */
enum pst_call_code pst_call_code_read(const struct pst_call_text *text);

/* ---- writing ---- */

/* Bytes that a head with these will have, at most. */
size_t pst_call_head_room(const struct pst_call_head *head);
size_t pst_call_answer_room(const struct pst_map *headers);
#define PST_CALL_PIECE_ROOM 32

/*
 * Put it in front of a body that has a block. -ENOMEM; PST_E_LIMIT for a head that is too
 * large; -EINVAL for headers that no message may have.
 */
PST_MUST_CHECK int pst_call_push_call(struct pst_buf *body, const struct pst_call_id *id,
    const struct pst_call_head *head, unsigned flags);
PST_MUST_CHECK int pst_call_push_piece(struct pst_buf *body, const struct pst_call_id *id,
    unsigned flags);
PST_MUST_CHECK int pst_call_push_answer(struct pst_buf *body, const struct pst_call_id *id,
    unsigned status, const struct pst_map *headers, unsigned flags);

void pst_call_write_failure(struct pst_writer *w, const struct pst_call_id *id,
    const struct pst_call_failure *failure);
void pst_call_write_cancel(struct pst_writer *w, const struct pst_call_id *id);
void pst_call_write_grant(struct pst_writer *w, const struct pst_call_id *id, uint64_t bytes);
void pst_call_write_probe(struct pst_writer *w, const struct pst_call_id *id);
void pst_call_write_load(struct pst_writer *w, const struct pst_call_id *id,
    const struct pst_call_load *load);

#endif
