/* Percent-encoding in paths: %2F is a slash that divides nothing. */
#ifndef GATEWAY_PERCENT_H
#define GATEWAY_PERCENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is every % followed by two hexadecimal digits, other than 00? */
bool percent_check(const char *text, size_t len);
/* Decode into out, which has room for len bytes; returns how many they are. What is no
 * escape stands for itself. */
size_t percent_decode(uint8_t *out, const char *text, size_t len);
/* Is the encoded text these bytes? */
bool percent_is(const char *text, size_t len, const char *bytes, size_t bytes_len);

#endif
