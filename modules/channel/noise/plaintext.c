#include "plaintext.h"

#include <errno.h>

#include <postern/cbor.h>

#define NO_PADDING 0x40 /* the empty byte string */

int
plaintext_push(struct pst_buf *payload, const struct pst_route *onward,
    const struct pst_route *back, size_t front)
{
	size_t len = pst_buf_len(payload);
	size_t head = PLAINTEXT_HEAD + pst_route_encoded_len(onward) + pst_route_encoded_len(back) +
	    pst_cbor_head_len(len);
	int rc = pst_buf_reserve(payload, head + front, PLAINTEXT_TAIL);

	if (rc)
		return rc;

	struct pst_writer w = pst_writer(pst_buf_push(payload, head), head);

	pst_cbor_write_array(&w, 2);
	pst_cbor_write_array(&w, 2);
	pst_cbor_write_uint(&w, PLAINTEXT_PAYLOAD);
	pst_cbor_write_array(&w, 1);
	pst_cbor_write_array(&w, 3);
	pst_route_encode(&w, onward);
	pst_route_encode(&w, back);
	pst_cbor_write_bytes_head(&w, len);
	*pst_buf_put(payload, 1) = NO_PADDING;
	return w.status;
}

int
plaintext_refresh(struct pst_buf *content, size_t front)
{
	static const uint8_t head[] = { 0x82, 0x82, PLAINTEXT_REFRESH, 0x81 };
	int rc = pst_buf_reserve(content, sizeof head + front, PLAINTEXT_TAIL);

	if (rc)
		return rc;
	memcpy(pst_buf_push(content, sizeof head), head, sizeof head);
	*pst_buf_put(content, 1) = NO_PADDING;
	return PST_OK;
}

size_t
plaintext_close(uint8_t *out)
{
	static const uint8_t plain[] = { 0x82, 0x82, PLAINTEXT_CLOSE, 0x80, NO_PADDING };

	memcpy(out, plain, sizeof plain);
	return sizeof plain;
}

static void
payload_open(struct pst_reader *r, struct pst_buf *plain, struct pst_route_buf *onward,
    struct pst_route_buf *back)
{
	struct pst_cbor_list fields = pst_cbor_array(r);
	const uint8_t *payload = NULL;
	size_t len = 0;

	if (pst_cbor_more(r, &fields))
		pst_route_decode(r, onward);
	if (pst_cbor_more(r, &fields))
		pst_route_decode(r, back);
	if (pst_cbor_more(r, &fields))
		payload = pst_cbor_bytes(r, &len);
	if (r->status || !payload) {
		r->status = -EBADMSG;
		return;
	}
	plain->start += payload - plain->start;
	plain->end = plain->start + len;
}

static void
refresh_open(struct pst_reader *r, struct pst_buf *plain)
{
	const uint8_t *content = r->p;

	pst_cbor_skip(r);
	if (r->status)
		return;
	plain->start += content - plain->start;
	plain->end = plain->start + (r->p - content);
}

int
plaintext_open(struct pst_buf *plain, uint64_t *kind, struct pst_route_buf *onward,
    struct pst_route_buf *back)
{
	struct pst_reader r = pst_buf_reader(plain);
	struct pst_cbor_list outer = pst_cbor_array(&r), choice, fields;

	if (!pst_cbor_more(&r, &outer))
		r.status = -EBADMSG;
	*kind = pst_cbor_choice(&r, &choice, &fields);
	if (r.status || (*kind != PLAINTEXT_PAYLOAD && *kind != PLAINTEXT_REFRESH))
		return r.status;
	if (!pst_cbor_more(&r, &fields))
		r.status = -EBADMSG;
	if (*kind == PLAINTEXT_PAYLOAD)
		payload_open(&r, plain, onward, back);
	else
		refresh_open(&r, plain);
	return r.status; /* padding, and what may come later, is nobody's business */
}
