#include "node/control.h"

#include <errno.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "node/section.h"
#include "node/status.h"

/* Under way at once; those of `create` wait for each other. */
#define REQUESTS_MAX 1000

struct control {
	struct pst_node *node;
	struct pst_worker worker;
	struct control_request *requests;
	size_t count; /* of them */
	struct pst_task stop_task;
	bool stop_now;
};

struct control_request {
	struct control *control;
	struct control_request *next, **link;
	struct pst_route *back;
	struct pst_buf asked; /* the question: its account is the answer's */
	json_t *ask;
	void (*drop)(void *arg);
	void *drop_arg;
};

/* ---- a question and its answer ---- */

struct pst_node *
control_node(struct control_request *request)
{
	return request->control->node;
}

const json_t *
control_ask(const struct control_request *request)
{
	return request->ask;
}

void
control_on_drop(struct control_request *request, void (*fn)(void *arg), void *arg)
{
	request->drop = fn;
	request->drop_arg = arg;
}

static void
request_free(struct control_request *request)
{
	pst_linked_leave(request);
	json_decref(request->ask);
	pst_buf_free(&request->asked);
	free(request->back);
	request->control->count--;
	free(request);
}

/* Charged to who asks: who does not read stops himself. */
static void
answer_send(struct control_request *request, json_t *message)
{
	static const char failed[] = "{\"error\":\"ENOMEM\",\"rc\":-12,\"sentence\":\"out of memory\"}";
	struct control *control = request->control;
	struct pst_route own = pst_worker_route(&control->worker);
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	const char *sent = text ? text : failed;
	struct pst_buf buf;

	if (!pst_env_buf(&buf, &control->node->env, sent, strlen(sent), PST_RX_HEADROOM,
	    PST_RX_TAILROOM)) {
		if (request->asked.block)
			pst_buf_charge(&buf, pst_buf_account(&request->asked));
		pst_send(control->node->env.router, request->back, &own, &buf);
	}
	free(text);
	json_decref(message);
	request_free(request);
}

void
control_answer(struct control_request *request, json_t *answer)
{
	if (answer)
		answer_send(request, json_pack("{s:o}", "answer", answer));
	else
		control_fail(request, -ENOMEM, pst_strerror(-ENOMEM));
}

void
control_fail(struct control_request *request, int rc, const char *sentence)
{
	answer_send(request, json_pack("{s:s, s:i, s:o}", "error", pst_errname(rc), "rc", rc,
	    "sentence", node_text(sentence && *sentence ? sentence : pst_strerror(rc))));
}

/* ---- the short verbs ---- */

static void
do_status(struct control_request *request)
{
	control_answer(request, node_status(control_node(request)));
}

static void
do_ping(struct control_request *request)
{
	control_answer(request, json_object());
}

static void
do_list(struct control_request *request)
{
	control_answer(request, node_sections(control_node(request),
	    json_string_value(json_object_get(request->ask, "kind")), NULL));
}

static void
do_show(struct control_request *request)
{
	struct pst_node *node = control_node(request);
	const struct pst_section_env *section;
	struct pst_err err = PST_ERR_INIT;
	const char *kind, *name = NULL;
	int written = false;

	if (json_unpack(request->ask, "{s:s, s?s, s?b}", "kind", &kind, "name", &name, "written", &written)) {
		control_fail(request, -EINVAL, "want a kind, and perhaps a name");
		return;
	}
	section = control_section_find(node, kind, name, &err);
	if (section)
		control_answer(request, node_section_show(node, kind, section->name, written));
	else
		control_fail(request, err.rc, err.text);
}

static void
stop(struct pst_task *task)
{
	struct control *control = pst_container_of(task, struct control, stop_task);

	if (control->stop_now)
		pst_node_close(control->node);
	else
		pst_node_stop(control->node);
}

static void
do_stop(struct control_request *request)
{
	struct control *control = request->control;

	control->stop_now = json_is_true(json_object_get(request->ask, "now"));
	control_answer(request, json_object());
	pst_task_post(&control->node->env, &control->stop_task, stop);
}

static const struct {
	const char *name;
	void (*run)(struct control_request *request);
} verbs[] = {
	{ "ask", control_section_ask },
	{ "call", control_call },
	{ "create", control_create },
	{ "delete", control_delete },
	{ "explain", control_explain },
	{ "list", do_list },
	{ "ping", do_ping },
	{ "reload", control_reload },
	{ "show", do_show },
	{ "status", do_status },
	{ "stop", do_stop },
	{ "trace", control_trace },
};

/* ---- the worker ---- */

json_t *
control_parse(const uint8_t *bytes, size_t len, struct pst_err *err)
{
	json_error_t why;
	json_t *ask;

	if (len > NODE_CONTROL_MAX) {
		pst_fail(err, PST_E_LIMIT, "the question is longer than %d bytes", NODE_CONTROL_MAX);
		return NULL;
	}
	ask = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(ask) && json_is_string(json_object_get(ask, "do")))
		return ask;
	pst_fail(err, PST_E_PROTOCOL, "%s", ask ? "not an object that says what to do" : why.text);
	json_decref(ask);
	return NULL;
}

static void
request_run(struct control_request *request)
{
	const char *word = json_string_value(json_object_get(request->ask, "do"));

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verbs[i].name, word)) {
			verbs[i].run(request);
			return;
		}
	control_fail(request, PST_E_PROTOCOL, "this node does not know how to do that");
}

static void
control_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct control *control = pst_container_of(worker, struct control, worker);
	struct pst_err err = PST_ERR_INIT;
	json_t *ask = control_parse(m->payload.start, pst_buf_len(&m->payload), &err);
	struct control_request *request = calloc(1, sizeof *request);
	struct pst_route *back = pst_route_copy(&m->back);

	if (!request || !back) {
		json_decref(ask);
		free(request);
		free(back);
		return;
	}
	*request = (struct control_request){
		.control = control,
		.back = back,
		.asked = pst_buf_take(&m->payload),
		.ask = ask,
	};
	pst_linked_enter(&control->requests, request);
	if (++control->count > REQUESTS_MAX)
		control_fail(request, PST_E_LIMIT, "too many questions at once");
	else if (ask)
		request_run(request);
	else
		control_fail(request, err.rc, err.text);
}

/* ---- life ---- */

int
node_control_start(struct pst_node *node)
{
	struct control *control = calloc(1, sizeof *control);
	int rc;

	if (!control)
		return -ENOMEM;
	control->node = node;
	rc = pst_worker_start_named(node->env.router, &control->worker, NODE_CONTROL, PST_REACH_LOCAL,
	    control_receives);
	if (rc)
		free(control);
	else
		node->control = control;
	return rc;
}

void
node_control_stop(struct pst_node *node)
{
	struct control *control = node->control;

	node->control = NULL;
	if (!control)
		return;
	while (control->requests) {
		struct control_request *request = control->requests;

		if (request->drop)
			request->drop(request->drop_arg);
		request_free(request);
	}
	pst_task_cancel(&node->env, &control->stop_task);
	pst_worker_stop(node->env.router, &control->worker);
	free(control);
}
