/*
 * What a Wasm module's tables need. Its first byte is the limit, in units that make
 * small modules interesting; the rest is the module. Whatever the bytes, the share is
 * counted without overflow, and is no less than what the tables have at first.
 * Covers: modules/runtime/wasmtime/tables.c
 */
#include <stdlib.h>

#include "tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tables tables;
	uint64_t limit, longest, share, first;

	if (len == 0)
		return 0;
	limit = data[0] * UINT64_C(1000);
	tables_read(&tables, data + 1, len - 1);
	first = tables.elements * TABLE_ELEMENT;
	share = tables_share(&tables, limit, &longest);
	check(tables.longest <= tables.elements && tables.elements <= tables.count * UINT32_MAX);
	check(tables.count <= len && tables.longest <= longest && first <= share);
	if (!tables.grow || first > limit)
		check(share == first && longest == tables.longest);
	else
		check(share == tables.count * longest * TABLE_ELEMENT);
	return 0;
}
