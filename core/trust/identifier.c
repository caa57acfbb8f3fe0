#include <errno.h>

#include <sodium.h>

#include <postern/identity.h>

#define HEX_DIGITS 64

_Static_assert(PST_IDENTIFIER_TEXT == 1 + HEX_DIGITS + 1, "I, digits, NUL");

void
pst_identifier_format(char out[PST_IDENTIFIER_TEXT], const struct pst_identifier *id)
{
	out[0] = 'I';
	sodium_bin2hex(out + 1, HEX_DIGITS + 1, id->bytes, sizeof id->bytes);
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int
pst_identifier_parse(struct pst_identifier *out, const char *text)
{
	struct pst_identifier id;
	size_t len;

	while (is_blank(*text))
		text++;
	for (len = strlen(text); len && is_blank(text[len - 1]);)
		len--;
	if (len != 1 + HEX_DIGITS || text[0] != 'I')
		return -EINVAL;
	if (sodium_hex2bin(id.bytes, sizeof id.bytes, text + 1, HEX_DIGITS, NULL, &len, NULL) ||
	    len != sizeof id.bytes)
		return -EINVAL;
	*out = id;
	return PST_OK;
}

bool
pst_identifier_equal(const struct pst_identifier *a, const struct pst_identifier *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0; /* public: no secret here */
}
