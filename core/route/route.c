#include <postern/route.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/cbor.h>

size_t
pst_address_encode(uint8_t *out, size_t size, uint8_t type, const void *value, size_t len)
{
	struct pst_writer w = pst_writer(out, size);

	if (len > PST_ADDRESS_VALUE_MAX)
		return 0;
	pst_cbor_write_array(&w, 2);
	pst_cbor_write_uint(&w, type);
	pst_cbor_write_bytes(&w, value, len);
	return w.status ? 0 : pst_writer_len(&w);
}

int
pst_route_add(struct pst_route_buf *rb, uint8_t type, const void *value, size_t len)
{
	size_t n = pst_address_encode(rb->bytes + rb->len, sizeof rb->bytes - rb->len, type, value, len);

	if (!n)
		return PST_E_LIMIT;
	rb->len += (uint16_t)n;
	rb->hops++;
	return PST_OK;
}

int
pst_route_add_route(struct pst_route_buf *rb, const struct pst_route *route)
{
	if (route->len > sizeof rb->bytes - rb->len)
		return PST_E_LIMIT;
	if (route->len)
		memcpy(rb->bytes + rb->len, route->data, route->len);
	rb->len += route->len;
	rb->hops += route->hops;
	return PST_OK;
}

/*
 * The address at p, in canonical form as this file writes it: 82, the type
 * (18 before one of 24 and more), the head of a byte string below 256.
 */
static size_t
address_at(const uint8_t *p, struct pst_address *out)
{
	const uint8_t *start = p++;

	if (*p == 0x18)
		p++;
	out->type = *p++;
	if (*p == 0x58) {
		out->len = p[1];
		p += 2;
	} else {
		out->len = *p++ & 0x1f;
	}
	out->value = p;
	return (size_t)(p - start) + out->len;
}

bool
pst_route_first(const struct pst_route *route, struct pst_address *out)
{
	if (!route->hops)
		return false;
	address_at(route->data, out);
	return true;
}

size_t
pst_route_first_len(const struct pst_route *route)
{
	struct pst_address address;

	return route->hops ? address_at(route->data, &address) : 0;
}

struct pst_route
pst_route_rest(const struct pst_route *route)
{
	size_t n = pst_route_first_len(route);
	struct pst_route rest = *route;

	if (!n)
		return rest;
	rest.data += n;
	rest.len -= (uint16_t)n;
	rest.hops--;
	return rest;
}

struct pst_route
pst_route_last(const struct pst_route *route)
{
	struct pst_route last = *route;

	while (last.hops > 1)
		last = pst_route_rest(&last);
	return last;
}

struct pst_route
pst_route_without_last(const struct pst_route *route)
{
	struct pst_route last = pst_route_last(route);
	struct pst_route front = *route;

	front.len -= last.len;
	front.hops -= last.hops;
	return front;
}

struct pst_route *
pst_route_copy(const struct pst_route *route)
{
	struct pst_route *copy = malloc(sizeof *copy + route->len);

	if (!copy)
		return NULL;
	copy->data = (uint8_t *)(copy + 1);
	copy->len = route->len;
	copy->hops = route->hops;
	if (route->len)
		memcpy(copy + 1, route->data, route->len);
	return copy;
}

char *
pst_route_format(const struct pst_route *route, char *out, size_t size)
{
	struct pst_route rest = *route;
	struct pst_address address;
	size_t n = 0;

	if (size)
		*out = '\0';
	while (n < size && pst_route_first(&rest, &address)) {
		n += (size_t)snprintf(out + n, size - n, "%s%u#", n ? " => " : "", address.type);
		for (size_t i = 0; i < address.len && n + 1 < size; i++) {
			uint8_t c = address.value[i];

			out[n++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
			out[n] = '\0';
		}
		rest = pst_route_rest(&rest);
	}
	return out;
}

/* ---- CBOR ---- */

void
pst_route_decode(struct pst_reader *r, struct pst_route_buf *rb)
{
	struct pst_cbor_list route = pst_cbor_array(r);

	while (pst_cbor_more(r, &route)) {
		struct pst_cbor_list address = pst_cbor_array(r);
		uint64_t type = 0;
		const uint8_t *value = NULL;
		size_t len = 0;

		if (pst_cbor_more(r, &address))
			type = pst_cbor_uint(r);
		if (pst_cbor_more(r, &address))
			value = pst_cbor_bytes(r, &len);
		else
			r->status = -EBADMSG;
		pst_cbor_leave(r, &address);
		if (type > UINT8_MAX || r->status || pst_route_add(rb, (uint8_t)type, value, len)) {
			r->status = -EBADMSG;
			return;
		}
	}
}

size_t
pst_route_encoded_len(const struct pst_route *route)
{
	return pst_cbor_head_len(route->hops) + route->len;
}

void
pst_route_encode(struct pst_writer *w, const struct pst_route *route)
{
	pst_cbor_write_array(w, route->hops);
	pst_write_bytes(w, route->data, route->len);
}

/* ---- the body of a frame ---- */

/* [onward, return, payload]: the tracing text is left out. */
#define FRAME_FIELDS 3

size_t
pst_frame_head_len(const struct pst_route *onward, const struct pst_route *back, size_t payload_len)
{
	return pst_cbor_head_len(FRAME_FIELDS) + pst_route_encoded_len(onward) +
	    pst_route_encoded_len(back) + pst_cbor_head_len(payload_len);
}

int
pst_frame_push(struct pst_buf *payload, const struct pst_route *onward,
    const struct pst_route *back)
{
	size_t len = pst_buf_len(payload);
	size_t head = pst_frame_head_len(onward, back, len);
	int rc = pst_buf_reserve(payload, head + sizeof(uint32_t), 0);

	if (rc)
		return rc;

	struct pst_writer w = pst_writer(pst_buf_push(payload, head), head);

	pst_cbor_write_array(&w, FRAME_FIELDS);
	pst_route_encode(&w, onward);
	pst_route_encode(&w, back);
	pst_cbor_write_bytes_head(&w, len);
	return w.status;
}

int
pst_frame_open(struct pst_buf *frame, struct pst_route_buf *onward, struct pst_route_buf *back)
{
	struct pst_reader r = pst_buf_reader(frame);
	struct pst_cbor_list fields = pst_cbor_array(&r);
	const uint8_t *payload = NULL;
	size_t len = 0;

	if (pst_cbor_more(&r, &fields))
		pst_route_decode(&r, onward);
	if (pst_cbor_more(&r, &fields))
		pst_route_decode(&r, back);
	if (pst_cbor_more(&r, &fields))
		payload = pst_cbor_bytes(&r, &len);
	else
		r.status = -EBADMSG;
	pst_cbor_leave(&r, &fields); /* the tracing text, and what may come later */
	if (r.status)
		return r.status;
	frame->start += payload - frame->start;
	frame->end = frame->start + len;
	return PST_OK;
}
