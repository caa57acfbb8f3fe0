/*
 * A datagram of plain UDP: what is taken is written anew and read the same.
 * Whatever comes is a message, too, which is split and put together again.
 * Covers: modules/transport/udp/datagram.c
 */
#include <stdlib.h>
#include <string.h>

#include "datagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_again(const struct datagram *d)
{
	uint8_t *bytes = malloc(DATAGRAM_HEAD_MAX + d->len);
	struct datagram again;
	size_t head;

	check(bytes);
	head = datagram_head(bytes, d);
	check(head <= DATAGRAM_HEAD_MAX);
	if (d->len)
		memcpy(bytes + head, d->part, d->len);
	check(!datagram_read(&again, bytes, head + d->len));
	check(again.number == d->number && again.offset == d->offset && again.total == d->total);
	check(again.len == d->len && (!d->len || !memcmp(again.part, d->part, d->len)));
	/* a byte less is none */
	check(datagram_read(&again, bytes, head + d->len - 1));
	free(bytes);
}

static void
check_split(const uint8_t *data, size_t len)
{
	size_t count = datagram_count(len), at = 0;

	for (size_t i = 0; i < count; i++) {
		struct datagram d = datagram_split(data, len, (uint16_t)len, (uint16_t)i);

		check(d.part == data + at && d.len && d.offset == i && d.total == count);
		check(d.len <= DATAGRAM_PART_MAX);
		check_again(&d);
		at += d.len;
	}
	check(at == len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct datagram d;

	check_split(data, len);
	if (datagram_read(&d, data, len))
		return 0;
	check(d.part >= data && d.part + d.len <= data + len);
	check_again(&d);
	return 0;
}
