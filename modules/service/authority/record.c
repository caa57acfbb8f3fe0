#include "record.h"

#include <errno.h>

#include <postern/utf8.h>

static void
need(struct pst_reader *r, struct pst_cbor_list *fields)
{
	if (!pst_cbor_more(r, fields))
		r->status = -EBADMSG;
}

static uint64_t
uint_next(struct pst_reader *r, struct pst_cbor_list *fields)
{
	need(r, fields);
	return pst_cbor_uint(r);
}

static void
identifier_next(struct pst_reader *r, struct pst_cbor_list *fields, struct pst_identifier *out)
{
	need(r, fields);
	pst_cbor_fixed(r, out->bytes, sizeof out->bytes);
}

static struct pst_cbor_list
begin(struct pst_reader *r, struct attributes *attributes)
{
	struct pst_cbor_list fields = pst_cbor_array(r);

	need(r, &fields);
	attributes_read(attributes, r);
	return fields;
}

int
member_read(struct member *out, const uint8_t *value, size_t len)
{
	struct pst_reader r = pst_reader(value, len);
	struct pst_cbor_list fields = begin(&r, &out->attributes);

	identifier_next(&r, &fields, &out->added_by);
	out->added_at = uint_next(&r, &fields);
	need(&r, &fields);
	out->pre_trusted = pst_cbor_bool(&r);
	return r.status;
}

void
member_write(struct pst_writer *w, const struct member *member)
{
	pst_cbor_write_array(w, 4);
	attributes_write(w, &member->attributes);
	pst_cbor_write_bytes(w, member->added_by.bytes, sizeof member->added_by.bytes);
	pst_cbor_write_uint(w, member->added_at);
	pst_cbor_write_bool(w, member->pre_trusted);
}

int
code_read(struct code *out, const uint8_t *value, size_t len)
{
	struct pst_reader r = pst_reader(value, len);
	struct pst_cbor_list fields = begin(&r, &out->attributes);
	const char *reference;
	size_t n;

	identifier_next(&r, &fields, &out->created_by);
	out->created_at = uint_next(&r, &fields);
	out->expires_at = uint_next(&r, &fields);
	out->uses = uint_next(&r, &fields);
	need(&r, &fields);
	reference = pst_cbor_text(&r, &n);
	if (r.status || n != REFERENCE_LEN || !pst_utf8_plain((const uint8_t *)reference, n))
		return -EBADMSG;
	memcpy(out->reference, reference, n);
	out->reference[n] = '\0';
	return PST_OK;
}

void
code_write(struct pst_writer *w, const struct code *code)
{
	pst_cbor_write_array(w, 6);
	attributes_write(w, &code->attributes);
	pst_cbor_write_bytes(w, code->created_by.bytes, sizeof code->created_by.bytes);
	pst_cbor_write_uint(w, code->created_at);
	pst_cbor_write_uint(w, code->expires_at);
	pst_cbor_write_uint(w, code->uses);
	pst_cbor_write_text(w, code->reference, REFERENCE_LEN);
}

int
revoked_read(struct revoked *out, const uint8_t *value, size_t len)
{
	struct pst_reader r = pst_reader(value, len);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	out->at = uint_next(&r, &fields);
	out->until = uint_next(&r, &fields);
	return r.status;
}

void
revoked_write(struct pst_writer *w, const struct revoked *revoked)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_uint(w, revoked->at);
	pst_cbor_write_uint(w, revoked->until);
}
