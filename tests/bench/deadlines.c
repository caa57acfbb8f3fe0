/*
 * deadlines GUEST.wasm [RUNTIME]: what it costs that functions keep deadlines. The same C
 * natively, compiled by the runtime without the checks, and with them; and what
 * a call and an instance cost. Prints milliseconds, and ratios to the native ones.
 * Of a RUNTIME that is named only the ratios with them.
 */
#include <stdlib.h>

#include <postern/runtime.h>

#include "host.h"
#include "work.h"

#define ROUNDS 5
#define FIB 32
#define SHA256_KIB 4096
#define CALLS 200000
#define INSTANCES 5000

static const struct work {
	const char *name; /* of the metric, and of what the guest exports */
	uint32_t (*native)(uint32_t n);
	uint32_t n;
} works[] = {
	{ "fib", work_fib, FIB },
	{ "sha256", work_sha256, SHA256_KIB },
};

struct bench {
	struct host host;
	const struct pst_runtime_ops *ops;
	void *runtime;
	uint8_t *wasm;
	size_t len;
	const char *use; /* the runtime's module; NULL: what a node has */
	int exit;
};

/* CPU time of this thread: all of it happens here. */
static double
now_ms(void)
{
	return host_clock_s(CLOCK_THREAD_CPUTIME_ID) * 1e3;
}

/* One way to run it. */
struct subject {
	struct bench *bench;
	struct pst_wasm_module *module; /* NULL: natively */
	struct pst_wasm_instance *instance;
};

static uint32_t
run_once(const struct subject *s, const struct work *work)
{
	uint64_t slots[1] = { work->n };
	const struct pst_runtime_ops *ops = s->bench->ops;

	if (!s->module)
		return work->native(work->n);
	if (ops->call(s->instance, ops->find(s->module, work->name, "i:i"), slots, NULL) != PST_WASM_DONE)
		return 0;
	return (uint32_t)slots[0];
}

/* The best time of some. A wrong result: -1. */
static double
best_ms(const struct subject *s, const struct work *work, uint32_t wanted, int rounds)
{
	double best = 0;

	for (int i = 0; i < rounds; i++) {
		double began = now_ms(), ms;

		if (run_once(s, work) != wanted)
			return -1;
		ms = now_ms() - began;
		if (i == 0 || ms < best)
			best = ms;
	}
	return best;
}

static int
subject_make(struct subject *s, struct bench *bench, bool endless)
{
	struct pst_wasm_code code = { .bytes = bench->wasm, .len = bench->len, .instances = 2, .endless = endless };
	struct pst_wasm_limits limits = { .memory = 64 << 20, .deadline_ms = endless ? 0 : 600000 };
	struct pst_err err = PST_ERR_INIT;
	int rc = bench->ops->compile(bench->runtime, &s->module, &code, &err);

	s->bench = bench;
	if (!rc)
		rc = bench->ops->spawn(s->module, &limits, NULL, NULL, &s->instance, &err);
	if (rc)
		fprintf(stderr, "deadlines: %s\n", err.text);
	return rc;
}

static void
subject_free(struct subject *s)
{
	if (!s->module)
		return;
	s->bench->ops->free(&s->instance);
	s->bench->ops->release(&s->module);
}

static void
prices(const struct subject *native, const struct subject *without, const struct subject *with)
{
	for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
		const struct work *work = &works[i];
		uint32_t wanted = work->native(work->n);
		double here = best_ms(native, work, wanted, ROUNDS);
		double unchecked = best_ms(without, work, wanted, ROUNDS), checked = best_ms(with, work, wanted, ROUNDS);

		printf("deadlines.%s_native_ms %.2f\n", work->name, here);
		printf("deadlines.%s_without %.2f\n", work->name, unchecked / here);
		printf("deadlines.%s_with %.2f\n", work->name, checked / here);
	}
}

/* An interpreter has no others, and takes its time: once. */
static void
price_named(const struct subject *native, const struct subject *with)
{
	for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
		const struct work *work = &works[i];
		uint32_t wanted = work->native(work->n);
		double here = best_ms(native, work, wanted, ROUNDS);

		printf("deadlines.%s_%s %.2f\n", work->name, with->bench->use, best_ms(with, work, wanted, 1) / here);
	}
}

/* Into the guest and back, and an instance with its end. */
static void
calls(const struct subject *s)
{
	const struct pst_runtime_ops *ops = s->bench->ops;
	struct pst_wasm_limits limits = { .memory = 64 << 20, .deadline_ms = 600000 };
	int function = ops->find(s->module, "fib", "i:i");
	double began = now_ms();

	for (int i = 0; i < CALLS; i++) {
		uint64_t slots[1] = { 1 };

		ops->call(s->instance, function, slots, NULL);
	}
	printf("deadlines.call_ns %.0f\n", (now_ms() - began) * 1e6 / CALLS);
	began = now_ms();
	for (int i = 0; i < INSTANCES; i++) {
		struct pst_wasm_instance *instance;

		if (ops->spawn(s->module, &limits, NULL, NULL, &instance, NULL))
			return;
		ops->free(&instance);
	}
	printf("deadlines.instance_us %.2f\n", (now_ms() - began) * 1e3 / INSTANCES);
}

static void
node_up(void *arg)
{
	struct bench *bench = arg;
	struct subject native = { .bench = bench }, without = { 0 }, with = { 0 };
	const void *ops;

	bench->runtime = pst_node_section(bench->host.node, "runtime", "it", &ops);
	bench->ops = ops;
	bench->exit = (!bench->use && subject_make(&without, bench, true)) || subject_make(&with, bench, false);
	if (!bench->exit && bench->use) {
		price_named(&native, &with);
	} else if (!bench->exit) {
		prices(&native, &without, &with);
		calls(&with);
	}
	subject_free(&without);
	subject_free(&with);
	pst_node_close(bench->host.node);
}

static void
conf(FILE *file, void *arg)
{
	const struct bench *bench = arg;

	fprintf(file, "runtime it { %s%s }\n", bench->use ? "use = " : "", bench->use ? bench->use : "");
}

static int
guest_read(struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "re");

	bench->wasm = malloc(1 << 20);
	if (!file || !bench->wasm) {
		perror(path);
		return 1;
	}
	bench->len = fread(bench->wasm, 1, 1 << 20, file);
	return fclose(file);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	int rc;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: deadlines GUEST.wasm [RUNTIME]\n");
		return 2;
	}
	bench.use = argv[2];
	rc = guest_read(&bench, argv[1]);
	if (!rc)
		rc = host_run(&bench.host, conf, node_up, &bench);
	free(bench.wasm);
	return rc ? rc : bench.exit;
}
