/*
 * Addresses, routes and messages.
 *
 * An address names a worker (type 0) or a transport address; a route is a
 * list of addresses to pass. A message is a payload with an onward and a
 * return route (spec routing.md 1).
 *
 * A struct pst_route is a view of addresses in canonical CBOR, one behind
 * another, without the array's head: taking the first hop off is moving a
 * pointer. The views of a message are borrowed for the call that delivers
 * it and never lie in the payload's block, so layers may push headers in
 * front of the payload while they read the routes. Who keeps a message
 * copies its routes (pst_route_copy).
 */
#ifndef POSTERN_ROUTE_H
#define POSTERN_ROUTE_H

#include <postern/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Address types of the wire (routing.md 1.1). */
enum pst_address_type {
	PST_ADDRESS_LOCAL = 0,
	PST_ADDRESS_TCP = 1,
	PST_ADDRESS_UDP = 2,
	PST_ADDRESS_WEBSOCKET = 3,
};

/* Ours: the wire bounds a route by the frame only. A name of 255 bytes and
 * a route of 1 KiB (28 random addresses) is more than any peer uses. */
#define PST_ADDRESS_VALUE_MAX 255
#define PST_ADDRESS_MAX (PST_ADDRESS_VALUE_MAX + 5)
#define PST_ROUTE_MAX 1024
/* A random worker name: 16 bytes as lower-case hex; its address: 36 bytes. */
#define PST_RANDOM_NAME_LEN 32
#define PST_RANDOM_ADDRESS_LEN 36

struct pst_address {
	uint8_t type;
	size_t len;
	const uint8_t *value;
};

struct pst_route {
	const uint8_t *data;
	uint16_t len;  /* bytes */
	uint16_t hops; /* addresses */
};
#define PST_ROUTE_EMPTY { NULL, 0, 0 }

/* A route being put together, or decoded from a peer's bytes. */
struct pst_route_buf {
	uint16_t len;
	uint16_t hops;
	uint8_t bytes[PST_ROUTE_MAX];
};

static inline void
pst_route_buf_init(struct pst_route_buf *rb)
{
	rb->len = rb->hops = 0;
}

static inline struct pst_route
pst_route_buf_view(const struct pst_route_buf *rb)
{
	struct pst_route route = { rb->bytes, rb->len, rb->hops };

	return route;
}

/* Encode one address; returns its length, 0 when it does not fit or is too long. */
PST_API size_t pst_address_encode(uint8_t *out, size_t size, uint8_t type, const void *value,
    size_t len);

/* Append. PST_OK or PST_E_LIMIT, which leaves rb as it was. */
PST_API PST_MUST_CHECK int pst_route_add(struct pst_route_buf *rb, uint8_t type,
    const void *value, size_t len);
PST_API PST_MUST_CHECK int pst_route_add_route(struct pst_route_buf *rb,
    const struct pst_route *route);

/* The first address; false for an empty route. */
PST_API bool pst_route_first(const struct pst_route *route, struct pst_address *out);
/* The bytes of the first address (what the router looks up); 0 for an empty route. */
PST_API size_t pst_route_first_len(const struct pst_route *route);
/* The route without its first address / without its last / only its last. */
PST_API struct pst_route pst_route_rest(const struct pst_route *route);
PST_API struct pst_route pst_route_without_last(const struct pst_route *route);
PST_API struct pst_route pst_route_last(const struct pst_route *route);

/* A copy on the heap in one piece, to be freed with free(). NULL: out of memory. */
PST_API struct pst_route *pst_route_copy(const struct pst_route *route);

/* "0#a => 0#b", cut to fit; control characters as '?'. Returns out. */
PST_API char *pst_route_format(const struct pst_route *route, char *out, size_t size);

/* Decode a CBOR route and append it in canonical form; errors stick to the
 * reader, a route over PST_ROUTE_MAX among them. */
PST_API void pst_route_decode(struct pst_reader *r, struct pst_route_buf *rb);
/* Bytes that pst_route_encode writes. */
PST_API size_t pst_route_encoded_len(const struct pst_route *route);
PST_API void pst_route_encode(struct pst_writer *w, const struct pst_route *route);

/* ---- messages ---- */

struct pst_gate;

struct pst_message {
	struct pst_route onward;
	struct pst_route back; /* the return route */
	struct pst_buf payload;
	struct pst_gate *from; /* where it entered this node; NULL: from inside */
};

/*
 * The body of a frame (routing.md 2.2): CBOR [onward, return, payload, …].
 * Pushing puts the head in front of the payload, which then is the frame.
 * Opening leaves the payload in `frame` and appends the routes to the two
 * bufs, which the caller has initialised (a receiver has put its own address
 * at the front of `back`); -EBADMSG for anything that peers would not accept either.
 */
PST_API size_t pst_frame_head_len(const struct pst_route *onward, const struct pst_route *back,
    size_t payload_len);
PST_API PST_MUST_CHECK int pst_frame_push(struct pst_buf *payload, const struct pst_route *onward,
    const struct pst_route *back);
PST_API PST_MUST_CHECK int pst_frame_open(struct pst_buf *frame, struct pst_route_buf *onward,
    struct pst_route_buf *back);
/*
 * The same in BARE, as WebSockets have it (routing.md 1.5): a version, which is 1 or, of peers, 2;
 * routes, payload, and what is neither written nor read, the tracing text.
 */
PST_API PST_MUST_CHECK int pst_bare_push(struct pst_buf *payload, const struct pst_route *onward,
    const struct pst_route *back);
PST_API PST_MUST_CHECK int pst_bare_open(struct pst_buf *message, struct pst_route_buf *onward,
    struct pst_route_buf *back);

#ifdef __cplusplus
}
#endif
#endif
