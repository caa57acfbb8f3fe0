#include "quic_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

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
	link->udp->handshakes -= link->opening.in;
	pst_quiet_leave(&link->udp->opening, &link->opening);
	pst_timer_stop(link->udp->env, &link->timer);
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

	free(link);
	udp_gone(udp);
}

static void
too_slow(struct pst_timer *timer)
{
	pst_stream_link_end(&pst_container_of(timer, struct quic_link, timer)->base, UV_ETIMEDOUT);
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
	rc = pst_stream_link_up(&link->base);
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

static void
own_writable(struct socket *socket)
{
	quic_pipe_writable(&pst_container_of(socket, struct quic_link, own)->pipe);
}

static void
own_failed(struct socket *socket, int rc)
{
	if (rc == UV_ECONNREFUSED) /* any other may pass */
		quic_pipe_fail(&pst_container_of(socket, struct quic_link, own)->pipe, rc);
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

static int
address_try(struct quic_link *link, struct quic_path *path, const struct addrinfo *a)
{
	int rc;

	memcpy(&path->theirs, a->ai_addr, a->ai_addrlen);
	((struct sockaddr_in *)&path->theirs)->sin_port = htons(link->port);
	link->own = (struct socket){
		.env = link->udp->env,
		.scratch = &link->udp->scratch,
		.events = &own_events,
		.peers = udp_peers(link->udp, 1),
	};
	rc = socket_open(&link->own, NULL, &path->theirs);
	path->ours = link->own.ours;
	return rc;
}

/* There is a socket. */
static int
reach(struct quic_link *link, const struct quic_path *path)
{
	int rc = quic_pipe_connect(&link->pipe, path);

	pst_stream_link_hold(&link->base); /* released when the socket is closed */
	if (rc)
		socket_close(&link->own);
	else
		pst_stream_link_take(&link->base, &link->pipe.pipe);
	return rc;
}

/* The first of the addresses that there is a way to. */
static void
looked_up(uv_getaddrinfo_t *lookup, int rc, struct addrinfo *list)
{
	struct quic_link *link = pst_container_of(lookup, struct quic_link, lookup);

	struct quic_path path = { 0 };

	link->looking = false;
	if (!link->base.ended && !rc) {
		rc = UV_EAI_NONAME;
		for (const struct addrinfo *a = list; rc && a; a = a->ai_next)
			rc = address_try(link, &path, a);
		if (!rc)
			rc = reach(link, &path);
	}
	uv_freeaddrinfo(list);
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
	pst_stream_link_hold(&link->base); /* the look-up does */
	pst_timer_start(udp->env, &link->timer, udp->conf->handshake_timeout, too_slow);
	link->base.events = events;
	link->base.arg = arg;
	*out = &link->base.link;
	return PST_OK;
}
