/* Runtimes: what is a module and what not, imports and exports, and code that is kept. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static const struct pst_runtime_ops *
ops_of(const struct conform *c)
{
	return c->ops;
}

static int
compile(struct conform *c, const uint8_t *bytes, size_t len, struct pst_err *err)
{
	const struct guest guest = { "", bytes, len };
	const struct pst_wasm_code code = guest_code(&guest);
	struct pst_wasm_module *module = NULL;
	int rc = ops_of(c)->compile(c->self, &module, &code, err);

	if (!rc)
		ops_of(c)->release(&module);
	return rc;
}

/* Refused as what is no module, with a sentence. */
static void
refused(struct conform *c, const char *what, const uint8_t *bytes, size_t len)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = compile(c, bytes, len, &err);

	conform_ok(c, rc == PST_E_PROTOCOL && err.text[0], "%s is refused: %s", what,
	    rc ? err.text : "it is not");
}

#define REFUSED(c, what, ...) \
	refused(c, what, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define HEAD 0, 'a', 's', 'm', 1, 0, 0, 0
/* One function without parameters or results. */
#define ONE HEAD, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0

/* Where a module could end: behind a section. */
static bool
is_section_end(const struct guest *guest, size_t at)
{
	size_t next = 8;

	while (next < at) {
		size_t len = 0;
		unsigned shift = 0;

		for (next++; guest->bytes[next] & 0x80; shift += 7)
			len |= (size_t)(guest->bytes[next++] & 0x7f) << shift;
		len |= (size_t)guest->bytes[next++] << shift;
		next += len;
	}
	return next == at;
}

static void
cut_off(struct conform *c)
{
	const struct guest *plain = guest_find("plain");
	size_t cut = 0, taken = 0;

	for (size_t len = 0; len < plain->len; len++) {
		uint8_t *bytes = malloc(len + 1); /* of its own, that a sanitizer sees who reads on */
		int rc;

		memcpy(bytes, plain->bytes, len);
		rc = compile(c, bytes, len, NULL);
		free(bytes);
		cut += rc == PST_E_PROTOCOL;
		taken += rc == PST_OK && is_section_end(plain, len);
	}
	conform_ok(c, cut + taken == plain->len,
	    "what is cut off is refused (%zu lengths), but where it is another module", cut);
}

static void
not_modules(struct conform *c)
{
	const struct guest *typed = guest_find("badly_typed"), *called = guest_find("badly_called");

	refused(c, "nothing", (const uint8_t *)"", 0);
	REFUSED(c, "text", '(', 'm', 'o', 'd', 'u', 'l', 'e', ')');
	REFUSED(c, "another version", 0, 'a', 's', 'm', 2, 0, 0, 0);
	REFUSED(c, "a component", 0, 'a', 's', 'm', 13, 0, 1, 0);
	REFUSED(c, "a section that there is not", HEAD, 77, 1, 0);
	REFUSED(c, "a section longer than its file", HEAD, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x60);
	REFUSED(c, "as many types as numbers hold", HEAD, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f);
	REFUSED(c, "a function without a body", ONE);
	REFUSED(c, "a body without a function", HEAD, 10, 4, 1, 2, 0, 0x0b);
	REFUSED(c, "more locals than any browser takes", ONE, 10, 10, 1, 8, 1, 0xff, 0xff, 0xff, 0xff,
	    0x0f, 0x7f, 0x0b);
	/* (data.drop 0), of one segment that is counted and of none that there is */
	REFUSED(c, "a segment that is counted and is not there", ONE, 12, 1, 1, 10, 7, 1, 5, 0, 0xfc, 9,
	    0, 0x0b);
	refused(c, "what does not validate", typed->bytes, typed->len);
	refused(c, "a call of a function that there is not", called->bytes, called->len);
}

/* Any byte of a module altered: refused, or a module that is let go again. */
static void
altered(struct conform *c)
{
	const struct guest *plain = guest_find("plain");
	uint8_t *bytes = malloc(plain->len);
	size_t taken = 0, told = 0, count = 0;

	memcpy(bytes, plain->bytes, plain->len);
	for (size_t i = 8; i < plain->len; i++)
		for (unsigned flip = 1; flip < 256; flip = flip * 3 + 1, count++) {
			struct pst_err err = PST_ERR_INIT;

			bytes[i] ^= (uint8_t)flip;
			if (compile(c, bytes, plain->len, &err) == PST_OK)
				taken++;
			else
				told += err.text[0] != 0;
			bytes[i] ^= (uint8_t)flip;
		}
	free(bytes);
	conform_ok(c, taken + told == count, "altered ones are refused with a sentence, or are others "
	    "(%zu of %zu)", taken, count);
}

static void
imports(struct conform *c)
{
	static const char *const wanting[] = { "wants_stranger", "wants_otherwise", "wants_memory",
		"wants_global" };
	static const char *const named[] = { "stranger", "add", "memory", "add" };

	for (size_t i = 0; i < sizeof wanting / sizeof *wanting; i++) {
		const struct guest *guest = guest_find(wanting[i]);
		struct pst_err err = PST_ERR_INIT;
		int rc = compile(c, guest->bytes, guest->len, &err);

		conform_ok(c, rc == PST_E_NOTHING && strstr(err.text, named[i]),
		    "%s: what is not offered cannot be had, and is named: %s", wanting[i],
		    rc ? err.text : "it was");
	}
}

static void
exports(struct conform *c)
{
	struct run run = { 0 };
	const struct pst_runtime_ops *ops = ops_of(c);
	struct pst_wasm_instance *first;
	int add, seven;

	if (!run_open(&run, c, "plain"))
		return;
	add = ops->find(run.module, "add", "ii:i");
	conform_ok(c, add >= 0 && ops->find(run.module, "add", "ii:i") == add,
	    "an export has one number");
	conform_rc(c, ops->find(run.module, "add", "ii:"), -EINVAL, "by another type it is not found");
	conform_rc(c, ops->find(run.module, "add", "iI:i"), -EINVAL, "nor by one with a long in it");
	conform_rc(c, ops->find(run.module, "ad", "ii:i"), PST_E_NOTHING, "nor by a part of its name");
	conform_rc(c, ops->find(run.module, "", ":"), PST_E_NOTHING, "no name is nothing");
	conform_rc(c, ops->find(run.module, "memory", ":"), PST_E_NOTHING, "a memory is no function");
	first = run.instance;
	conform_rc(c, run_spawn(&run), PST_OK, "a second instance is made beside the first");
	run.slots[0] = 2, run.slots[1] = 3;
	conform_ok(c, ops->call(run.instance, add, run.slots, &run.err) == PST_WASM_DONE &&
	    run.slots[0] == 5, "the number is good for both");
	ops->free(&first);
	run_close(&run);

	run = (struct run){ 0 };
	if (!run_open(&run, c, "bare"))
		return;
	seven = run_call(&run, "seven", ":i");
	conform_ok(c, seven == PST_WASM_DONE && run.slots[0] == 7, "a module that has no memory runs");
	conform_ok(c, run_memory_len(&run) == 0, "and has none");
	run_close(&run);

	run = (struct run){ 0 };
	if (!run_open(&run, c, "hidden"))
		return;
	conform_ok(c, run_memory_len(&run) == 0, "a memory by another name is not shown");
	run_close(&run);
}

/* Saved, loaded, and as it was. */
static void
kept(struct conform *c)
{
	const struct pst_runtime_ops *ops = ops_of(c);
	struct run run = { 0 };
	struct pst_wasm_blob blob = { 0 };
	struct pst_wasm_code code = guest_code(guest_find("plain"));
	int rc;

	if (!(ops->can & PST_RUNTIME_SAVES)) {
		conform_skip(c, "it says that it saves none", "compiled code is kept");
		return;
	}
	if (run_compile(&run, c, "plain"))
		return;
	rc = ops->save(run.module, &blob, &run.err);
	run_close(&run);
	if (!conform_rc(c, rc, PST_OK, "compiled code is saved: %zu bytes", blob.len))
		return;
	code.bytes = blob.bytes;
	code.len = blob.len;
	rc = ops->load(c->self, &run.module, &code, &run.err);
	if (conform_rc(c, rc, PST_OK, "and loaded again") && !run_spawn(&run))
		conform_ok(c, run_call2(&run, "add", "ii:i", 40, 2) == PST_WASM_DONE &&
		    run.slots[0] == 42 && run.calls == 1 && run.right, "it runs as before");
	run_close(&run);
	code.len = 8;
	rc = ops->load(c->self, &run.module, &code, &run.err);
	conform_rc(c, rc, -EBADMSG, "a piece of it is not loaded");
	code = guest_code(guest_find("plain"));
	rc = ops->load(c->self, &run.module, &code, &run.err);
	conform_rc(c, rc, -EBADMSG, "nor what was never compiled");
	free(blob.bytes);
}

void
runtime_codes(struct conform *c)
{
	not_modules(c);
	cut_off(c);
	altered(c);
	imports(c);
	exports(c);
	kept(c);
}
