/*
 * A WebSocket connection (RFC 6455), as either side, over whatever carries its bytes.
 * It does no I/O: `read` and `write` say how bytes come and go, and websocket_run() is
 * called whenever one of them may do more than before.
 *
 * Control frames are wslay's, and so is what is refused of a peer, with the close code that is for
 * that: frames without the mask of a client, or with one of a server (1002), reserved
 * bits, control frames in pieces, texts that are no UTF-8 (1007); behind what is no frame at all a close without a code.
 * Of messages the heads and masks of what we say are ours, and the payloads of long frames, which wslay does not see.
 * Pings are answered, and a close is.
 *
 * The links of transport/websocket use it, and the gateway's streams.
 */
#ifndef WEBSOCKET_WEBSOCKET_H
#define WEBSOCKET_WEBSOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <wslay/wslay.h>

#include <postern/bytes.h>

#include "frame.h"

/* base64 of a SHA-1, and its NUL. */
#define WEBSOCKET_ACCEPT 29

/* Close codes that we say (RFC 6455, 7.4.1). */
#define WEBSOCKET_GOING_AWAY 1001
#define WEBSOCKET_TOO_BIG 1009
#define WEBSOCKET_INTERNAL 1011

/* The frame that comes. */
struct websocket_coming {
	uint8_t head[FRAME_HEAD];
	size_t head_len, given; /* bytes of it that have come, and that wslay was given */
	bool known;             /* the head is whole: */
	bool around;            /* the payload goes not by wslay */
	struct frame frame;
	uint64_t left;          /* of the payload */
};

struct websocket {
	/* Set by the owner before websocket_open(). */
	bool server;
	size_t message_max; /* bytes of a message that comes; of a longer one 1009 */
	/* At most len bytes: how many; 0: no more at the moment; negative: the end, or an error. */
	ssize_t (*read)(struct websocket *ws, uint8_t *bytes, size_t len);
	/* The same. What is not taken is offered again, and is where it was, unless something was sent meanwhile. */
	ssize_t (*write)(struct websocket *ws, const uint8_t *bytes, size_t len);
	/* A whole message, len bytes on the heap, taken. read() is called again before the next comes. */
	void (*message)(struct websocket *ws, bool text, uint8_t *bytes, size_t len);
	/* the rest is websocket.c's, and read only */
	bool closing;   /* we have said so */
	bool half;      /* a message has begun, and is not whole */
	uint64_t heard; /* counts what comes: any of it says that the peer is there */
	struct wslay_event_context *wslay;
	struct websocket_coming coming;
	struct pst_bytes body; /* of a message that comes */
	uint8_t kind, opcode;  /* of that message, and of a frame */
	struct pst_bytes out;  /* frames to be written, of which out_at bytes have been */
	size_t out_at;
	int rc;
};

PST_MUST_CHECK int websocket_open(struct websocket *ws);
void websocket_fini(struct websocket *ws);
/*
 * Read and write what can be. PST_OK; PST_E_CLOSED when all is said, the close included, which the
 * peer shall read before the stream goes; else that has ended or failed.
 */
int websocket_run(struct websocket *ws);
/* There is something to be written. */
bool websocket_writes(const struct websocket *ws);
/* Messages that are to be written: an answer to each ping among them. */
size_t websocket_queued(const struct websocket *ws);
/* A close is on its way, or was sent or received: what is sent now goes nowhere. */
bool websocket_is_closing(const struct websocket *ws);
/* Each is written by the next websocket_run(). Bytes are copied. -ENOMEM. */
PST_MUST_CHECK int websocket_send(struct websocket *ws, bool text, const void *bytes, size_t len);
PST_MUST_CHECK int websocket_ping(struct websocket *ws);
/* Say so, with that code, and nothing more. */
void websocket_close(struct websocket *ws, uint16_t code);
/* The same, and hear no more: what had come of a message is let go. */
void websocket_refuse(struct websocket *ws, uint16_t code);

/* A client's Sec-WebSocket-Key is 16 bytes in base64; out: Sec-WebSocket-Accept (RFC 6455, 4.2.2).
 * -EBADMSG where it is not. */
PST_MUST_CHECK int websocket_accept(char out[static WEBSOCKET_ACCEPT], const char *key, size_t len);

#endif
