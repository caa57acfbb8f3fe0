#include "calls.h"

#include <stdio.h>

struct pst_callee callee;
struct pst_caller caller;
struct bridge bridge;
struct pst_called *held;
struct heard heard;
void (*serve)(struct pst_called *call);
bool admitting;

/* ---- the callee ---- */

static void
told_cancelled(struct pst_called *call)
{
	heard.cancelled++;
}

static void
copy_header(char out[64], const struct pst_map *headers, const char *name)
{
	const struct pst_map_item *item = pst_map_get(headers, name);

	snprintf(out, 64, "%s", item ? (const char *)item->value : "");
}

static void
called(struct pst_callee *c, struct pst_called *call)
{
	assert_ptr_equal(c, &callee);
	heard.calls++;
	snprintf(heard.method, sizeof heard.method, "%s", call->method);
	snprintf(heard.resource, sizeof heard.resource, "%s", call->resource);
	copy_header(heard.header, &call->headers, "x-ask");
	heard.deadline_ms = call->deadline_ms;
	heard.flags = call->flags;
	call->cancelled = told_cancelled;
	if (serve)
		serve(call);
	else
		held = call;
}

static void
probed(struct pst_callee *c, struct pst_call_load *load)
{
	*load = (struct pst_call_load){ .running = 1, .queued = 2, .capacity = 3 };
	memset(load->version, 7, sizeof load->version);
}

static bool
admits(struct pst_callee *c, const struct pst_gate *from)
{
	return admitting;
}

void
echo(struct pst_called *call)
{
	struct pst_map headers = { 0 };
	uint8_t *body = call->body;
	size_t len = call->body_len;

	assert_int_equal(pst_map_put(&headers, "x-answer", heard.header, strlen(heard.header)), PST_OK);
	call->body = NULL;
	pst_called_answer(&call, 200, &headers, body, len);
	assert_null(call);
	pst_map_fini(&headers);
}

/* ---- the bridge ---- */

static void
cross(struct pst_message *m, struct pst_gate *out_by)
{
	struct pst_route own = pst_worker_route(&out_by->worker);
	struct pst_route_buf onward, back;
	struct pst_route rest = pst_route_rest(&m->onward);
	struct pst_message there = { .payload = pst_buf_take(&m->payload), .from = out_by };

	if (bridge.largest < pst_buf_len(&there.payload))
		bridge.largest = pst_buf_len(&there.payload);
	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	assert_int_equal(pst_route_add_route(&onward, &rest), PST_OK);
	assert_int_equal(pst_route_add_route(&back, &own), PST_OK);
	assert_int_equal(pst_route_add_route(&back, &m->back), PST_OK);
	there.onward = pst_route_buf_view(&onward);
	there.back = pst_route_buf_view(&back);
	if (bridge.cut)
		pst_buf_free(&there.payload);
	else
		pst_router_send(test.env.router, &there);
}

static void
near_receives(struct pst_worker *worker, struct pst_message *m)
{
	bridge.to_far++;
	cross(m, &bridge.far);
}

static void
far_receives(struct pst_worker *worker, struct pst_message *m)
{
	bridge.to_near++;
	cross(m, &bridge.near);
}

/* ---- the caller ---- */

static void
on_answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct asked *asked = pst_container_of(call, struct asked, call);

	assert_false(asked->answered);
	asked->answered = true;
	asked->status = status;
	copy_header(asked->header, headers, "x-answer");
	if (asked->then)
		asked->then(asked);
}

static void
on_body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct asked *asked = pst_container_of(call, struct asked, call);
	size_t n = pst_buf_len(piece);

	assert_true(asked->answered);
	assert_false(asked->done);
	asked->body = realloc(asked->body, asked->len + n + 1);
	memcpy(asked->body + asked->len, piece->start, n);
	asked->len += n;
	asked->pieces++;
	asked->done = last;
	if (asked->then)
		asked->then(asked);
}

static void
on_failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct asked *asked = pst_container_of(call, struct asked, call);

	assert_false(asked->done);
	asked->done = asked->failed = true;
	asked->code = failure->code;
	snprintf(asked->text, sizeof asked->text, "%s", failure->text);
	asked->retry_after_ms = failure->retry_after_ms;
	asked->started = failure->started;
	if (asked->then)
		asked->then(asked);
}

static const struct pst_call_events events = {
	.answer = on_answer,
	.body = on_body,
	.failed = on_failed,
};

int
ask_head(struct asked *asked, struct pst_route route, const struct pst_call_head *head,
    const void *body, size_t len)
{
	struct pst_buf buf;
	int rc;

	memset(asked, 0, sizeof *asked);
	asked->call.arg = asked;
	assert_int_equal(pst_env_buf(&buf, &test.env, body, len, 512, 64), PST_OK);
	rc = pst_call_begin(&caller, &asked->call, &route, head, &buf, &events);
	assert_null(buf.block);
	assert_false(asked->done); /* never within the call */
	assert_ptr_equal(asked->call.arg, asked);
	return rc;
}

uint8_t *
pattern(size_t len)
{
	uint8_t *bytes = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
	return bytes;
}

void
ask(struct asked *asked, struct pst_route route, size_t body_len)
{
	const struct pst_call_head head = { .method = "POST", .resource = "/" };
	uint8_t *body = pattern(body_len);

	assert_int_equal(ask_head(asked, route, &head, body, body_len), PST_OK);
	free(body);
}

void
asked_fini(struct asked *asked)
{
	free(asked->body);
	asked->body = NULL;
}

/* ---- all of it ---- */

struct pst_route
near_route(void)
{
	return pst_worker_route(&callee.worker);
}

struct pst_route
far_route(void)
{
	static struct pst_route_buf rb;
	struct pst_route gate = pst_worker_route(&bridge.near.worker), f = near_route();

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add_route(&rb, &gate), PST_OK);
	assert_int_equal(pst_route_add_route(&rb, &f), PST_OK);
	return pst_route_buf_view(&rb);
}

int
calls_setup(void **state)
{
	sink_setup(state);
	held = NULL;
	serve = echo;
	admitting = true;
	memset(&heard, 0, sizeof heard);
	memset(&bridge, 0, sizeof bridge);
	callee = (struct pst_callee){
		.called = called,
		.probed = probed,
		.admits = admits,
		.log = &test.env.log,
		.body_max = BODY_MAX,
		.calls_max = CALLS_MAX,
	};
	assert_int_equal(pst_callee_open(&callee, &test.env, "f"), PST_OK);
	assert_int_equal(pst_caller_open(&caller, &test.env), PST_OK);
	assert_int_equal(pst_gate_open(test.env.router, &bridge.near, near_receives), PST_OK);
	assert_int_equal(pst_gate_open(test.env.router, &bridge.far, far_receives), PST_OK);
	bridge.near.local = bridge.far.local = true; /* who has no peer is the operator */
	return 0;
}

int
calls_teardown(void **state)
{
	pst_gate_close(test.env.router, &bridge.near);
	pst_gate_close(test.env.router, &bridge.far);
	pst_caller_close(&caller);
	pst_callee_close(&callee);
	assert_int_equal(pst_callee_calls(&callee), 0);
	return sink_teardown(state);
}
