#include "partial.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

struct part {
	uint16_t offset;
	uint16_t len;
	uint8_t bytes[];
};

/* The allocator's share of a part, and the tree's node: 16 + 16 + 32 bytes with glibc. */
#define PART_COST 64

static int
offset_order(const void *a, const void *b)
{
	return ((const struct part *)a)->offset - ((const struct part *)b)->offset;
}

size_t
partial_cost(size_t len)
{
	return sizeof(struct part) + len + PART_COST;
}

static struct part *
part_find(const struct partial *partial, uint16_t offset)
{
	struct part key = { .offset = offset };
	void *node = tfind(&key, &partial->parts, offset_order);

	return node ? *(struct part **)node : NULL;
}

static bool
is_last(const struct datagram *d)
{
	return d->offset + 1 == d->total;
}

/* Does it fit to those that are there? */
static bool
part_fits(const struct partial *partial, const struct datagram *d)
{
	if (!d->total || d->offset >= d->total || (partial->total && partial->total != d->total))
		return false;
	if (d->len > DATAGRAM_MESSAGE_MAX - partial->len || d->len > UINT16_MAX)
		return false;
	if (is_last(d))
		return d->len || d->total > 1;
	return d->len && (!partial->part_len || partial->part_len == d->len);
}

static int
part_keep(struct partial *partial, struct partial_store *store, const struct datagram *d)
{
	struct part *part;

	if (store->used + partial_cost(d->len) > store->limit)
		return PST_E_LIMIT;
	part = malloc(sizeof *part + d->len);
	if (!part)
		return -ENOMEM;
	part->offset = d->offset;
	part->len = (uint16_t)d->len;
	if (d->len)
		memcpy(part->bytes, d->part, d->len);
	if (!tsearch(part, &partial->parts, offset_order)) {
		free(part);
		return -ENOMEM;
	}
	store->used += partial_cost(d->len);
	partial->len += d->len;
	partial->come++;
	partial->total = d->total;
	if (!is_last(d))
		partial->part_len = part->len;
	return PST_OK;
}

int
partial_add(struct partial *partial, struct partial_store *store, const struct datagram *d)
{
	const struct part *twin = part_find(partial, d->offset);
	int rc = -EBADMSG;

	if (twin && twin->len == d->len && partial->total == d->total &&
	    (!d->len || !memcmp(twin->bytes, d->part, d->len)))
		return PST_OK;
	if (!twin && part_fits(partial, d))
		rc = part_keep(partial, store, d);
	if (rc)
		partial_drop(partial, store);
	return rc;
}

bool
partial_whole(const struct partial *partial)
{
	return partial->total && partial->come == partial->total;
}

void
partial_copy(const struct partial *partial, uint8_t *out)
{
	for (uint16_t i = 0; i < partial->total; i++) {
		const struct part *part = part_find(partial, i);

		memcpy(out, part->bytes, part->len);
		out += part->len;
	}
}

void
partial_drop(struct partial *partial, struct partial_store *store)
{
	store->used -= partial->len + partial->come * partial_cost(0);
	while (partial->parts) {
		struct part *part = *(struct part **)partial->parts; /* the root's */

		tdelete(part, &partial->parts, offset_order);
		free(part);
	}
	*partial = (struct partial){ 0 };
}
