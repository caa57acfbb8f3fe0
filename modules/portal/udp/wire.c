#include "wire.h"

#include <errno.h>

#include <postern/cbor.h>

static bool
has_data(enum wire_kind kind)
{
	return kind == WIRE_OPEN || kind == WIRE_DATAGRAM;
}

void
wire_push(struct pst_buf *buf, const struct wire_message *m)
{
	uint8_t head[WIRE_HEAD_MAX];
	struct pst_writer w = pst_writer(head, sizeof head);
	size_t len = pst_buf_len(buf);

	pst_cbor_write_array(&w, m->kind == WIRE_OPEN ? 4 : 3);
	pst_cbor_write_uint(&w, m->kind);
	pst_cbor_write_uint(&w, m->flow);
	if (m->kind == WIRE_OPEN || m->kind == WIRE_OPENED)
		pst_cbor_write_uint(&w, m->version);
	if (m->kind == WIRE_END)
		pst_cbor_write_uint(&w, m->reason);
	if (has_data(m->kind))
		pst_cbor_write_bytes_head(&w, len);
	memcpy(pst_buf_push(buf, pst_writer_len(&w)), head, pst_writer_len(&w));
}

/* The next item of the array; that it is missing sticks to the reader. */
static void
item(struct pst_reader *r, struct pst_cbor_list *list)
{
	if (!pst_cbor_more(r, list))
		r->status = -EBADMSG;
}

static uint64_t
number(struct pst_reader *r, struct pst_cbor_list *list)
{
	item(r, list);
	return pst_cbor_uint(r);
}

int
wire_read(struct wire_message *out, struct pst_reader *r)
{
	struct pst_cbor_list list = pst_cbor_array(r);
	uint64_t kind = number(r, &list), reason;

	*out = (struct wire_message){ .kind = kind < WIRE_UNKNOWN ? (enum wire_kind)kind : WIRE_UNKNOWN };
	if (r->status || out->kind == WIRE_UNKNOWN)
		return r->status;
	out->flow = number(r, &list);
	if (out->kind == WIRE_OPEN || out->kind == WIRE_OPENED) {
		out->version = number(r, &list);
		if (!out->version)
			return -EBADMSG;
	}
	if (out->kind == WIRE_END) {
		reason = number(r, &list);
		out->reason = reason ? wire_reason_of(reason) : WIRE_INTERNAL;
	}
	if (has_data(out->kind)) {
		item(r, &list);
		out->data = pst_cbor_bytes(r, &out->len);
	}
	pst_cbor_leave(r, &list);
	return r->status;
}
