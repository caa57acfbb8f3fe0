#include "links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- sections ---- */

void
links_setup(struct fake_node *node)
{
	fake_node_init(node);
	assert_int_equal(pst_router_new(&node->env.router, &node->env), PST_OK);
}

void
links_teardown(struct fake_node *node)
{
	assert_int_equal(pst_router_workers(node->env.router), 0);
	pst_router_free(&node->env.router);
	fake_node_fini(node);
}

int
links_open(struct links_section *s, struct fake_node *node, const struct pst_section *row,
    const void *ops, const char *text)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;
	const void *values;
	int rc;

	s->values = NULL;
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	if (pst_conf_load_text(conf, "t.conf", node->state_dir, text, strlen(text), &err) ||
	    pst_values_new(&s->values, pst_conf_at(conf, 0), row->options, row->conf_size, &err))
		fail_msg("%s", err.text);
	snprintf(s->name, sizeof s->name, "%s", pst_conf_at(conf, 0)->name);
	pst_conf_free(&conf);
	values = pst_values_conf(s->values);
	rc = row->check ? row->check(values, &err) : PST_OK;
	if (!rc)
		return fake_open(&s->section, node, row, ops, s->name, values);
	snprintf(s->section.sentence, sizeof s->section.sentence, "%s", err.text);
	return rc;
}

void
links_close(struct links_section *s)
{
	if (s->section.self)
		fake_close(&s->section);
	s->section.self = NULL;
	pst_values_free(&s->values);
}

/* ---- links ---- */

static void
near_up(void *arg, struct pst_link *link)
{
	struct near *near = arg;

	assert_ptr_equal(near->link, link);
	near->up = true;
}

static void
near_lost(void *arg, int rc)
{
	struct near *near = arg;

	assert_false(near->lost);
	near->lost = true;
	near->rc = rc;
	near->link = NULL;
}

static const struct pst_link_events near_events = {
	.up = near_up,
	.lost = near_lost,
};

static const struct pst_transport_ops *
ops_of(const struct links_section *transport)
{
	return transport->section.ops;
}

int
near_begin(struct near *near, struct links_section *transport, const char *host, uint16_t port)
{
	memset(near, 0, sizeof *near);
	return ops_of(transport)->connect(&near->link, transport->section.self, host, port,
	    &near_events, near);
}

void
near_open(struct near *near, struct links_section *transport, const char *host, uint16_t port)
{
	assert_int_equal(near_begin(near, transport, host, port), PST_OK);
	assert_false(near->up); /* never within the call */
	fake_wait(transport->section.node, &near->up);
}

void
near_close(struct near *near, struct links_section *transport)
{
	ops_of(transport)->close(&near->link);
	assert_null(near->link);
}

/* ---- desks ---- */

static void
desk_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct desk *desk = pst_container_of(worker, struct desk, worker);
	struct pst_route own = pst_worker_route(worker);
	struct pst_buf answer;

	desk->count++;
	desk->len = pst_buf_len(&m->payload);
	if (desk->admits && m->from->admit)
		m->from->admit(m->from);
	if (!m->back.hops)
		return;
	assert_int_equal(pst_env_buf(&answer, &desk->node->env, "yes", 3, 64, 64), PST_OK);
	pst_send(desk->node->env.router, &m->back, &own, &answer);
}

void
desk_start(struct desk *desk, struct fake_node *node, const char *name, enum pst_reach reach)
{
	struct pst_router *router = node->env.router;

	memset(desk, 0, sizeof *desk);
	desk->node = node;
	if (name)
		assert_int_equal(pst_worker_start_named(router, &desk->worker, name, reach, desk_receives),
		    PST_OK);
	else
		assert_int_equal(pst_worker_start(router, &desk->worker, reach, desk_receives), PST_OK);
}

void
desk_stop(struct desk *desk)
{
	pst_worker_stop(desk->node->env.router, &desk->worker);
}

static struct pst_route
behind(struct pst_route_buf *rb, const struct pst_gate *gate, const char *name)
{
	struct pst_route route = pst_worker_route(&gate->worker);

	pst_route_buf_init(rb);
	assert_int_equal(pst_route_add_route(rb, &route), PST_OK);
	assert_int_equal(pst_route_add(rb, PST_ADDRESS_LOCAL, name, strlen(name)), PST_OK);
	return pst_route_buf_view(rb);
}

static struct pst_buf
payload_of(struct fake_node *node, size_t len)
{
	char *bytes = calloc(1, len + 1);
	struct pst_buf buf;

	assert_int_equal(pst_env_buf(&buf, &node->env, bytes, len, 512, 64), PST_OK);
	free(bytes);
	return buf;
}

struct question {
	struct pst_request request;
	bool answered;
};

static void
question_answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct question *question = pst_container_of(request, struct question, request);

	assert_int_equal(rc, PST_OK);
	assert_int_equal(pst_buf_len(&answer->payload), 3);
	question->answered = true;
}

void
gate_ask(struct fake_node *node, struct pst_gate *gate, const char *name, size_t len)
{
	struct question question = { .answered = false };
	struct pst_buf payload = payload_of(node, len);
	struct pst_route_buf rb;
	struct pst_route route = behind(&rb, gate, name);

	assert_int_equal(pst_request_send(&node->env, &question.request, &route, &payload, 60000,
	    question_answered), PST_OK);
	fake_wait(node, &question.answered);
}

bool
gate_reaches(struct fake_node *node, struct pst_gate *gate, struct desk *desk, const char *name,
    const char *fence)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	unsigned before = desk->count;
	struct pst_buf payload = payload_of(node, 5);
	struct pst_route_buf rb;
	struct pst_route route = behind(&rb, gate, name);

	assert_int_equal(pst_send(node->env.router, &route, &none, &payload), PST_OK);
	gate_ask(node, gate, fence, 5);
	return desk->count > before;
}
