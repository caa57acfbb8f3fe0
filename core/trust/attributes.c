#include "trust/attributes.h"

#include <stdlib.h>

#include <postern/utf8.h>

/* ---- the order of names ---- */

int
pst_attribute_compare(const struct pst_attribute *a, const struct pst_attribute *b)
{
	return pst_utf8_compare(a->name, a->name_len, b->name, b->name_len);
}

const struct pst_attribute *
pst_attribute_find(const struct pst_attribute *item, size_t count, const void *name, size_t len)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = pst_utf8_compare(name, len, item[middle].name, item[middle].name_len);

		if (!order)
			return &item[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int
item_compare(const void *a, const void *b)
{
	return pst_attribute_compare(a, b);
}

bool
pst_attributes_sort(struct pst_attribute *item, size_t count)
{
	if (count)
		qsort(item, count, sizeof *item, item_compare);
	for (size_t i = 1; i < count; i++)
		if (!pst_attribute_compare(&item[i - 1], &item[i]))
			return false;
	return true;
}

/* ---- the object ---- */

/* How many pairs lie in a map that has been read before. */
static size_t
map_count(struct pst_reader r)
{
	struct pst_cbor_list map = pst_cbor_map(&r);
	size_t count = 0;

	while (pst_cbor_more(&r, &map)) {
		pst_cbor_skip(&r);
		pst_cbor_skip(&r);
		count++;
	}
	return count;
}

static void
map_read(struct pst_reader r, struct pst_attribute *item)
{
	struct pst_cbor_list map = pst_cbor_map(&r);

	for (; pst_cbor_more(&r, &map); item++) {
		size_t name_len, value_len;

		item->name = pst_cbor_bytes(&r, &name_len);
		item->value = pst_cbor_bytes(&r, &value_len);
		item->name_len = (uint32_t)name_len;
		item->value_len = (uint32_t)value_len;
	}
}

const uint8_t *
pst_attributes_bytes(const struct pst_attributes *attributes)
{
	return (const uint8_t *)&attributes->item[attributes->count];
}

int
pst_attributes_new(struct pst_attributes **out, const struct pst_credential *credential,
    struct pst_err *err)
{
	size_t count = map_count(credential->attributes);
	size_t before = (size_t)(credential->attributes.p - credential->bytes);
	struct pst_attributes *made =
	    malloc(sizeof *made + count * sizeof made->item[0] + credential->len);
	uint8_t *copy;

	*out = NULL;
	if (!made)
		return pst_fail(err, -ENOMEM, "out of memory");
	made->refs = 1;
	made->issuer = credential->attestation.subject;
	made->expires_at = credential->expires_at;
	made->count = count;
	copy = (uint8_t *)&made->item[count];
	memcpy(copy, credential->bytes, credential->len);
	map_read(pst_reader(copy + before, pst_reader_left(&credential->attributes)), made->item);
	if (!pst_attributes_sort(made->item, count)) {
		free(made);
		return pst_fail(err, -EBADMSG, "the credential has an attribute twice");
	}
	*out = made;
	return PST_OK;
}

struct pst_attributes *
pst_attributes_ref(const struct pst_attributes *attributes)
{
	struct pst_attributes *counted = (struct pst_attributes *)attributes; /* but for this */

	counted->refs++;
	return counted;
}

void
pst_attributes_unref(struct pst_attributes **attributes)
{
	struct pst_attributes *gone = *attributes;

	*attributes = NULL;
	if (gone && --gone->refs == 0)
		free(gone);
}

const struct pst_attribute *
pst_attributes_find(const struct pst_attributes *attributes, const void *name, size_t len)
{
	return pst_attribute_find(attributes->item, attributes->count, name, len);
}
