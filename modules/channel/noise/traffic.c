/* What goes through an open channel: payloads, and the end. */
#include <errno.h>
#include <sodium.h>

#include "noise.h"
#include "plaintext.h"

/* Room asked for in front: three random hops in the routes. More is a copy. */
#define FRONT (RECORD_NONCE + PLAINTEXT_HEAD + 2 + 5 + 3 * PST_RANDOM_ADDRESS_LEN)

static void idle_check(struct pst_timer *timer);

/* ---- outgoing ---- */

static int
record_send(struct channel *c, struct pst_buf *plain, const struct pst_route *back)
{
	int rc = sealer_seal(&c->sealer, plain);

	return rc ? rc : pst_send(c->noise->router, c->out, back, plain);
}

/* The encryptor: wrap, seal, send on. */
static void
encryptor_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct channel *c = pst_container_of(worker, struct channel, base.gate.worker);
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route onward = pst_route_rest(&m->onward);
	int rc = plaintext_push(&m->payload, &onward, &m->back, RECORD_NONCE);

	if (!rc)
		rc = record_send(c, &m->payload, &none);
	if (!rc)
		return;
	pst_log_rated(&c->log, PST_LOG_WARN, &c->rejected, "message not sent", PST_RC(rc));
	/* no silent hole in somebody's stream: end it, but not within this send */
	channel_end_later(c, rc, false);
}

void
channel_refresh(struct channel *c)
{
	uint64_t edition = pst_identity_edition(c->noise->identity);
	struct pst_route own = pst_worker_route(&c->base.gate.worker);
	const uint8_t *content;
	struct pst_buf buf = PST_BUF_INIT;
	size_t len;
	int rc;

	if (c->state != CHANNEL_OPEN || c->edition == edition)
		return;
	content = pst_identity_refresh(c->noise->identity, &len);
	rc = pst_env_buf(&buf, c->noise->env, content, len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (!rc)
		rc = plaintext_refresh(&buf, RECORD_NONCE);
	if (!rc)
		rc = record_send(c, &buf, &own);
	pst_buf_free(&buf);
	if (rc)
		pst_log_rated(&c->log, PST_LOG_WARN, &c->rejected, "credentials not refreshed", PST_RC(rc));
	else
		c->edition = edition;
}

void
channel_goodbye(struct channel *c, bool tell_peer)
{
	uint8_t plain[PLAINTEXT_TAIL];
	size_t len = plaintext_close(plain);
	struct pst_route own = pst_worker_route(&c->base.gate.worker), back;
	struct pst_route_buf rb;
	struct pst_buf buf;

	pst_route_buf_init(&rb);
	if (pst_route_add_route(&rb, &own))
		return;
	back = pst_route_buf_view(&rb);
	pst_gate_close(c->noise->router, &c->base.gate);
	if (!tell_peer ||
	    pst_env_buf(&buf, c->noise->env, plain, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return;
	if (record_send(c, &buf, &back))
		pst_buf_free(&buf);
}

/* ---- incoming ---- */

/*
 * A responder follows its peer: answers go back the way the latest record
 * came (spec trust.md 4.7).
 */
static void
follow(struct channel *c, uint64_t n, const struct pst_route *back)
{
	struct pst_route last = pst_route_last(c->out);
	struct pst_route front = pst_route_without_last(c->out);
	struct pst_route_buf rb;
	struct pst_route now;

	if (c->initiator || n < c->routed_n || !back->len)
		return;
	c->routed_n = n;
	if (back->len == front.len && !memcmp(back->data, front.data, front.len))
		return;
	pst_route_buf_init(&rb);
	if (pst_route_add_route(&rb, back) || pst_route_add_route(&rb, &last))
		return;
	now = pst_route_buf_view(&rb);
	channel_route(c, &now);
}

/* It shows what issuers say of it by now; the channel stays as it is (4.8). */
static void
peer_refreshed(struct channel *c, const struct pst_buf *content)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = pst_identity_refreshed(c->noise->identity, c->peer, content->start,
	    pst_buf_len(content), &err);

	if (rc)
		pst_log_rated(&c->log, PST_LOG_WARN, &c->rejected, "refresh refused",
		    PST_STR("reason", err.text), PST_RC(rc));
}

void
channel_record(struct channel *c, struct pst_message *m)
{
	struct pst_buf plain = pst_buf_take(&m->payload);
	struct pst_route own = pst_worker_route(&c->base.gate.worker);
	struct pst_route_buf onward, back;
	uint64_t n, kind;
	int rc = opener_open(&c->opener, &plain, &n);

	if (rc) {
		pst_log_rated(&c->log, PST_LOG_WARN, &c->rejected, "record refused", PST_RC(rc));
		goto out;
	}
	c->heard_ms = pst_now_ms(c->noise->env);
	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = pst_route_add_route(&back, &own);
	if (!rc)
		rc = plaintext_open(&plain, &kind, &onward, &back);
	if (rc) {
		pst_log_rated(&c->log, PST_LOG_WARN, &c->rejected, "record not understood");
	} else if (kind == PLAINTEXT_CLOSE) {
		channel_end(c, UV_EOF, false);
	} else if (kind == PLAINTEXT_PAYLOAD) {
		struct pst_message inner = {
			.onward = pst_route_buf_view(&onward),
			.back = pst_route_buf_view(&back),
			.payload = pst_buf_take(&plain),
			.from = &c->base.gate,
		};

		follow(c, n, &m->back);
		pst_router_send(c->noise->router, &inner);
	} else if (kind == PLAINTEXT_REFRESH) {
		peer_refreshed(c, &plain);
	} /* what is not known: nothing to do */
out:
	pst_buf_free(&plain);
}

/* ---- open ---- */

/* Of strangers some may be left out, for which nobody else's is. */
static void
tell_open(struct channel *c)
{
	struct pst_rate *rate = c->unknown ? &c->noise->strange : &c->noise->known;

	c->told = pst_log_begins(&c->log, PST_LOG_INFO, c->initiator ? NULL : rate, "channel open",
	    PST_FIELDS(PST_U64("took_ms", c->took_ms)));
}

/* Something accepts this peer by name: the channel and all below it are known. */
static void
gate_admit(struct pst_gate *gate)
{
	struct channel *c = pst_container_of(gate, struct channel, base.gate);

	if (c->unknown)
		c->noise->unknown--;
	c->unknown = false;
	gate->admit = NULL;
	if (!c->told)
		tell_open(c);
	if (c->below_gate && c->below_gate->admit)
		c->below_gate->admit(c->below_gate);
}

static void
gate_end(struct pst_gate *gate, int rc)
{
	struct channel *c = pst_container_of(gate, struct channel, base.gate);

	channel_end_later(c, rc, true);
}

static void
idle_check(struct pst_timer *timer)
{
	struct channel *c = pst_container_of(timer, struct channel, timer);
	const struct noise_conf *conf = c->noise->conf;
	uint64_t limit = c->unknown ? conf->unknown_idle : conf->idle;
	uint64_t quiet = pst_now_ms(c->noise->env) - c->heard_ms;

	if (quiet >= limit) {
		channel_end(c, UV_ETIMEDOUT, true);
		return;
	}
	pst_timer_start(c->noise->env, timer, limit - quiet, idle_check);
}

static int
keys_install(struct channel *c)
{
	uint8_t seal[PST_KEY_LEN], open[PST_KEY_LEN];
	int rc;

	hs_split(c->hs, c->initiator, seal, open);
	rc = sealer_init(&c->sealer, c->seal, seal);
	if (!rc)
		rc = opener_init(&c->opener, c->open, open);
	sodium_memzero(seal, sizeof seal);
	sodium_memzero(open, sizeof open);
	return rc;
}

/* Too many that nothing here has accepted: the quietest go. */
static void
evict_unknown(struct pst_task *task)
{
	struct noise *noise = pst_container_of(task, struct noise, evict);

	while (noise->unknown > noise->conf->unknown_channels) {
		struct channel *quietest = NULL;

		for (struct channel *c = noise->channels; c; c = c->next)
			if (c->unknown && !c->ending && (!quietest || c->heard_ms < quietest->heard_ms))
				quietest = c;
		if (!quietest)
			break;
		channel_end(quietest, PST_E_LIMIT, true);
	}
}

void
channel_opened(struct channel *c)
{
	struct noise *noise = c->noise;
	struct pst_gate *gate = &c->base.gate;
	struct pst_worker *below = pst_router_find(noise->router, c->out);
	int rc = keys_install(c);

	if (!rc)
		rc = pst_gate_open(noise->router, gate, encryptor_receives);
	if (rc) {
		channel_end(c, rc, false);
		return;
	}
	gate->worker.front = (uint16_t)(FRONT + (below ? below->front : PST_RX_HEADROOM));
	gate->worker.back = (uint16_t)(PLAINTEXT_TAIL + (below ? below->back : 0));
	gate->unreliable = c->below_gate && c->below_gate->unreliable;
	gate->peer = c->peer;
	gate->log = &c->log;
	gate->admit = gate_admit;
	gate->end = gate_end;
	c->fields[1] = (struct pst_field)PST_STR("peer", pst_peer_text(c->peer));
	channel_handshake_drop(c);
	channel_enter(c, &noise->channels);
	c->state = CHANNEL_OPEN;
	c->heard_ms = pst_now_ms(noise->env);
	c->took_ms = c->heard_ms - c->started_ms;
	c->unknown = !c->initiator && !pst_router_names(noise->router, c->peer);
	noise->unknown += c->unknown;
	if (c->unknown) /* else gate_admit() does, below */
		tell_open(c);
	/* since message 2 others may have come; a peer on this node is not open yet */
	if (c->edition != pst_identity_edition(noise->identity))
		noise_refresh_later(noise);
	if (c->initiator) {
		gate_admit(gate);
		if (c->events)
			c->events->up(c->arg, &c->base);
		return;
	}
	pst_timer_start(noise->env, &c->timer, noise->conf->unknown_idle, idle_check);
	if (!c->unknown)
		gate_admit(gate);
	/* not within this call: the channel that goes may carry this one */
	else if (noise->unknown > noise->conf->unknown_channels)
		pst_task_post(noise->env, &noise->evict, evict_unknown);
}
