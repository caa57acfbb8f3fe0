/* The probes of a path, without the path: its far end is a door behind which nobody answers. */
#include "sink.h"

#include "node/path.h"

static struct pst_path path;
static struct door far;
static uint64_t patience_ms;
static bool over;

/* ---- of path.c and path_step.c, what probes ask for ---- */

uint64_t
pst_path_patience_ms(const struct pst_path *p)
{
	(void)p;
	return patience_ms;
}

struct pst_link *
path_link(const struct pst_path *p)
{
	(void)p;
	return NULL;
}

const struct pst_transport_ops *
path_link_ops(const struct pst_path *p)
{
	(void)p;
	return NULL;
}

void
path_try_anew(struct pst_path *p)
{
	(void)p;
	fail_msg("this path holds nothing");
}

void
path_stays(struct pst_path *p)
{
	(void)p;
}

void
path_start_over(struct pst_path *p, int rc)
{
	assert_int_equal(rc, UV_ETIMEDOUT);
	path_probes_stop(p);
	p->up = false;
	over = true;
}

/* ---- the cases ---- */

static int
setup(void **state)
{
	int rc = sink_setup(state);
	struct pst_route route;

	door_open(&far);
	over = false;
	patience_ms = 60000;
	path = (struct pst_path){
		.env = &test.env, .log = *pst_env_log(&test.env), .gate = &far.gate, .up = true,
	};
	route = pst_worker_route(&far.gate.worker);
	pst_route_buf_init(&path.route);
	assert_int_equal(pst_route_add_route(&path.route, &route), PST_OK);
	return rc;
}

static int
teardown(void **state)
{
	path_probes_stop(&path);
	pst_timer_stop(&test.env, &path.timer);
	door_close(&far);
	return sink_teardown(state);
}

static void
a_doubt_is_asked_about_at_once(void **state)
{
	(void)state;
	assert_true(path_sound(&path));
	pst_path_suspect(&path);
	loop_settle();
	assert_int_equal(far.leaves, 1);
	pst_path_suspect(&path);
	loop_settle();
	assert_int_equal(far.leaves, 1);
}

static void
nobody_who_waits_makes_a_silent_path_sound(void **state)
{
	(void)state;
	path.probes_lost = 1;
	pst_path_suspect(&path);
	assert_false(path_sound(&path));
}

static void
what_was_lost_before_a_doubt_counts(void **state)
{
	(void)state;
	patience_ms = 20;
	path.probes_lost = PROBES_LOST - 1;
	pst_path_suspect(&path);
	loop_until(&over);
	assert_int_equal(far.leaves, 1);
}

/* A link may have waited long for its way. */
static void
who_answers_fast_is_not_waited_for_long(void **state)
{
	(void)state;
	path.answers_ns[0] = 1000000;
	path.probes_lost = PROBES_LOST - 1;
	pst_path_suspect(&path);
	loop_until(&over);
}

#define PROBE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROBE_TEST(a_doubt_is_asked_about_at_once),
		PROBE_TEST(nobody_who_waits_makes_a_silent_path_sound),
		PROBE_TEST(what_was_lost_before_a_doubt_counts),
		PROBE_TEST(who_answers_fast_is_not_waited_for_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
