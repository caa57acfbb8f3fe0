/*
 * channel/noise: Noise XX channels, compatible with Ockam 0.150
 * (spec trust.md 4). noise.md is the page for operators.
 */
#include "noise.h"

#include <errno.h>
#include <stdlib.h>

/* Handshakes that one gate may have half done. Peers behind a relay share their
 * gate, so it is more than one. */
#define HALF_OPEN_PER_GATE 32

static const struct pst_opt noise_options[] = {
	PST_OPT(REF, struct noise_conf, identity, NULL, "who this node is", .of = "identity"),
	PST_OPT(LIST, struct noise_conf, authorized, "*",
	    "identifiers the listener accepts, or with `to` may be there; sections have rules of their own"),
	PST_OPT(STR, struct noise_conf, allow, NULL,
	    "the same by a policy over attributes, of any authority that the identity accepts"),
	PST_OPT(LIST, struct noise_conf, to, NULL,
	    "multiaddr of another node's listener: in place of listening, keep a channel to it open, with which routes"
	    " can begin as /service/NAME; of several, which are all kept open, the best serves"),
	PST_OPT(LIST, struct noise_conf, hops, NULL,
	    "with `to`: who the ends of the channels before it are, in order"),
	PST_OPT(INT, struct noise_conf, half_open, "256", "handshakes under way at the listener"),
	PST_OPT(INT, struct noise_conf, unknown_channels, "64",
	    "channels of identities that no section has accepted"),
	PST_OPT(TIME, struct noise_conf, unknown_idle, "30s", "end of such a channel when quiet"),
	PST_OPT(TIME, struct noise_conf, idle, "10m", "end of any accepted channel when quiet"),
	PST_OPT(TIME, struct noise_conf, handshake_timeout, "10s", "a handshake may take so long"),
	PST_OPT_END,
};

/* Whom the listener accepts. Channels open before projects, so it is not one of these
 * whose credentials count. */
static struct pst_admission_conf
admission_conf(const struct noise_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.type = NOISE_POLICY_TYPE,
		.may = "have a channel",
		.any_authority = true,
	};
}

/*
 * Make room for one more handshake: whoever fills the list pushes out the
 * oldest, its own first, and not those who come after.
 */
static void
make_room(struct noise *noise, const struct pst_gate *gate)
{
	struct channel *oldest = NULL, *oldest_of_gate = NULL;
	int64_t of_gate = 0;

	for (struct channel *c = noise->opening; c; c = c->next) {
		if (c->ending)
			continue;
		oldest = c;
		if (c->below_gate == gate) {
			oldest_of_gate = c;
			of_gate++;
		}
	}
	if (of_gate >= HALF_OPEN_PER_GATE)
		oldest = oldest_of_gate;
	else if (noise->half_open < noise->conf->half_open)
		return;
	pst_log_rated(pst_section_log(noise->senv), PST_LOG_WARN, &noise->refused,
	    "too many handshakes under way: the oldest ends");
	if (oldest)
		channel_end(oldest, PST_E_LIMIT, false);
}

/* Every message to the listener is message 1 of a new handshake. */
static void
listener_receives(struct pst_worker *worker, struct pst_message *message)
{
	struct noise *noise = pst_container_of(worker, struct noise, listener);
	struct channel *c;
	int rc = pst_pool_over(pst_env_pool(noise->env)) ? PST_E_LIMIT : PST_OK;

	/* a vault that takes its time, as a token does, has no queue of strangers that grows */
	if (!rc && noise->asking >= noise->conf->half_open)
		rc = PST_E_LIMIT;
	if (!rc) {
		make_room(noise, message->from);
		rc = channel_new(&c, noise, false, noise->admission);
	}
	if (!rc) {
		c->half_open = true;
		noise->half_open++;
		rc = channel_respond(c, message);
		if (rc)
			channel_end(c, rc, false);
	}
	if (rc)
		pst_log_rated(pst_section_log(noise->senv), PST_LOG_WARN, &noise->refused,
		    "handshake refused", PST_RC(rc));
}

static void
refresh_all(struct noise *noise)
{
	for (struct channel *c = noise->channels; c; c = c->next)
		channel_refresh(c);
}

static void
shown_changes(struct pst_identity_watch *watch)
{
	refresh_all(pst_container_of(watch, struct noise, shown));
}

/* Each ends from the loop, since one may take those along that go over it. */
static void
peer_revoked(struct pst_identity_watch *watch, const struct pst_identifier *subject)
{
	struct noise *noise = pst_container_of(watch, struct noise, shown);

	for (struct channel *c = noise->channels; c; c = c->next)
		if (c->state == CHANNEL_OPEN && pst_identifier_equal(pst_peer_identifier(c->peer), subject))
			c->base.gate.end(&c->base.gate, PST_E_DENIED);
}

static void
refresh_now(struct pst_task *task)
{
	refresh_all(pst_container_of(task, struct noise, refresh));
}

void
noise_refresh_later(struct noise *noise)
{
	pst_task_post(noise->env, &noise->refresh, refresh_now);
}

static int
noise_check(const void *conf, struct pst_err *err)
{
	const struct noise_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	int rc;

	if (c->half_open < 1)
		return pst_fail(err, PST_E_CONF, "half_open: at least 1");
	if (c->unknown_channels < 1)
		return pst_fail(err, PST_E_CONF, "unknown_channels: at least 1");
	rc = pst_admission_look(&admission, err);
	return rc ? rc : kept_check(c, err);
}

static void
noise_free(struct noise *noise)
{
	pst_task_cancel(noise->env, &noise->evict);
	pst_task_cancel(noise->env, &noise->refresh);
	pst_admission_free(&noise->admission);
	free(noise);
}

/* More would be a page nobody reads; the count says how many there are. */
#define STATUS_CHANNELS 100

static void
noise_status(void *self, struct pst_status *status)
{
	const struct noise *noise = self;
	uint64_t count = 0;

	kept_status(&noise->kept, status);
	for (const struct channel *c = noise->channels; c; c = c->next) {
		if (c->state != CHANNEL_OPEN)
			continue;
		if (++count > STATUS_CHANNELS)
			continue;
		pst_status_item(status, "channels", PST_FIELDS(
		    PST_STR("peer", c->peer ? pst_peer_text(c->peer) : NULL),
		    PST_STR("role", c->initiator ? "initiator" : "responder"),
		    PST_U64("open_ms", pst_now_ms(noise->env) - c->started_ms)));
	}
	pst_status_put(status, PST_FIELDS(PST_U64("open", count),
	    PST_I64("half_open", noise->half_open), PST_I64("unknown", noise->unknown)));
}

static const struct pst_section_hooks noise_hooks = {
	.size = sizeof noise_hooks,
	.status = noise_status,
};

static int
noise_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct pst_admission_conf admission = admission_conf(conf);
	struct noise *noise = calloc(1, sizeof *noise);
	int rc;

	if (!noise)
		return -ENOMEM;
	noise->senv = senv;
	noise->env = pst_section_env(senv);
	noise->router = pst_env_router(noise->env);
	noise->conf = conf;
	noise->identity = pst_section_ref(senv, "identity", noise->conf->identity, NULL);
	*self = noise; /* which its own paths look for */
	rc = pst_admission_open(&noise->admission, senv, &admission, err);
	if (!rc && noise->conf->to.count)
		rc = kept_open(&noise->kept, senv, noise->conf, err);
	else if (!rc)
		rc = pst_worker_start_named(noise->router, &noise->listener, pst_section_name(senv),
		    PST_REACH_SECTION, listener_receives);
	if (rc) {
		noise_free(noise);
		return rc;
	}
	noise->keeps = noise->kept.paths;
	pst_identity_watch(noise->identity, &noise->shown, shown_changes);
	noise->shown.revoked = peer_revoked;
	pst_section_hook(senv, &noise_hooks);
	pst_section_up(senv);
	return PST_OK;
}

void
noise_channel_gone(struct noise *noise)
{
	struct pst_section_env *senv = noise->senv;

	if (!noise->closing || noise->keeps || noise->channels || noise->opening)
		return;
	noise_free(noise);
	pst_section_closed(senv);
}

/* From the front again each time: one that ends may take others along, which
 * it carried. Those that wait for the vault stay in the list. */
static void
end_all(struct channel *const *list)
{
	struct channel *c;

	do {
		for (c = *list; c && (c->ending || (c->initiating && c->end_task.link)); c = c->next)
			;
		if (c)
			channel_end(c, PST_E_CLOSED, true);
	} while (c);
}

static void
kept_closed(void *arg)
{
	struct noise *noise = arg;

	noise->keeps = false;
	noise_channel_gone(noise);
}

static void
noise_close(void *self)
{
	struct noise *noise = self;

	kept_close(&noise->kept, kept_closed, noise);
	pst_identity_unwatch(&noise->shown);
	pst_worker_stop(noise->router, &noise->listener);
	end_all(&noise->opening);
	end_all(&noise->channels);
	/* those that wait for the vault are gone later */
	noise->closing = true;
	noise_channel_gone(noise);
}

static int
noise_connect(struct pst_channel **out, void *section, const struct pst_route *route,
    struct pst_admission *admission, const struct pst_channel_events *events, void *arg)
{
	struct channel *c;
	int rc = channel_new(&c, section, true, admission);

	if (rc)
		return rc;
	rc = channel_initiate(c, route);
	if (rc) {
		channel_end(c, rc, false);
		return rc;
	}
	c->events = events;
	c->arg = arg;
	*out = &c->base;
	return PST_OK;
}

static void
noise_channel_close(struct pst_channel **channel)
{
	struct channel *c = pst_container_of(*channel, struct channel, base);

	*channel = NULL;
	c->events = NULL;
	channel_end(c, PST_OK, true);
}

static const struct pst_channel_ops noise_ops = {
	.size = sizeof(struct pst_channel_ops),
	.connect = noise_connect,
	.close = noise_channel_close,
};

static const struct pst_section noise_sections[] = {
	PST_SECTION("channel", struct noise_conf, noise_options, noise_check, noise_open, noise_close),
	PST_SECTION_END,
};

static int
noise_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	(void)kind;
	(void)err;
	pst_look_worker(look, pst_look_name(look));
	kept_look(conf, look);
	return PST_OK;
}

PST_MODULE(channel_noise, .kind = PST_KIND_CHANNEL, .version = "0.1.0",
    .summary = "Noise XX secure channels, as Ockam 0.150 speaks them",
    .sections = noise_sections, .ops = &noise_ops, .look = noise_look);
