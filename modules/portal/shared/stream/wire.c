#include "wire.h"

#include <errno.h>

/* "PST", format 1: in front of everything that Ockam does not know. */
static const uint8_t prefix[] = { 0x50, 0x53, 0x54, 0x01 };

enum item {
	ITEM_WINDOWS = 1,
	ITEM_FINISH = 2,
	ITEM_REASON = 4,
};

static size_t
uvarint_len(uint64_t v)
{
	size_t n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

size_t
wire_ping(uint8_t *out, enum wire_type type, const struct wire_offer *offer)
{
	struct pst_writer w = pst_writer(out, WIRE_SHORT_MAX);

	pst_write_u8(&w, (uint8_t)type);
	if (offer->extended) {
		pst_write_bytes(&w, prefix, sizeof prefix);
		if (offer->windows) {
			pst_write_uvarint(&w, ITEM_WINDOWS);
			pst_write_uvarint(&w, uvarint_len(offer->window));
			pst_write_uvarint(&w, offer->window);
		}
		if (offer->finish) {
			pst_write_uvarint(&w, ITEM_FINISH);
			pst_write_uvarint(&w, 0);
		}
	}
	return pst_writer_len(&w);
}

static bool
prefix_read(struct pst_reader *r)
{
	const uint8_t *p = pst_read_bytes(r, sizeof prefix);

	return p && !memcmp(p, prefix, sizeof prefix);
}

struct wire_offer
wire_read_offer(struct pst_reader *r)
{
	struct wire_offer offer = { 0 };

	if (!prefix_read(r))
		return (struct wire_offer){ 0 };
	offer.extended = true;
	while (!r->status && pst_reader_left(r)) {
		uint64_t type = pst_read_uvarint(r);
		size_t len;
		const uint8_t *p = pst_read_data(r, &len);

		if (!p)
			break;
		if (type == ITEM_WINDOWS) {
			struct pst_reader value = pst_reader(p, len);

			offer.windows = true;
			offer.window = pst_read_uvarint(&value);
			r->status = r->status ? r->status : value.status;
		} else if (type == ITEM_FINISH) {
			offer.finish = true;
		}
	}
	return r->status ? (struct wire_offer){ 0 } : offer;
}

size_t
wire_disconnect(uint8_t *out, bool extended, enum wire_reason reason)
{
	struct pst_writer w = pst_writer(out, WIRE_SHORT_MAX);
	const char *text = wire_reason_text(reason);

	pst_write_u8(&w, WIRE_DISCONNECT);
	if (extended && reason) {
		size_t n = strlen(text);

		pst_write_bytes(&w, prefix, sizeof prefix);
		pst_write_uvarint(&w, ITEM_REASON);
		pst_write_uvarint(&w, uvarint_len(reason) + uvarint_len(n) + n);
		pst_write_uvarint(&w, reason);
		pst_write_data(&w, text, n);
	}
	return pst_writer_len(&w);
}

enum wire_reason
wire_read_reason(struct pst_reader *r)
{
	uint64_t code = WIRE_NO_REASON;

	if (!prefix_read(r))
		return WIRE_NO_REASON;
	while (!r->status && pst_reader_left(r)) {
		uint64_t type = pst_read_uvarint(r);
		size_t len;
		const uint8_t *p = pst_read_data(r, &len);

		if (p && type == ITEM_REASON) {
			struct pst_reader value = pst_reader(p, len);

			code = pst_read_uvarint(&value);
		}
	}
	if (r->status)
		return WIRE_NO_REASON;
	return wire_reason_of(code);
}

size_t
wire_grant(uint8_t *out, uint64_t bytes)
{
	struct pst_writer w = pst_writer(out, WIRE_SHORT_MAX);

	pst_write_u8(&w, WIRE_GRANT);
	pst_write_uvarint(&w, bytes);
	return pst_writer_len(&w);
}

void
wire_payload_push(struct pst_buf *payload)
{
	size_t len = pst_buf_len(payload);
	size_t head = 1 + uvarint_len(len);
	struct pst_writer w = pst_writer(pst_buf_push(payload, head), head);

	pst_write_u8(&w, WIRE_PAYLOAD);
	pst_write_uvarint(&w, len);
}

const uint8_t *
wire_read_payload(struct pst_reader *r, size_t *len, int32_t *counter)
{
	const uint8_t *data = pst_read_data(r, len);

	*counter = -1;
	/* fewer than three bytes, or a first one that is not 1: no counter */
	if (data && pst_reader_left(r) >= 3 && *r->p == 1)
		*counter = r->p[1] | r->p[2] << 8;
	return data;
}
