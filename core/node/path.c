#include "node/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>

#include "node/section.h"

static void begin(struct pst_timer *timer);

/* ---- down, and again ---- */

static void
dismantle(struct pst_path *path)
{
	pst_timer_stop(path->env, &path->timer);
	path_probes_stop(path);
	path_steps_drop(path);
	path_puncture_drop(path);
	if (path->link)
		path->transport_ops->close(&path->link);
	path->gate = NULL;
	path->tried = 0;
}

void
path_start_over(struct pst_path *path, int rc)
{
	uint64_t now = pst_now_ms(path->env);
	bool was_up = path->up;

	path->up = false;
	path->why = rc;
	dismantle(path);
	path->failures += !was_up;
	if (was_up) {
		path->tell_ms = now + TOLD_FIRST_MS;
	} else if (now >= path->tell_ms) {
		path->tell_ms = now + TOLD_AGAIN_MS;
		pst_warn(&path->log, "the route does not open", PST_STR("host", path->dials ?
		    path->to.hop[0].value : NULL), PST_STR("port", path->dials ? path->to.hop[1].value : NULL),
		    PST_RC(rc), PST_U64("attempts", path->failures));
	}
	pst_timer_start(path->env, &path->timer, pst_jitter(path->backoff_ms), begin);
	path->backoff_ms = path->backoff_ms * 2 < BACKOFF_MAX_MS ? path->backoff_ms * 2 : BACKOFF_MAX_MS;
	if (was_up)
		path->events->down(path->arg, rc);
	else if (path->on_tried)
		path->on_tried(path->arg, rc);
}

/* ---- up ---- */

void
path_all_up(struct pst_path *path)
{
	struct pst_route route;

	path->whole = path->route;
	if (path_extend(path, &path->whole, path->tail, path->to.count)) {
		path_start_over(path, PST_E_LIMIT);
		return;
	}
	path->up = true;
	path->backoff_ms = BACKOFF_FIRST_MS;
	path->failures = 0;
	path->why = PST_OK;
	path_probes_start(path);
	if (!path->up) /* what answered within the call is no echo */
		return;
	route = pst_route_buf_view(&path->whole);
	path->events->up(path->arg, &route, path->gate);
}

static void
link_up(void *arg, struct pst_link *link)
{
	struct pst_path *path = arg;

	path->link_took_ns = uv_hrtime() - path->link_began_ns;
	path_steps_start(path, &link->gate);
}

static void
link_lost(void *arg, int rc)
{
	struct pst_path *path = arg;

	path->link = NULL;
	if (!path->through)
		path_start_over(path, rc);
}

static const struct pst_link_events link_events = {
	.up = link_up,
	.lost = link_lost,
};

void *
path_transport(const struct pst_path *path, const char *protocol, const struct pst_transport_ops **out)
{
	struct pst_node *node = path->senv->node;

	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];
		const struct pst_transport_ops *ops;

		if (s->leaving || s->state != SECTION_UP || strcmp(s->item->kind->name, "transport"))
			continue;
		for (ops = s->item->module->module.ops; ops; ops = ops->also) {
			if (strcmp(ops->protocol, protocol))
				continue;
			*out = ops;
			return s->self;
		}
	}
	return NULL;
}

/* A route within this node: while its first worker is not there, as of a kept channel that is down, nothing is sent. */
static int
begin_here(struct pst_path *path)
{
	struct pst_route_buf rb;
	struct pst_route first;
	int rc;

	pst_route_buf_init(&rb);
	rc = path_extend(path, &rb, 0, 1);
	if (rc)
		return rc;
	first = pst_route_buf_view(&rb);
	if (!pst_router_find(pst_env_router(path->env), &first))
		return PST_E_NO_ROUTE;
	path_steps_start(path, NULL);
	return PST_OK;
}

static void
begin(struct pst_timer *timer)
{
	struct pst_path *path = pst_container_of(timer, struct pst_path, timer);
	void *transport;
	int rc = path_resolve(path);

	if (rc) {
		path_start_over(path, rc);
		return;
	}
	if (!path->dials) {
		rc = begin_here(path);
		if (rc)
			path_start_over(path, rc);
		return;
	}
	path->link_began_ns = uv_hrtime();
	transport = path_transport(path, pst_protocol_name(path->to.hop[1].protocol), &path->transport_ops);
	rc = transport && !path->transport_ops->lacks ? path->transport_ops->connect(&path->link, transport, path->to.hop[0].value,
	    (uint16_t)strtoul(path->to.hop[1].value, NULL, 10), &link_events, path) : PST_E_NO_ROUTE;
	if (rc) {
		path->link = NULL;
		path_start_over(path, rc);
	}
}

/* ---- life ---- */

static void
path_free(struct pst_path *path)
{
	path_plan_free(path);
	free(path->channel_name);
	free(path);
}

static void
closed(struct pst_task *task)
{
	struct pst_path *path = pst_container_of(task, struct pst_path, close_task);
	void (*on_closed)(void *arg) = path->on_closed;
	void *arg = path->on_closed_arg;

	path_free(path);
	if (on_closed)
		on_closed(arg);
}

int
pst_path_open(struct pst_path **out, struct pst_section_env *senv, const struct pst_path_conf *conf,
    const struct pst_path_events *events, void *arg, struct pst_err *err)
{
	struct pst_path *path = calloc(1, sizeof *path);
	int rc;

	if (!path)
		return -ENOMEM;
	path->senv = senv;
	path->env = pst_section_env(senv);
	path->fields[0] = (struct pst_field)PST_STR(conf->one_of_several ? "to" : NULL, conf->to);
	path->log = (struct pst_log){
		.logger = pst_section_log(senv)->logger,
		.parent = pst_section_log(senv),
		.fields = path->fields,
	};
	path->events = events;
	path->arg = arg;
	path->holds = conf->holds;
	path->one_of_several = conf->one_of_several;
	path->backoff_ms = BACKOFF_FIRST_MS;
	path->tell_ms = pst_now_ms(path->env) + TOLD_FIRST_MS;
	rc = path_plan(path, conf, err);
	if (!rc && conf->channel && !(path->channel_name = strdup(conf->channel)))
		rc = -ENOMEM;
	if (!rc && path->step_count && !pst_section_ref(senv, "channel", conf->channel, NULL))
		rc = pst_fail(err, PST_E_CONF, "channel %s is not open", conf->channel);
	if (rc) {
		path_free(path);
		return rc;
	}
	pst_timer_start(path->env, &path->timer, 0, begin);
	*out = path;
	return PST_OK;
}

void
pst_path_close(struct pst_path **out, void (*on_closed)(void *arg), void *arg)
{
	struct pst_path *path = *out;

	*out = NULL;
	path->up = false;
	dismantle(path);
	path->on_closed = on_closed;
	path->on_closed_arg = arg;
	pst_task_post(path->env, &path->close_task, closed);
}

/* ---- looking ---- */

struct pst_admission *
pst_path_admission(const struct pst_path *path)
{
	return path->step_count ? path->steps[path->step_count - 1].admission : NULL;
}

const char *
pst_path_hindrance(const struct pst_path *path)
{
	const struct pst_transport_ops *ops;

	if (path->project)
		return pst_section_ref(path->senv, "project", path->project, NULL) ? NULL : "there is no such project here";
	if (path->dials && !path_transport(path, pst_protocol_name(path->to.hop[1].protocol), &ops))
		return "no transport here speaks that";
	if (path->dials && ops->lacks)
		return ops->lacks;
	for (size_t i = 0; i < path->step_count; i++)
		if (path->steps[i].puncture && !path_transport(path, pst_protocol_name(PST_PUNCTURE), &ops))
			return "no transport here makes punctures";
	return NULL;
}

void
path_step_print(const struct pst_path *path, const struct step *step, char *out, size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = step->first; i <= step->last && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "/%s/%s", pst_protocol_name(path->to.hop[i].protocol),
		    path->to.hop[i].value);
}

/* A step that nobody answers is tried on and on, without an end that would have a reason. */
const char *
path_why(const struct pst_path *path, char *out, size_t size)
{
	if (path->up)
		return NULL;
	if (path->tried >= ATTEMPTS_QUICK && path->why != PST_E_DENIED) {
		pst_path_stuck(path, UV_ETIMEDOUT, out, size);
		return out;
	}
	return path->why ? pst_strerror(path->why) : NULL;
}

void
pst_path_status(const struct pst_path *path, struct pst_status *status)
{
	const struct pst_peer *peer = path->up && path->gate ? path->gate->peer : NULL;
	char why[WHY_TEXT];

	pst_status_put(status, PST_FIELDS(PST_STR("route", path->up ? "up" : "down"),
	    PST_STR("peer", peer ? pst_peer_text(peer) : NULL),
	    PST_STR("route_why", path_why(path, why, sizeof why)),
	    PST_U64("route_attempts", path->failures)));
}

/* "project acme: 192.0.2.1 port 4000: ": who is asked, where nobody has typed that; of a link its host. */
static void
place_print(const struct pst_path *path, char *out, size_t size)
{
	const struct pst_multiaddr_hop *hop = path->to.hop;
	int n = 0;

	*out = '\0';
	if (path->project)
		n = snprintf(out, size, "project %.64s: ", path->project);
	if (path->project ? path->turn > 0 : path->dials && !path->gate)
		snprintf(out + n, size - (size_t)n, "%.253s port %.5s: ", hop[0].value, hop[1].value);
}

void
pst_path_stuck(const struct pst_path *path, int rc, char *out, size_t size)
{
	const char *why = rc == UV_ETIMEDOUT ? "no answer" : rc == PST_E_DENIED
	    ? "whoever is there may not be the far end" : pst_strerror(rc);
	const char *hindrance = rc == PST_E_NO_ROUTE ? pst_path_hindrance(path) : NULL;
	char place[PST_HOST_TEXT + 96], step[WHY_TEXT];

	place_print(path, place, sizeof place);
	if (path->dials && !path->gate)
		snprintf(out, size, "%s%.100s", place, hindrance ? hindrance : why);
	else if (rc == PST_E_NO_ROUTE && !path->dials && !path->gate)
		snprintf(out, size, "/%s/%s: no worker here is called that, or it is a channel that is down",
		    pst_protocol_name(path->to.hop[0].protocol), path->to.hop[0].value);
	else if (path->step_now < path->step_count && path->steps[path->step_now].puncture && !path->through)
		snprintf(out, size, "%s/puncture/%s: no puncture: %s", place,
		    path->to.hop[path->steps[path->step_now].puncture].value, why);
	else if (path->step_now >= path->step_count)
		snprintf(out, size, "%sthe route does not open: %s", place, why);
	else {
		path_step_print(path, &path->steps[path->step_now], step, sizeof step);
		snprintf(out, size, "%s%s: no channel: %s", place, step, why);
	}
}
