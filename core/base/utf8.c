#include <postern/utf8.h>

#include <string.h>

size_t
pst_utf8_len(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t first, last, low, high; /* of the first byte; of the second */
		size_t len;
	} rows[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; n && i < sizeof rows / sizeof *rows; i++) {
		size_t len = rows[i].len;

		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (len > n || (len > 1 && (p[1] < rows[i].low || p[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < len; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return len;
	}
	return 0;
}

bool
pst_utf8_control(const uint8_t *p)
{
	return *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);
}

size_t
pst_utf8_whole(const uint8_t *p, size_t n)
{
	size_t at = 0, len;

	while ((len = pst_utf8_len(p + at, n - at)))
		at += len;
	return at;
}

bool
pst_utf8_next(const uint8_t *p, size_t n, size_t *len)
{
	size_t character = pst_utf8_len(p, n);

	*len = character ? character : 1;
	return character && !pst_utf8_control(p);
}

bool
pst_utf8_plain(const uint8_t *p, size_t n)
{
	for (size_t len; n; p += len, n -= len)
		if (!pst_utf8_next(p, n, &len))
			return false;
	return true;
}

int
pst_utf8_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
	size_t common = a_len < b_len ? a_len : b_len;
	int order = common ? memcmp(a, b, common) : 0;

	return order ? order : (a_len > b_len) - (a_len < b_len);
}
