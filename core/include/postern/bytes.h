/*
 * Bytes that come piece by piece and are wanted in one: a request's body, a
 * reply, what a function answers. They are kept on the heap, in room that
 * doubles, so that what is announced is never taken for granted.
 *
 * Zeroed it is empty.
 */
#ifndef POSTERN_BYTES_H
#define POSTERN_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_bytes {
	uint8_t *start; /* NULL while nothing has come */
	size_t len, room;
};

/* Behind what is there. PST_E_LIMIT when all together would be more than max
 * bytes, -ENOMEM; both leave it as it was. */
PST_API PST_MUST_CHECK int pst_bytes_put(struct pst_bytes *bytes, const void *piece, size_t len,
    size_t max);
/* Room for len bytes more behind what is there, to be filled, and then counted in `len`; *out is
 * void with the next call. Errors as above. */
PST_API PST_MUST_CHECK int pst_bytes_room(uint8_t **out, struct pst_bytes *bytes, size_t len, size_t max);
/* All of it, *len bytes, to be freed by free(); NULL when it is nothing. Leaves it empty. */
PST_API uint8_t *pst_bytes_take(struct pst_bytes *bytes, size_t *len);
/* Leaves it empty. */
PST_API void pst_bytes_fini(struct pst_bytes *bytes);

#ifdef __cplusplus
}
#endif
#endif
