#include <postern/path.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/cbor.h>
#include <postern/channel.h>
#include <postern/multiaddr.h>
#include <postern/transport.h>

#include "node/section.h"

/* Design: reconnection. */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 1000
#define PATIENCE_MIN_MS 300
#define ATTEMPTS_ALIVE 3
#define ATTEMPTS_QUICK 10
#define ATTEMPT_SLOW_MS 10000
/* Spec routing.md 8.7. */
#define PROBE_EVERY_MS 10000
#define PROBES_LOST 3

#define CHANNELS_MAX 8

struct attempt {
	struct pst_path *path;
	struct step *step;
	struct pst_channel *channel; /* NULL: free */
};

/* One channel of the path, made over what lies before it. */
struct step {
	size_t first, last; /* hops of the multiaddr; the last is /secure/… */
	struct pst_admission *admission;
	struct attempt attempts[ATTEMPTS_ALIVE];
	struct pst_channel *channel; /* of the attempt that won; NULL until then */
};

struct pst_path {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct pst_log *log;
	struct pst_multiaddr to;
	bool dials; /* it begins with a host and a port */
	const struct pst_channel_ops *channel_ops;
	void *channel_section;
	const struct pst_path_events *events;
	void *arg;

	const struct pst_transport_ops *transport_ops;
	struct pst_link *link;
	struct step steps[CHANNELS_MAX];
	size_t step_count, step_now;
	unsigned tried;        /* attempts at the present step */
	uint64_t wait_ms;      /* before the next one */
	struct pst_timer timer; /* of the next attempt, probe or beginning */
	uint64_t backoff_ms;

	struct pst_route_buf route; /* as far as it is open */
	struct pst_gate *gate;      /* its first hop */
	size_t tail;                /* first hop after the last channel */
	bool up;
	struct pst_request probe;
	uint8_t probe_sent[9];
	bool probing, suspected;
	unsigned probes_lost;

	struct pst_task close_task;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

static void begin(struct pst_timer *timer);
static void step_start(struct pst_path *path);
static void attempt_start(struct pst_timer *timer);
static void probe_start(struct pst_timer *timer);

/* ---- what is to be made ---- */

static bool
is_host(const struct pst_multiaddr_hop *hop)
{
	return hop->protocol == PST_IP4 || hop->protocol == PST_IP6 || hop->protocol == PST_DNSADDR;
}

static size_t
channels_of(const struct pst_multiaddr *ma)
{
	size_t n = 0;

	for (size_t i = 0; i < ma->count; i++)
		n += ma->hop[i].protocol == PST_SECURE;
	return n;
}

static int
admissions_check(const struct pst_path_conf *conf, size_t channels, struct pst_err *err)
{
	int rc;

	if (!conf->authorized->count)
		return pst_fail(err, PST_E_CONF,
		    "authorized: say who the far end may be: identifiers, or \"*\" for anybody");
	if (!channels && (conf->authorized->count != 1 || strcmp(conf->authorized->item[0], "*")))
		return pst_fail(err, PST_E_CONF,
		    "authorized: the route has no /secure hop, so nobody can prove who they are");
	if (conf->hops->count && conf->hops->count + 1 != channels)
		return pst_fail(err, PST_E_CONF, "hops: want one for each /secure hop but the last");
	rc = pst_admission_check(conf->authorized, "authorized", err);
	return rc ? rc : pst_admission_check(conf->hops, "hops", err);
}

static int
multiaddr_check(const struct pst_multiaddr *ma, const char *to, struct pst_err *err)
{
	size_t i = 0;

	if (is_host(&ma->hop[0])) {
		if (ma->count < 2 || ma->hop[1].protocol != PST_TCP)
			return pst_fail(err, PST_E_CONF, "route \"%s\": want /tcp/PORT behind the host", to);
		i = 2;
	}
	for (; i < ma->count; i++) {
		enum pst_protocol p = ma->hop[i].protocol;

		if (p != PST_SERVICE && p != PST_WORKER && p != PST_SECURE)
			return pst_fail(err, PST_E_CONF, "route \"%s\": /%s/ cannot be used here", to,
			    pst_protocol_name(p));
	}
	if (channels_of(ma) > CHANNELS_MAX)
		return pst_fail(err, PST_E_CONF, "route \"%s\": more than %d channels", to, CHANNELS_MAX);
	return PST_OK;
}

int
pst_path_check(const struct pst_path_conf *conf, struct pst_err *err)
{
	struct pst_multiaddr *ma = malloc(sizeof *ma);
	size_t channels;
	int rc;

	if (!ma)
		return -ENOMEM;
	rc = pst_multiaddr_parse(ma, conf->to, err);
	if (!rc)
		rc = multiaddr_check(ma, conf->to, err);
	channels = rc ? 0 : channels_of(ma);
	free(ma);
	if (rc) {
		pst_fail_in(err, PST_E_CONF, "%s", conf->key ? conf->key : "to");
		return PST_E_CONF;
	}
	return admissions_check(conf, channels, err);
}

static int
step_admission(struct pst_path *path, const struct pst_path_conf *conf, size_t i,
    struct pst_err *err)
{
	static const char *const anybody[] = { "*", NULL };
	struct pst_list list = { 1, anybody };

	if (i + 1 == path->step_count)
		list = *conf->authorized;
	else if (conf->hops->count)
		list.item = &conf->hops->item[i];
	return pst_admission_new(&path->steps[i].admission, &list, err);
}

static int
steps_make(struct pst_path *path, const struct pst_path_conf *conf, struct pst_err *err)
{
	size_t first = path->dials ? 2 : 0;
	int rc = PST_OK;

	path->step_count = channels_of(&path->to);
	for (size_t i = 0, n = 0; i < path->to.count; i++) {
		if (path->to.hop[i].protocol != PST_SECURE)
			continue;
		path->steps[n] = (struct step){ .first = first, .last = i };
		for (size_t a = 0; a < ATTEMPTS_ALIVE; a++)
			path->steps[n].attempts[a] = (struct attempt){ path, &path->steps[n], NULL };
		first = i + 1;
		n++;
	}
	path->tail = first;
	for (size_t i = 0; !rc && i < path->step_count; i++)
		rc = step_admission(path, conf, i, err);
	return rc;
}

/* ---- down, and again ---- */

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
dismantle(struct pst_path *path)
{
	pst_timer_stop(path->env, &path->timer);
	pst_request_cancel(&path->probe);
	for (size_t i = path->step_count; i-- > 0;) {
		path->steps[i].channel = NULL;
		attempts_drop(&path->steps[i], NULL);
	}
	if (path->link)
		path->transport_ops->close(&path->link);
	path->gate = NULL;
	path->probing = false;
}

static void
start_over(struct pst_path *path, int rc)
{
	bool was_up = path->up;

	path->up = false;
	dismantle(path);
	if (!was_up)
		pst_debug(path->log, "route not open", PST_RC(rc), PST_U64("again_ms", path->backoff_ms));
	pst_timer_start(path->env, &path->timer, pst_jitter(path->backoff_ms), begin);
	path->backoff_ms = path->backoff_ms * 2 < BACKOFF_MAX_MS ? path->backoff_ms * 2 : BACKOFF_MAX_MS;
	if (was_up)
		path->events->down(path->arg, rc);
}

/* ---- up ---- */

/* Append hops first … last of the multiaddr to the route so far. */
static int
route_extend(const struct pst_path *path, struct pst_route_buf *rb, size_t first, size_t end)
{
	int rc = PST_OK;

	for (size_t i = first; !rc && i < end; i++)
		rc = pst_route_add(rb, PST_ADDRESS_LOCAL, path->to.hop[i].value,
		    strlen(path->to.hop[i].value));
	return rc;
}

static void
all_up(struct pst_path *path)
{
	struct pst_route_buf rb = path->route;
	struct pst_route route;

	if (route_extend(path, &rb, path->tail, path->to.count)) {
		start_over(path, PST_E_LIMIT);
		return;
	}
	path->up = true;
	path->suspected = false;
	path->probes_lost = 0;
	path->backoff_ms = BACKOFF_FIRST_MS;
	pst_timer_start(path->env, &path->timer, PROBE_EVERY_MS, probe_start);
	route = pst_route_buf_view(&rb);
	path->events->up(path->arg, &route, path->gate);
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
	a->step->channel = channel;
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
		start_over(path, rc);
	}
	/* one of several attempts: the timer starts another */
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

/* Nobody says that a worker is not there: ask again, afresh. */
static void
attempt_start(struct pst_timer *timer)
{
	struct pst_path *path = pst_container_of(timer, struct pst_path, timer);
	struct step *step = &path->steps[path->step_now];
	struct attempt *a = attempt_free(path, step);
	struct pst_route_buf rb = path->route;
	struct pst_route route;
	int rc = route_extend(path, &rb, step->first, step->last + 1);

	path->tried++;
	if (path->tried > ATTEMPTS_QUICK)
		path->wait_ms = path->wait_ms * 2 < ATTEMPT_SLOW_MS ? path->wait_ms * 2 : ATTEMPT_SLOW_MS;
	pst_timer_start(path->env, &path->timer, path->wait_ms, attempt_start);
	route = pst_route_buf_view(&rb);
	if (!rc)
		rc = path->channel_ops->connect(&a->channel, path->channel_section, &route, step->admission,
		    &channel_events, a);
	if (rc) {
		a->channel = NULL;
		start_over(path, rc);
	}
}

static void
step_start(struct pst_path *path)
{
	if (path->step_now == path->step_count) {
		all_up(path);
		return;
	}
	path->tried = 0;
	path->wait_ms = pst_path_patience_ms(path);
	attempt_start(&path->timer);
}

static void
link_up(void *arg, struct pst_link *link)
{
	struct pst_path *path = arg;

	gate_set(path, &link->gate);
	path->step_now = 0;
	step_start(path);
}

static void
link_lost(void *arg, int rc)
{
	struct pst_path *path = arg;

	path->link = NULL;
	start_over(path, rc);
}

static const struct pst_link_events link_events = {
	.up = link_up,
	.lost = link_lost,
};

/* The first open transport that speaks the protocol. */
static void *
transport_find(struct pst_path *path, const char *protocol)
{
	struct pst_node *node = path->senv->node;

	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = &node->sections[i];
		const struct pst_transport_ops *ops;

		if (s->state != SECTION_UP || strcmp(s->item->kind->name, "transport"))
			continue;
		ops = s->item->module->module.ops;
		if (!strcmp(ops->protocol, protocol)) {
			path->transport_ops = ops;
			return s->self;
		}
	}
	return NULL;
}

static void
begin(struct pst_timer *timer)
{
	struct pst_path *path = pst_container_of(timer, struct pst_path, timer);
	void *transport;
	int rc;

	if (!path->dials) { /* a route within this node */
		pst_route_buf_init(&path->route);
		path->step_now = 0;
		step_start(path);
		return;
	}
	transport = transport_find(path, pst_protocol_name(path->to.hop[1].protocol));
	rc = transport ? path->transport_ops->connect(&path->link, transport, path->to.hop[0].value,
	    (uint16_t)strtoul(path->to.hop[1].value, NULL, 10), &link_events, path) : PST_E_NO_ROUTE;
	if (rc) {
		path->link = NULL;
		start_over(path, rc);
	}
}

/* ---- is it alive ---- */

static void
probe_answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct pst_path *path = pst_container_of(request, struct pst_path, probe);

	path->probing = false;
	if (!rc && pst_buf_len(&answer->payload) == sizeof path->probe_sent &&
	    !memcmp(answer->payload.start, path->probe_sent, sizeof path->probe_sent)) {
		path->probes_lost = 0;
		path->suspected = false;
		pst_timer_start(path->env, &path->timer, PROBE_EVERY_MS, probe_start);
		return;
	}
	/* no loss of theirs while we ourselves have stopped reading */
	if (!path->link || !path->link->account || !pst_account_stopped(path->link->account))
		path->probes_lost++;
	if (path->probes_lost >= PROBES_LOST) {
		pst_warn(path->log, "the far end does not answer probes");
		start_over(path, UV_ETIMEDOUT);
	} else {
		probe_start(&path->timer);
	}
}

static void
probe_start(struct pst_timer *timer)
{
	struct pst_path *path = pst_container_of(timer, struct pst_path, timer);
	struct pst_route_buf rb = path->route;
	struct pst_writer w = pst_writer(path->probe_sent, sizeof path->probe_sent);
	struct pst_route route;
	struct pst_buf buf;

	if (path->probing || !path->gate || pst_route_add(&rb, PST_ADDRESS_LOCAL, "echo", 4))
		return;
	/* CBOR of a random number of 64 bits: always nine bytes */
	pst_write_u8(&w, 0x1b);
	randombytes_buf(path->probe_sent + 1, 8);
	path->probe_sent[1] |= 0x80;
	if (pst_env_buf(&buf, path->env, path->probe_sent, sizeof path->probe_sent, PST_RX_HEADROOM,
	    PST_RX_TAILROOM))
		return;
	path->probing = true;
	route = pst_route_buf_view(&rb);
	if (pst_request_send(path->env, &path->probe, &route, &buf,
	    path->suspected ? pst_path_patience_ms(path) : PROBE_EVERY_MS, probe_answered)) {
		pst_request_cancel(&path->probe);
		path->probing = false;
		pst_timer_start(path->env, &path->timer, PROBE_EVERY_MS, probe_start);
	}
}

void
pst_path_suspect(struct pst_path *path)
{
	if (!path->up || path->suspected || !path->gate)
		return;
	path->suspected = true;
	path->probes_lost = 0;
	pst_request_cancel(&path->probe);
	path->probing = false;
	pst_timer_stop(path->env, &path->timer);
	pst_timer_start(path->env, &path->timer, 0, probe_start);
}

/* ---- life ---- */

static void
path_free(struct pst_path *path)
{
	for (size_t i = 0; i < path->step_count; i++)
		pst_admission_free(&path->steps[i].admission);
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
	const void *ops;
	int rc;

	if (!path)
		return -ENOMEM;
	path->senv = senv;
	path->env = pst_section_env(senv);
	path->log = pst_section_log(senv);
	path->events = events;
	path->arg = arg;
	path->backoff_ms = BACKOFF_FIRST_MS;
	rc = pst_multiaddr_parse(&path->to, conf->to, err);
	path->dials = !rc && is_host(&path->to.hop[0]);
	if (!rc)
		rc = steps_make(path, conf, err);
	if (!rc && path->step_count) {
		path->channel_section = pst_section_ref(senv, "channel", conf->channel, &ops);
		path->channel_ops = ops;
		if (!path->channel_section)
			rc = pst_fail(err, PST_E_CONF, "channel %s is not open", conf->channel);
	}
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
