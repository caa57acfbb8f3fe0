#include "message.h"

#include <errno.h>

enum add_member_key { ADD_MEMBER = 1, ADD_ATTRIBUTES };
enum create_token_key { TOKEN_ATTRIBUTES = 1, TOKEN_TTL, TOKEN_COUNT };
enum entry_key { ENTRY_ATTRIBUTES = 1, ENTRY_ADDED_AT, ENTRY_EXPIRES_AT, ENTRY_ATTESTED_BY };

int
add_member_read(struct add_member *out, struct pst_reader r)
{
	struct pst_cbor_list map = pst_cbor_map(&r);
	bool member = false;

	memset(out, 0, sizeof *out);
	while (pst_cbor_more(&r, &map)) {
		uint64_t key = pst_cbor_uint(&r);

		if (key == ADD_MEMBER) {
			pst_cbor_fixed(&r, out->member.bytes, sizeof out->member.bytes);
			member = true;
		} else if (key == ADD_ATTRIBUTES) {
			attributes_read_texts(&out->attributes, &r);
		} else {
			pst_cbor_skip(&r);
		}
	}
	return r.status || !member ? -EBADMSG : PST_OK;
}

int
create_token_read(struct create_token *out, struct pst_reader r)
{
	struct pst_cbor_list map = pst_cbor_map(&r);

	memset(out, 0, sizeof *out);
	out->ttl_s = TOKEN_TTL_S;
	out->uses = TOKEN_USES;
	while (pst_cbor_more(&r, &map)) {
		uint64_t key = pst_cbor_uint(&r);

		if (pst_cbor_null(&r))
			continue;
		if (key == TOKEN_ATTRIBUTES)
			attributes_read_texts(&out->attributes, &r);
		else if (key == TOKEN_TTL)
			out->ttl_s = pst_cbor_uint(&r);
		else if (key == TOKEN_COUNT)
			out->uses = pst_cbor_uint(&r);
		else
			pst_cbor_skip(&r);
	}
	return r.status ? -EBADMSG : PST_OK;
}

int
one_time_code_read(uint8_t out[CODE_LEN], struct pst_reader r)
{
	struct pst_cbor_list map = pst_cbor_map(&r);
	bool code = false;

	while (pst_cbor_more(&r, &map)) {
		if (pst_cbor_uint(&r) == 1) {
			pst_cbor_fixed(&r, out, CODE_LEN);
			code = true;
		} else {
			pst_cbor_skip(&r);
		}
	}
	return r.status || !code ? -EBADMSG : PST_OK;
}

void
one_time_code_write(struct pst_writer *w, const uint8_t code[CODE_LEN])
{
	pst_cbor_write_map(w, 1);
	pst_cbor_write_uint(w, 1);
	pst_cbor_write_bytes(w, code, CODE_LEN);
}

void
identifier_write(struct pst_writer *w, const struct pst_identifier *id)
{
	pst_cbor_write_bytes(w, id->bytes, sizeof id->bytes);
}

void
entry_write(struct pst_writer *w, const struct member *member)
{
	pst_cbor_write_map(w, 3); /* members do not expire */
	pst_cbor_write_uint(w, ENTRY_ATTRIBUTES);
	attributes_write_arrays(w, &member->attributes);
	pst_cbor_write_uint(w, ENTRY_ADDED_AT);
	pst_cbor_write_uint(w, member->added_at);
	pst_cbor_write_uint(w, ENTRY_ATTESTED_BY);
	identifier_write(w, &member->added_by);
}
