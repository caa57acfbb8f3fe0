#include "puncture_wire.h"

#include <errno.h>
#include <netinet/in.h>

#include <postern/cbor.h>
#include <postern/dial.h>
#include <postern/transport.h>

/* ---- pieces ---- */

/* `[type, []]`, or the head of what has fields. */
static void
choice_write(struct pst_writer *w, uint64_t type, uint64_t fields)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_uint(w, type);
	pst_cbor_write_array(w, fields);
}

static void
address_write(struct pst_writer *w, const struct sockaddr_storage *address)
{
	char text[PST_ADDRESS_TEXT];

	pst_sockaddr_format(address, text);
	pst_cbor_write_text(w, text, strlen(text));
}

/* In numbers, and one that something can be sent to. */
static void
address_read(struct pst_reader *r, struct sockaddr_storage *out)
{
	char text[PST_ADDRESS_TEXT] = "";
	size_t len;
	const char *p = pst_cbor_text(r, &len);

	/* an interface, behind a %, is one of another machine */
	if (!p || len >= sizeof text || memchr(p, '\0', len) || memchr(p, '%', len)) {
		r->status = -EBADMSG;
		return;
	}
	memcpy(text, p, len);
	/* port stands at the same place in both kinds */
	if (pst_sockaddr_parse(text, out) || !((struct sockaddr_in *)out)->sin_port)
		r->status = -EBADMSG;
}

static void
octets_write(struct pst_writer *w, const uint8_t *bytes, size_t len)
{
	pst_cbor_write_array(w, len);
	for (size_t i = 0; i < len; i++)
		pst_cbor_write_uint(w, bytes[i]);
}

/* At most `most` bytes to out, which may be where they are read: none is shorter there. */
static size_t
octets_read(struct pst_reader *r, uint8_t *out, size_t most)
{
	struct pst_cbor_list list = pst_cbor_array(r);
	size_t len = 0;

	while (pst_cbor_more(r, &list)) {
		uint64_t v = pst_cbor_uint(r);

		if (v > UINT8_MAX || len == most)
			r->status = -EBADMSG;
		else
			out[len++] = (uint8_t)v;
	}
	return len;
}

static uint64_t
choice_read(struct pst_reader *r, struct pst_cbor_list *outer, struct pst_cbor_list *fields,
    uint64_t most)
{
	uint64_t type = pst_cbor_choice(r, outer, fields);

	if (type > most)
		r->status = -EBADMSG;
	return type;
}

static void
choice_leave(struct pst_reader *r, struct pst_cbor_list *outer, struct pst_cbor_list *fields)
{
	pst_cbor_leave(r, fields);
	pst_cbor_leave(r, outer);
}

/* ---- rendezvous ---- */

size_t
rendezvous_request(uint8_t out[static RENDEZVOUS_MAX], enum rendezvous_type type)
{
	struct pst_writer w = pst_writer(out, RENDEZVOUS_MAX);

	choice_write(&w, type, 0);
	return pst_writer_len(&w);
}

size_t
rendezvous_answer(uint8_t out[static RENDEZVOUS_MAX], enum rendezvous_type type,
    const struct sockaddr_storage *address)
{
	struct pst_writer w = pst_writer(out, RENDEZVOUS_MAX);

	choice_write(&w, type, type == RENDEZVOUS_ADDRESS);
	if (type == RENDEZVOUS_ADDRESS)
		address_write(&w, address);
	return pst_writer_len(&w);
}

int
rendezvous_read_request(enum rendezvous_type *type, const struct pst_buf *payload)
{
	struct pst_reader r = pst_buf_reader(payload);
	struct pst_cbor_list outer, fields;

	*type = (enum rendezvous_type)choice_read(&r, &outer, &fields, RENDEZVOUS_ADDRESS);
	choice_leave(&r, &outer, &fields);
	return r.status;
}

int
rendezvous_read_answer(enum rendezvous_type *type, struct sockaddr_storage *address,
    const struct pst_buf *payload)
{
	struct pst_reader r = pst_buf_reader(payload);
	struct pst_cbor_list outer, fields;

	*type = (enum rendezvous_type)choice_read(&r, &outer, &fields, RENDEZVOUS_ADDRESS);
	if (*type == RENDEZVOUS_ADDRESS) {
		if (!pst_cbor_more(&r, &fields))
			r.status = -EBADMSG;
		address_read(&r, address);
	}
	choice_leave(&r, &outer, &fields);
	return r.status;
}

/* ---- negotiation ---- */

size_t
negotiation_write(uint8_t out[static NEGOTIATION_MAX], const struct negotiation *negotiation)
{
	struct pst_writer w = pst_writer(out, NEGOTIATION_MAX);

	pst_cbor_write_array(&w, 2);
	address_write(&w, &negotiation->address);
	octets_write(&w, negotiation->name, negotiation->name_len);
	return pst_writer_len(&w);
}

int
negotiation_read(struct negotiation *out, const struct pst_buf *payload)
{
	struct pst_reader r = pst_buf_reader(payload);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	if (pst_cbor_more(&r, &fields))
		address_read(&r, &out->address);
	out->name_len = 0;
	if (pst_cbor_more(&r, &fields))
		out->name_len = octets_read(&r, out->name, sizeof out->name);
	if (!out->name_len)
		r.status = -EBADMSG;
	pst_cbor_leave(&r, &fields);
	return r.status;
}

/* ---- puncture ---- */

void
puncture_short(uint8_t out[static PUNCTURE_SHORT], enum puncture_type ping_or_pong)
{
	struct pst_writer w = pst_writer(out, PUNCTURE_SHORT);

	choice_write(&w, ping_or_pong, 0);
}

int
puncture_wrap(struct pst_buf *out, struct pst_pool *pool, struct pst_account *account,
    const struct pst_route *onward, const struct pst_route *back, const struct pst_buf *payload)
{
	size_t len = pst_buf_len(payload), size;
	struct pst_writer w;
	int rc;

	if (payload->block)
		account = pst_buf_account(payload);
	size = PUNCTURE_SHORT + pst_route_encoded_len(onward) + pst_route_encoded_len(back) +
	    pst_cbor_head_len(len);
	for (size_t i = 0; i < len; i++)
		size += pst_cbor_head_len(payload->start[i]);
	rc = pst_buf_new(out, pool, account, PST_LINK_FRONT, size, 0);
	if (rc)
		return rc;
	w = pst_writer(pst_buf_put(out, size), size);
	choice_write(&w, PUNCTURE_PAYLOAD, 3);
	pst_route_encode(&w, onward);
	pst_route_encode(&w, back);
	octets_write(&w, payload->start, len);
	return w.status;
}

int
puncture_open(enum puncture_type *type, struct pst_buf *message, struct pst_route_buf *onward,
    struct pst_route_buf *back)
{
	struct pst_reader r = pst_buf_reader(message);
	struct pst_cbor_list outer, fields;
	uint8_t *bytes = NULL;
	size_t len = 0;

	*type = (enum puncture_type)choice_read(&r, &outer, &fields, PUNCTURE_PAYLOAD);
	if (*type == PUNCTURE_PAYLOAD) {
		if (pst_cbor_more(&r, &fields))
			pst_route_decode(&r, onward);
		if (pst_cbor_more(&r, &fields))
			pst_route_decode(&r, back);
		if (!pst_cbor_more(&r, &fields))
			r.status = -EBADMSG;
		bytes = message->start + (r.p - message->start);
		len = octets_read(&r, bytes, SIZE_MAX);
	}
	choice_leave(&r, &outer, &fields);
	if (r.status)
		return r.status;
	if (bytes) {
		message->start = bytes;
		message->end = bytes + len;
	}
	return PST_OK;
}
