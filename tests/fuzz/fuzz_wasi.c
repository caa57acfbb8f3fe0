/*
 * WASI as a guest calls it: any function, any pointers, any memory. What it writes stays within the memory and
 * within its bounds, and what it answers is one of WASI's errors.
 * Covers: modules/runtime/wabt/wasi.c
 */
#include <stdlib.h>
#include <string.h>

#include "wasi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_LEN 100
#define OUT_MAX 5000

/* A guest: its memory is a block of its own, so that a sanitizer sees who leaves it. */
struct guest {
	struct wasi wasi; /* `user` of the imports */
	uint8_t *memory;
	size_t len;
	size_t out; /* it has said so much */
};

static struct guest *guest; /* which memory() has no other way to */

static void
check(bool right)
{
	if (!right)
		abort();
}

static uint8_t *
memory(struct pst_wasm_instance *instance, size_t *len)
{
	*len = guest->len;
	return guest->memory;
}

static bool
out(void *user, int fd, const uint8_t *bytes, size_t len)
{
	struct guest *g = user;

	check(fd == 1 || fd == 2);
	check(len > 0 && bytes >= g->memory && len <= g->len && bytes <= g->memory + g->len - len);
	if (len > OUT_MAX - g->out)
		return false;
	g->out += len;
	return true;
}

static size_t
imports_count(void)
{
	size_t n = 0;

	while (wasi_imports[n].module)
		n++;
	return n;
}

/* A slot: small ones are near what there is, large ones at the end of what numbers hold. */
static uint64_t
slot(uint8_t how, uint16_t value, bool wide)
{
	uint64_t v = how & 1 ? value : how & 2 ? (uint64_t)0 - value : value % 256;

	return wide ? v : (uint32_t)v;
}

static void
call(const struct pst_wasm_import *import, const uint8_t *bytes)
{
	const char *type = import->type;
	uint64_t slots[16] = { 0 };
	struct pst_err err = PST_ERR_INIT;
	enum pst_wasm_end end;
	size_t params = (size_t)(strchr(type, ':') - type);

	check(params <= 9);
	for (size_t i = 0; i < params; i++)
		slots[i] = slot(bytes[3 * i], (uint16_t)(bytes[3 * i + 1] | bytes[3 * i + 2] << 8),
		    type[i] == 'I');
	end = import->fn(&guest->wasi, NULL, slots, import->arg, &err);
	check(end == PST_WASM_DONE || end == PST_WASM_EXIT);
	check((end == PST_WASM_EXIT) == !strcmp(import->name, "proc_exit"));
	check(end == PST_WASM_EXIT || slots[0] <= 76);
	check(guest->wasi.in_at <= INPUT_LEN);
}

/* The memory's size and what is in it, then calls of 28 bytes: which, and nine slots of three. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t input[INPUT_LEN] = "in";
	static const char *const args[] = { "one", "", "three", NULL }, *const env[] = { "A=b", NULL };
	static const size_t sizes[] = { 0, 1, 64, 600, 3000 };
	struct guest g = {
		.wasi = { .shown = { args, env, input, INPUT_LEN, out }, .memory = memory },
	};
	size_t filled;

	if (len < 1)
		return 0;
	g.len = sizes[data[0] % (sizeof sizes / sizeof *sizes)];
	if (data[0] & 0x80)
		g.wasi.shown = (struct pst_wasm_wasi){ 0 };
	g.wasi.user = &g;
	g.memory = calloc(1, g.len ? g.len : 1);
	check(g.memory != NULL);
	filled = len - 1 < g.len ? len - 1 : g.len;
	memcpy(g.memory, data + 1, filled);
	guest = &g;
	for (size_t at = 1; at + 28 <= len; at += 28)
		call(&wasi_imports[data[at] % imports_count()], data + at + 1);
	free(g.memory);
	guest = NULL;
	return 0;
}
