/*
 * The control service's verb "call": call a function, of this node or along a
 * route that is opened for it, and say what came of it.
 *
 *     {"status": 200, "headers": {"content-type": "text/plain"}, "body": "aGVsbG8="}
 *     {"failure": {"code": "trap", "sentence": "…", "retry_after_ms": 0, "started": true}}
 *
 * Bodies are base64. The deadline is for all of it, the way there too.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/bytes.h>
#include <postern/call.h>
#include <postern/dial.h>

#include "node/control.h"
#include "node/path.h"
#include "node/section.h"
#include "node/status.h"

#define DEADLINE_DEFAULT_MS 30000
/* The callee's deadline runs first, and its answer says more than ours: it has at least so long. */
#define LATER_MIN_MS 50
/* What the answer to a command may hold. */
#define ANSWER_MAX (8 * 1024 * 1024)

struct calling {
	struct control_request *request;
	struct pst_env *env;
	struct pst_path *path; /* NULL: to a worker of this node */
	struct pst_caller caller;
	struct pst_call call;
	struct pst_timer timer; /* until it is called, and then for its answer */
	struct pst_task end_task;
	uint64_t came_ms, due_ms;
	struct pst_call_head head; /* its texts are the question's */
	struct pst_map headers;
	uint8_t *body; /* what goes */
	size_t body_len;
	bool begun;
	unsigned status; /* what came */
	json_t *came_headers;
	struct pst_bytes came;
	json_t *answer; /* what is said of it; NULL: rc and why */
	int rc;
	char why[PST_ERR_TEXT + PST_HOST_TEXT];
};

/* ---- the end ---- */

static void
calling_free(struct calling *c)
{
	pst_map_fini(&c->headers);
	json_decref(c->came_headers);
	json_decref(c->answer);
	free(c->body);
	pst_bytes_fini(&c->came);
	free(c);
}

static void
path_gone(void *arg)
{
	struct calling *c = arg;

	if (c->request && c->answer)
		control_answer(c->request, json_incref(c->answer));
	else if (c->request)
		control_fail(c->request, c->rc, c->why);
	calling_free(c);
}

static void
calling_quiet(struct calling *c)
{
	pst_timer_stop(c->env, &c->timer);
	pst_task_cancel(c->env, &c->end_task);
	pst_caller_close(&c->caller);
}

static void
calling_leave(struct calling *c)
{
	calling_quiet(c);
	if (c->path)
		pst_path_close(&c->path, path_gone, c);
	else
		path_gone(c);
}

/* The node stops while the path is closing. */
static void
dropped_late(void *arg)
{
	((struct calling *)arg)->request = NULL;
}

static void
end_now(struct pst_task *task)
{
	struct calling *c = pst_container_of(task, struct calling, end_task);

	control_on_drop(c->request, dropped_late, c);
	calling_leave(c);
}

static void
dropped(void *arg)
{
	struct calling *c = arg;

	c->request = NULL;
	calling_leave(c);
}

/* Not from inside the events of path and call. answer is taken; NULL: rc and why say it. */
static void
end(struct calling *c, json_t *answer, int rc)
{
	if (c->answer || c->rc) { /* it has ended already */
		json_decref(answer);
		return;
	}
	c->answer = answer;
	c->rc = answer ? PST_OK : rc;
	pst_task_post(c->env, &c->end_task, end_now);
}

/* ---- the call ---- */

static void
on_answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct calling *c = pst_container_of(call, struct calling, call);

	c->status = status;
	for (size_t i = 0; i < headers->count; i++)
		json_object_set_new(c->came_headers, headers->items[i].name,
		    node_text((const char *)headers->items[i].value));
}

static json_t *
came_text(const struct calling *c)
{
	size_t size = sodium_base64_encoded_len(c->came.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(size);
	json_t *json;

	if (!text)
		return NULL;
	sodium_bin2base64(text, size, c->came.start, c->came.len, sodium_base64_VARIANT_ORIGINAL);
	json = json_string(text);
	free(text);
	return json;
}

static void
on_body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct calling *c = pst_container_of(call, struct calling, call);
	int rc = pst_bytes_put(&c->came, piece->start, pst_buf_len(piece), ANSWER_MAX);

	if (rc) {
		snprintf(c->why, sizeof c->why, "the answer: %s", pst_strerror(rc));
		pst_call_cancel(call);
		end(c, NULL, rc);
	} else if (last) {
		end(c, json_pack("{s:i, s:O, s:o}", "status", (int)c->status, "headers", c->came_headers,
		    "body", came_text(c)), -ENOMEM);
	}
}

static void
on_failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct calling *c = pst_container_of(call, struct calling, call);

	end(c, json_pack("{s:{s:s, s:o, s:I, s:b}}", "failure", "code", pst_call_code_text(failure->code),
	    "sentence", node_text(failure->text), "retry_after_ms", (json_int_t)failure->retry_after_ms,
	    "started", failure->started), -ENOMEM);
}

static const struct pst_call_events call_events = {
	.answer = on_answer,
	.body = on_body,
	.failed = on_failed,
};

static void
unanswered(struct pst_timer *timer)
{
	struct calling *c = pst_container_of(timer, struct calling, timer);

	pst_call_cancel(&c->call);
	on_failed(&c->call, &(struct pst_call_failure){ PST_CALL_DEADLINE, "no answer in time", 0, true });
}

static void
begin(struct calling *c, const struct pst_route *route)
{
	uint64_t now = pst_now_ms(c->env);
	struct pst_buf body;
	int rc;

	c->begun = true;
	pst_timer_stop(c->env, &c->timer);
	c->head.deadline_ms = c->due_ms > now ? c->due_ms - now : 1;
	rc = pst_env_buf(&body, c->env, c->body, c->body_len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (!rc)
		rc = pst_call_begin(&c->caller, &c->call, route, &c->head, &body, &call_events);
	if (!rc) /* a round trip takes less time than the way there took to open */
		pst_timer_start(c->env, &c->timer, c->head.deadline_ms + (now - c->came_ms > LATER_MIN_MS ?
		    now - c->came_ms : LATER_MIN_MS), unanswered);
	if (rc) {
		snprintf(c->why, sizeof c->why, "the call cannot be sent: %s",
		    rc == -EINVAL ? "its method, or a header, is none of HTTP" : pst_strerror(rc));
		end(c, NULL, rc);
	}
}

/* ---- the way there ---- */

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct calling *c = arg;

	(void)gate;
	if (!c->begun)
		begin(c, route);
}

/* A call that is under way hears it from its gate; one that is not waits. */
static void
path_down(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static void
stuck(struct calling *c, int rc)
{
	pst_path_stuck(c->path, rc, c->why, sizeof c->why);
	end(c, NULL, rc);
}

static void
expired(struct pst_timer *timer)
{
	stuck(pst_container_of(timer, struct calling, timer), UV_ETIMEDOUT);
}

/* The link is refused, or the like: trying again until the time is over would tell no more. */
static void
tried(void *arg, int rc)
{
	struct calling *c = arg;

	if (!c->begun && (rc == PST_E_DENIED || (c->path->dials && rc != UV_ETIMEDOUT)))
		stuck(c, rc);
}

static int
path_begin(struct calling *c, const char *to, const struct pst_list *authorized,
    struct pst_err *err)
{
	static const struct pst_list none;
	const struct pst_path_conf conf = {
		.to = to,
		.key = "route",
		.authorized = authorized,
		.hops = &none,
		.channel = "api",
	};
	int rc = pst_path_check(&conf, err);

	if (!rc)
		rc = pst_path_open(&c->path, pst_node_own_env(control_node(c->request)), &conf, &path_events,
		    c, err);
	if (rc)
		return rc;
	c->path->on_tried = tried;
	pst_timer_start(c->env, &c->timer, c->due_ms - pst_now_ms(c->env), expired);
	return PST_OK;
}

static int
worker_begin(struct calling *c, const char *name, struct pst_err *err)
{
	struct pst_route_buf rb;
	struct pst_route route;

	pst_route_buf_init(&rb);
	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, name, strlen(name)))
		return pst_fail(err, -EINVAL, "\"%.64s\" is no name of a function", name);
	route = pst_route_buf_view(&rb);
	begin(c, &route);
	return PST_OK;
}

/* ---- the question ---- */

static int
headers_read(struct calling *c, const json_t *headers, struct pst_err *err)
{
	const json_t *value;
	const char *name;
	int rc = PST_OK;

	json_object_foreach((json_t *)headers, name, value) {
		if (!json_is_string(value))
			return pst_fail(err, -EINVAL, "header %.64s: want a text", name);
		rc = pst_map_put(&c->headers, name, json_string_value(value), json_string_length(value));
		if (rc)
			return pst_fail(err, rc, "header %.64s: %s", name, pst_strerror(rc));
	}
	return PST_OK;
}

static int
body_read(struct calling *c, const char *text, struct pst_err *err)
{
	size_t len = text ? strlen(text) : 0;

	c->body = malloc(len / 4 * 3 + 1);
	if (!c->body)
		return pst_fail(err, -ENOMEM, "out of memory");
	if (len && sodium_base642bin(c->body, len / 4 * 3 + 1, text, len, NULL, &c->body_len, NULL,
	        sodium_base64_VARIANT_ORIGINAL))
		return pst_fail(err, -EINVAL, "body: not base64");
	return PST_OK;
}

static int
question_read(struct calling *c, const char **to, const char **authorized, struct pst_err *err)
{
	json_t *ask = (json_t *)control_ask(c->request), *headers = NULL;
	const char *body = NULL;
	json_int_t ms = DEADLINE_DEFAULT_MS;
	int rc;

	c->head = (struct pst_call_head){ .method = "POST", .resource = "/", .headers = &c->headers };
	if (json_unpack(ask, "{s:s, s?:s, s?:s, s?:s, s?:o, s?:s, s?:I}", "to", to, "authorized", authorized,
	        "method", &c->head.method, "resource", &c->head.resource, "headers", &headers, "body", &body,
	        "deadline", &ms) ||
	    ms < 1)
		return pst_fail(err, -EINVAL, "want a route or a name, and what to call it with");
	c->came_ms = pst_now_ms(c->env);
	c->due_ms = c->came_ms + (uint64_t)ms;
	rc = headers_read(c, headers, err);
	return rc ? rc : body_read(c, body, err);
}

static int
question_begin(struct calling *c, struct pst_err *err)
{
	const char *to, *whom[] = { "*", NULL };
	const struct pst_list authorized = { 1, whom };
	int rc = question_read(c, &to, &whom[0], err);

	if (rc)
		return rc;
	return *to == '/' ? path_begin(c, to, &authorized, err) : worker_begin(c, to, err);
}

void
control_call(struct control_request *request)
{
	struct calling *c = calloc(1, sizeof *c);
	struct pst_err err = PST_ERR_INIT;
	int rc = c ? PST_OK : -ENOMEM;

	if (!rc) {
		c->request = request;
		c->env = &control_node(request)->env;
		c->came_headers = json_object();
		rc = pst_caller_open(&c->caller, c->env);
	}
	if (!rc) {
		control_on_drop(request, dropped, c);
		rc = question_begin(c, &err);
	}
	if (!rc)
		return;
	if (c) {
		calling_quiet(c);
		calling_free(c);
	}
	control_on_drop(request, NULL, NULL);
	control_fail(request, rc, err.text);
}
