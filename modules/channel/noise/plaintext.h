/*
 * What a record holds (spec trust.md 4.5): CBOR
 *
 *   [[0, [[onward route, return route, payload]]], padding]   a payload
 *   [[1, [[history, credentials]]], padding]                  a refresh
 *   [[2, []], padding]                                        the end
 */
#ifndef NOISE_PLAINTEXT_H
#define NOISE_PLAINTEXT_H

#include <postern/aead.h>
#include <postern/route.h>

enum plaintext_kind {
	PLAINTEXT_PAYLOAD = 0,
	PLAINTEXT_REFRESH = 1,
	PLAINTEXT_CLOSE = 2,
};

/* What a payload's head may take beside its routes: 82 82 00 81 83, and the
 * head of its length. Behind it the empty padding and the record's tag. */
#define PLAINTEXT_HEAD 5
#define PLAINTEXT_TAIL (1 + PST_TAG_LEN)

/*
 * Put the head in front and the padding behind; front bytes more will be
 * wanted in front. -ENOMEM.
 */
PST_MUST_CHECK int plaintext_push(struct pst_buf *payload, const struct pst_route *onward,
    const struct pst_route *back, size_t front);
/* The same around what a refresh carries, [history, credentials]: 82 82 01 81. */
PST_MUST_CHECK int plaintext_refresh(struct pst_buf *content, size_t front);
/* The whole of a Close; returns its length, at most PLAINTEXT_TAIL. */
size_t plaintext_close(uint8_t *out);
/*
 * Of a payload: leaves it in `plain`, and appends the routes to the two bufs,
 * which the caller has initialised. Of a refresh: leaves what it carries in
 * `plain`. Any other kind leaves all three alone; what is not known is none of
 * ours to refuse. -EBADMSG.
 */
PST_MUST_CHECK int plaintext_open(struct pst_buf *plain, uint64_t *kind,
    struct pst_route_buf *onward, struct pst_route_buf *back);

#endif
