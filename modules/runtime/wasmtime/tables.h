/*
 * What a module's tables need. wasmtime takes limits for tables and says nothing
 * when it applies them, nor can it be asked what tables a module has: so the
 * module is, and their memory is counted before an instance is made.
 */
#ifndef RUNTIME_WASMTIME_TABLES_H
#define RUNTIME_WASMTIME_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reference, in a table of wasmtime's. */
#define TABLE_ELEMENT 8

struct tables {
	uint64_t count;
	uint64_t elements; /* of all together, at first */
	uint64_t longest;  /* of one, at first */
	uint64_t grow;     /* 1: it may have an instruction that makes one longer */
};

/* Of a module that has been found valid; of any other bytes, anything. */
void tables_read(struct tables *tables, const uint8_t *bytes, size_t len);

/* What is set aside for them of `limit` bytes: some of the rest of it for those that may grow. How long
 * one may become goes to *longest. More than limit: it does not suffice. */
uint64_t tables_share(const struct tables *tables, uint64_t limit, uint64_t *longest);

#endif
