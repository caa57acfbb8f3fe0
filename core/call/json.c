#include <postern/json.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

#define ROOM_FIRST 256
/* The longest that a byte becomes: \u00xx. */
#define ESCAPED_MAX 6

/* Where n more bytes may stand; NULL when memory is out. */
static char *
space(struct pst_json *json, size_t n)
{
	size_t room = json->room ? json->room : ROOM_FIRST;
	char *text;

	if (json->failed)
		return NULL;
	while (room - json->len < n)
		room *= 2;
	if (room != json->room) {
		text = realloc(json->text, room);
		json->failed = !text;
		if (!text)
			return NULL;
		json->text = text;
		json->room = room;
	}
	return json->text + json->len;
}

void
pst_json_raw(struct pst_json *json, const char *text)
{
	size_t len = strlen(text);
	char *p = space(json, len);

	if (!p)
		return;
	memcpy(p, text, len);
	json->len += len;
}

/* One character, or one byte that is of none; returns the end of what was written. */
static char *
character(char *p, const uint8_t *from, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	if (!n) {
		memcpy(p, "\xef\xbf\xbd", 3);
		return p + 3;
	}
	if (pst_utf8_control(from)) {
		memcpy(p, "\\u00", 4);
		p[4] = hex[from[n - 1] >> 4]; /* of C1, the second byte is the number */
		p[5] = hex[from[n - 1] & 15];
		return p + ESCAPED_MAX;
	}
	if (*from == '"' || *from == '\\')
		*p++ = '\\';
	memcpy(p, from, n);
	return p + n;
}

void
pst_json_string(struct pst_json *json, const void *bytes, size_t len)
{
	const uint8_t *from = bytes, *end = from + len;
	char *p = space(json, len * ESCAPED_MAX + 2);

	if (!p)
		return;
	*p++ = '"';
	while (from < end) {
		size_t n = *from < 0x80 ? 1 : pst_utf8_len(from, (size_t)(end - from));

		p = character(p, from, n);
		from += n ? n : 1;
	}
	*p++ = '"';
	json->len = (size_t)(p - json->text);
}

void
pst_json_base64(struct pst_json *json, const void *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *p = space(json, size + 2);

	if (!p)
		return;
	*p = '"';
	sodium_bin2base64(p + 1, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	p[size] = '"'; /* where the NUL was */
	json->len += size + 1;
}

int
pst_json_end(struct pst_json *json, char **out, size_t *len)
{
	char *p = space(json, 1);

	if (!p) {
		free(json->text);
		*json = (struct pst_json){ .failed = true };
		return -ENOMEM;
	}
	*p = '\0';
	*out = json->text;
	*len = json->len;
	*json = (struct pst_json){ 0 };
	return 0;
}
