/*
 * The host that `pst-conform alike` shows: the functions that Suborbital's modules import,
 * each of which answers without doing anything, and WASI's clock and random
 * numbers, which are none. Every call leaves a line in the transcript, with what the memory is then.
 */
#include <sodium.h>
#include <string.h>

#include "alike.h"

static const char waiting_text[] = "from the host";

void
alike_note_memory(struct alike_run *run, struct pst_wasm_instance *instance)
{
	uint8_t digest[16];
	size_t len;
	const uint8_t *memory = run->ops->memory(instance, &len);

	crypto_generichash(digest, sizeof digest, memory, len, NULL, 0);
	fprintf(run->transcript, " memory %zu ", len);
	for (size_t i = 0; i < sizeof digest; i++)
		fprintf(run->transcript, "%02x", digest[i]);
	fputc('\n', run->transcript);
}

static void
note(struct alike_run *run, struct pst_wasm_instance *instance, const char *name,
    const uint64_t *slots, size_t count)
{
	fputs(name, run->transcript);
	for (size_t i = 0; i < count; i++)
		fprintf(run->transcript, " %llu", (unsigned long long)slots[i]);
	alike_note_memory(run, instance);
}

static size_t
params_of(const char *type)
{
	return (size_t)(strchr(type, ':') - type);
}

static enum pst_wasm_end
stub_called(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	const struct pst_wasm_import *import = arg;
	struct alike_run *run = user;
	const size_t len = sizeof waiting_text - 1;

	note(run, instance, import->name, slots, params_of(import->type));
	run->waiting = run->answer == ALIKE_RESULT || run->answer == ALIKE_ERROR;
	slots[0] = run->answer == ALIKE_RESULT ? len :
	    run->answer == ALIKE_ERROR         ? (uint32_t)-(int32_t)len :
	    run->answer == ALIKE_CODE          ? UINT32_MAX :
	                                         0;
	return PST_WASM_DONE;
}

/* (destination, ident) */
static enum pst_wasm_end
get_ffi_result(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	const struct pst_wasm_import *import = arg;
	struct alike_run *run = user;
	size_t size, len = sizeof waiting_text - 1;
	uint8_t *memory = run->ops->memory(instance, &size);

	note(run, instance, import->name, slots, params_of(import->type));
	if (!run->waiting) {
		slots[0] = UINT32_MAX;
		return PST_WASM_DONE;
	}
	if (slots[0] > size || len > size - slots[0]) {
		pst_fail(err, PST_E_REFUSED, "a pointer outside of memory");
		return PST_WASM_TRAP;
	}
	memcpy(memory + slots[0], waiting_text, len);
	run->waiting = false;
	slots[0] = 0;
	return PST_WASM_DONE;
}

/* (clock, precision, time) */
static enum pst_wasm_end
clock_time_get(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	struct alike_run *run = user;
	size_t size;
	uint8_t *memory = run->ops->memory(instance, &size);

	if (slots[2] > size || size - slots[2] < 8)
		return PST_WASM_TRAP;
	memset(memory + slots[2], 0, 8);
	memory[slots[2] + 4] = (uint8_t)++run->ticks;
	slots[0] = 0;
	return PST_WASM_DONE;
}

/* (bytes, count) */
static enum pst_wasm_end
random_get(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	struct alike_run *run = user;
	size_t size;
	uint8_t *memory = run->ops->memory(instance, &size);

	if (slots[0] > size || slots[1] > size - slots[0])
		return PST_WASM_TRAP;
	memset(memory + slots[0], (int)++run->ticks, slots[1]);
	slots[0] = 0;
	return PST_WASM_DONE;
}

#define STUB(at, module_, name_, type_) \
	{ .module = (module_), .name = (name_), .type = (type_), .fn = stub_called, \
	    .arg = (void *)&alike_imports[at] }
#define ENV(at, name_, type_) STUB(at, "env", name_, type_)
#define OURS(at, name_, type_) STUB(at, "postern", name_, type_)

/* Each has a twin of Swift's, with two parameters more that mean nothing. */
#define BOTH(at, name_, params, results) \
	ENV(at, name_, params ":" results), ENV(at + 1, name_ "_swift", params "ii:" results)

const struct pst_wasm_import alike_imports[] = {
	BOTH(0, "return_result", "iii", ""),
	BOTH(2, "return_error", "iiii", ""),
	BOTH(4, "return_abort", "iiiiiii", ""),
	BOTH(6, "log_msg", "iiii", ""),
	BOTH(8, "add_ffi_var", "iiiii", "i"),
	BOTH(10, "fetch_url", "iiiiii", "i"),
	BOTH(12, "graphql_query", "iiiii", "i"),
	BOTH(14, "cache_set", "iiiiii", "i"),
	BOTH(16, "cache_get", "iii", "i"),
	BOTH(18, "request_get_field", "iiii", "i"),
	BOTH(20, "request_set_field", "iiiiii", "i"),
	BOTH(22, "resp_set_header", "iiiii", ""),
	BOTH(24, "get_static_file", "iii", "i"),
	BOTH(26, "db_exec", "iiii", "i"),
	BOTH(28, "get_secret_value", "iii", "i"),
	{ "env", "get_ffi_result", "ii:i", get_ffi_result, (void *)&alike_imports[30], false },
	{ "env", "get_ffi_result_swift", "iiii:i", get_ffi_result, (void *)&alike_imports[31], false },
	{ "wasi_snapshot_preview1", "clock_time_get", "iIi:i", clock_time_get, NULL, false },
	{ "wasi_snapshot_preview1", "random_get", "ii:i", random_get, NULL, false },
	OURS(34, "outlet_open", "iii:i"),
	OURS(35, "outlet_write", "iiii:i"),
	OURS(36, "outlet_read", "iiii:i"),
	OURS(37, "outlet_close", "ii:i"),
	{ .module = NULL },
};
