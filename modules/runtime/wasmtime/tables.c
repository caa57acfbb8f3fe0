#include "tables.h"

#include <string.h>

#include <postern/buf.h>

/* One part in so many of the limit is for tables that may grow. */
#define SHARE 32

/* WebAssembly 2.0, 5.5: ids of sections, flags of limits, the instruction table.grow. */
enum {
	SECTION_TABLE = 4,
	SECTION_CODE = 10,
	TABLE_WITH_INIT = 0x40,
	LIMITS_WITH_MAX = 1,
	PREFIX = 0xfc,
	TABLE_GROW = 0x0f,
};

/* 0x40 0x00 type expression, which a table without null has, is of a proposal that is off. */
static void
section_read(struct tables *tables, const uint8_t *section, size_t len)
{
	struct pst_reader r = pst_reader(section, len);
	uint64_t count = pst_read_uvarint(&r);

	for (uint64_t i = 0; i < count && !r.status; i++) {
		uint8_t type = pst_read_u8(&r), flags;
		uint64_t min;

		if (type == TABLE_WITH_INIT)
			return;
		flags = pst_read_u8(&r);
		min = pst_read_uvarint(&r);
		if (flags & LIMITS_WITH_MAX)
			pst_read_uvarint(&r);
		if (r.status || min > UINT32_MAX)
			return;
		tables->count++;
		tables->elements += min;
		if (min > tables->longest)
			tables->longest = min;
	}
}

/* The number behind the prefix may be written with a needless continuation. What looks like the
 * instruction and is none costs that part of the limit, no more. */
static bool
code_grows(const uint8_t *code, size_t len)
{
	for (const uint8_t *at = code; len > 1; code = at + 1) {
		at = memchr(code, PREFIX, len - 1);
		if (!at)
			return false;
		if ((at[1] & 0x7f) == TABLE_GROW)
			return true;
		len -= (size_t)(at + 1 - code);
	}
	return false;
}

void
tables_read(struct tables *tables, const uint8_t *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);

	memset(tables, 0, sizeof *tables);
	pst_read_bytes(&r, 8); /* magic, version */
	while (!r.status && pst_reader_left(&r)) {
		uint8_t id = pst_read_u8(&r);
		const uint8_t *section = pst_read_data(&r, &len);

		if (!section)
			return;
		if (id == SECTION_TABLE)
			section_read(tables, section, len);
		else if (id == SECTION_CODE && code_grows(section, len))
			tables->grow = 1;
	}
}

uint64_t
tables_share(const struct tables *tables, uint64_t limit, uint64_t *longest)
{
	uint64_t now = tables->elements * TABLE_ELEMENT;

	*longest = tables->longest;
	if (!tables->count || !tables->grow || now > limit)
		return now;
	*longest += (limit - now) / SHARE / tables->count / TABLE_ELEMENT;
	return tables->count * *longest * TABLE_ELEMENT;
}
