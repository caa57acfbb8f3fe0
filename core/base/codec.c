/* The reader and the writer of buf.h: fixed integers and BARE. */
#include <errno.h>

#include <postern/buf.h>

const uint8_t *
pst_read_bytes(struct pst_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->status || n > pst_reader_left(r)) {
		r->status = -EBADMSG;
		return NULL;
	}
	r->p += n;
	return p;
}

uint8_t
pst_read_u8(struct pst_reader *r)
{
	const uint8_t *p = pst_read_bytes(r, 1);

	return p ? *p : 0;
}

static uint64_t
read_be(struct pst_reader *r, size_t n)
{
	const uint8_t *p = pst_read_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint16_t
pst_read_be16(struct pst_reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t
pst_read_be32(struct pst_reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t
pst_read_be64(struct pst_reader *r)
{
	return read_be(r, 8);
}

uint64_t
pst_read_uvarint(struct pst_reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = pst_read_u8(r);

		if (shift == 63 && byte != 1)
			break; /* more than 64 bits, or none of them */
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return r->status ? 0 : v;
	}
	r->status = -EBADMSG;
	return 0;
}

const uint8_t *
pst_read_data(struct pst_reader *r, size_t *len)
{
	uint64_t n = pst_read_uvarint(r);
	const uint8_t *p;

	if (n > pst_reader_left(r))
		r->status = -EBADMSG;
	p = pst_read_bytes(r, r->status ? 0 : (size_t)n);
	*len = p ? (size_t)n : 0;
	return p;
}

uint8_t *
pst_write_space(struct pst_writer *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->status || n > (size_t)(w->end - w->p)) {
		w->status = -ENOBUFS;
		return NULL;
	}
	w->p += n;
	return p;
}

void
pst_write_bytes(struct pst_writer *w, const void *data, size_t n)
{
	uint8_t *p = pst_write_space(w, n);

	if (p && n)
		memcpy(p, data, n);
}

void
pst_write_u8(struct pst_writer *w, uint8_t v)
{
	pst_write_bytes(w, &v, 1);
}

static void
write_be(struct pst_writer *w, uint64_t v, size_t n)
{
	uint8_t *p = pst_write_space(w, n);

	for (size_t i = 0; p && i < n; i++)
		p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void
pst_write_be16(struct pst_writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void
pst_write_be32(struct pst_writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void
pst_write_be64(struct pst_writer *w, uint64_t v)
{
	write_be(w, v, 8);
}

void
pst_write_uvarint(struct pst_writer *w, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		pst_write_u8(w, (uint8_t)(v | 0x80));
	pst_write_u8(w, (uint8_t)v);
}

void
pst_write_data(struct pst_writer *w, const void *data, size_t n)
{
	pst_write_uvarint(w, n);
	pst_write_bytes(w, data, n);
}
