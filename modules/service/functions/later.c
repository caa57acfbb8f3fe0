/* Host calls that are served on the loop, while the guest rests. */
#include "function.h"

static void
answered_on_loop(struct pst_host_call *call)
{
	struct execution *x = pst_container_of(call, struct execution, host);
	struct pst_env *env = x->function->env;

	x->asked = false;
	pst_timer_stop(env, &x->timer);
	if (x->asking->blocks)
		pst_crew_go_on(env, &x->job);
	else
		queue_go_on(x);
}

static void
too_late(struct pst_timer *timer)
{
	struct execution *x = pst_container_of(timer, struct execution, timer);

	atomic_store(&x->over, OVER_DEADLINE);
	host_cancel(x);
}

void
host_cancel(struct execution *x)
{
	if (x->asked && x->host.cancel)
		x->host.cancel(&x->host);
}

void
host_ask(struct execution *x)
{
	uint64_t now = uv_hrtime();

	x->asked = true;
	x->host.answered = answered_on_loop;
	if (atomic_load(&x->over)) {
		pst_host_code(&x->host, -1);
		return;
	}
	if (x->due_ns)
		pst_timer_start(x->function->env, &x->timer,
		    x->due_ns > now ? (x->due_ns - now) / 1000000 + 1 : 0, too_late);
	x->asking->serves->later(x->asking->capability, &x->host);
}

static void
ask_from_crew(struct pst_job *job)
{
	host_ask(pst_container_of(job, struct execution, job));
}

/* What is served later: the guest rests, or its thread waits. */
enum pst_wasm_end
host_ask_later(struct execution *x, const struct binding *b, uint64_t *slots, struct pst_err *err)
{
	x->asking = b;
	if (!b->blocks)
		return PST_WASM_PENDING;
	pst_crew_wait(x->function->env, &x->job, ask_from_crew);
	x->asking = NULL;
	if (atomic_load(&x->over))
		return host_trap(err, "nobody waits for it any more");
	return host_settle(x, b->abi, slots);
}
