/* One node of a constellation: the way to it, and how busy it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "constellation.h"

/* So many probes without an answer, and it gets no calls. */
#define LOST_MAX 2
/* A probe may take so long, however often they go: a busy node is not a dead one. */
#define PROBE_MIN_MS 1000
/* What one that does not tell is taken to manage at once. */
#define CAPACITY_UNKNOWN 1

bool
member_is_up(const struct member *m)
{
	return m->route.hops && m->lost < LOST_MAX;
}

/* Of others, as it was told; and of ours, as it is. */
static uint64_t
busy(const struct member *m)
{
	uint64_t then = (uint64_t)m->load.running + m->load.queued;

	return (then > m->ours_then ? then - m->ours_then : 0) + m->ours;
}

static uint64_t
capacity(const struct member *m)
{
	return m->load.capacity ? m->load.capacity : CAPACITY_UNKNOWN;
}

bool
member_busier(const struct member *a, const struct member *b)
{
	return (busy(a) + 1) * capacity(b) > (busy(b) + 1) * capacity(a);
}

/* ---- probes ---- */

static void probe(struct pst_timer *timer);

static void
probed(struct pst_call_probe *request, int rc, const struct pst_call_load *load)
{
	struct member *m = pst_container_of(request, struct member, probe);
	struct constellation *c = m->constellation;
	bool was_up = member_is_up(m);

	m->probing = false;
	pst_timer_start(c->env, &m->timer, pst_jitter(c->conf->probe), probe);
	if (rc) {
		m->lost++;
		if (was_up && !member_is_up(m))
			pst_warn(c->log, "a node does not answer", PST_STR("route", m->to), PST_RC(rc));
		if (m->path)
			pst_path_suspect(m->path);
		return;
	}
	m->load = *load;
	m->ours_then = m->ours;
	m->lost = 0;
	if (!was_up) {
		pst_info(c->log, "a node answers", PST_STR("route", m->to));
		constellation_member_up(c);
	}
}

static void
probe(struct pst_timer *timer)
{
	struct member *m = pst_container_of(timer, struct member, timer);
	struct constellation *c = m->constellation;
	struct pst_route route = pst_route_buf_view(&m->route);
	uint64_t ms = c->conf->probe > PROBE_MIN_MS ? c->conf->probe : PROBE_MIN_MS;

	m->probing = true;
	if (pst_call_probe(c->env, &m->probe, &route, ms, probed))
		pst_debug(c->log, "a probe was not sent", PST_STR("route", m->to));
}

static void
probe_stop(struct member *m)
{
	pst_timer_stop(m->constellation->env, &m->timer);
	if (m->probing)
		pst_request_cancel(&m->probe.request);
	m->probing = false;
}

void
member_suspect(struct member *m)
{
	if (m->probing || !m->route.hops || !m->listed)
		return;
	pst_timer_stop(m->constellation->env, &m->timer);
	probe(&m->timer);
}

/* ---- the way ---- */

static void
way_is_there(struct member *m)
{
	m->number = m->constellation->next_number++;
	m->load = (struct pst_call_load){ 0 };
	m->ours_then = 0;
	/* its first calls come when it has answered */
	m->lost = LOST_MAX;
	probe(&m->timer);
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct member *m = arg;

	if (!m->listed)
		return;
	if (pst_route_add_route(&m->route, route)) {
		pst_route_buf_init(&m->route);
		return;
	}
	way_is_there(m);
}

static void
path_down(void *arg, int rc)
{
	struct member *m = arg;

	if (member_is_up(m))
		pst_warn(m->constellation->log, "a node is gone", PST_STR("route", m->to), PST_RC(rc));
	probe_stop(m);
	pst_route_buf_init(&m->route);
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static int
way_open(struct member *m, struct pst_err *err)
{
	struct pst_path_conf path = constellation_path(m->constellation->conf, m->to);
	int rc;

	if (*m->to == '/')
		return pst_path_open(&m->path, m->constellation->senv, &path, &path_events, m, err);
	rc = pst_route_add(&m->route, PST_ADDRESS_LOCAL, m->to, strlen(m->to));
	if (!rc)
		way_is_there(m);
	return rc;
}

/* ---- life ---- */

int
member_new(struct member **out, struct constellation *c, const char *to, struct pst_err *err)
{
	struct member *m = calloc(1, sizeof *m);
	int rc = -ENOMEM;

	if (!m)
		return rc;
	m->constellation = c;
	m->listed = true;
	pst_route_buf_init(&m->route);
	m->to = strdup(to);
	if (m->to)
		rc = way_open(m, err);
	if (rc) {
		free(m->to);
		free(m);
		return rc;
	}
	c->open++;
	*out = m;
	return PST_OK;
}

static void
way_closed(void *arg)
{
	struct member *m = arg;
	struct constellation *c = m->constellation;

	free(m->to);
	free(m);
	constellation_member_freed(c);
}

static void
way_close(struct pst_task *task)
{
	struct member *m = pst_container_of(task, struct member, task);

	if (m->path)
		pst_path_close(&m->path, way_closed, m);
	else
		way_closed(m);
}

void
member_leave(struct member *m)
{
	m->listed = false;
	probe_stop(m);
	if (!m->ours)
		pst_task_post(m->constellation->env, &m->task, way_close);
}

void
member_enter(struct member *m)
{
	m->ours++;
	m->calls++;
}

void
member_done(struct member *m)
{
	m->ours--;
	/* not at once: what ended the call may be within the way */
	if (!m->listed && !m->ours)
		pst_task_post(m->constellation->env, &m->task, way_close);
}

/* Why no way can lead there, as this node is; NULL: one could. */
static const char *
hindrance(const struct member *m)
{
	struct pst_route route = pst_route_buf_view(&m->route);

	if (m->path)
		return pst_path_hindrance(m->path);
	return pst_router_find(pst_env_router(m->constellation->env), &route) ? NULL : "there is no such function here";
}

void
member_settled(struct member *m)
{
	const char *why = hindrance(m);

	if (why && !m->told)
		pst_warn(m->constellation->log, "a node that no call can reach", PST_STR("route", m->to), PST_STR("why", why));
	m->told = why;
}

void
member_status(const struct member *m, struct pst_status *status)
{
	const char *state = member_is_up(m) ? "up" : m->route.hops ? "does not answer" : "no route";

	pst_status_item(status, "nodes", PST_FIELDS(PST_STR("route", m->to), PST_STR("state", state),
	    PST_STR("why", member_is_up(m) ? NULL : hindrance(m)),
	    PST_U64("running", m->load.running), PST_U64("queued", m->load.queued),
	    PST_U64("capacity", m->load.capacity), PST_U64("under_way", m->ours),
	    PST_U64("calls", m->calls)));
}
