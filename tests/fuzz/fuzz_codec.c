/*
 * Integers and BARE, as the bytes ask for them: what is read, written anew,
 * reads and is written the same.
 * Covers: core/base/codec.c
 */
#include <stdlib.h>

#include <postern/buf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* One value, of the kind that the byte before it says. */
static void
transcribe_one(struct pst_reader *r, struct pst_writer *w)
{
	uint8_t kind = pst_read_u8(r) % 6;
	size_t n;

	pst_write_u8(w, kind);
	switch (kind) {
	case 0:
		pst_write_u8(w, pst_read_u8(r));
		break;
	case 1:
		pst_write_be16(w, pst_read_be16(r));
		break;
	case 2:
		pst_write_be32(w, pst_read_be32(r));
		break;
	case 3:
		pst_write_be64(w, pst_read_be64(r));
		break;
	case 4:
		pst_write_uvarint(w, pst_read_uvarint(r));
		break;
	default: {
		const uint8_t *p = pst_read_data(r, &n);

		check(p ? n <= (size_t)(r->end - p) : !n);
		pst_write_data(w, p, n);
	}
	}
}

static void
transcribe(struct pst_reader *r, struct pst_writer *w)
{
	while (!r->status && pst_reader_left(r))
		transcribe_one(r, w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *first = malloc(len + 16), *second = malloc(len + 16);
	struct pst_reader r = pst_reader(data, len);
	struct pst_writer w = pst_writer(first, len + 16);
	size_t n;

	transcribe(&r, &w);
	if (r.status) {
		/* it sticks, and gives zeros */
		check(!pst_read_be64(&r) && !pst_read_uvarint(&r) && r.p <= data + len);
	} else {
		check(!w.status);
		n = pst_writer_len(&w);
		r = pst_reader(first, n);
		w = pst_writer(second, n);
		transcribe(&r, &w);
		check(!r.status && !w.status && pst_writer_len(&w) == n && !memcmp(first, second, n));
		/* a byte less than it takes */
		r = pst_reader(first, n);
		w = pst_writer(second, n - (n > 0));
		transcribe(&r, &w);
		check(!r.status && (w.status || !n));
	}
	free(first);
	free(second);
	return 0;
}
