/* Who has connected to us, until it has a link. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <postern/tcp.h>

#include "transport.h"

/* Links of one address that nobody has admitted, this one included, and those that are not open yet. */
static int64_t
unknown_of(const struct transport *transport, const struct link *link)
{
	int64_t n = 0;

	for (struct pst_stream_link *l = transport->links.first; l && n <= transport->conf->unknown_links; l = l->next)
		n += l->accepted && !l->ended && (!l->up || l->link.gate.admit) &&
		    pst_sockaddr_same_host(&link_of(l)->peer, &link->peer);
	return n;
}

/* The one that has been at it longest goes: its peer had the most time. */
static void
handshakes_bound(struct transport *transport)
{
	struct link *oldest = NULL;

	if (transport->handshakes <= transport->conf->handshakes)
		return;
	for (struct pst_stream_link *l = transport->links.first; l; l = l->next)
		if (link_of(l)->opening)
			oldest = link_of(l);
	if (oldest)
		pst_stream_link_end(&oldest->base, PST_E_LIMIT);
}

/* Who is not admitted and says nothing to anybody holds a link for a while only. */
static void
idle_check(struct pst_timer *timer)
{
	struct link *link = pst_container_of(timer, struct link, timer);
	uint64_t quiet = pst_now_ms(link->transport->env) - link->base.heard_ms;
	uint64_t limit = link->transport->conf->unknown_idle;

	if (!link->base.link.gate.admit)
		return; /* admitted since */
	if (quiet >= limit)
		pst_stream_link_end(&link->base, UV_ETIMEDOUT);
	else
		pst_timer_start(link->transport->env, timer, limit - quiet, idle_check);
}

static int
answer(struct link *link)
{
	char accept[WEBSOCKET_ACCEPT], text[256];
	int rc = head_asked(accept, link->head.text, link->head.head, link->transport->conf->path);

	if (rc)
		head_say(link->base.pipe, rc == PST_E_NOTHING
		    ? "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
		    : "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	if (rc)
		return rc;
	snprintf(text, sizeof text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
	head_say(link->base.pipe, text);
	rc = link_messages_begin(link);
	return rc ? rc : pst_stream_link_up(&link->base);
}

static void
asked(void *arg, int rc)
{
	struct link *link = arg;
	const struct transport_conf *conf = link->transport->conf;

	if (!rc && link->transport->links.accepted > conf->links && !pst_stream_links_make_way(&link->transport->links))
		rc = PST_E_LIMIT;
	if (!rc)
		rc = answer(link);
	if (rc) {
		link_failed(link, rc);
		return;
	}
	head_fini(&link->head);
	link_opening_over(link);
	pst_timer_start(link->transport->env, &link->timer, conf->unknown_idle, idle_check);
}

static void
listen_to_head(void *arg, int rc)
{
	struct link *link = arg;

	if (!rc)
		rc = head_exchange(&link->head, link->base.pipe, NULL, asked, link);
	if (rc)
		link_failed(link, rc);
}

static int
link_enter(struct link *link, uv_stream_t *server)
{
	struct transport *transport = link->transport;
	int len = sizeof link->peer;
	int rc = uv_accept(server, (uv_stream_t *)&link->handle);

	if (!rc)
		rc = uv_tcp_getpeername(&link->handle, (struct sockaddr *)&link->peer, &len);
	pst_sockaddr_format(&link->peer, link->name);
	if (!rc && (pst_pool_over(pst_env_pool(transport->env)) ||
	    unknown_of(transport, link) > transport->conf->unknown_links))
		rc = PST_E_LIMIT;
	if (rc)
		return rc;
	pst_tcp_tune(&link->handle);
	link->opening = true;
	transport->handshakes++;
	handshakes_bound(transport);
	pst_timer_start(transport->env, &link->timer, transport->conf->handshake_timeout, link_too_slow);
	if (!transport->server)
		return head_exchange(&link->head, link->base.pipe, NULL, asked, link);
	rc = tls_open(&link->tls, transport->env, link->base.pipe, transport->server, NULL, listen_to_head, link);
	if (!rc)
		link_stand_on(link, &link->tls.pipe);
	return rc;
}

int
link_accept(struct link *link, uv_stream_t *server)
{
	int rc;

	uv_tcp_init(pst_env_loop(link->transport->env), &link->handle);
	pst_stream_link_take(&link->base, &link->tcp.pipe);
	rc = link_enter(link, server);
	if (rc)
		pst_stream_link_end(&link->base, rc);
	return rc;
}
