/* Messages as WebSockets carry them: version 1, routes, payload. */
#include <postern/route.h>

#include <errno.h>

/* An address in BARE is shorter than in CBOR. */
#define HEAD_MAX (32 + 2 * PST_ROUTE_MAX)

static void
route_write(struct pst_writer *w, const struct pst_route *route)
{
	struct pst_route rest = *route;
	struct pst_address address;

	pst_write_uvarint(w, route->hops);
	for (; pst_route_first(&rest, &address); rest = pst_route_rest(&rest)) {
		pst_write_u8(w, address.type);
		pst_write_data(w, address.value, address.len);
	}
}

static void
route_read(struct pst_reader *r, struct pst_route_buf *rb)
{
	uint64_t hops = pst_read_uvarint(r);

	for (uint64_t i = 0; !r->status && i < hops; i++) {
		uint8_t type = pst_read_u8(r);
		size_t len;
		const uint8_t *value = pst_read_data(r, &len);

		if (!r->status && pst_route_add(rb, type, value, len))
			r->status = -EBADMSG;
	}
}

int
pst_bare_push(struct pst_buf *payload, const struct pst_route *onward, const struct pst_route *back)
{
	uint8_t head[HEAD_MAX];
	struct pst_writer w = pst_writer(head, sizeof head);
	int rc;

	pst_write_u8(&w, 1);
	route_write(&w, onward);
	route_write(&w, back);
	pst_write_uvarint(&w, pst_buf_len(payload));
	rc = w.status ? w.status : pst_buf_reserve(payload, pst_writer_len(&w) + sizeof(uint32_t), 0);
	if (!rc)
		memcpy(pst_buf_push(payload, pst_writer_len(&w)), head, pst_writer_len(&w));
	return rc;
}

int
pst_bare_open(struct pst_buf *message, struct pst_route_buf *onward, struct pst_route_buf *back)
{
	struct pst_reader r = pst_buf_reader(message);
	uint8_t version = pst_read_u8(&r);
	const uint8_t *payload;
	size_t len;

	route_read(&r, onward);
	route_read(&r, back);
	payload = pst_read_data(&r, &len);
	if (r.status || version < 1 || version > 2)
		return -EBADMSG;
	/* the tracing text, and what may come later, is not read */
	message->start += payload - message->start;
	message->end = message->start + len;
	return PST_OK;
}
