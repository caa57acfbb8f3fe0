/*
 * CBOR for bytes that come from anyone: a cursor over a pst_reader, and a
 * writer for the shortest form (spec: RFC 8949; definite lengths only).
 *
 * The cursor builds no tree and allocates nothing. It accepts what peers
 * accept: non-minimal integers, indefinite arrays and maps (never indefinite
 * strings), items after the ones asked for. Depth is limited to
 * PST_CBOR_DEPTH, a count to the bytes that are left. Errors stick to the
 * reader as -EBADMSG.
 */
#ifndef POSTERN_CBOR_H
#define POSTERN_CBOR_H

#include <postern/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Deepest nesting that pst_cbor_skip follows. */
#define PST_CBOR_DEPTH 32

/* An array or map being read. */
struct pst_cbor_list {
	uint64_t left; /* items (of a map: pairs) not yet read, when definite */
	bool indefinite;
	bool pairs;
};

/* Enter an array or map; pst_cbor_more() before each item (of a map: pair). */
PST_API struct pst_cbor_list pst_cbor_array(struct pst_reader *r);
PST_API struct pst_cbor_list pst_cbor_map(struct pst_reader *r);
/* True: one more item follows and is counted as taken. False: the end, or
 * an error; the break byte of an indefinite one is consumed. */
PST_API bool pst_cbor_more(struct pst_reader *r, struct pst_cbor_list *list);
/* Skip what is left of it, its end included. */
PST_API void pst_cbor_leave(struct pst_reader *r, struct pst_cbor_list *list);

PST_API uint64_t pst_cbor_uint(struct pst_reader *r);
PST_API bool pst_cbor_bool(struct pst_reader *r);
/* Byte string / text string where it lies, borrowed from the reader's memory. */
PST_API const uint8_t *pst_cbor_bytes(struct pst_reader *r, size_t *len);
PST_API const char *pst_cbor_text(struct pst_reader *r, size_t *len);
/* A byte string of exactly n bytes, copied out; zeros after an error. */
PST_API void pst_cbor_fixed(struct pst_reader *r, uint8_t *out, size_t n);
/* True and consumed when the next item is null (f6). */
PST_API bool pst_cbor_null(struct pst_reader *r);
/* Skip one item with all it holds. */
PST_API void pst_cbor_skip(struct pst_reader *r);
/* Enter a choice `[variant, [fields…]]`: gives the variant; the fields list is
 * left by pst_cbor_leave, then the choice by pst_cbor_leave(outer). */
PST_API uint64_t pst_cbor_choice(struct pst_reader *r, struct pst_cbor_list *outer,
    struct pst_cbor_list *fields);

PST_API void pst_cbor_write_array(struct pst_writer *w, uint64_t n);
PST_API void pst_cbor_write_map(struct pst_writer *w, uint64_t n);
PST_API void pst_cbor_write_uint(struct pst_writer *w, uint64_t v);
PST_API void pst_cbor_write_bool(struct pst_writer *w, bool v);
PST_API void pst_cbor_write_null(struct pst_writer *w);
PST_API void pst_cbor_write_bytes(struct pst_writer *w, const void *data, size_t n);
PST_API void pst_cbor_write_text(struct pst_writer *w, const char *text, size_t n);
/* Only the head of a byte string of n bytes, which the caller has elsewhere. */
PST_API void pst_cbor_write_bytes_head(struct pst_writer *w, uint64_t n);
/* Length of such a head: 1, 2, 3, 5 or 9. */
PST_API size_t pst_cbor_head_len(uint64_t n);

#ifdef __cplusplus
}
#endif
#endif
