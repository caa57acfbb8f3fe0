/*
 * What <postern/runtime.h> promises of every runtime.
 *
 * A runtime need not suspend calls, nor save what it has compiled: `can` says
 * so. The guests are in guests.wat; what they import is here.
 */
#include "runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- what the host offers ---- */

static char mark; /* `arg` of every import points to it */

static void
import_seen(struct run *run, const struct pst_wasm_instance *instance, const void *arg, bool right)
{
	run->calls++;
	run->right &= right && arg == &mark && (!run->instance || instance == run->instance);
}

static enum pst_wasm_end
host_add(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	import_seen(user, instance, arg, slots[0] <= UINT32_MAX && slots[1] <= UINT32_MAX);
	slots[0] = (uint32_t)(slots[0] + slots[1]);
	return PST_WASM_DONE;
}

/* -2, -3, 1.5, -2.5, each as raw bits */
static enum pst_wasm_end
host_mix(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	import_seen(user, instance, arg, slots[0] == 0xfffffffe && slots[1] == (uint64_t)-3 &&
	    slots[2] == 0x3fc00000 && slots[3] == 0xc004000000000000);
	slots[0] = 0x123456789abcdef0;
	return PST_WASM_DONE;
}

static enum pst_wasm_end
host_fail(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	import_seen(user, instance, arg, true);
	pst_fail(err, -EBADMSG, "the host is not amused");
	return PST_WASM_TRAP;
}

/* Until the deadline has passed, or for as long where there is none. */
static enum pst_wasm_end
host_pass_time(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	uint64_t begin = now_ms();

	import_seen(user, instance, arg, true);
	while (now_ms() - begin <= SOON_MS)
		nanosleep(&step, NULL);
	return PST_WASM_DONE;
}

/* (at, len): the sum of these bytes, which are set to 9 */
static enum pst_wasm_end
host_read(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	struct run *run = user;
	size_t len;
	uint8_t *memory = run->ops->memory(instance, &len);
	uint32_t sum = 0;

	import_seen(run, instance, arg, memory && len % PAGE == 0);
	for (uint64_t i = slots[0]; i < slots[0] + slots[1] && i < len; i++) {
		sum += memory[i];
		memory[i] = 9;
	}
	slots[0] = sum;
	return PST_WASM_DONE;
}

/* Twice its parameter, when it has been pending long enough. */
static enum pst_wasm_end
host_wait(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	struct run *run = user;
	size_t len;
	uint8_t *memory = run->ops->memory(instance, &len);

	import_seen(run, instance, arg, !run->view || memory == run->view);
	run->view = NULL;
	if (run->pending > 0) {
		run->pending--;
		run->view = memory;
		return PST_WASM_PENDING;
	}
	slots[0] = (uint32_t)(slots[0] * 2);
	return PST_WASM_DONE;
}

static const struct pst_wasm_import offered[] = {
	{ "env", "unused", "iIfF:F", host_fail, &mark, false },
	{ "env", "add", "ii:i", host_add, &mark, false },
	{ "env", "mix", "iIfF:I", host_mix, &mark, false },
	{ "env", "fail", ":", host_fail, &mark, false },
	{ "env", "pass_time", ":", host_pass_time, &mark, false },
	{ "env", "read", "ii:i", host_read, &mark, false },
	{ "env", "wait", "i:i", host_wait, &mark, true },
	{ .module = NULL },
};

/* ---- guests that run ---- */

const struct guest *
guest_find(const char *name)
{
	const struct guest *guest = guests;

	while (guest->name && strcmp(guest->name, name))
		guest++;
	return guest;
}

struct pst_wasm_code
guest_code(const struct guest *guest)
{
	return (struct pst_wasm_code){
		.bytes = guest->bytes,
		.len = guest->len,
		.imports = offered,
		.instances = AT_ONCE,
	};
}

int
run_compile(struct run *run, struct conform *c, const char *guest)
{
	const struct pst_wasm_code code = guest_code(guest_find(guest));

	run->c = c;
	run->ops = c->ops;
	run->right = true;
	return run->ops->compile(c->self, &run->module, &code, &run->err);
}

int
run_spawn(struct run *run)
{
	if (!run->limits.memory)
		run->limits = (struct pst_wasm_limits){ .memory = ROOM, .deadline_ms = LATE_MS };
	run->err = (struct pst_err)PST_ERR_INIT;
	return run->ops->spawn(run->module, &run->limits, &run->wasi, run, &run->instance, &run->err);
}

bool
run_open(struct run *run, struct conform *c, const char *guest)
{
	int rc = run_compile(run, c, guest);

	if (!rc)
		rc = run_spawn(run);
	if (rc)
		conform_rc(c, rc, PST_OK, "%s: compiled and made (%s)", guest, run->err.text);
	return !rc;
}

void
run_close(struct run *run)
{
	if (run->instance)
		run->ops->free(&run->instance);
	if (run->module)
		run->ops->release(&run->module);
	if (run->instance || run->module)
		conform_ok(run->c, false, "what is freed is NULL then");
}

int
run_call(struct run *run, const char *name, const char *type)
{
	int function = run->ops->find(run->module, name, type);

	run->err = (struct pst_err)PST_ERR_INIT;
	return function < 0 ? -1 :
	                      (int)run->ops->call(run->instance, function, run->slots, &run->err);
}

int
run_call1(struct run *run, const char *name, const char *type, uint64_t a)
{
	run->slots[0] = a;
	return run_call(run, name, type);
}

int
run_call2(struct run *run, const char *name, const char *type, uint64_t a, uint64_t b)
{
	run->slots[0] = a;
	run->slots[1] = b;
	return run_call(run, name, type);
}

bool
run_trapped(struct run *run, int end)
{
	return end == PST_WASM_TRAP && run->err.text[0];
}

uint64_t
run_memory_len(struct run *run)
{
	size_t len = 0;

	return run->ops->memory(run->instance, &len) ? len : 0;
}

void
conform_runtime(struct conform *c)
{
	const struct pst_runtime_ops *ops;

	conform_open(c);
	ops = c->ops;
	conform_ok(c, ops->version(c->self)[0], "it says which engine it is: %s",
	    ops->version(c->self));
	conform_ok(c, ops->limits(c->self).memory > 0, "and how much memory a function has: %llu bytes",
	    (unsigned long long)ops->limits(c->self).memory);
	runtime_codes(c);
	runtime_calls(c);
	runtime_limits(c);
	runtime_wasi(c);
	runtime_threads(c);
	conform_close(c);
}
