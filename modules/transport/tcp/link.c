#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/descriptors.h>
#include <postern/tcp.h>

#include "tcp.h"

/* ---- life ---- */

static struct link *
link_of(struct pst_stream_link *base)
{
	return pst_container_of(base, struct link, base);
}

void
link_ending(struct pst_stream_link *base)
{
	struct link *link = link_of(base);

	if (link->dial)
		pst_dial_cancel(link->dial);
}

void
link_gone(struct pst_stream_link *base)
{
	struct link *link = link_of(base);
	struct tcp *tcp = link->tcp;

	free(link);
	tcp_gone(tcp);
}

struct link *
link_new(struct tcp *tcp, bool accepted)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->tcp = tcp;
	pst_uv_pipe_init(&link->pipe, (uv_stream_t *)&link->handle);
	pst_stream_link_init(&link->base, &tcp->links, link->name, accepted);
	return link;
}

bool
link_stranded(const struct pst_link *base)
{
	return pst_tcp_stranded(&pst_container_of(base, struct link, base.link)->handle);
}

/* ---- accepting ---- */

static int
link_enter(struct link *link, uv_stream_t *server)
{
	struct tcp *tcp = link->tcp;
	struct sockaddr_storage peer = { 0 };
	int len = sizeof peer;
	bool scarce;
	int rc = uv_accept(server, (uv_stream_t *)&link->handle);

	if (!rc)
		rc = uv_tcp_getpeername(&link->handle, (struct sockaddr *)&peer, &len);
	pst_sockaddr_format(&peer, link->name);
	if (!rc)
		rc = pst_stream_link_enter(&link->base, &peer);
	scarce = pst_descriptors_scarce((uv_handle_t *)&link->handle);
	if (!rc && (scarce || tcp->links.accepted > tcp->max_links) &&
	    (!pst_stream_links_make_way(&tcp->links) || scarce)) /* the way is for who comes next */
		rc = PST_E_LIMIT;
	if (rc)
		return rc;
	pst_tcp_tune(&link->handle);
	return pst_stream_link_up(&link->base);
}

void
link_accept(struct link *link, uv_stream_t *server)
{
	int rc;

	uv_tcp_init(pst_env_loop(link->tcp->env), &link->handle);
	pst_stream_link_take(&link->base, &link->pipe.pipe);
	rc = link_enter(link, server);
	if (rc)
		pst_stream_link_refuse(&link->base, rc);
}

/* ---- connecting ---- */

static void
dialled(void *arg, int rc)
{
	struct link *link = arg;

	link->dial = NULL;
	if (!rc) {
		pst_tcp_tune(&link->handle);
		pst_stream_link_take(&link->base, &link->pipe.pipe);
	}
	pst_stream_link_connected(&link->base, rc);
	pst_stream_link_release(&link->base);
}

int
link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	struct tcp *tcp = transport;
	struct link *link = link_new(tcp, false);
	int rc;

	if (!link)
		return -ENOMEM;
	snprintf(link->name, sizeof link->name, "%.50s:%u", host, port);
	rc = pst_dial(&link->dial, tcp->env, &link->handle, host, port, tcp->conf->connect_timeout,
	    dialled, link);
	if (rc) {
		pst_stream_link_end(&link->base, rc);
		return rc;
	}
	pst_stream_link_hold(&link->base); /* the dial does */
	link->base.events = events;
	link->base.arg = arg;
	*out = &link->base.link;
	return PST_OK;
}
