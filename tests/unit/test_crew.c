/* The crew: jobs on threads, and jobs that wait. */
#include <stdatomic.h>

#include "loop.h"

#define JOBS 1000

struct task {
	struct pst_job job;
	uv_thread_t thread;
	unsigned begun; /* as the how-manieth */
	bool worked, asked, went_on, done;
	int again; /* times to be given again from done */
};

static struct task tasks[JOBS];
static uv_thread_t loop_thread;
static unsigned cores, done;
static atomic_uint begun, running, most;
static bool all_done, all_asked;
static unsigned asked, target;

static struct task *
task_of(struct pst_job *job)
{
	return pst_container_of(job, struct task, job);
}

static void
check_on_loop(void)
{
	uv_thread_t self = uv_thread_self();

	assert_true(uv_thread_equal(&self, &loop_thread));
}

static void
task_works(struct pst_job *job)
{
	struct task *task = task_of(job);
	unsigned now = atomic_fetch_add(&running, 1) + 1;
	unsigned before = atomic_load(&most);

	task->begun = atomic_fetch_add(&begun, 1);
	while (before < now && !atomic_compare_exchange_weak(&most, &before, now))
		;
	task->thread = uv_thread_self();
	task->worked = true;
	atomic_fetch_sub(&running, 1);
}

static void
task_done(struct pst_job *job)
{
	struct task *task = task_of(job);

	check_on_loop();
	assert_true(task->worked);
	assert_false(task->done);
	if (task->again-- > 0) {
		assert_int_equal(pst_crew_run(&test.env, job), PST_OK);
		return;
	}
	task->done = true;
	all_done = ++done == target;
}

static void
give(struct task *task, void (*work)(struct pst_job *job))
{
	task->job.work = work;
	task->job.done = task_done;
	assert_int_equal(pst_crew_run(&test.env, &task->job), PST_OK);
	assert_false(task->done);
}

static void
forget(void)
{
	memset(tasks, 0, sizeof tasks);
	done = asked = 0;
	begun = running = most = 0;
	all_done = all_asked = false;
}

static int
setup(void **state)
{
	forget();
	loop_thread = uv_thread_self();
	cores = uv_available_parallelism();
	assert_in_range(cores, 1, JOBS / 10);
	return loop_setup(state);
}

static void
without_jobs_there_is_none(void **state)
{
	assert_null(test.env.crew);
}

static void
jobs_run_on_other_threads_and_are_done_on_the_loop(void **state)
{
	target = JOBS;
	for (size_t i = 0; i < JOBS; i++)
		give(&tasks[i], task_works);
	loop_until(&all_done);
	for (size_t i = 0; i < JOBS; i++)
		assert_false(uv_thread_equal(&loop_thread, &tasks[i].thread));
	assert_in_range(atomic_load(&most), 1, cores);
}

/* It keeps its thread until the gate opens. */
static atomic_bool gate;

static void
task_holds(struct pst_job *job)
{
	while (!atomic_load(&gate))
		sched_yield();
	task_works(job);
}

static void
jobs_begin_in_the_order_they_are_given(void **state)
{
	target = cores + 100;
	atomic_store(&gate, false);
	for (size_t i = 0; i + 1 < cores; i++)
		give(&tasks[100 + i], task_holds);
	for (size_t i = 0; i < 100; i++) /* on the one thread that is left */
		give(&tasks[i], task_works);
	loop_until(&tasks[99].done);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(tasks[i].begun, i);
	atomic_store(&gate, true);
	give(&tasks[100 + cores], task_works);
	loop_until(&all_done);
}

static void
a_job_may_be_given_again_when_it_is_done(void **state)
{
	target = 20;
	for (size_t i = 0; i < 20; i++) {
		tasks[i].again = 100;
		give(&tasks[i], task_works);
	}
	loop_until(&all_done);
	assert_int_equal(atomic_load(&begun), 20 * 101);
}

/* ---- jobs that wait ---- */

static void
goes_on_at_once(struct pst_job *job)
{
	check_on_loop();
	task_of(job)->asked = true;
	pst_crew_go_on(&test.env, job);
}

static void
goes_on_later(struct pst_job *job)
{
	check_on_loop();
	task_of(job)->asked = true;
	all_asked = ++asked == target;
}

static void
task_asks(struct pst_job *job)
{
	task_of(job)->went_on = true;
	for (int i = 0; i < 3; i++) {
		task_of(job)->asked = false;
		pst_crew_wait(&test.env, job, goes_on_at_once);
		task_of(job)->went_on &= task_of(job)->asked;
	}
	task_works(job);
}

static void
task_waits(struct pst_job *job)
{
	pst_crew_wait(&test.env, job, goes_on_later);
	task_of(job)->went_on = true;
	task_works(job);
}

static void
a_job_may_ask_the_loop_and_go_on_within(void **state)
{
	target = JOBS;
	for (size_t i = 0; i < JOBS; i++)
		give(&tasks[i], task_asks);
	loop_until(&all_done);
	for (size_t i = 0; i < JOBS; i++)
		assert_true(tasks[i].went_on);
}

static void
who_waits_takes_no_place(void **state)
{
	size_t waiting = 3 * cores;

	for (size_t i = 0; i < waiting; i++)
		give(&tasks[i], task_waits);
	target = waiting;
	loop_until(&all_asked);
	for (size_t i = waiting; i < 2 * waiting; i++)
		give(&tasks[i], task_works);
	loop_until(&all_done); /* while the others wait */
	for (size_t i = 0; i < waiting; i++)
		assert_false(tasks[i].went_on);
	all_done = false;
	target = 2 * waiting;
	for (size_t i = 0; i < waiting; i++)
		pst_crew_go_on(&test.env, &tasks[i].job);
	loop_until(&all_done);
	for (size_t i = 0; i < waiting; i++)
		assert_true(tasks[i].went_on);
}

/* Rounds of many that wait: spare threads come and go, and none is missing afterwards. */
static void
threads_go_again_and_come_again(void **state)
{
	for (int round = 0; round < 20; round++) {
		forget();
		target = 50;
		for (size_t i = 0; i < target; i++)
			give(&tasks[i], task_waits);
		loop_until(&all_asked);
		for (size_t i = 0; i < target; i++)
			pst_crew_go_on(&test.env, &tasks[i].job);
		loop_until(&all_done);
	}
	forget();
	jobs_run_on_other_threads_and_are_done_on_the_loop(state);
}

/* ---- its end ---- */

static void
what_was_given_is_done_before_the_end(void **state)
{
	target = JOBS;
	for (size_t i = 0; i < JOBS; i++)
		give(&tasks[i], i % 2 ? task_works : task_asks);
}

static int
teardown_when_done(void **state)
{
	int rc = loop_teardown(state);

	assert_true(all_done);
	return rc;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, loop_teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_jobs_there_is_none),
		TEST(jobs_run_on_other_threads_and_are_done_on_the_loop),
		TEST(jobs_begin_in_the_order_they_are_given),
		TEST(a_job_may_be_given_again_when_it_is_done),
		TEST(a_job_may_ask_the_loop_and_go_on_within),
		TEST(who_waits_takes_no_place),
		TEST(threads_go_again_and_come_again),
		cmocka_unit_test_setup_teardown(what_was_given_is_done_before_the_end, setup,
		    teardown_when_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
