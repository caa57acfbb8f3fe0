#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "noise.h"

static void remote_receives(struct pst_worker *worker, struct pst_message *message);
static void handshake_fails(struct channel *c, int rc, const char *why);

/* ---- life ---- */

void
channel_enter(struct channel *c, struct channel **list)
{
	pst_linked_leave(c);
	pst_linked_enter(list, c);
}

static void
channel_free(struct channel *c)
{
	struct noise *noise = c->noise;

	pst_linked_leave(c);
	free(c->out);
	free(c);
	noise_channel_gone(noise);
}

void
channel_handshake_drop(struct channel *c)
{
	if (c->hs)
		hs_fini(c->hs);
	free(c->hs);
	c->hs = NULL;
	if (c->half_open)
		c->noise->half_open--;
	c->half_open = false;
}

void
channel_end(struct channel *c, int rc, bool tell_peer)
{
	const struct pst_channel_events *events;
	bool vault_busy = c->state == CHANNEL_VAULT;

	if (c->ending)
		return;
	if (c->initiating) {
		channel_end_later(c, rc, tell_peer);
		return;
	}
	c->ending = true;
	if (c->state == CHANNEL_OPEN)
		channel_goodbye(c, tell_peer);
	if (c->told)
		pst_info(&c->log, "channel closed", PST_RC(rc));
	c->state = CHANNEL_CLOSED;
	pst_timer_stop(c->noise->env, &c->timer);
	pst_task_cancel(c->noise->env, &c->end_task);
	pst_gate_unwatch(&c->below);
	pst_worker_stop(c->noise->router, &c->remote);
	channel_handshake_drop(c);
	if (c->unknown)
		c->noise->unknown--;
	sealer_fini(&c->sealer);
	opener_fini(&c->opener);
	pst_aead_free(&c->seal);
	pst_aead_free(&c->open);
	pst_admission_leave(&c->admitted);
	pst_peer_unref(&c->peer);
	/* read late: who was told of the gate's end may have closed the channel */
	events = c->events;
	c->events = NULL;
	if (events)
		events->lost(c->arg, rc);
	if (!vault_busy)
		channel_free(c);
}

static void
end_now(struct pst_task *task)
{
	struct channel *c = pst_container_of(task, struct channel, end_task);

	channel_end(c, c->end_rc, c->end_tells);
}

void
channel_end_later(struct channel *c, int rc, bool tell_peer)
{
	c->end_rc = rc;
	c->end_tells |= tell_peer;
	pst_task_post(c->noise->env, &c->end_task, end_now);
}

static void
below_closed(struct pst_gate_watch *watch)
{
	struct channel *c = pst_container_of(watch, struct channel, below);

	/* if the gate is only being closed, the peer still hears of it */
	c->below_gate = NULL;
	channel_end(c, PST_E_CLOSED, true);
}

static void
handshake_expired(struct pst_timer *timer)
{
	channel_end(pst_container_of(timer, struct channel, timer), UV_ETIMEDOUT, false);
}

int
channel_new(struct channel **out, struct noise *noise, bool initiator,
    struct pst_admission *admission)
{
	struct channel *c = calloc(1, sizeof *c);
	int rc = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->noise = noise;
	c->initiator = initiator;
	c->admission = admission;
	c->started_ms = pst_now_ms(noise->env);
	c->fields[0] = (struct pst_field)PST_STR("role", initiator ? "initiator" : "responder");
	c->log = (struct pst_log){
		.logger = pst_section_log(noise->senv)->logger,
		.parent = pst_section_log(noise->senv),
		.fields = c->fields,
	};
	channel_enter(c, initiator ? &noise->channels : &noise->opening);
	c->hs = malloc(sizeof *c->hs);
	if (c->hs)
		rc = pst_aead_new(&c->seal, true);
	if (!rc)
		rc = pst_aead_new(&c->open, false);
	if (!rc)
		rc = pst_worker_start(noise->router, &c->remote, PST_REACH_ANY, remote_receives);
	if (rc) {
		channel_end(c, rc, false);
		return rc;
	}
	hs_init(c->hs, c->seal, c->open);
	if (!initiator)
		pst_timer_start(noise->env, &c->timer, noise->conf->handshake_timeout, handshake_expired);
	*out = c;
	return PST_OK;
}

/* ---- messages ---- */

int
channel_route(struct channel *c, const struct pst_route *route)
{
	struct pst_gate *gate = pst_router_gate(c->noise->router, route);
	struct pst_route *copy = pst_route_copy(route);

	if (!copy)
		return -ENOMEM;
	free(c->out);
	c->out = copy;
	c->below_gate = gate;
	if (gate)
		pst_gate_watch(gate, &c->below, below_closed);
	return PST_OK;
}

static int
handshake_send(struct channel *c, const uint8_t *msg, size_t len)
{
	struct pst_route back = pst_worker_route(&c->remote);
	struct pst_buf buf;
	int rc = pst_env_buf(&buf, c->noise->env, msg, len, PST_RX_HEADROOM, PST_RX_TAILROOM);

	return rc ? rc : pst_send(c->noise->router, c->out, &back, &buf);
}

/* Message 2 or 3: begun now, ended when the vault has our part of the secret. */
static void vault_answers(struct pst_vault_call *call, int rc);

static void
ask_vault(struct channel *c)
{
	c->state = CHANNEL_VAULT;
	c->call = (struct pst_vault_call){ .fn = vault_answers, .arg = c };
	c->call.key.kind = PST_KEY_X25519;
	c->call.key.len = HS_KEY;
	memcpy(c->call.key.bytes, c->hs->re, HS_KEY);
	c->noise->asking += !c->initiator;
	pst_identity_agree(c->noise->identity, &c->call);
}

static int
handshake_write(struct channel *c, const uint8_t secret[HS_KEY])
{
	const uint8_t *key = pst_identity_static_key(c->noise->identity);
	uint8_t *msg = malloc(HS_MESSAGE_MAX);
	struct pst_writer w = pst_writer(msg, msg ? HS_MESSAGE_MAX : 0);
	size_t len;
	const uint8_t *shown = pst_identity_presentation(c->noise->identity, &len);
	int rc;

	c->edition = pst_identity_edition(c->noise->identity);
	if (c->initiator) {
		rc = hs_write3_begin(c->hs, key, &w);
		if (!rc)
			rc = hs_write3_end(c->hs, secret, shown, len, &w);
	} else {
		rc = hs_write2_begin(c->hs, key, &w);
		if (!rc)
			rc = hs_write2_end(c->hs, secret, shown, len, &w);
	}
	if (!rc)
		rc = handshake_send(c, msg, pst_writer_len(&w));
	free(msg);
	return rc;
}

static void
vault_answers(struct pst_vault_call *call, int rc)
{
	struct channel *c = call->arg;

	c->noise->asking -= !c->initiator;
	if (c->state == CHANNEL_CLOSED) { /* ended meanwhile */
		sodium_memzero(call->result, sizeof call->result);
		channel_free(c);
		return;
	}
	c->state = CHANNEL_WAIT3;
	if (!rc)
		rc = handshake_write(c, call->result);
	sodium_memzero(call->result, sizeof call->result);
	if (rc)
		handshake_fails(c, rc, "cannot answer");
	else if (c->initiator)
		channel_opened(c);
}

static void
handshake_fails(struct channel *c, int rc, const char *why)
{
	pst_log_rated(&c->log, PST_LOG_WARN, &c->noise->refused, "handshake failed",
	    PST_STR("reason", why), PST_RC(rc));
	channel_end(c, rc, false);
}

int
channel_initiate(struct channel *c, const struct pst_route *route)
{
	uint8_t msg[HS_KEY];
	struct pst_writer w = pst_writer(msg, sizeof msg);
	int rc = channel_route(c, route);

	c->state = CHANNEL_WAIT2;
	if (!rc)
		rc = hs_write1(c->hs, &w);
	if (rc)
		return rc;
	c->initiating = true; /* a worker of this node answers within the call, if with nonsense */
	rc = handshake_send(c, msg, sizeof msg);
	c->initiating = false;
	return rc;
}

int
channel_respond(struct channel *c, struct pst_message *message)
{
	int rc = hs_read1(c->hs, message->payload.start, pst_buf_len(&message->payload));

	if (!rc)
		rc = channel_route(c, &message->back);
	if (rc)
		return rc;
	ask_vault(c);
	return PST_OK;
}

/* ---- receiving ---- */

static void
no_longer_admitted(struct pst_admitted *admitted)
{
	channel_end(pst_container_of(admitted, struct channel, admitted), PST_E_DENIED, true);
}

/* The presentation that came with message 2 or 3 (spec trust.md 4.3). */
static int
peer_check(struct channel *c, const uint8_t *shown, size_t len)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = pst_identity_admit(c->noise->identity, &c->peer, shown, len, c->hs->rs, &err);

	if (!rc && !pst_admission_allows(c->admission, c->peer))
		rc = pst_fail(&err, PST_E_DENIED, "%s is not authorized", pst_peer_text(c->peer));
	if (rc)
		handshake_fails(c, rc, err.text);
	else
		pst_admission_enter(c->admission, &c->admitted, c->peer, no_longer_admitted);
	return rc;
}

static void
message2(struct channel *c, struct pst_message *m)
{
	const uint8_t *shown;
	size_t len;
	int rc = hs_read2(c->hs, m->payload.start, pst_buf_len(&m->payload), &shown, &len);

	if (!rc)
		rc = channel_route(c, &m->back);
	if (rc)
		handshake_fails(c, rc, "message 2");
	else if (!peer_check(c, shown, len))
		ask_vault(c);
}

static void
message3(struct channel *c, struct pst_message *m)
{
	const uint8_t *shown;
	size_t len;
	int rc = hs_read3(c->hs, m->payload.start, pst_buf_len(&m->payload), &shown, &len);

	if (rc)
		handshake_fails(c, rc, "message 3");
	else if (!peer_check(c, shown, len))
		channel_opened(c);
}

static void
remote_receives(struct pst_worker *worker, struct pst_message *message)
{
	struct channel *c = pst_container_of(worker, struct channel, remote);

	switch (c->state) {
	case CHANNEL_WAIT2:
		message2(c, message);
		break;
	case CHANNEL_WAIT3:
		message3(c, message);
		break;
	case CHANNEL_OPEN:
		channel_record(c, message);
		break;
	case CHANNEL_VAULT: /* nothing is expected */
	case CHANNEL_CLOSED:
		break;
	}
}
