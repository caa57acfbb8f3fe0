#include "execution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* What is left of its time; 0: it has no end. One that is over gets the least there is. */
static uint64_t
time_left(const struct execution *x)
{
	uint64_t now = uv_hrtime();

	if (!x->due_ns)
		return 0;
	return x->due_ns > now ? (x->due_ns - now + 999999) / 1000000 : 1;
}

static bool
nobody_waits(void *user)
{
	const struct execution *x = user;

	return atomic_load(&x->over);
}

static bool
spawn(struct execution *x)
{
	const struct program *p = x->program;
	const struct pst_wasm_limits limits = {
		.memory = p->setup->limits.memory,
		.deadline_ms = time_left(x),
		.stopped = nobody_waits,
	};

	wasi_prepare(x);
	x->rc = p->runtime->spawn(p->module, &limits, &x->wasi, x, &x->instance, &x->err);
	x->started = !x->rc || x->rc == PST_E_REFUSED;
	return !x->rc;
}

static void
step_begin(struct execution *x)
{
	memset(x->slots, 0, sizeof x->slots);
	if (x->step == STEP_ALLOCATE) {
		x->slots[0] = x->call->body_len;
	} else if (x->step == STEP_RUN) {
		x->slots[0] = x->input;
		x->slots[1] = x->call->body_len;
		x->slots[2] = x->shown.ident;
	}
}

/* The input goes where allocate() says. */
static enum pst_wasm_end
step_end(struct execution *x)
{
	size_t size, len = x->call->body_len;
	uint8_t *memory;

	if (x->step != STEP_ALLOCATE)
		return PST_WASM_DONE;
	x->input = (uint32_t)x->slots[0];
	memory = x->program->runtime->memory(x->instance, &size);
	if (len && (x->input > size || len > size - x->input)) {
		pst_fail(&x->err, PST_E_PROTOCOL, "allocate answers a pointer outside of its memory");
		return PST_WASM_TRAP;
	}
	if (len)
		memcpy(memory + x->input, x->call->body, len);
	return PST_WASM_DONE;
}

static enum pst_wasm_end
step_run(struct execution *x)
{
	const struct program *p = x->program;
	enum pst_wasm_end end;

	if (x->pending) {
		end = p->runtime->resume(x->instance, x->slots, &x->err);
	} else if (p->steps[x->step] < 0) {
		return PST_WASM_DONE;
	} else {
		step_begin(x);
		end = p->runtime->call(x->instance, p->steps[x->step], x->slots, &x->err);
	}
	/* a language runtime, or a command, that exits as it should */
	if (end == PST_WASM_EXIT && !(uint32_t)x->slots[0])
		end = PST_WASM_DONE;
	return end == PST_WASM_DONE ? step_end(x) : end;
}

/* What has begun goes on; else it begins, on a fresh instance or on one that has served before. */
static bool
instance_ready(struct execution *x)
{
	if (x->started)
		return true;
	if (!x->instance)
		return spawn(x);
	x->program->runtime->again(x->instance, time_left(x));
	x->step = STEP_ALLOCATE;
	x->started = true;
	return true;
}

/* Nothing is known of what a trap, or an end in between, leaves behind. A plain command has one beginning. */
bool
execution_serves_again(const struct execution *x)
{
	return x->instance && x->step == STEPS && !atomic_load(&x->over) && !x->program->command &&
	    x->served < x->program->setup->reuse;
}

void
execution_work(struct pst_job *job)
{
	struct execution *x = pst_container_of(job, struct execution, job);
	const struct pst_runtime_ops *runtime = x->program->runtime;
	struct pst_wasm_stats stats;

	if (!instance_ready(x))
		return;
	x->end = PST_WASM_DONE;
	while (x->step < STEPS && x->end == PST_WASM_DONE && !atomic_load(&x->over)) {
		x->end = step_run(x);
		x->pending = x->end == PST_WASM_PENDING;
		if (x->pending)
			return;
		x->step += x->end == PST_WASM_DONE;
	}
	runtime->stats(x->instance, &stats);
	x->memory = stats.memory;
	x->pending = false;
	x->served++;
	if (!execution_serves_again(x))
		runtime->free(&x->instance);
}

void
execution_reset(struct execution *x)
{
	struct function *f = x->function;

	host_forget(x);
	if (x->has_request)
		pst_coordinated_fini(&x->request);
	free(x->message);
	free(x->output);
	memset(x, 0, offsetof(struct execution, err));
	x->err.rc = 0;
	x->err.text[0] = '\0';
	x->function = f;
}

void
execution_retire(struct execution *x)
{
	if (x->instance)
		x->program->runtime->free(&x->instance);
	program_unref(&x->program);
	x->served = 0;
}
