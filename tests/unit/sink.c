#include "sink.h"

#include <string.h>

int
sink_setup(void **state)
{
	loop_setup(state);
	assert_int_equal(pst_router_new(&test.env.router, &test.env), PST_OK);
	return 0;
}

int
sink_teardown(void **state)
{
	assert_int_equal(pst_router_workers(test.env.router), 0);
	pst_router_free(&test.env.router);
	return loop_teardown(state);
}

static void
sink_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct sink *sink = pst_container_of(worker, struct sink, worker);

	sink->count++;
	sink->from = m->from;
	pst_route_format(&m->onward, sink->onward, sizeof sink->onward);
	pst_route_format(&m->back, sink->back, sizeof sink->back);
	if (sink->then)
		sink->then(sink, m);
}

void
sink_start(struct sink *sink, const char *name, enum pst_reach reach)
{
	memset(sink, 0, sizeof *sink);
	if (name)
		assert_int_equal(pst_worker_start_named(test.env.router, &sink->worker, name, reach,
		    sink_receives), PST_OK);
	else
		assert_int_equal(pst_worker_start(test.env.router, &sink->worker, reach, sink_receives),
		    PST_OK);
}

void
sink_stop(struct sink *sink)
{
	pst_worker_stop(test.env.router, &sink->worker);
}

static void
door_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct door *door = pst_container_of(worker, struct door, gate.worker);
	struct pst_route rest = pst_route_rest(&m->onward);

	door->leaves++;
	pst_route_format(&rest, door->onward, sizeof door->onward);
}

void
door_open(struct door *door)
{
	memset(door, 0, sizeof *door);
	assert_int_equal(pst_gate_open(test.env.router, &door->gate, door_receives), PST_OK);
}

void
door_close(struct door *door)
{
	pst_gate_close(test.env.router, &door->gate);
}

int
sink_send(struct door *door, const struct pst_route *onward)
{
	struct pst_message m = { .onward = *onward, .from = door ? &door->gate : NULL };
	int rc;

	if (door)
		m.back = pst_worker_route(&door->gate.worker);
	assert_int_equal(pst_env_buf(&m.payload, &test.env, "hello", 5, 0, 0), PST_OK);
	rc = pst_router_send(test.env.router, &m);
	assert_null(m.payload.block); /* whatever happened */
	return rc;
}

int
sink_send_to(struct door *door, const struct sink *sink)
{
	struct pst_route route = pst_worker_route(&sink->worker);

	return sink_send(door, &route);
}
