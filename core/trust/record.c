#include "trust/record.h"

struct pst_reader
pst_versioned_reader(const uint8_t *data, size_t len, enum pst_versioned_type type)
{
	struct pst_reader r = pst_reader(data, len);
	struct pst_cbor_list fields = pst_cbor_array(&r);
	struct pst_reader body;
	const uint8_t *p;
	size_t n;

	pst_record_need(&r, &fields);
	if (pst_cbor_uint(&r) != PST_VERSIONED_NOW)
		r.status = -EBADMSG;
	pst_record_need(&r, &fields);
	if (pst_cbor_uint(&r) != type)
		r.status = -EBADMSG;
	pst_record_need(&r, &fields);
	p = pst_cbor_bytes(&r, &n);
	pst_cbor_leave(&r, &fields);
	body = pst_reader(r.status ? data : p, r.status ? 0 : n);
	body.status = r.status;
	return body;
}

void
pst_versioned_write(struct pst_writer *w, enum pst_versioned_type type, const uint8_t *body,
    size_t len)
{
	pst_cbor_write_array(w, 3);
	pst_cbor_write_uint(w, PST_VERSIONED_NOW);
	pst_cbor_write_uint(w, type);
	pst_cbor_write_bytes(w, body, len);
}
