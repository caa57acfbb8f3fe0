/*
 * Frames of a WebSocket (RFC 6455, 5.2): what stands before their payload, and the
 * mask that a client puts over it.
 *
 *     fin, rsv, opcode │ mask bit, length │ 0, 2 or 8 bytes of a longer length │ 0 or 4 of the mask's key
 */
#ifndef WEBSOCKET_FRAME_H
#define WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest head. */
#define FRAME_HEAD 14
#define FRAME_KEY 4
/* In its first byte: the last frame of a message. */
#define FRAME_FIN 0x80
/* The longest payload that has its length in the head's second byte, as all of control frames. */
#define FRAME_SHORT 125

struct frame {
	uint8_t first; /* byte of the head: fin, rsv, opcode */
	bool masked;
	uint8_t key[FRAME_KEY];
	uint64_t len; /* of the payload */
};

/* Its head; returns how long that is. */
size_t frame_head(uint8_t out[static FRAME_HEAD], const struct frame *frame);
/* How long a head is that begins with these `have` bytes; 2 while there are fewer. */
size_t frame_head_length(const uint8_t *head, size_t have);
/* What a whole head says; false: with a length that it may not have, since a shorter form has room for it, or of 64 bits. */
bool frame_read(struct frame *out, const uint8_t *head);
/* Put the mask over these bytes of a payload, or take it off; the first of them is the payload's byte `at`. */
void frame_mask(uint8_t *bytes, size_t len, const uint8_t key[static FRAME_KEY], uint64_t at);

#endif
