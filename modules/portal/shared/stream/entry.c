/* An entry: the paths to the outlet, and how a stream through it begins. */
#include "entry.h"

#include <errno.h>
#include <stdlib.h>

int
entry_check(const struct entry_conf *c, struct pst_err *err)
{
	if (c->window_max < STREAM_WINDOW)
		return pst_fail(err, PST_E_CONF, "window_max: at least 512K");
	if (c->streams < 1)
		return pst_fail(err, PST_E_CONF, "streams: at least 1");
	return way_check(&c->way, true, err);
}

/* ---- one stream ---- */

static void
pong_came(struct stream *s, struct pst_message *m)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	struct wire_offer ours = portal_offer(s->portal), theirs;
	struct entry *entry = pst_container_of(s->portal, struct entry, portal);
	struct pst_admission *admission = entry->paths ? pst_choice_admission(entry->paths, m->from) : NULL;

	pst_read_u8(&r);
	theirs = wire_read_offer(&r);
	s->agreed = (struct wire_offer){
		.extended = ours.extended && theirs.extended,
		.windows = ours.windows && theirs.windows,
		.finish = ours.finish && theirs.finish,
		.window = theirs.window,
	};
	portal_rtt(s->portal, uv_hrtime() - s->mark_ns);
	if (stream_attach(s, m->from, &m->back)) {
		stream_fail(s, -ENOMEM);
		return;
	}
	if (admission && m->from->peer)
		stream_admit(s, admission, m->from->peer);
	stream_open(s);
}

/* Ping the outlet; its answer brings the route to the other end. */
static void
stream_ping(struct entry *entry, struct stream *s)
{
	struct wire_offer offer = portal_offer(&entry->portal);
	uint8_t bytes[WIRE_SHORT_MAX];

	if (stream_attach(s, entry->gate, &entry->route)) {
		stream_fail(s, -ENOMEM);
		return;
	}
	s->answered = pong_came;
	s->mark_ns = uv_hrtime();
	stream_say(s, bytes, wire_ping(bytes, WIRE_PING, &offer));
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Each second. Its route may have been lost while another serves already: then that is asked. */
static void
no_answer(struct pst_timer *timer)
{
	struct stream *s = pst_container_of(timer, struct stream, timer);
	struct entry *entry = pst_container_of(s->portal, struct entry, portal);
	uint64_t waited = pst_now_ms(s->portal->env) - s->since_ms, all = entry->conf->connect_timeout;

	if (waited >= all) {
		stream_end(s, END_NO_ANSWER);
		return;
	}
	pst_timer_start(s->portal->env, timer, sooner(all - waited, WAY_SUSPECT_MS), no_answer);
	/* not asked yet; or by a route that is silent, and kept for the streams it has, while another serves */
	if (entry->gate && s->gate != entry->gate)
		stream_ping(entry, s);
	else if (entry->paths)
		pst_choice_suspect(entry->paths, s->gate);
}

void
entry_begin(struct entry *entry, struct stream *s)
{
	s->patient = true;
	pst_timer_start(entry->portal.env, &s->timer, sooner(entry->conf->connect_timeout, WAY_SUSPECT_MS),
	    no_answer);
	if (entry->gate)
		stream_ping(entry, s); /* without a route it waits for one */
}

/* ---- the paths ---- */

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct entry *entry = arg;

	entry->route = *route;
	entry->gate = gate;
	entry->portal.lacks = WIRE_NO_REASON;
	pst_info(entry->portal.log, "inlet up",
	    PST_STR("peer", gate->peer ? pst_peer_text(gate->peer) : NULL));
	for (struct stream *s = entry->portal.streams, *next; s && entry->gate; s = next) {
		next = s->next;
		if (s->state == STREAM_WAITING && !s->peer)
			stream_ping(entry, s);
	}
}

static void
path_down(void *arg, int rc)
{
	struct entry *entry = arg;

	pst_info(entry->portal.log, "inlet down", PST_RC(rc));
	entry->gate = NULL;
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static void
path_doubted(struct stream *s)
{
	struct entry *entry = pst_container_of(s->portal, struct entry, portal);

	if (entry->paths)
		pst_choice_suspect(entry->paths, s->gate);
}

/* ---- its life ---- */

int
entry_open(struct entry *entry, struct pst_section_env *senv, const struct entry_conf *conf,
    void (*gone)(struct portal *portal), struct pst_err *err)
{
	entry->conf = conf;
	entry->portal = (struct portal){
		.senv = senv,
		.env = pst_section_env(senv),
		.router = pst_env_router(pst_section_env(senv)),
		.log = pst_section_log(senv),
		.window_max = conf->window_max,
		.max_streams = conf->streams,
		.gone = gone,
		.doubt = path_doubted,
	};
	return way_open(&entry->paths, senv, &conf->way, true, &path_events, entry, err);
}

static void
paths_closed(void *arg)
{
	struct entry *entry = arg;

	entry->paths = NULL;
	entry->portal.gone(&entry->portal);
}

void
entry_close(struct entry *entry)
{
	struct pst_choice *paths = entry->paths;

	portal_end(&entry->portal);
	pst_choice_close(&paths, paths_closed, entry);
}

bool
entry_rests(const struct entry *entry)
{
	return !entry->paths && !entry->portal.streams;
}

void
entry_status(const struct entry *entry, struct pst_status *status)
{
	pst_choice_status(entry->paths, status);
	portal_status(&entry->portal, status);
}
