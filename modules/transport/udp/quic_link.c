#include "quic_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A handshake of which nothing is heard for so long begins anew: a connection asks ever more rarely, and after a
 * cut of some seconds would do so seconds late. Of each attempt that is two questions, so who asks does it
 * each QUIC_INITIAL_PTO_MS, and answers may take twice that.
 */
#define PATIENCE_MS (2 * QUIC_INITIAL_PTO_MS)
/* Of several addresses each has so long at first (RFC 8305, 5), and in each round twice as long. */
#define PATIENCE_FIRST_MS 250

static struct quic_link *
of_base(struct pst_stream_link *base)
{
	return pst_container_of(base, struct quic_link, base);
}

static struct quic_link *
of_pipe(struct quic_pipe *pipe)
{
	return pst_container_of(pipe, struct quic_link, pipe);
}

/* ---- life ---- */

/* It is open, or ends. */
static void
opening_over(struct quic_link *link)
{
	pst_quiet_leave(&link->udp->opening, &link->opening);
	pst_timer_stop(link->udp->env, &link->timer);
	uv_freeaddrinfo(link->list);
	link->list = NULL;
}

void
quic_link_ending(struct pst_stream_link *base)
{
	struct quic_link *link = of_base(base);

	opening_over(link);
	if (link->looking)
		uv_cancel((uv_req_t *)&link->lookup);
}

void
quic_link_gone(struct pst_stream_link *base)
{
	struct quic_link *link = of_base(base);
	struct udp *udp = link->udp;

	quic_link_nameless(link);
	free(link);
	udp_gone(udp);
}

/* ---- the pipe's events ---- */

static void
on_up(struct quic_pipe *pipe)
{
	struct quic_link *link = of_pipe(pipe);
	int rc;

	opening_over(link);
	if (!link->listener) {
		pst_stream_link_connected(&link->base, PST_OK);
		return;
	}
	rc = quic_link_room(link->udp) ? pst_stream_link_up(&link->base) : PST_E_LIMIT;
	if (rc)
		pst_stream_link_end(&link->base, rc);
}

static void
on_failed(struct quic_pipe *pipe, int rc)
{
	pst_stream_link_end(&of_pipe(pipe)->base, rc);
}

static void
on_silent(struct quic_pipe *pipe)
{
	struct quic_link *link = of_pipe(pipe);

	if (!link->listener && socket_moves(&link->own)) {
		pst_info(&link->base.log, "our address has changed");
		quic_pipe_move(pipe);
	}
}

static size_t
window_of(struct quic_pipe *pipe)
{
	struct quic_link *link = of_pipe(pipe);

	return link->base.link.gate.admit || !link->base.up ? link->udp->conf->unknown_window : link->udp->conf->window;
}

/* A stranger that makes way is no more. */
static bool
on_lingers(struct quic_pipe *pipe)
{
	struct quic_link *link = of_pipe(pipe);

	return !link->listener || !link->base.link.gate.admit;
}

static void
on_closing(struct quic_pipe *pipe)
{
	struct quic_link *link = of_pipe(pipe);

	if (!link->listener)
		socket_close(&link->own);
}

static const struct quic_pipe_events pipe_events = {
	.up = on_up,
	.failed = on_failed,
	.silent = on_silent,
	.window = window_of,
	.lingers = on_lingers,
	.named = quic_link_named,
	.unnamed = quic_link_unnamed,
	.closing = on_closing,
};

struct quic_link *
quic_link_new(struct udp *udp, struct listener *listener)
{
	struct quic_link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->udp = udp;
	link->listener = listener;
	link->pipe.env = udp->env;
	link->pipe.scratch = &udp->train;
	link->pipe.socket = listener ? &listener->socket : &link->own;
	link->pipe.owner = &pipe_events;
	link->pipe.conn.tls = udp->tls;
	link->pipe.conn.window = udp->conf->unknown_window;
	pst_stream_link_init(&link->base, &udp->quic, link->name, listener != NULL);
	return link;
}

/* ---- connecting ---- */

static bool
own_datagram(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	quic_pipe_take(&pst_container_of(socket, struct quic_link, own)->pipe, from, bytes, len);
	return true;
}

static void refused(struct quic_link *link);

static void
own_writable(struct socket *socket)
{
	quic_pipe_writable(&pst_container_of(socket, struct quic_link, own)->pipe);
}

static void
own_failed(struct socket *socket, int rc)
{
	if (rc == UV_ECONNREFUSED) /* any other may pass */
		refused(pst_container_of(socket, struct quic_link, own));
}

/* It speaks QUIC and nothing else. */
static void
own_message(struct socket *socket, const struct sockaddr_storage *from, struct assembled *whole)
{
	(void)from;
	assembled_end(whole, &socket->peers.store, NULL);
}

static void
own_closed(struct socket *socket)
{
	pst_stream_link_release(&pst_container_of(socket, struct quic_link, own)->base);
}

static const struct socket_events own_events = {
	.message = own_message,
	.quic = own_datagram,
	.writable = own_writable,
	.failed = own_failed,
	.closed = own_closed,
};

static void connecting_due(struct pst_timer *timer);

/* How long it may take yet. */
static uint64_t
left_ms(const struct quic_link *link)
{
	uint64_t passed = pst_now_ms(link->udp->env) - link->asked_ms, most = link->udp->conf->handshake_timeout;

	return most > passed ? most - passed : 0;
}

/* How long we wait for an answer yet. */
static uint64_t
patience_ms(const struct quic_link *link)
{
	uint64_t silent_ms = link->pipe.opened ? (uv_hrtime() - link->pipe.conn.heard) / 1000000 : 0;
	uint64_t most = PATIENCE_MS;

	if (link->list && link->list->ai_next && PATIENCE_FIRST_MS << link->round < PATIENCE_MS)
		most = PATIENCE_FIRST_MS << link->round;
	return most > silent_ms ? most - silent_ms : 0;
}

static void
connecting(struct quic_link *link)
{
	uint64_t left = left_ms(link), patience = patience_ms(link);

	pst_timer_start(link->udp->env, &link->timer, left < patience ? left : patience, connecting_due);
}

static int
reach(struct quic_link *link)
{
	int rc = udp_reach(link->udp, &link->own, &own_events, &link->at, link->port, &link->path.theirs);

	if (rc)
		return rc;
	link->path.ours = link->own.ours;
	rc = quic_pipe_connect(&link->pipe, &link->path);
	pst_stream_link_hold(&link->base); /* released when the socket is closed */
	if (rc)
		socket_close(&link->own);
	else
		pst_stream_link_take(&link->base, &link->pipe.pipe);
	return rc;
}

/* The next address to which there is a way, round and round. False: none of a whole round is any good. */
static bool
next_address(struct quic_link *link, bool silent)
{
	do {
		link->silent |= silent;
		silent = false;
		link->at = link->at->ai_next;
		if (!link->at && !link->silent)
			return false;
		if (!link->at) {
			link->at = link->list;
			link->silent = false;
			link->round += link->round < 3;
		}
		udp_address(&link->path.theirs, link->at, link->port);
	} while (!socket_turn(&link->own, &link->path.theirs));
	return true;
}

/* What was not answered so far says nothing of the distance. */
static int
reach_anew(struct quic_link *link)
{
	link->path.ours = link->own.ours;
	link->base.started_ms = pst_now_ms(link->udp->env);
	return quic_pipe_connect(&link->pipe, &link->path);
}

static void
refused(struct quic_link *link)
{
	int rc = UV_ECONNREFUSED;

	if (link->list && next_address(link, false))
		rc = reach_anew(link);
	if (rc)
		quic_pipe_fail(&link->pipe, rc);
	else
		connecting(link);
}

static void
connecting_due(struct pst_timer *timer)
{
	struct quic_link *link = pst_container_of(timer, struct quic_link, timer);
	int rc = PST_OK;

	if (!left_ms(link))
		rc = UV_ETIMEDOUT;
	else if (!patience_ms(link))
		rc = next_address(link, true) ? reach_anew(link) : UV_ENETUNREACH;
	if (rc)
		pst_stream_link_end(&link->base, rc);
	else
		connecting(link);
}

static void
looked_up(uv_getaddrinfo_t *lookup, int rc, struct addrinfo *list)
{
	struct quic_link *link = pst_container_of(lookup, struct quic_link, lookup);

	link->looking = false;
	if (link->base.ended) {
		uv_freeaddrinfo(list);
	} else if (!rc) {
		link->at = link->list = list;
		rc = reach(link);
		if (!rc) /* of several addresses the first has not as long as the look-up had */
			connecting(link);
	}
	if (rc)
		pst_stream_link_end(&link->base, rc);
	pst_stream_link_release(&link->base);
}

int
quic_link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct udp *udp = transport;
	struct quic_link *link = quic_link_new(udp, NULL);
	int rc;

	if (!link)
		return -ENOMEM;
	snprintf(link->name, sizeof link->name, "%.50s:%u", host, port);
	link->port = port;
	rc = uv_getaddrinfo(pst_env_loop(udp->env), &link->lookup, looked_up, host, NULL, &hints);
	if (rc) {
		pst_stream_link_end(&link->base, rc);
		return rc;
	}
	link->looking = true;
	link->asked_ms = link->base.started_ms;
	pst_stream_link_hold(&link->base); /* the look-up does */
	connecting(link);
	link->base.events = events;
	link->base.arg = arg;
	*out = &link->base.link;
	return PST_OK;
}
