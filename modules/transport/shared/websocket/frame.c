#include "frame.h"

#include <string.h>

#include <postern/buf.h>

/* Of the second byte. */
#define MASKED 0x80
#define LENGTH_IN_2 126
#define LENGTH_IN_8 127

size_t
frame_head(uint8_t out[static FRAME_HEAD], const struct frame *frame)
{
	struct pst_writer w = pst_writer(out, FRAME_HEAD);
	uint8_t masked = frame->masked ? MASKED : 0;

	pst_write_u8(&w, frame->first);
	if (frame->len <= FRAME_SHORT) {
		pst_write_u8(&w, masked | (uint8_t)frame->len);
	} else if (frame->len <= UINT16_MAX) {
		pst_write_u8(&w, masked | LENGTH_IN_2);
		pst_write_be16(&w, (uint16_t)frame->len);
	} else {
		pst_write_u8(&w, masked | LENGTH_IN_8);
		pst_write_be64(&w, frame->len);
	}
	if (frame->masked)
		pst_write_bytes(&w, frame->key, FRAME_KEY);
	return pst_writer_len(&w);
}

size_t
frame_head_length(const uint8_t *head, size_t have)
{
	size_t len = 2;

	if (have < len)
		return len;
	if ((head[1] & ~MASKED) == LENGTH_IN_2)
		len += 2;
	else if ((head[1] & ~MASKED) == LENGTH_IN_8)
		len += 8;
	return head[1] & MASKED ? len + FRAME_KEY : len;
}

bool
frame_read(struct frame *out, const uint8_t *head)
{
	struct pst_reader r = pst_reader(head, frame_head_length(head, 2));
	bool right = true;

	*out = (struct frame){ .first = pst_read_u8(&r), .masked = head[1] & MASKED, .len = pst_read_u8(&r) & ~MASKED };
	if (out->len == LENGTH_IN_2) {
		out->len = pst_read_be16(&r);
		right = out->len > FRAME_SHORT;
	} else if (out->len == LENGTH_IN_8) {
		out->len = pst_read_be64(&r);
		right = out->len > UINT16_MAX && !(out->len >> 63);
	}
	if (out->masked)
		memcpy(out->key, pst_read_bytes(&r, FRAME_KEY), FRAME_KEY);
	return right;
}

/* Eight bytes a step, wherever they lie: whole streams pass here. */
void
frame_mask(uint8_t *bytes, size_t len, const uint8_t key[static FRAME_KEY], uint64_t at)
{
	uint8_t turned[sizeof(uint64_t)];
	uint64_t mask, word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof turned; k++)
		turned[k] = key[(at + k) % FRAME_KEY];
	memcpy(&mask, turned, sizeof mask);
	for (; len - i >= sizeof word; i += sizeof word) {
		memcpy(&word, bytes + i, sizeof word);
		word ^= mask;
		memcpy(bytes + i, &word, sizeof word);
	}
	for (size_t k = 0; i < len; i++, k++)
		bytes[i] ^= turned[k];
}
