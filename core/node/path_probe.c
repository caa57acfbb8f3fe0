/*
 * Is the far end alive? Probes to its echo worker (spec routing.md 8.7). While
 * the path is made: is the end of the last channel that is up?
 */
#include <sodium.h>
#include <string.h>

#include "node/path.h"

static void probe_start(struct pst_timer *timer);

/* It has answered; or it has said something else since, and only the answer waits behind bulk. */
static bool
alive(const struct pst_path *path, const struct pst_message *answer)
{
	if (!answer)
		return path->gate->messages != path->heard;
	return pst_buf_len(&answer->payload) == sizeof path->probe_sent &&
	    !memcmp(answer->payload.start, path->probe_sent, sizeof path->probe_sent);
}

static bool
held(const struct pst_path *path)
{
	return path->up && path->holds;
}

/* One that has never answered may have no echo: it is not made anew more often for that. */
static uint64_t
every_ms(const struct pst_path *path)
{
	return path->one_of_several && !path->unproven ? PROBE_OFTEN_MS : PROBE_EVERY_MS;
}

uint64_t
path_answers_us(const struct pst_path *path)
{
	uint64_t least = 0;

	for (size_t i = 0; i < PROBES_KEPT; i++)
		if (path->answers_ns[i] && (!least || path->answers_ns[i] < least))
			least = path->answers_ns[i];
	return least / 1000;
}

/*
 * Four times what an answer takes. Until there is one, a far end that took long for its
 * part of the handshake takes long for the rest of it.
 */
static uint64_t
answer_ms(const struct pst_path *path)
{
	uint64_t took_ns = path->step_count > 0 ? path->steps[path->step_count - 1].handshake_ns : 0;
	uint64_t us = path_answers_us(path), ms = 4 * us / 1000;

	if (!us)
		return pst_path_patience_ms(path) + took_ns / 1000000;
	return ms > PATIENCE_MIN_MS ? ms : PATIENCE_MIN_MS;
}

/* One that has never answered may have no echo; and one that nobody suspects may be busy for a moment. */
static uint64_t
patience_ms(const struct pst_path *path)
{
	uint64_t ms = answer_ms(path);

	if (!path->suspected && (!held(path) || path->unproven))
		return every_ms(path);
	if ((!path->suspected || path->probes_lost >= PROBES_LOST) && ms < PROBE_HELD_MS)
		return PROBE_HELD_MS;
	return ms;
}

static bool
stranded(const struct pst_path *path)
{
	const struct pst_transport_ops *ops = path_link_ops(path);
	const struct pst_link *link = path_link(path);

	return link && ops->stranded && ops->stranded(link);
}

/* It has been silent for several probes. Or the way to it is only cut: what is sent by TCP waits. */
static void
silence(struct pst_path *path)
{
	unsigned most = held(path) && !stranded(path) ? PROBES_LOST + PROBES_HELD : PROBES_LOST;

	if (path->probes_lost >= most) {
		pst_warn(&path->log, "the far end does not answer probes");
		path_start_over(path, UV_ETIMEDOUT);
		return;
	}
	if (held(path) && path->step_count > 0)
		path_try_anew(path);
	if (path->up)
		probe_start(&path->timer);
}

static void
answered_in(struct pst_path *path, uint64_t ns)
{
	path->answers_ns[path->answers++ % PROBES_KEPT] = ns;
}

bool
path_sound(const struct pst_path *path)
{
	return path->up && !path->probes_lost;
}

static void
probe_answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct pst_path *path = pst_container_of(request, struct pst_path, probe);
	const struct pst_link *link = path_link(path);

	path->probing = false;
	if (alive(path, answer)) {
		if (answer)
			answered_in(path, uv_hrtime() - path->probe_sent_ns);
		path->probes_lost = 0;
		path->suspected = false;
		if (path->up) {
			path->unproven = false;
			path_stays(path);
			pst_timer_start(path->env, &path->timer, every_ms(path), probe_start);
		}
		return;
	}
	/* no loss of theirs while we ourselves have stopped reading */
	if (!link || !link->account || !pst_account_stopped(link->account))
		path->probes_lost++;
	if (path->probes_lost >= PROBES_LOST)
		silence(path);
	else if (path->up)
		probe_start(&path->timer);
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
	(void)!pst_env_buf(&buf, path->env, path->probe_sent, sizeof path->probe_sent,
	    PST_RX_HEADROOM, PST_RX_TAILROOM);
	path->probing = true;
	path->heard = path->gate->messages;
	path->probe_sent_ns = uv_hrtime();
	route = pst_route_buf_view(&rb);
	if (pst_request_send(path->env, &path->probe, &route, &buf,
	    patience_ms(path), probe_answered)) {
		pst_request_cancel(&path->probe);
		path->probing = false;
		if (path->up)
			pst_timer_start(path->env, &path->timer, every_ms(path), probe_start);
	}
}

void
path_probe_once(struct pst_path *path)
{
	path->suspected = true;
	probe_start(&path->timer);
}

void
pst_path_suspect(struct pst_path *path)
{
	if (!path->up || path->suspected || !path->gate)
		return;
	path->suspected = true;
	pst_request_cancel(&path->probe);
	path->probing = false;
	pst_timer_stop(path->env, &path->timer);
	pst_timer_start(path->env, &path->timer, 0, probe_start);
}

/*
 * Whoever begins a channel is not told that its last message was refused or
 * lost: the first probe, at once, tells. A far end may have no echo, so a
 * channel is made anew for that once, and then left to the usual probes.
 */
void
path_probes_start(struct pst_path *path)
{
	bool prove = path->step_count > 0 && !path->unproven;

	path->unproven = path->step_count > 0;
	pst_timer_stop(path->env, &path->timer); /* no further attempt */
	if (prove)
		path_probe_once(path); /* before those whom it is up for fill it */
	else
		pst_timer_start(path->env, &path->timer, every_ms(path), probe_start);
}

void
path_probes_stop(struct pst_path *path)
{
	memset(path->answers_ns, 0, sizeof path->answers_ns);
	pst_request_cancel(&path->probe);
	path->probing = false;
	path->suspected = false;
	path->probes_lost = 0;
}
