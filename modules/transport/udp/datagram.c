#include "datagram.h"

#include <errno.h>

#include <postern/cbor.h>

/* What is sent; not looked at in what comes. */
#define VERSION 1
#define FIELDS 5

_Static_assert(DATAGRAM_MESSAGE_MAX / DATAGRAM_PART_MAX < UINT16_MAX, "a part's offset is a u16");

/* The next of the five, of at most that. */
static uint16_t
number_read(struct pst_reader *r, struct pst_cbor_list *fields, uint16_t most)
{
	uint64_t v = pst_cbor_more(r, fields) ? pst_cbor_uint(r) : UINT64_MAX;

	if (v > most)
		r->status = -EBADMSG;
	return (uint16_t)v;
}

int
datagram_read(struct datagram *out, const void *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	number_read(&r, &fields, UINT8_MAX);
	out->number = number_read(&r, &fields, UINT16_MAX);
	out->offset = number_read(&r, &fields, UINT16_MAX);
	out->total = number_read(&r, &fields, UINT16_MAX);
	if (!pst_cbor_more(&r, &fields))
		r.status = -EBADMSG;
	out->part = pst_cbor_bytes(&r, &out->len);
	pst_cbor_leave(&r, &fields);
	return r.status;
}

size_t
datagram_head(uint8_t out[static DATAGRAM_HEAD_MAX], const struct datagram *datagram)
{
	struct pst_writer w = pst_writer(out, DATAGRAM_HEAD_MAX);

	pst_cbor_write_array(&w, FIELDS);
	pst_cbor_write_uint(&w, VERSION);
	pst_cbor_write_uint(&w, datagram->number);
	pst_cbor_write_uint(&w, datagram->offset);
	pst_cbor_write_uint(&w, datagram->total);
	pst_cbor_write_bytes_head(&w, datagram->len);
	return pst_writer_len(&w);
}

size_t
datagram_count(size_t len)
{
	return len > DATAGRAM_MESSAGE_MAX ? 0 : (len + DATAGRAM_PART_MAX - 1) / DATAGRAM_PART_MAX;
}

struct datagram
datagram_split(const void *message, size_t len, uint16_t number, uint16_t offset)
{
	size_t at = (size_t)offset * DATAGRAM_PART_MAX;

	return (struct datagram){
		.number = number,
		.offset = offset,
		.total = (uint16_t)datagram_count(len),
		.len = len - at < DATAGRAM_PART_MAX ? len - at : DATAGRAM_PART_MAX,
		.part = (const uint8_t *)message + at,
	};
}
