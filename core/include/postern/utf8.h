/*
 * Text from elsewhere, character by character: what stands in an address, a
 * log or on a terminal is UTF-8 without control characters, whoever sent it.
 */
#ifndef POSTERN_UTF8_H
#define POSTERN_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of the character that the n bytes at p begin with, by the table of
 * RFC 3629, 4; 0 when they begin with none. */
PST_API size_t pst_utf8_len(const uint8_t *p, size_t n);
/* A character that a terminal takes for a command: C0, DEL or C1. */
PST_API bool pst_utf8_control(const uint8_t *p);
/* How many of the n bytes at p are characters, up to the first that begins none: n, when all are. */
PST_API size_t pst_utf8_whole(const uint8_t *p, size_t n);
/* One step through n > 0 bytes, *len of them, which is 1 for a byte that begins no character.
 * True for a character that may be shown: not for such a byte, nor for a control. */
PST_API bool pst_utf8_next(const uint8_t *p, size_t n, size_t *len);
/* All of the n bytes are characters, and none is a control. */
PST_API bool pst_utf8_plain(const uint8_t *p, size_t n);
/* Their order, as of texts: byte by byte, which is that of the characters' numbers; a prefix
 * first. For any bytes. */
PST_API int pst_utf8_compare(const void *a, size_t a_len, const void *b, size_t b_len);

#ifdef __cplusplus
}
#endif
#endif
