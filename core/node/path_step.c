/* One channel of a path after the other: handshakes, repeated while nobody answers. */
#include "node/path.h"

#include "node/section.h"

static void step_start(struct pst_path *path);
static void attempt_start(struct pst_timer *timer);

static void
attempts_drop(struct step *step, const struct attempt *but)
{
	for (size_t i = 0; i < ATTEMPTS_ALIVE; i++) {
		struct attempt *a = &step->attempts[i];

		if (a->channel && a != but)
			a->path->channel_ops->close(&a->channel);
	}
}

static void
gate_set(struct pst_path *path, struct pst_gate *gate)
{
	struct pst_route route = pst_worker_route(&gate->worker);

	path->gate = gate;
	pst_route_buf_init(&path->route);
	(void)!pst_route_add_route(&path->route, &route); /* one address always fits */
}

static void
channel_up(void *arg, struct pst_channel *channel)
{
	struct attempt *a = arg;
	struct pst_path *path = a->path;

	attempts_drop(a->step, a);
	path_probes_stop(path);
	a->step->channel = channel;
	a->step->took_ns = uv_hrtime() - a->step->began_ns;
	a->step->handshake_ns = uv_hrtime() - a->began_ns;
	gate_set(path, &channel->gate);
	path->step_now++;
	step_start(path);
}

static void
channel_lost(void *arg, int rc)
{
	struct attempt *a = arg;
	struct pst_path *path = a->path;
	bool had_won = a->step->channel && a->step->channel == a->channel;

	a->channel = NULL;
	if (had_won) {
		a->step->channel = NULL;
		path_start_over(path, rc);
	}
	/* one of several attempts: the timer starts another, but whom we have
	 * refused we refuse again */
	if (!had_won && rc == PST_E_DENIED) {
		path->why = rc;
		if (path->on_tried)
			path->on_tried(path->arg, rc);
	}
}

static const struct pst_channel_events channel_events = {
	.up = channel_up,
	.lost = channel_lost,
};

uint64_t
pst_path_patience_ms(const struct pst_path *path)
{
	uint64_t ms = path->link ? 4 * path->link->connect_ms : 0;

	return ms > PATIENCE_MIN_MS ? ms : PATIENCE_MIN_MS;
}

static struct attempt *
attempt_free(struct pst_path *path, struct step *step)
{
	struct attempt *oldest = &step->attempts[path->tried % ATTEMPTS_ALIVE];

	if (oldest->channel)
		path->channel_ops->close(&oldest->channel);
	return oldest;
}

/* One handshake. The section is looked up each time: a change may have replaced it. */
static int
attempt_connect(struct pst_path *path, struct step *step, struct attempt *a)
{
	struct pst_route_buf rb = path->route;
	int rc = path_extend(path, &rb, step->first, step->last + 1);
	struct pst_route route = pst_route_buf_view(&rb);
	const void *ops;
	void *section = pst_section_ref(path->senv, "channel", path->channel_name, &ops);

	if (rc || !section)
		return rc ? rc : PST_E_CLOSED;
	path->channel_ops = ops;
	return path->channel_ops->connect(&a->channel, section, &route, step->admission,
	    &channel_events, a);
}

/*
 * Nobody says that a worker is not there: ask again, afresh. Nor is it said
 * that the channel before it is dead: its far end may have lost our last
 * message, or have died behind a relay.
 */
static void
attempt_start(struct pst_timer *timer)
{
	struct pst_path *path = pst_container_of(timer, struct pst_path, timer);
	struct step *step = &path->steps[path->step_now];
	struct attempt *a = attempt_free(path, step);
	int rc;

	path->tried++;
	if (path->tried == ATTEMPTS_QUICK)
		pst_warn(path->log, "nobody answers a handshake: not there, not exposed, or not for us",
		    PST_STR("route", path->to.hop[step->last].value), PST_U64("channel", path->step_now + 1));
	if (path->tried > ATTEMPTS_QUICK) {
		path->wait_ms = path->wait_ms * 2 < ATTEMPT_SLOW_MS ? path->wait_ms * 2 : ATTEMPT_SLOW_MS;
		if (path->step_now > 0)
			path_probe_once(path);
	}
	pst_timer_start(path->env, &path->timer, path->wait_ms, attempt_start);
	a->began_ns = uv_hrtime();
	rc = attempt_connect(path, step, a);
	if (rc) {
		a->channel = NULL;
		path_start_over(path, rc);
	}
}

static void
step_start(struct pst_path *path)
{
	if (path->step_now == path->step_count) {
		path_all_up(path);
		return;
	}
	path->tried = 0;
	path->steps[path->step_now].began_ns = uv_hrtime();
	path->wait_ms = pst_path_patience_ms(path);
	attempt_start(&path->timer);
}

void
path_steps_start(struct pst_path *path, struct pst_gate *first)
{
	pst_route_buf_init(&path->route);
	if (first)
		gate_set(path, first);
	path->step_now = 0;
	step_start(path);
}

void
path_steps_drop(struct pst_path *path)
{
	for (size_t i = path->step_count; i-- > 0;) {
		path->steps[i].channel = NULL;
		attempts_drop(&path->steps[i], NULL);
	}
}
