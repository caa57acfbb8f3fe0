/* One channel of a path after the other: handshakes, repeated while nobody answers. */
#include "node/path.h"

#include "node/section.h"

static void step_start(struct pst_path *path);
static void attempt_start(struct pst_timer *timer);

static void
attempts_drop(struct step *step, const struct pst_channel *but)
{
	for (size_t i = 0; i < ATTEMPTS_ALIVE; i++) {
		struct attempt *a = &step->attempts[i];

		if (a->channel && a->channel != but)
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
channel_won(struct attempt *a, struct pst_channel *channel)
{
	a->step->channel = channel;
	a->step->took_ns = uv_hrtime() - a->step->began_ns;
	a->step->handshake_ns = uv_hrtime() - a->began_ns;
	attempts_drop(a->step, channel);
}

/*
 * Its far end answers a handshake, and not what it was asked before that by the
 * channel that was up: of which only our end is there. Whatever keeps order
 * would have brought that answer first.
 */
static void
channel_replaces(struct attempt *a, struct pst_channel *channel)
{
	struct pst_path *path = a->path;

	if (path->gate->messages != path->heard) {
		path_stays(path);
		return;
	}
	pst_warn(&path->log, "the far end does not answer probes");
	path_probes_stop(path);
	path->up = false;
	path->why = UV_ETIMEDOUT;
	channel_won(a, channel);
	path->events->down(path->arg, UV_ETIMEDOUT);
	if (!a->step->channel) /* dismantled meanwhile */
		return;
	gate_set(path, &channel->gate);
	path_all_up(path);
}

static void
channel_up(void *arg, struct pst_channel *channel)
{
	struct attempt *a = arg;
	struct pst_path *path = a->path;

	if (path->up) {
		channel_replaces(a, channel);
		return;
	}
	path_probes_stop(path);
	channel_won(a, channel);
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
		if (!path->through || a->step >= path->through)
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
	const struct pst_link *link = path_link(path);
	uint64_t ms = link ? 4 * link->connect_ms : 0;

	if (ms > PATIENCE_MAX_MS)
		return PATIENCE_MAX_MS;
	return ms > PATIENCE_MIN_MS ? ms : PATIENCE_MIN_MS;
}

/* The oldest, but not the one that is up. */
static struct attempt *
attempt_free(struct pst_path *path, struct step *step)
{
	struct attempt *oldest = &step->attempts[path->tried % ATTEMPTS_ALIVE];

	if (oldest->channel && oldest->channel == step->channel)
		oldest = &step->attempts[++path->tried % ATTEMPTS_ALIVE];
	if (oldest->channel)
		path->channel_ops->close(&oldest->channel);
	oldest->began_ns = uv_hrtime();
	return oldest;
}

/* What a step is made over; NULL: this node. */
static struct pst_gate *
gate_before(const struct pst_path *path, const struct step *step)
{
	if (step->puncture)
		return &path->hole->gate;
	if (step > path->steps)
		return &step[-1].channel->gate;
	return path->link ? &path->link->gate : NULL;
}

/* One handshake. The section is looked up each time: a change may have replaced it. */
static int
attempt_connect(struct pst_path *path, struct step *step)
{
	struct attempt *a = attempt_free(path, step);
	struct pst_gate *before = gate_before(path, step);
	struct pst_route_buf rb;
	struct pst_route route;
	const void *ops;
	void *section = pst_section_ref(path->senv, "channel", path->channel_name, &ops);
	int rc = PST_OK;

	pst_route_buf_init(&rb);
	if (before) {
		route = pst_worker_route(&before->worker);
		rc = pst_route_add_route(&rb, &route);
	}
	if (!rc)
		rc = path_extend(path, &rb, step->first, step->last + 1);
	if (!section)
		rc = PST_E_CLOSED;
	if (rc)
		return rc;
	path->channel_ops = ops;
	route = pst_route_buf_view(&rb);
	rc = path->channel_ops->connect(&a->channel, section, &route, step->admission,
	    &channel_events, a);
	if (rc)
		a->channel = NULL;
	return rc;
}

static void
silence_tell(struct pst_path *path, const struct step *step)
{
	char text[WHY_TEXT];

	path_step_print(path, step, text, sizeof text);
	pst_warn(&path->log, "nobody answers a handshake: not there, not exposed, or not for us",
	    PST_STR("route", text), PST_U64("channel", path->step_now + 1));
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
	bool began = path->gate != NULL;
	int rc;

	path->tried++;
	if (path->tried == ATTEMPTS_QUICK)
		silence_tell(path, step);
	if (path->tried > ATTEMPTS_QUICK) {
		path->wait_ms = path->wait_ms * 2 < ATTEMPT_SLOW_MS ? path->wait_ms * 2 : ATTEMPT_SLOW_MS;
		if (path->step_now > 0)
			path_probe_once(path);
		else if (path->link && path->tried > ATTEMPTS_A_LINK)
			path_start_over(path, UV_ETIMEDOUT);
		if (began && !path->gate) /* it begins anew, by the timer */
			return;
	}
	pst_timer_start(path->env, &path->timer, path->wait_ms, attempt_start);
	rc = attempt_connect(path, step);
	if (rc)
		path_start_over(path, rc);
}

void
path_try_anew(struct pst_path *path)
{
	struct step *last = &path->steps[path->step_count - 1];

	path->tried++;
	last->began_ns = uv_hrtime();
	(void)!attempt_connect(path, last); /* there will be others */
}

void
path_stays(struct pst_path *path)
{
	for (size_t i = 0; i < path->step_count; i++)
		attempts_drop(&path->steps[i], path->steps[i].channel);
}

static void
attempts_begin(struct pst_path *path)
{
	path->tried = 0;
	path->steps[path->step_now].began_ns = uv_hrtime();
	path->wait_ms = pst_path_patience_ms(path);
	attempt_start(&path->timer);
}

void
path_step_on(struct pst_path *path, struct pst_gate *gate)
{
	gate_set(path, gate);
	attempts_begin(path);
}

static void
step_start(struct pst_path *path)
{
	int rc;

	if (path->step_now == path->step_count) {
		path_all_up(path);
	} else if (!path->steps[path->step_now].puncture) {
		attempts_begin(path);
	} else {
		pst_timer_stop(path->env, &path->timer); /* no more attempts at the channel that leads there */
		rc = path_puncture(path);
		if (rc)
			path_start_over(path, rc);
	}
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
