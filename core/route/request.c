#include <postern/router.h>

#include <errno.h>

static void
request_end(struct pst_request *request)
{
	pst_timer_stop(request->env, &request->timer);
	pst_worker_stop(pst_env_router(request->env), &request->worker);
}

static void
answered(struct pst_worker *worker, struct pst_message *message)
{
	struct pst_request *request = pst_container_of(worker, struct pst_request, worker);

	request_end(request);
	request->fn(request, PST_OK, message);
}

static void
timed_out(struct pst_timer *timer)
{
	struct pst_request *request = pst_container_of(timer, struct pst_request, timer);

	request_end(request);
	request->fn(request, UV_ETIMEDOUT, NULL);
}

int
pst_request_send(struct pst_env *env, struct pst_request *request, const struct pst_route *route,
    struct pst_buf *payload, uint64_t timeout_ms,
    void (*fn)(struct pst_request *request, int rc, struct pst_message *answer))
{
	struct pst_router *router = pst_env_router(env);
	struct pst_gate *gate = pst_router_gate(router, route);
	struct pst_route back;
	int rc;

	*request = (struct pst_request){ .env = env, .fn = fn };
	rc = pst_worker_start(router, &request->worker, gate ? PST_REACH_GATE : PST_REACH_INSIDE,
	    answered);
	if (rc) {
		pst_buf_free(payload);
		return rc;
	}
	request->worker.reach_gate = gate ? gate->id : 0;
	pst_timer_start(env, &request->timer, timeout_ms, timed_out);
	back = pst_worker_route(&request->worker);
	return payload->block ? pst_send(router, route, &back, payload) : -ENOMEM;
}

void
pst_request_cancel(struct pst_request *request)
{
	if (request->env)
		request_end(request);
}
