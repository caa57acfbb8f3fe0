/*
 * One module by two engines: the same calls of the host in the same order, with the
 * same memory each time, and the same end. What engines may differ in is left out: how
 * deep calls nest, and how fast they are. A function of Suborbital is given several inputs, a command of
 * WASI the same as its standard input.
 */
#include "alike.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MODULE_MAX (16 << 20)

static const char *const ends[] = {
	[PST_WASM_DONE] = "done",
	[PST_WASM_PENDING] = "pending",
	[PST_WASM_TRAP] = "trap",
	[PST_WASM_DEADLINE] = "deadline",
	[PST_WASM_MEMORY] = "memory",
	[PST_WASM_EXIT] = "exit",
};

static const struct pst_wasm_limits limits = { .memory = 64 << 20, .deadline_ms = 20000 };

static char long_input[8192];
static const char *const inputs[] = { "", "my friend", "h\303\251llo \342\230\203",
	"{\"method\":\"GET\",\"url\":\"/a?b=c\",\"request_id\":\"1\",\"body\":\"eA==\"}", long_input };

/* An engine, and the module compiled by it. */
struct side {
	void *self;
	const struct pst_runtime_ops *ops;
	struct pst_wasm_module *module;
	int rc;
};

static bool
out(void *user, int fd, const uint8_t *bytes, size_t len)
{
	struct alike_run *run = user;

	fprintf(run->transcript, "out %d ", fd);
	fwrite(bytes, 1, len, run->transcript);
	return true;
}

/* -1: there is no such export. */
static int
call(struct alike_run *run, const struct side *side, struct pst_wasm_instance *instance,
    const char *name, const char *type, uint64_t *slots)
{
	struct pst_err err = PST_ERR_INIT;
	int function = side->ops->find(side->module, name, type), end;

	if (function < 0)
		return -1;
	end = (int)side->ops->call(instance, function, slots, &err);
	fprintf(run->transcript, "%s: %s", name, ends[end]);
	if (end == PST_WASM_EXIT)
		fprintf(run->transcript, " %llu", (unsigned long long)slots[0]);
	alike_note_memory(run, instance);
	return end;
}

/* What Sat does: _start, allocate, run_e, deallocate. Returns how it ended. */
static int
execute(struct alike_run *run, const struct side *side, struct pst_wasm_instance *instance,
    const char *input)
{
	const size_t len = strlen(input);
	uint64_t slots[3] = { 0 }, at;
	size_t size;
	uint8_t *memory;
	int end = call(run, side, instance, "_start", ":", slots);

	if (end > 0)
		return end;
	slots[0] = len;
	end = call(run, side, instance, "allocate", "i:i", slots);
	memory = side->ops->memory(instance, &size);
	if (end || slots[0] > size || len > size - slots[0])
		return end;
	at = slots[0];
	if (len > 0)
		memcpy(memory + at, input, len);
	slots[1] = len;
	slots[2] = 4711;
	end = call(run, side, instance, "run_e", "iii:", slots);
	if (end)
		return end;
	slots[0] = at;
	slots[1] = len;
	return call(run, side, instance, "deallocate", "ii:", slots);
}

/* All that was seen, to be freed; *too_late: a deadline was reached. */
static char *
run_once(const struct side *side, enum alike_answer answer, const char *input, bool *too_late)
{
	static const char *const args[] = { "command", "one", NULL }, *const env[] = { "A=b", NULL };
	const struct pst_wasm_wasi wasi = { args, env, (const uint8_t *)input, strlen(input), out };
	struct alike_run run = { .ops = side->ops, .answer = answer };
	struct pst_wasm_instance *instance = NULL;
	struct pst_err err = PST_ERR_INIT;
	char *text = NULL;
	size_t len;
	int rc;

	run.transcript = open_memstream(&text, &len);
	if (!run.transcript)
		abort();
	rc = side->ops->spawn(side->module, &limits, &wasi, &run, &instance, &err);
	fprintf(run.transcript, "spawn: %s\n", rc ? pst_errname(rc) : "done");
	if (!rc) {
		*too_late |= execute(&run, side, instance, input) == PST_WASM_DEADLINE;
		side->ops->free(&instance);
	}
	fclose(run.transcript);
	return text;
}

/* The first line that differs, of both, as TAP's comments. */
static void
differ(const char *a, const char *b)
{
	while (*a && *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || memcmp(a, b, n))
			break;
		a += n + (a[n] == '\n');
		b += m + (b[m] == '\n');
	}
	printf("# %.*s\n# %.*s\n", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

static void
module_run(struct conform *c, const char *name, const struct side sides[2])
{
	const size_t count = sizeof inputs / sizeof *inputs;
	bool too_late = false, same = true;
	size_t lines = 0;

	for (size_t i = 0; same && !too_late && i < count * ALIKE_ANSWERS; i++) {
		char *seen[2];

		for (int s = 0; s < 2; s++)
			seen[s] = run_once(&sides[s], (enum alike_answer)(i / count), inputs[i % count], &too_late);
		same = too_late || !strcmp(seen[0], seen[1]);
		if (!same)
			differ(seen[0], seen[1]);
		for (const char *at = seen[0]; *at; at++)
			lines += *at == '\n';
		free(seen[0]);
		free(seen[1]);
	}
	if (too_late)
		conform_skip(c, "it takes too long", "%s", name);
	else
		conform_ok(c, same, "%s: the same (%zu lines)", name, lines);
}

static void
module_both(struct conform *c, const char *name, struct side sides[2], const uint8_t *bytes,
    size_t len)
{
	const struct pst_wasm_code code = { .bytes = bytes, .len = len, .imports = alike_imports,
		.instances = 1 };
	struct pst_err err = PST_ERR_INIT;

	for (int s = 0; s < 2; s++)
		sides[s].rc = sides[s].ops->compile(sides[s].self, &sides[s].module, &code, &err);
	if (sides[0].rc || sides[1].rc)
		conform_ok(c, sides[0].rc == sides[1].rc, "%s: the same (refused: %s)", name, err.text);
	else
		module_run(c, name, sides);
	for (int s = 0; s < 2; s++)
		if (sides[s].module)
			sides[s].ops->release(&sides[s].module);
}

static void
module_file(struct conform *c, const char *path, struct side sides[2])
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(MODULE_MAX);
	size_t len = file && bytes ? fread(bytes, 1, MODULE_MAX, file) : 0;

	if (!file)
		conform_skip(c, strerror(errno), "%s", path);
	else
		module_both(c, name, sides, bytes, len);
	if (file)
		fclose(file);
	free(bytes);
}

void
conform_alike(struct conform *c)
{
	struct side sides[2] = { 0 };
	const void *ops[2];

	if (sodium_init() < 0 || c->count < 1)
		return;
	memset(long_input, 'x', sizeof long_input - 1);
	conform_open(c);
	sides[0].self = c->self;
	ops[0] = c->ops;
	sides[1].self = pst_node_section(c->node, c->kind, c->rest[0], &ops[1]);
	if (conform_ok(c, ops[1] != NULL, "there is another runtime, %s", c->rest[0])) {
		for (int s = 0; s < 2; s++)
			sides[s].ops = ops[s];
		printf("# %s\n# %s\n", sides[0].ops->version(sides[0].self),
		    sides[1].ops->version(sides[1].self));
		for (size_t i = 1; i < c->count; i++)
			module_file(c, c->rest[i], sides);
	}
	conform_close(c);
}
