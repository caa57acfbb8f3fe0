/* What the clock asks for: steps every so often, the first time at once (spec functions.md 5.1). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

/* The request of a schedule has an id, as all have; nobody is told of it. */
#define SCHEDULE_ID "00000000-0000-4000-8000-000000000000"

struct schedule {
	struct front *front;
	const struct plan_schedule *plan;
	struct pst_timer timer;
	struct run run;
	bool runs;
};

struct schedules {
	size_t count;
	struct schedule list[];
};

static void
schedule_done(struct run *run)
{
	struct schedule *s = pst_container_of(run, struct schedule, run);
	unsigned status = run->status;

	if (run->failed)
		pst_warn(s->front->log, "a schedule failed", PST_STR("schedule", s->plan->name),
		    PST_U64("status", status));
	else
		pst_info(s->front->log, "a schedule ran", PST_STR("schedule", s->plan->name),
		    PST_U64("status", status));
	run_fini(run);
	s->runs = false;
}

static int
schedule_request(struct schedule *s)
{
	int rc = pst_coordinated_init(&s->run.request, "SCHED", s->plan->name, SCHEDULE_ID);

	return rc ? rc : pst_map_copy(&s->run.request.state, &s->plan->state);
}

static void
schedule_due(struct pst_timer *timer)
{
	struct schedule *s = pst_container_of(timer, struct schedule, timer);

	pst_timer_start(s->front->env, &s->timer, s->plan->every_ms, schedule_due);
	if (s->runs) {
		pst_warn(s->front->log, "a schedule is due while it still runs",
		    PST_STR("schedule", s->plan->name));
		return;
	}
	s->run = front_run(s->front, &s->plan->steps);
	s->run.done = schedule_done;
	if (schedule_request(s)) {
		run_fini(&s->run);
		return;
	}
	s->runs = true;
	run_begin(&s->run);
}

int
schedules_open(struct front *front)
{
	size_t count = 0;

	for (const struct plan_schedule *p = front->app->plan.schedules; p; p = p->next)
		count++;
	front->schedules = calloc(1, sizeof *front->schedules + count * sizeof *front->schedules->list);
	if (!front->schedules)
		return -ENOMEM;
	for (const struct plan_schedule *p = front->app->plan.schedules; p; p = p->next) {
		struct schedule *s = &front->schedules->list[front->schedules->count++];

		s->front = front;
		s->plan = p;
	}
	return PST_OK;
}

void
schedules_begin(struct front *front)
{
	for (size_t i = 0; i < front->schedules->count; i++)
		schedule_due(&front->schedules->list[i].timer);
}

void
schedules_close(struct front *front)
{
	for (size_t i = 0; front->schedules && i < front->schedules->count; i++) {
		struct schedule *s = &front->schedules->list[i];

		pst_timer_stop(front->env, &s->timer);
		if (s->runs)
			run_fini(&s->run);
	}
	free(front->schedules);
	front->schedules = NULL;
}
