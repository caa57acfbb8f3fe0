#include "conf/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A longer path shows its tail: the sentence behind it matters more. */
#define PATH_SHOWN 160

int
pst_place_fail(const struct pst_place *place, unsigned line, struct pst_err *err,
    const char *fmt, ...)
{
	char sentence[PST_ERR_TEXT];
	size_t path_len = strlen(place->file);
	const char *cut = path_len > PATH_SHOWN ? "..." : "";
	const char *path = place->file + (*cut ? path_len - PATH_SHOWN : 0);
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, args);
	va_end(args);
	if (!place->kind)
		return pst_fail(err, PST_E_CONF, "%s%s:%u: %s", cut, path, line, sentence);
	return pst_fail(err, PST_E_CONF, "%s%s:%u: %s %s: %s", cut, path, line, place->kind,
	    place->name, sentence);
}

struct pst_shown
pst_text_show(const char *text, size_t len)
{
	struct pst_shown shown;
	size_t room = sizeof shown.text - 4;
	size_t n = len < room ? len : room;

	/* not in the middle of a UTF-8 character */
	while (n < len && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		shown.text[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	strcpy(shown.text + n, n < len ? "..." : "");
	return shown;
}

struct pst_shown
pst_token_show(const struct pst_token *token)
{
	if (token->type == PST_TOKEN_END)
		return pst_text_show("the end", strlen("the end"));
	return pst_text_show(token->text, token->len);
}
