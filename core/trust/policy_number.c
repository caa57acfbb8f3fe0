/*
 * Numbers as the text format of WebAssembly has them; of those with a point
 * only decimal ones without _ are taken, as by Ockam's reader.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trust/policy.h"

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

int
policy_hex_digit(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_hex_digit(uint8_t c)
{
	return policy_hex_digit(c) >= 0;
}

/* Digits, with single _ between them; *p moves behind. */
static bool
digits(const uint8_t **p, bool hex)
{
	bool (*good)(uint8_t c) = hex ? is_hex_digit : is_digit;

	if (!good(**p))
		return false;
	while (good(**p) || (**p == '_' && (*p)[-1] != '_'))
		(*p)++;
	return (*p)[-1] != '_';
}

enum number { NO_NUMBER, INTEGER, FLOAT, INFINITE, NOT_A_NUMBER };

/* The bytes from p to end, behind which stands no character of a token. */
static enum number
number_kind(const uint8_t *p, const uint8_t *end)
{
	bool hex;

	p += *p == '+' || *p == '-';
	if (policy_is((struct policy_text){ p, (uint32_t)(end - p) }, "inf"))
		return INFINITE;
	if (policy_is((struct policy_text){ p, (uint32_t)(end - p) }, "nan"))
		return NOT_A_NUMBER;
	if (end - p > 6 && !memcmp(p, "nan:0x", 6)) {
		p += 6;
		return digits(&p, true) && p == end ? NOT_A_NUMBER : NO_NUMBER;
	}
	hex = p[0] == '0' && p[1] == 'x';
	p += hex ? 2 : 0;
	if (!digits(&p, hex))
		return NO_NUMBER;
	if (p == end)
		return INTEGER;
	if (*p == '.') {
		p++;
		if ((hex ? is_hex_digit(*p) : is_digit(*p)) && !digits(&p, hex))
			return NO_NUMBER;
	}
	if (p < end) {
		if ((*p | 0x20) != (hex ? 'p' : 'e'))
			return NO_NUMBER;
		p++;
		p += *p == '+' || *p == '-';
		if (!digits(&p, false))
			return NO_NUMBER;
	}
	return p == end ? FLOAT : NO_NUMBER;
}

static bool
integer(struct policy_reader *r, struct policy_text token, struct policy_part *out)
{
	const uint8_t *p = token.bytes, *end = p + token.len;
	bool negative = *p == '-';
	const uint64_t most = (uint64_t)INT64_MAX + negative;
	uint64_t base = 10, n = 0;

	p += *p == '+' || *p == '-';
	if (end - p > 2 && p[1] == 'x') {
		base = 16;
		p += 2;
	}
	for (; p < end; p++) {
		uint64_t digit = *p == '_' ? 0 : (uint64_t)policy_hex_digit(*p);

		if (*p == '_')
			continue;
		if (n > (most - digit) / base)
			return policy_want(r, (size_t)(token.bytes - r->bytes), "a number beyond 64 bits");
		n = n * base + digit;
	}
	*out = (struct policy_part){ .kind = POLICY_INT, .i = (int64_t)(negative ? 0 - n : n) };
	return true;
}

static bool
decimal(struct policy_reader *r, struct policy_text token, struct policy_part *out)
{
	uint8_t *end = r->bytes + (token.bytes - r->bytes) + token.len, behind = *end;

	if (memchr(token.bytes, '_', token.len) || memchr(token.bytes, 'x', token.len))
		return policy_want(r, (size_t)(token.bytes - r->bytes),
		    "want a decimal number without _");
	*end = '\0';
	*out = (struct policy_part){
		.kind = POLICY_FLOAT, .f = strtod((const char *)token.bytes, NULL),
	};
	*end = behind;
	return true;
}

bool
policy_number(struct policy_reader *r, struct policy_text token, bool *is, struct policy_part *out)
{
	enum number number = number_kind(token.bytes, token.bytes + token.len);

	*is = number != NO_NUMBER;
	*out = (struct policy_part){ .kind = POLICY_FLOAT };
	if (number == INTEGER)
		return integer(r, token, out);
	if (number == FLOAT)
		return decimal(r, token, out);
	out->f = number == NOT_A_NUMBER ? (double)NAN : *token.bytes == '-' ? -(double)INFINITY
									     : (double)INFINITY;
	return true;
}
