/*
 * What two nodes say to each other to get through the NATs between them (spec
 * routing.md 3.5), byte by byte. All is CBOR.
 *
 *     to the rendezvous service, and back    where am I seen? "ip:port"
 *     over a route that there is             negotiation: where I am seen, and my worker's name
 *     through the hole                       puncture: ping, pong, payload
 *
 * Ockam writes bytes here as arrays of integers, about 1.9 bytes for each.
 */
#ifndef PUNCTURE_WIRE_H
#define PUNCTURE_WIRE_H

#include <sys/socket.h>

#include <postern/route.h>

/* ---- rendezvous ---- */

enum rendezvous_type {
	RENDEZVOUS_PING = 0, /* answered by the same */
	RENDEZVOUS_ADDRESS = 1,
};

/* Array, type, array, and the text of an address with its head. */
#define RENDEZVOUS_MAX 80

/* Each returns its length. */
size_t rendezvous_request(uint8_t out[static RENDEZVOUS_MAX], enum rendezvous_type type);
/* address: where the request came from; read for RENDEZVOUS_ADDRESS only. */
size_t rendezvous_answer(uint8_t out[static RENDEZVOUS_MAX], enum rendezvous_type type,
    const struct sockaddr_storage *address);

/* -EBADMSG. */
PST_MUST_CHECK int rendezvous_read_request(enum rendezvous_type *type, const struct pst_buf *payload);
/* -EBADMSG for an address that is none in numbers, or of port 0, too. */
PST_MUST_CHECK int rendezvous_read_answer(enum rendezvous_type *type,
    struct sockaddr_storage *address, const struct pst_buf *payload);

/* ---- negotiation: Initiate and Acknowledge are the same on the wire ---- */

struct negotiation {
	struct sockaddr_storage address; /* where the one who says it is seen from outside */
	size_t name_len;                 /* of the worker that shall get the puncture's messages */
	uint8_t name[PST_ADDRESS_VALUE_MAX];
};

/* An address's text, and two bytes for each of the name, with their heads. */
#define NEGOTIATION_MAX (80 + 2 * PST_ADDRESS_VALUE_MAX)

size_t negotiation_write(uint8_t out[static NEGOTIATION_MAX], const struct negotiation *negotiation);
/* -EBADMSG: an empty name, too, and what rendezvous_read_answer() refuses: no name of
 * a host is looked up because a peer says so. */
PST_MUST_CHECK int negotiation_read(struct negotiation *out, const struct pst_buf *payload);

/* ---- puncture ---- */

enum puncture_type {
	PUNCTURE_PING = 0,
	PUNCTURE_PONG = 1,
	PUNCTURE_PAYLOAD = 2,
};

/* Ping and Pong. */
#define PUNCTURE_SHORT 3

void puncture_short(uint8_t out[static PUNCTURE_SHORT], enum puncture_type ping_or_pong);
/*
 * A Payload: payload, borrowed, and its routes as a new buf, charged to the same
 * account (`account` where the payload is empty), with room for a link's head in
 * front. -ENOMEM.
 */
PST_MUST_CHECK int puncture_wrap(struct pst_buf *out, struct pst_pool *pool,
    struct pst_account *account, const struct pst_route *onward, const struct pst_route *back,
    const struct pst_buf *payload);
/*
 * Read any of the three. A Payload's bytes are unpacked in place, and are what
 * `message` then holds; its routes are appended, as pst_frame_open() does.
 * -EBADMSG: the contents are not to be read any more.
 */
PST_MUST_CHECK int puncture_open(enum puncture_type *type, struct pst_buf *message,
    struct pst_route_buf *onward, struct pst_route_buf *back);

#endif
