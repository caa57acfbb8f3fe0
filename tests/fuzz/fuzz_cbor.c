/*
 * Items of CBOR: what the cursor reads is written anew in the shortest form,
 * which reads and is written the same; skipping an item ends where reading it does.
 * Covers: core/base/cbor.c
 */
#include <stdlib.h>

#include <postern/cbor.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void transcribe(struct pst_reader *r, struct pst_writer *w, int depth);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* How many items follow; r is the caller's copy. */
static uint64_t
count_items(struct pst_reader r, struct pst_cbor_list list)
{
	uint64_t n = 0;

	while (pst_cbor_more(&r, &list)) {
		pst_cbor_skip(&r);
		if (list.pairs)
			pst_cbor_skip(&r);
		n++;
	}
	return n;
}

static void
transcribe_list(struct pst_reader *r, struct pst_writer *w, struct pst_cbor_list list, int depth)
{
	uint64_t n = count_items(*r, list);
	struct pst_reader left = *r;
	struct pst_cbor_list rest = list;

	if (list.pairs)
		pst_cbor_write_map(w, n);
	else
		pst_cbor_write_array(w, n);
	while (pst_cbor_more(r, &list)) {
		transcribe(r, w, depth);
		if (list.pairs)
			transcribe(r, w, depth);
	}
	pst_cbor_leave(&left, &rest);
	check(r->status || (!left.status && left.p == r->p));
}

/* As a choice, when it is one: left, it ends where the item ends. */
static void
check_choice(struct pst_reader r, const uint8_t *end)
{
	struct pst_cbor_list outer, fields;

	pst_cbor_choice(&r, &outer, &fields);
	pst_cbor_leave(&r, &fields);
	pst_cbor_leave(&r, &outer);
	check(r.status || r.p == end);
}

static void
transcribe_bytes(struct pst_reader *r, struct pst_writer *w)
{
	struct pst_reader again = *r;
	uint8_t copy[32];
	size_t n;
	const uint8_t *p = pst_cbor_bytes(r, &n);
	uint8_t *start = w->p;

	pst_cbor_write_bytes(w, p, n);
	check(r->status || w->status || w->p == start + pst_cbor_head_len(n) + n);
	pst_cbor_fixed(&again, copy, sizeof copy);
	check(again.status ? r->status || n != sizeof copy : !memcmp(copy, p, sizeof copy));
}

/* Tags, negative numbers and floats have no reader: null stands for them. */
static void
transcribe_other(struct pst_reader *r, struct pst_writer *w)
{
	uint8_t byte = *r->p;

	if (byte == 0xf4 || byte == 0xf5) {
		pst_cbor_write_bool(w, pst_cbor_bool(r));
		return;
	}
	if (!pst_cbor_null(r))
		pst_cbor_skip(r);
	pst_cbor_write_null(w);
}

static void
transcribe(struct pst_reader *r, struct pst_writer *w, int depth)
{
	struct pst_reader skipped = *r;
	size_t n;

	pst_cbor_skip(&skipped);
	if (skipped.status || depth == PST_CBOR_DEPTH) {
		r->status = -1;
		return;
	}
	switch (*r->p >> 5) {
	case 0:
		pst_cbor_write_uint(w, pst_cbor_uint(r));
		break;
	case 2:
		transcribe_bytes(r, w);
		break;
	case 3: {
		const char *text = pst_cbor_text(r, &n);

		pst_cbor_write_text(w, text, n);
		break;
	}
	case 4:
		check_choice(*r, skipped.p);
		transcribe_list(r, w, pst_cbor_array(r), depth + 1);
		break;
	case 5:
		transcribe_list(r, w, pst_cbor_map(r), depth + 1);
		break;
	default:
		transcribe_other(r, w);
	}
	check(!r->status && r->p == skipped.p);
}

/* Each reader refuses, and gives nothing, where another item stands. */
static void
check_refusals(const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);
	size_t n = 1;

	check(pst_cbor_uint(&r) == 0 || !r.status);
	r = pst_reader(data, len);
	check(pst_cbor_text(&r, &n) || !n);
	r = pst_reader(data, len);
	check(!pst_cbor_bool(&r) || !r.status);
	r = pst_reader(data, len);
	check(!pst_cbor_map(&r).left || !r.status);
	check(!pst_cbor_null(&r) || !r.status);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* long indefinite lists get a head of up to 9 bytes for their 2 */
	size_t size = 2 * len + 16, n;
	uint8_t *first = malloc(size), *second = malloc(size);
	struct pst_reader r = pst_reader(data, len);
	struct pst_writer w = pst_writer(first, size);

	check_refusals(data, len);
	transcribe(&r, &w, 0);
	if (!r.status) {
		check(!w.status && r.p > data && r.p <= data + len);
		n = pst_writer_len(&w);
		r = pst_reader(first, n);
		w = pst_writer(second, n);
		transcribe(&r, &w, 0);
		check(!r.status && !w.status && !pst_reader_left(&r));
		check(pst_writer_len(&w) == n && !memcmp(first, second, n));
		/* a byte less than it takes */
		r = pst_reader(first, n);
		w = pst_writer(second, n - 1);
		transcribe(&r, &w, 0);
		check(!r.status && w.status);
	}
	free(first);
	free(second);
	return 0;
}
