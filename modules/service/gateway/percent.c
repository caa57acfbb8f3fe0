#include "percent.h"

#include <ctype.h>

static int
digit(unsigned char c)
{
	return isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The byte at *p, which moves behind it. */
static uint8_t
byte(const char **p, const char *end)
{
	const unsigned char *u = (const unsigned char *)*p;

	if (*u != '%' || end - *p < 3 || !isxdigit(u[1]) || !isxdigit(u[2])) {
		++*p;
		return *u;
	}
	*p += 3;
	return (uint8_t)(digit(u[1]) << 4 | digit(u[2]));
}

bool
percent_check(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *at = text;
		uint8_t b = byte(&text, end);

		if (*at == '%' && (text - at != 3 || !b))
			return false;
	}
	return true;
}

size_t
percent_decode(uint8_t *out, const char *text, size_t len)
{
	const char *end = text + len;
	size_t n = 0;

	while (text < end)
		out[n++] = byte(&text, end);
	return n;
}

bool
percent_is(const char *text, size_t len, const char *bytes, size_t bytes_len)
{
	const char *end = text + len;
	size_t n = 0;

	while (text < end && n < bytes_len)
		if (byte(&text, end) != (uint8_t)bytes[n++])
			return false;
	return text == end && n == bytes_len;
}
