/* Who has connected to us, until it has a link. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <postern/descriptors.h>
#include <postern/tcp.h>

#include "transport.h"

void
link_handshake_over(struct pst_quiet *opening)
{
	pst_stream_link_end(&pst_container_of(opening, struct link, opening)->base, UV_ETIMEDOUT);
}

/* The one that has been at it longest goes: its peer had the most time. Where descriptors are scarce, that is for who comes next. */
static int
handshake_begins(struct link *link)
{
	struct transport *transport = link->transport;
	struct pst_quiet *oldest = transport->opening.longest;
	bool scarce = pst_descriptors_scarce((uv_handle_t *)&link->handle);

	if (oldest && (scarce || transport->opening.count >= transport->conf->handshakes))
		pst_stream_link_end(&pst_container_of(oldest, struct link, opening)->base, PST_E_LIMIT);
	else if (scarce)
		(void)!pst_stream_links_make_way(&transport->links);
	if (scarce)
		return PST_E_LIMIT;
	pst_quiet_enter(&transport->opening, &link->opening);
	return PST_OK;
}

#define BAD_REQUEST "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* The same mistake is on the other side's log, whose operator may be another. */
static void
path_tell(struct link *link)
{
	char path[PATH_TOLD];

	head_path(path, link->head.text + strlen("GET "));
	pst_warn_rated(&link->base.log, &link->transport->links.refused, "another path was asked for",
	    PST_STR("asked", path), PST_STR("path", link->transport->conf->path));
}

static int
answer(struct link *link)
{
	char accept[WEBSOCKET_ACCEPT], text[256];
	int rc = head_asked(accept, link->head.text, link->head.head, link->transport->conf->path);

	if (rc == PST_E_NOTHING)
		path_tell(link);
	if (rc)
		head_say(link->base.pipe, rc == PST_E_NOTHING
		    ? "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
		    : BAD_REQUEST);
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

	if (rc == PST_E_PROTOCOL) /* who speaks TLS sees from the answer that nobody does here */
		head_say(link->base.pipe, BAD_REQUEST);
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
	struct sockaddr_storage peer = { 0 };
	int len = sizeof peer;
	int rc = uv_accept(server, (uv_stream_t *)&link->handle);

	if (!rc)
		rc = uv_tcp_getpeername(&link->handle, (struct sockaddr *)&peer, &len);
	pst_sockaddr_format(&peer, link->name);
	if (!rc)
		rc = pst_stream_link_enter(&link->base, &peer);
	if (rc)
		return rc;
	pst_tcp_tune(&link->handle);
	rc = handshake_begins(link);
	if (rc)
		return rc;
	if (!transport->certificate.ctx)
		return head_exchange(&link->head, link->base.pipe, NULL, asked, link);
	rc = tls_open(&link->tls, transport->env, link->base.pipe,
	    certificate_now(&transport->certificate, pst_section_log(transport->senv)), NULL, listen_to_head, link);
	if (!rc)
		link_stand_on(link, &link->tls.pipe);
	return rc;
}

void
link_accept(struct link *link, uv_stream_t *server)
{
	int rc;

	uv_tcp_init(pst_env_loop(link->transport->env), &link->handle);
	pst_stream_link_take(&link->base, &link->tcp.pipe);
	rc = link_enter(link, server);
	if (rc)
		pst_stream_link_refuse(&link->base, rc);
}
