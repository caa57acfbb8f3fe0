#include "attributes.h"

#include <errno.h>

#include <postern/utf8.h>

static size_t
bytes_of(const struct attributes *attributes)
{
	size_t bytes = 0;

	for (size_t i = 0; i < attributes->count; i++)
		bytes += (size_t)attributes->item[i].name_len + attributes->item[i].value_len;
	return bytes;
}

/* Into its place; -EEXIST, PST_E_LIMIT. */
static int
insert(struct attributes *attributes, const struct pst_attribute *one)
{
	size_t at = attributes->count;
	size_t bytes = bytes_of(attributes);

	if (attributes->count == ATTRIBUTES_MAX || one->name_len > ATTRIBUTES_BYTES ||
	    one->value_len > ATTRIBUTES_BYTES || bytes + one->name_len + one->value_len > ATTRIBUTES_BYTES)
		return PST_E_LIMIT;
	while (at && pst_attribute_compare(&attributes->item[at - 1], one) > 0)
		at--;
	if (at && !pst_attribute_compare(&attributes->item[at - 1], one))
		return -EEXIST;
	memmove(attributes->item + at + 1, attributes->item + at,
	    (attributes->count - at) * sizeof *attributes->item);
	attributes->item[at] = *one;
	attributes->count++;
	return PST_OK;
}

bool
attributes_add(struct attributes *attributes, const struct pst_attribute *one)
{
	return !insert(attributes, one);
}

int
attributes_add_word(struct attributes *attributes, const char *word, size_t len)
{
	const char *equals = memchr(word, '=', len);
	struct pst_attribute one;

	if (!equals || equals == word || !pst_utf8_plain((const uint8_t *)word, len))
		return -EINVAL;
	one = (struct pst_attribute){
		.name = (const uint8_t *)word,
		.name_len = (uint32_t)(equals - word),
		.value = (const uint8_t *)equals + 1,
		.value_len = (uint32_t)(len - (size_t)(equals - word) - 1),
	};
	return insert(attributes, &one);
}

/* ---- reading ---- */

static void
map_read(struct attributes *out, struct pst_reader *r,
    const uint8_t *(*string)(struct pst_reader *r, size_t *len))
{
	struct pst_cbor_list map = pst_cbor_map(r);

	out->count = 0;
	while (pst_cbor_more(r, &map)) {
		size_t name_len, value_len;
		const uint8_t *name = string(r, &name_len), *value = string(r, &value_len);
		struct pst_attribute one = { name, value, (uint32_t)name_len, (uint32_t)value_len };

		if (r->status)
			return;
		if (name_len > ATTRIBUTES_BYTES || value_len > ATTRIBUTES_BYTES || insert(out, &one))
			r->status = -EBADMSG;
	}
}

static const uint8_t *
text(struct pst_reader *r, size_t *len)
{
	const uint8_t *p = (const uint8_t *)pst_cbor_text(r, len);

	if (!r->status && !pst_utf8_plain(p, *len))
		r->status = -EBADMSG;
	return p;
}

void
attributes_read_texts(struct attributes *out, struct pst_reader *r)
{
	map_read(out, r, text);
}

void
attributes_read(struct attributes *out, struct pst_reader *r)
{
	map_read(out, r, pst_cbor_bytes);
}

/* ---- writing ---- */

void
attributes_write(struct pst_writer *w, const struct attributes *attributes)
{
	pst_cbor_write_map(w, attributes->count);
	for (size_t i = 0; i < attributes->count; i++) {
		const struct pst_attribute *one = &attributes->item[i];

		pst_cbor_write_bytes(w, one->name, one->name_len);
		pst_cbor_write_bytes(w, one->value, one->value_len);
	}
}

static void
array_write(struct pst_writer *w, const uint8_t *bytes, size_t len)
{
	pst_cbor_write_array(w, len);
	for (size_t i = 0; i < len; i++)
		pst_cbor_write_uint(w, bytes[i]);
}

void
attributes_write_arrays(struct pst_writer *w, const struct attributes *attributes)
{
	pst_cbor_write_map(w, attributes->count);
	for (size_t i = 0; i < attributes->count; i++) {
		array_write(w, attributes->item[i].name, attributes->item[i].name_len);
		array_write(w, attributes->item[i].value, attributes->item[i].value_len);
	}
}

/* ---- what they say ---- */

static bool
is(const uint8_t *bytes, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(bytes, word, len);
}

bool
attributes_enroller(const struct attributes *attributes)
{
	for (size_t i = 0; i < attributes->count; i++) {
		const struct pst_attribute *one = &attributes->item[i];

		if (is(one->name, one->name_len, "ockam-role"))
			return is(one->value, one->value_len, "enroller");
	}
	return false;
}

char *
attributes_format(const struct attributes *attributes, char *out, size_t size)
{
	struct pst_writer w = pst_writer(out, size - 1);

	for (size_t i = 0; i < attributes->count; i++) {
		const struct pst_attribute *one = &attributes->item[i];

		if (i)
			pst_write_u8(&w, ' ');
		pst_write_bytes(&w, one->name, one->name_len);
		pst_write_u8(&w, '=');
		pst_write_bytes(&w, one->value, one->value_len);
	}
	out[pst_writer_len(&w)] = '\0';
	return out;
}
