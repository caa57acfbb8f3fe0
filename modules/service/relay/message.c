#include <string.h>

#include <postern/utf8.h>

#include "message.h"

/* A name that may stand in an address and in a log. */
static bool
name_take(char out[RELAY_NAME_MAX + 1], const uint8_t *text, size_t len)
{
	if (!text || !len || len > RELAY_NAME_MAX || !pst_utf8_plain(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == ' ' || text[i] == '/' || text[i] == '#')
			return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

bool
registration_read(char name[RELAY_NAME_MAX + 1], const struct pst_buf *payload)
{
	struct pst_reader r = pst_buf_reader(payload);
	size_t len;
	const uint8_t *text = pst_read_data(&r, &len);

	return name_take(name, text, len);
}

size_t
registration_write(uint8_t out[MESSAGE_MAX], const char *name)
{
	struct pst_writer w = pst_writer(out, MESSAGE_MAX);

	pst_write_data(&w, name, strlen(name));
	return pst_writer_len(&w);
}

bool
answer_names(const struct pst_buf *payload, const char *name)
{
	struct pst_reader r = pst_buf_reader(payload);
	size_t len, n = strlen(name);
	const uint8_t *text = pst_read_data(&r, &len);

	return text && len >= n && !memcmp(text + len - n, name, n);
}

size_t
answer_write(uint8_t out[MESSAGE_MAX], const char *name)
{
	struct pst_writer w = pst_writer(out, MESSAGE_MAX);
	size_t len = strlen(name);

	pst_write_uvarint(&w, strlen(RELAY_PREFIX) + len);
	pst_write_bytes(&w, RELAY_PREFIX, strlen(RELAY_PREFIX));
	pst_write_bytes(&w, name, len);
	return pst_writer_len(&w);
}
