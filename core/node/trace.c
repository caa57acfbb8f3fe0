/*
 * The control service's verb "trace": open a route as an inlet would, and say
 * of each hop what it is, who is there and how long it took; then ask the
 * echo worker at its end `count` times.
 *
 *     {"hops": [{"hop": 1, "what": "link", "transport": "tcp", "address": "127.0.0.1:4000",
 *                "took_us": 310},
 *               {"hop": 2, "what": "channel", "address": "/secure/api", "way": "direct",
 *                "peer": "I…", "took_us": 1240},
 *               {"hop": 3, "what": "worker", "address": "/service/outlet", "way": "not asked"}],
 *      "echo_us": [180, null, 166],
 *      "route": {"number": 2, "of": 3, "to": "/ip4/…", "state": "serves"},
 *      "stuck": {"error": "ECONNREFUSED", "rc": -111, "sentence": "…"}}
 *
 * A channel is "relayed" when workers of other nodes stand between it and the
 * hop before, else "direct"; what stands behind the last channel is not asked, since it might take that for
 * a client of its own. "route" is there of a section that has several: which of them
 * it is, by default the one that serves. "stuck" says what does not open, if anything.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/dial.h>

#include "node/control.h"
#include "node/path.h"
#include "node/section.h"
#include "node/status.h"

#define COUNT_MAX 1000
#define TIMEOUT_DEFAULT_MS 5000
/* Without an answer for so long an echo is lost, and the next one is sent. */
#define ECHO_MS 1000

struct trace {
	struct control_request *request;
	struct pst_env *env;
	struct pst_path *path;
	struct pst_timer timer;
	struct pst_task end_task;
	struct pst_request echo;
	struct pst_list anybody;
	const char *anybody_item[2];
	char channel[PST_CONF_WORD_MAX + 1]; /* of the section asked for, which may go */
	uint64_t sent_ns;
	json_int_t count;
	json_t *hops, *echo_us, *route; /* route NULL: there is one only */
	char stuck[PST_ERR_TEXT + PST_HOST_TEXT];
	int stuck_rc;
};

/* ---- the end ---- */

static void
trace_free(struct trace *trace)
{
	json_decref(trace->hops);
	json_decref(trace->echo_us);
	json_decref(trace->route);
	free(trace);
}

static void
path_gone(void *arg)
{
	struct trace *trace = arg;
	struct control_request *request = trace->request;
	json_t *answer = request ? json_pack("{s:O, s:O}", "hops", trace->hops, "echo_us",
	    trace->echo_us) : NULL;

	if (trace->route && answer)
		json_object_set(answer, "route", trace->route);
	if (*trace->stuck && answer)
		json_object_set_new(answer, "stuck", json_pack("{s:s, s:i, s:o}", "error",
		    pst_errname(trace->stuck_rc), "rc", trace->stuck_rc, "sentence",
		    node_text(trace->stuck)));
	trace_free(trace);
	if (request)
		control_answer(request, answer);
}

/* The node stops while the path is closing. */
static void
dropped_late(void *arg)
{
	struct trace *trace = arg;

	trace->request = NULL;
}

static void
trace_quiet(struct trace *trace)
{
	pst_timer_stop(trace->env, &trace->timer);
	pst_task_cancel(trace->env, &trace->end_task);
	pst_request_cancel(&trace->echo);
}

static void
end_now(struct pst_task *task)
{
	struct trace *trace = pst_container_of(task, struct trace, end_task);

	trace_quiet(trace);
	control_on_drop(trace->request, dropped_late, trace);
	pst_path_close(&trace->path, path_gone, trace);
}

/* Not from inside the path's own events. */
static void
trace_end(struct trace *trace)
{
	pst_task_post(trace->env, &trace->end_task, end_now);
}

static void
dropped_path(void *arg)
{
	trace_free(arg);
}

static void
dropped(void *arg)
{
	struct trace *trace = arg;

	trace_quiet(trace);
	pst_path_close(&trace->path, dropped_path, trace);
}

/* ---- hops ---- */

static void
hop_add(struct trace *trace, json_t *hop)
{
	if (!hop)
		return;
	json_object_set_new(hop, "hop", json_integer((json_int_t)json_array_size(trace->hops) + 1));
	json_array_append_new(trace->hops, hop);
}

static json_t *
hop_text(const struct pst_multiaddr_hop *hop)
{
	char text[PST_MULTIADDR_VALUE + 32];

	snprintf(text, sizeof text, "/%s/%s", pst_protocol_name(hop->protocol), hop->value);
	return node_text(text);
}

static void
hop_link(struct trace *trace, const struct pst_transport_ops *ops, const struct pst_link *link, uint64_t took_ns)
{
	hop_add(trace, json_pack("{s:s, s:s, s:s, s:I}", "what", "link", "transport", ops->protocol, "address",
	    link->peer_name, "took_us", (json_int_t)took_ns / 1000));
}

static void
hop_channel(struct trace *trace, const struct step *step)
{
	const struct pst_path *path = trace->path;
	const struct pst_gate *gate = &step->channel->gate;

	if (step->puncture)
		hop_link(trace, path->hole_ops, path->hole, path->hole_took_ns);
	for (size_t i = step->first; i < step->last; i++)
		hop_add(trace, json_pack("{s:s, s:o}", "what", "worker", "address",
		    hop_text(&path->to.hop[i])));
	hop_add(trace, json_pack("{s:s, s:o, s:s, s:s?, s:I}", "what", "channel", "address",
	    hop_text(&path->to.hop[step->last]), "way", step->first == step->last ? "direct" : "relayed",
	    "peer", gate->peer ? pst_peer_text(gate->peer) : NULL, "took_us",
	    (json_int_t)step->took_ns / 1000));
}

/* As far as the path is open. */
static void
hops_fill(struct trace *trace)
{
	const struct pst_path *path = trace->path;

	json_array_clear(trace->hops);
	if (!path->gate)
		return;
	if (path->link)
		hop_link(trace, path->transport_ops, path->link, path->link_took_ns);
	for (size_t i = 0; i < path->step_count && path->steps[i].channel; i++)
		hop_channel(trace, &path->steps[i]);
	for (size_t i = path->tail; path->up && i < path->to.count; i++)
		hop_add(trace, json_pack("{s:s, s:o, s:s}", "what", "worker", "address",
		    hop_text(&path->to.hop[i]), "way", "not asked"));
}

/* ---- what does not open ---- */

static void
stuck_say(struct trace *trace, int rc)
{
	trace->stuck_rc = rc;
	if (trace->path->up)
		snprintf(trace->stuck, sizeof trace->stuck, "no answer from the echo worker at the end");
	else
		pst_path_stuck(trace->path, rc, trace->stuck, sizeof trace->stuck);
}

static bool
any_echo(const struct trace *trace)
{
	const json_t *us;
	size_t i;

	json_array_foreach(trace->echo_us, i, us)
		if (json_is_integer(us))
			return true;
	return false;
}

static void
expired(struct pst_timer *timer)
{
	struct trace *trace = pst_container_of(timer, struct trace, timer);

	hops_fill(trace);
	if (!any_echo(trace))
		stuck_say(trace, UV_ETIMEDOUT);
	trace_end(trace);
}

/* The link is refused, or the like: trying again until the time is over would tell no more. */
static void
tried(void *arg, int rc)
{
	struct trace *trace = arg;

	if (rc == PST_E_DENIED || (!json_array_size(trace->hops) && rc != UV_ETIMEDOUT)) {
		hops_fill(trace);
		stuck_say(trace, rc);
		trace_end(trace);
	}
}

/* ---- the echo at the end ---- */

static void echo_send(struct trace *trace);

static void
echo_answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct trace *trace = pst_container_of(request, struct trace, echo);

	(void)answer;
	json_array_append_new(trace->echo_us, rc ? json_null()
	    : json_integer((json_int_t)(uv_hrtime() - trace->sent_ns) / 1000));
	if ((json_int_t)json_array_size(trace->echo_us) < trace->count)
		echo_send(trace);
	else if (any_echo(trace))
		trace_end(trace);
	else
		expired(&trace->timer);
}

static void
echo_send(struct trace *trace)
{
	static const uint8_t word[] = { 0x64, 'p', 'i', 'n', 'g' }; /* CBOR "ping" */
	struct pst_route_buf rb = trace->path->route;
	struct pst_route route;
	struct pst_buf buf;

	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, "echo", 4) ||
	    pst_env_buf(&buf, trace->env, word, sizeof word, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return;
	route = pst_route_buf_view(&rb);
	trace->sent_ns = uv_hrtime();
	(void)!pst_request_send(trace->env, &trace->echo, &route, &buf, ECHO_MS,
	    echo_answered); /* unsent is as good as lost */
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct trace *trace = arg;

	(void)route;
	(void)gate;
	hops_fill(trace);
	if (trace->count > 0)
		echo_send(trace);
	else
		trace_end(trace);
}

static void
path_down(void *arg, int rc)
{
	struct trace *trace = arg;

	(void)rc;
	pst_request_cancel(&trace->echo);
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

/* ---- the beginning ---- */

/* Which rules are for the far end of such a section's route. */
static const char *
type_of(const char *kind)
{
	return !strcmp(kind, "inlet") ? "tcp-inlet" : !strcmp(kind, "channel") ? "channel" : NULL;
}

/* How a section's routes are, as its status has them; an empty list: it has one. */
static json_t *
routes_of(const struct pst_section_env *s)
{
	struct pst_status status = { json_object() };
	json_t *routes;

	if (section_open_now(s) && s->hooks.status)
		s->hooks.status(s->self, &status);
	routes = json_incref(json_object_get(status.object, "routes"));
	json_decref(status.object);
	return routes;
}

/* The one that serves; the first where none does. */
static json_int_t
serving(const json_t *routes)
{
	const char *state;
	const json_t *route;
	size_t i;

	json_array_foreach(routes, i, route)
		if (!json_unpack((json_t *)route, "{s:s}", "state", &state) && !strcmp(state, "serves"))
			return (json_int_t)i + 1;
	return 1;
}

/* Of the section's routes the Nth, or for 0 the one that serves; NULL: it has one, as its project says. */
static int
route_wanted(const char **out, struct trace *trace, struct pst_section_env *s, json_int_t nth, struct pst_err *err)
{
	const char *kind = s->item->kind->name;
	const struct pst_list *routes = pst_values_list(s->item->values, !strcmp(kind, "relay") ? "at" : "to");
	size_t count = routes && routes->count ? routes->count : 1;
	json_t *states = routes_of(s), *state;

	nth = nth ? nth : serving(states);
	state = json_object_get(json_array_get(states, nth > 0 ? (size_t)nth - 1 : 0), "state");
	if (count > 1 && nth > 0 && (uint64_t)nth <= count)
		trace->route = json_pack("{s:I, s:I, s:o, s:O?}", "number", nth, "of", (json_int_t)count, "to",
		    node_text(routes->item[nth - 1]), "state", state);
	json_decref(states);
	if (nth < 1 || (uint64_t)nth > count)
		return pst_fail(err, PST_E_NOTHING, "%s %s has no route %" JSON_INTEGER_FORMAT ": there %s %zu", kind,
		    pst_section_name(s), nth, count == 1 ? "is" : "are", count);
	*out = routes && routes->count ? routes->item[nth - 1] : NULL;
	return PST_OK;
}

/* A route, or the section whose route it is to be; of several its first, or which one `route` says. */
static int
path_wanted(struct trace *trace, struct pst_path_conf *conf, struct pst_err *err)
{
	static const struct pst_list none;
	const char *to = NULL, *kind = NULL, *name = NULL;
	const char *channel;
	struct pst_section_env *s;
	json_int_t route = 0;

	if (json_unpack((json_t *)control_ask(trace->request), "{s?:s, s?:s, s?:s, s?:I}", "to", &to, "kind",
	    &kind, "name", &name, "route", &route))
		return pst_fail(err, -EINVAL, "want a route, or the kind and name of a section");
	trace->anybody_item[0] = "*";
	trace->anybody = (struct pst_list){ 1, trace->anybody_item };
	*conf = (struct pst_path_conf){
		.to = to,
		.key = "route",
		.authorized = &trace->anybody,
		.hops = &none,
		.channel = "api",
	};
	if (to)
		return PST_OK;
	if (kind && strcmp(kind, "inlet") && strcmp(kind, "relay") && strcmp(kind, "channel"))
		return pst_fail(err, PST_E_NOTHING, "%.64s %.64s has no route", kind, name ? name : "");
	s = kind && name ? pst_node_section_env(control_node(trace->request), kind, name) : NULL;
	if (!s)
		return pst_fail(err, PST_E_NOTHING, "there is no %.64s %.64s", kind ? kind : "",
		    name ? name : "section");
	if (s->item->wrong)
		return pst_fail(err, PST_E_CONF, "%s", s->item->wrong);
	/* the route is copied by the path */
	if (route_wanted(&conf->to, trace, s, route, err))
		return PST_E_NOTHING;
	conf->project = pst_values_text(s->item->values, "project");
	conf->via = pst_values_text(s->item->values, "via");
	conf->outlet = pst_values_text(s->item->values, "outlet");
	if (conf->to ? *conf->to != '/' : !conf->project)
		return pst_fail(err, PST_E_NOTHING, "%s %s has no route", kind, name);
	channel = pst_values_text(s->item->values, "channel");
	snprintf(trace->channel, sizeof trace->channel, "%s", channel ? channel : name);
	conf->channel = trace->channel;
	conf->authorized = pst_values_list(s->item->values, "authorized");
	conf->allow = pst_values_text(s->item->values, "allow");
	conf->type = type_of(kind);
	conf->any_authority = !strcmp(kind, "channel");
	conf->resource = name;
	conf->hops = pst_values_list(s->item->values, "hops");
	return PST_OK;
}

void
control_trace(struct control_request *request)
{
	struct pst_node *node = control_node(request);
	struct trace *trace = calloc(1, sizeof *trace);
	struct pst_err err = PST_ERR_INIT;
	struct pst_path_conf conf;
	json_int_t timeout_ms = TIMEOUT_DEFAULT_MS;
	int rc;

	if (!trace) {
		control_fail(request, -ENOMEM, NULL);
		return;
	}
	trace->request = request;
	trace->env = &node->env;
	trace->hops = json_array();
	trace->echo_us = json_array();
	trace->count = 1;
	if (json_unpack((json_t *)control_ask(request), "{s?:I, s?:I}", "count", &trace->count, "timeout",
	    &timeout_ms) || trace->count < 0 || trace->count > COUNT_MAX || timeout_ms < 1)
		rc = pst_fail(&err, -EINVAL, "count: 0 to %d; timeout: at least 1 ms", COUNT_MAX);
	else
		rc = path_wanted(trace, &conf, &err);
	if (!rc)
		rc = pst_path_check(&conf, &err);
	if (!rc)
		rc = pst_path_open(&trace->path, pst_node_own_env(node), &conf, &path_events, trace, &err);
	if (rc) {
		trace_free(trace);
		control_fail(request, rc, err.text);
		return;
	}
	trace->path->on_tried = tried;
	control_on_drop(request, dropped, trace);
	pst_timer_start(trace->env, &trace->timer, (uint64_t)timeout_ms, expired);
}
