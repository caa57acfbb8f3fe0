/* What a puncture says and hears, message by message. */
#include <errno.h>

#include <sodium.h>

#include "puncture.h"

/* ---- sending ---- */

/* To the worker of that name there, or (NULL) to none: a hole opener. The buf is taken. */
static int
message_send(struct puncture *p, const struct sockaddr_storage *to, const struct pst_route *onward,
    struct pst_buf *payload)
{
	struct pst_route_buf back;
	struct pst_route view;
	int rc;

	pst_route_buf_init(&back);
	rc = pst_route_add(&back, PST_ADDRESS_LOCAL, p->name, PST_RANDOM_NAME_LEN);
	view = pst_route_buf_view(&back);
	if (!rc)
		rc = pst_frame_push(payload, onward, &view);
	if (!rc)
		rc = socket_send(&p->socket, to, NULL, p->number++, payload);
	pst_buf_free(payload);
	return rc;
}

static int
bytes_send(struct puncture *p, const struct sockaddr_storage *to, const struct pst_route *onward,
    const void *bytes, size_t len)
{
	struct pst_buf buf;
	int rc = pst_env_buf(&buf, p->udp->env, bytes, len, PST_LINK_FRONT, 0);

	return rc ? rc : message_send(p, to, onward, &buf);
}

static struct pst_route
worker_of(struct pst_route_buf *rb, const void *name, size_t len)
{
	pst_route_buf_init(rb);
	if (pst_route_add(rb, PST_ADDRESS_LOCAL, name, len))
		pst_route_buf_init(rb); /* no name that was read is too long */
	return pst_route_buf_view(rb);
}

void
puncture_ask(struct puncture *p)
{
	uint8_t bytes[RENDEZVOUS_MAX];
	struct pst_route_buf rb;
	struct pst_route onward = worker_of(&rb, "rendezvous", 10);

	/* what is lost is asked again */
	(void)!bytes_send(p, &p->rendezvous, &onward, bytes,
	    rendezvous_request(bytes, RENDEZVOUS_ADDRESS));
}

void
puncture_ping(struct puncture *p)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route_buf rb;
	struct pst_route onward = worker_of(&rb, p->peer.name, p->peer.name_len);
	uint8_t bytes[PUNCTURE_SHORT];

	p->pinged_ms = pst_now_ms(p->udp->env);
	puncture_short(bytes, PUNCTURE_PING);
	(void)!bytes_send(p, &p->peer.address, p->pinged ? &onward : &none, bytes, sizeof bytes);
}

/* A message leaves by the gate. */
void
puncture_leaves(struct pst_worker *worker, struct pst_message *m)
{
	struct puncture *p = pst_container_of(worker, struct puncture, hole.gate.worker);
	struct pst_route inner = pst_route_rest(&m->onward);
	struct pst_route_buf rb;
	struct pst_route onward = worker_of(&rb, p->peer.name, p->peer.name_len);
	struct pst_buf buf;
	int rc = puncture_wrap(&buf, pst_env_pool(p->udp->env), p->hole.account, &inner, &m->back, &m->payload);

	if (!rc)
		rc = message_send(p, &p->peer.address, &onward, &buf);
	if (rc)
		pst_warn_rated(&p->log, &p->udp->refused, "message not sent", PST_RC(rc));
}

/* ---- what comes ---- */

int
puncture_presents(struct pst_buf *out, struct puncture *p, const struct sockaddr_storage *seen)
{
	struct negotiation own = { .address = *seen, .name_len = PST_RANDOM_NAME_LEN };
	uint8_t bytes[NEGOTIATION_MAX];

	memcpy(own.name, p->name, own.name_len);
	return pst_env_buf(out, p->udp->env, bytes, negotiation_write(bytes, &own), PST_LINK_FRONT, 0);
}

/* The peer shall know where we are seen; it has told already where it is. */
static void
acknowledge(struct puncture *p, const struct sockaddr_storage *seen)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_buf buf;

	if (puncture_presents(&buf, p, seen) ||
	    pst_send(pst_env_router(p->udp->env), p->via, &none, &buf))
		return;
	puncture_state(p, PUNCTURE_PINGING);
	puncture_ping(p);
}

/* Of the rendezvous: we are seen there. */
static void
answer_came(struct puncture *p, const struct pst_buf *payload)
{
	struct sockaddr_storage seen;
	enum rendezvous_type type;

	if (rendezvous_read_answer(&type, &seen, payload) || type != RENDEZVOUS_ADDRESS)
		return;
	if (p->ours)
		puncture_negotiate(p, &seen);
	else
		acknowledge(p, &seen);
}

static void
payload_came(struct puncture *p, const struct pst_route_buf *onward, const struct pst_route_buf *back,
    struct pst_buf *payload)
{
	struct pst_message m = {
		.onward = pst_route_buf_view(onward),
		.back = pst_route_buf_view(back),
		.payload = pst_buf_take(payload),
		.from = &p->hole.gate,
	};

	if (m.onward.hops)
		pst_router_send(pst_env_router(p->udp->env), &m);
	pst_buf_free(&m.payload);
}

static void
pong_came(struct puncture *p)
{
	p->since_ms = pst_now_ms(p->udp->env);
	if (p->state == PUNCTURE_PINGING)
		puncture_heard(p);
}

/* Of the peer, or of who has learned the name. `asker`: who sent it, seen from there. */
static int
puncture_came(struct puncture *p, const struct sockaddr_storage *from, const struct pst_route *asker,
    struct pst_buf *payload)
{
	struct pst_route own = pst_worker_route(&p->hole.gate.worker);
	struct pst_route_buf onward, back;
	enum puncture_type type;
	uint8_t bytes[PUNCTURE_SHORT];
	int rc;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = p->state == PUNCTURE_OPEN ? pst_route_add_route(&back, &own) : PST_OK;
	if (!rc)
		rc = puncture_open(&type, payload, &onward, &back);
	if (rc)
		return rc;
	if (type == PUNCTURE_PING) {
		puncture_short(bytes, PUNCTURE_PONG);
		if (!p->pinged) { /* ours first: it is open here, too, when something comes by it */
			p->pinged = true;
			puncture_ping(p);
		}
		return bytes_send(p, from, asker, bytes, sizeof bytes);
	}
	if (!pst_sockaddr_equal(from, &p->peer.address))
		return PST_E_DENIED;
	if (type == PUNCTURE_PONG)
		pong_came(p);
	else if (p->state == PUNCTURE_OPEN)
		payload_came(p, &onward, &back, payload);
	return PST_OK;
}

static bool
is_ours(const struct puncture *p, const struct pst_route *onward)
{
	struct pst_address first;

	return onward->hops == 1 && pst_route_first(onward, &first) && first.type == PST_ADDRESS_LOCAL &&
	    first.len == PST_RANDOM_NAME_LEN && !sodium_memcmp(first.value, p->name, first.len);
}

static int
frame_came(struct puncture *p, const struct sockaddr_storage *from, struct pst_buf *frame)
{
	struct pst_route_buf onward, back;
	struct pst_route to, asker;
	int rc;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = pst_frame_open(frame, &onward, &back);
	to = pst_route_buf_view(&onward);
	asker = pst_route_buf_view(&back);
	if (rc || !is_ours(p, &to)) /* also of hole openers */
		return rc;
	if (p->state >= PUNCTURE_PINGING)
		return puncture_came(p, from, &asker, frame);
	if (p->state == PUNCTURE_ASKING && pst_sockaddr_equal(from, &p->rendezvous))
		answer_came(p, frame);
	return PST_OK;
}

void
puncture_message(struct socket *socket, const struct sockaddr_storage *from, struct assembled *whole)
{
	struct puncture *p = pst_container_of(socket, struct puncture, socket);
	const struct udp_conf *conf = p->udp->conf;
	size_t len = whole->len, most = p->hole.gate.admit || p->state != PUNCTURE_OPEN
	                                    ? conf->unknown_max_message
	                                    : conf->max_message;
	struct pst_buf frame = PST_BUF_INIT;
	/* a Payload is twice what is in it */
	int rc = len / 2 > most || pst_account_over(p->hole.account) ? PST_E_LIMIT : PST_OK;

	if (!rc)
		rc = pst_buf_new(&frame, pst_env_pool(p->udp->env), p->hole.account, PST_RX_HEADROOM, len,
		    PST_RX_TAILROOM);
	assembled_end(whole, &socket->peers.store, rc ? NULL : pst_buf_put(&frame, len));
	if (!rc)
		rc = frame_came(p, from, &frame);
	if (rc)
		pst_warn_rated(&p->log, &p->udp->refused, "message not taken", PST_RC(rc));
	pst_buf_free(&frame);
}
