#include "conf/conf.h"

#include <string.h>

static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The number of slips between two words: Levenshtein's distance, with a swap
 * of neighbours as one ("optimal string alignment"). Three rows of its table
 * are enough.
 */
static size_t
slips_between(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][PST_CONF_WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = smaller(last[j - 1] + !same, smaller(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

static bool
begins(const char *word, size_t len, const char *known)
{
	for (size_t i = 0; i < len; i++)
		if (fold(word[i]) != fold(known[i]))
			return false;
	return len >= 3;
}

void
pst_nearest_offer(struct pst_nearest *nearest, const char *known)
{
	size_t len = strlen(nearest->word), known_len = strlen(known);
	size_t allowed = len < 6 ? 1 : len / 3;
	size_t slips;

	if (len > PST_CONF_WORD_MAX || known_len > PST_CONF_WORD_MAX)
		return;
	slips = slips_between(nearest->word, len, known, known_len);
	if (slips > allowed && len < known_len && begins(nearest->word, len, known))
		slips = allowed;
	if (slips > allowed || slips >= len)
		return;
	if (nearest->best && nearest->slips <= slips)
		return;
	nearest->best = known;
	nearest->slips = slips;
}
