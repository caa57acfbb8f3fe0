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
/* All of the n bytes are characters, and none is a control. */
PST_API bool pst_utf8_plain(const uint8_t *p, size_t n);

#ifdef __cplusplus
}
#endif
#endif
