/*
 * What a guest says to its host: any import with any numbers, in any order, on a memory whose edges the
 * sanitizer watches. Who serves them reads every byte that it is given; what waits for the guest is held
 * against a plain model of the protocol.
 * Covers: modules/service/functions/abi.c modules/service/functions/host.c
 * Needs: modules/service/functions/binding.c modules/service/functions/cache.c modules/service/functions/execution.c
 * Needs: modules/service/functions/later.c modules/service/functions/program.c modules/service/functions/setup.c
 * Needs: modules/service/functions/wasi.c
 */
#include <stdlib.h>
#include <string.h>

#include "function.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define BODY_MAX 1000
#define IDENT 0x01020304

static struct {
	const uint8_t *data;
	size_t left;
	uint8_t *memory;
	size_t size;
	struct function f;
	struct setup setup;
	/* the model */
	bool waits, returned;
	bool bare; /* the answer was a number, with nothing waiting */
	size_t waiting;
} guest;

static void
check(bool right)
{
	if (!right)
		abort();
}

static uint32_t
take(size_t bytes)
{
	uint32_t number = 0;

	for (; bytes && guest.left; bytes--, guest.left--)
		number = number << 8 | *guest.data++;
	return number;
}

/* Near an edge more often than not: of the memory, and of 32 bits. */
static uint32_t
number(void)
{
	uint32_t how = take(1);

	if (how < 96)
		return take(1);
	if (how < 160)
		return (uint32_t)guest.size - take(1);
	if (how < 200)
		return 0 - take(1);
	return how < 220 ? take(2) : take(4);
}

/* ---- the runtime ---- */

static uint8_t *
memory(struct pst_wasm_instance *instance, size_t *len)
{
	*len = guest.size;
	return guest.memory;
}

static bool
inside(uint64_t at, uint64_t len)
{
	return !len || (at <= guest.size && len <= guest.size - at);
}

static bool
pointers_right(const struct abi_function *abi, const uint64_t *slots)
{
	for (const char *s = abi->shape; *s; s++) {
		if (*s != 'n' && !inside(slots[0], slots[1]))
			return false;
		slots += *s == 'n' ? 1 : 2;
	}
	return true;
}

/* What the model says of a call that was not refused for its ident or its pointers. */
static void
model(const struct abi_function *abi, const uint64_t *before, enum pst_wasm_end end, int32_t value)
{
	if (!strcmp(abi->name, "get_ffi_result")) {
		check(end == (guest.waits && !inside(before[0], guest.waiting) ? PST_WASM_TRAP : PST_WASM_DONE));
		if (end == PST_WASM_DONE) {
			check(value == (guest.waits ? 0 : -1));
			guest.waits = false;
		}
	} else if (!strcmp(abi->name, "return_result")) {
		check(guest.returned || end == (before[1] > BODY_MAX ? PST_WASM_TRAP : PST_WASM_DONE));
		guest.returned |= end == PST_WASM_DONE;
	} else {
		check(end == PST_WASM_DONE);
		guest.returned |= !strncmp(abi->name, "return_", 7);
	}
	if (abi->result == ABI_PLACE)
		check(value >= -2 && value <= (int64_t)(uint32_t)before[2]);
	if (abi->result != ABI_SIZE)
		return;
	if (guest.waits) {
		check(value == -1);
	} else if (value != -1 && !guest.bare) {
		guest.waits = true;
		guest.waiting = (size_t)(value < 0 ? -(int64_t)value : value);
	}
}

static enum pst_wasm_end
host_call(struct execution *x, struct pst_err *err)
{
	const struct pst_wasm_import *import = &guest.setup.imports[take(1) % (ABI_IMPORTS)];
	const struct binding *b = import->arg;
	bool known = take(1) % 8;
	uint64_t slots[ABI_SLOTS_MAX], before[ABI_SLOTS_MAX];
	enum pst_wasm_end end;

	check(strlen(import->type) <= ABI_TYPE_MAX);
	for (size_t i = 0; i < ABI_SLOTS_MAX; i++)
		slots[i] = number();
	slots[b->ident] = known ? IDENT : number();
	known |= slots[b->ident] == IDENT;
	memcpy(before, slots, sizeof slots);
	guest.bare = false;
	end = import->fn(x, x->instance, slots, import->arg, err);
	if (!known)
		check(end == PST_WASM_DONE && (uint32_t)slots[0] == UINT32_MAX);
	else if ((b->abi->result != ABI_SIZE || !guest.waits) && !pointers_right(b->abi, before))
		check(end == PST_WASM_TRAP && *err->text);
	else
		model(b->abi, before, end, (int32_t)(uint32_t)slots[0]);
	return end;
}

static enum pst_wasm_end
call(struct pst_wasm_instance *instance, int function, uint64_t *slots, struct pst_err *err)
{
	struct execution *x = (struct execution *)instance;
	enum pst_wasm_end end = PST_WASM_DONE;

	if (function == STEP_ALLOCATE) {
		slots[0] = number();
		return PST_WASM_DONE;
	}
	check(function == STEP_RUN && inside(slots[0], slots[1]) && slots[2] == IDENT);
	while (guest.left && end == PST_WASM_DONE)
		end = host_call(x, err);
	return end;
}

static int
spawn(struct pst_wasm_module *module, const struct pst_wasm_limits *limits, const struct pst_wasm_wasi *wasi,
    void *user, struct pst_wasm_instance **out, struct pst_err *err)
{
	*out = user;
	return PST_OK;
}

static void
unspawn(struct pst_wasm_instance **instance)
{
	*instance = NULL;
}

static void
stats(const struct pst_wasm_instance *instance, struct pst_wasm_stats *out)
{
	*out = (struct pst_wasm_stats){ .memory = guest.size };
}

static const struct pst_runtime_ops runtime = {
	.size = sizeof runtime,
	.spawn = spawn,
	.free = unspawn,
	.call = call,
	.memory = memory,
	.stats = stats,
};

/* ---- the host ---- */

static void
serve(void *capability, struct pst_host_call *c)
{
	static uint8_t bytes[300];
	uint32_t how = take(1);
	volatile uint8_t sum = 0;

	for (size_t t = 0; t < PST_HOST_BYTES_MAX; t++)
		for (size_t i = 0; i < c->text[t].len; i++)
			sum ^= c->text[t].bytes[i];
	for (size_t v = 0; v < c->var_count; v++)
		for (size_t i = 0; i < c->vars[v].len; i++)
			sum ^= c->vars[v].bytes[i];
	if (how < 100)
		pst_host_result(c, bytes, how);
	else if (how < 200)
		pst_host_error(c, "%.*s", (int)how - 100, "an error of this length, which is cut somewhere, or not at all");
	else
		pst_host_code(c, how == 200 ? -2 : -1);
	guest.bare = how >= 200;
}

static const struct pst_host_function serves = { .name = "any", .now = serve };

/* No call is suspended here. */
void
queue_go_on(struct execution *x)
{
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char *none[] = { NULL };
	struct program program = { .refs = 2, .setup = &guest.setup, .runtime = &runtime,
		.steps = { -1, -1, -1, STEP_ALLOCATE, STEP_RUN } };
	struct pst_called called = { .method = "POST", .resource = "/" };
	struct execution *x = calloc(1, sizeof *x);

	if (len > 65536) {
		free(x);
		return 0;
	}
	memset(&guest, 0, sizeof guest);
	guest.data = data;
	guest.left = len;
	guest.size = take(2);
	guest.memory = calloc(1, guest.size ? guest.size : 1);
	guest.setup = (struct setup){ .refs = 1, .function = &guest.f, .runtime = &runtime, .body = BODY_MAX,
		.reuse = 1, .args = none, .env = none, .capabilities = none };
	check(!host_open(&guest.setup));
	for (size_t i = 0; i < ABI_IMPORTS; i++)
		if (!guest.setup.bindings[i].abi->own && take(1) % 2) {
			guest.setup.bindings[i].serves = &serves;
			guest.setup.bindings[i].of = ""; /* by which it is asked, if it is by name */
		}
	called.body_len = take(1);
	if (called.body_len % 4 == 3)
		called.method = ""; /* bare bytes */
	called.body = calloc(1, called.body_len + 1);
	x->function = &guest.f;
	x->call = &called;
	x->program = &program;
	x->shown.ident = IDENT;
	execution_work(&x->job);
	check(x->end == PST_WASM_DONE || x->end == PST_WASM_TRAP);
	check(x->end != PST_WASM_TRAP || *x->err.text);
	check(x->output_len <= BODY_MAX);
	execution_reset(x);
	free(x);
	free(called.body);
	free(guest.memory);
	return 0;
}
