/* Links to those whom we speak to first. */
#include <errno.h>
#include <stdio.h>

#include "udp.h"

static void
own_message(struct socket *socket, const struct sockaddr_storage *from, struct assembled *whole)
{
	struct link *link = pst_container_of(socket, struct link, own);

	link_message(link, &socket->peers.store, whole);
}

static void
own_failed(struct socket *socket, int rc)
{
	link_end(pst_container_of(socket, struct link, own), rc);
}

static void
own_closed(struct socket *socket)
{
	link_release(pst_container_of(socket, struct link, own));
}

static const struct socket_events own_events = {
	.message = own_message,
	.failed = own_failed,
	.closed = own_closed,
};

static int
reach(struct link *link, const struct addrinfo *list)
{
	int rc = udp_reach(link->udp, &link->own, &own_events, &list, link->port, &link->peer);

	if (rc)
		link->own.env = NULL; /* there is nothing to close */
	else
		link->holds++; /* released when it is closed */
	return rc;
}

static void
looked_up(uv_getaddrinfo_t *lookup, int rc, struct addrinfo *list)
{
	struct link *link = pst_container_of(lookup, struct link, lookup);

	if (!link->ended && !rc)
		rc = reach(link, list);
	uv_freeaddrinfo(list);
	if (!link->ended && !rc)
		rc = link_up(link);
	if (!link->ended && rc)
		link_end(link, rc);
	else if (!link->ended)
		link->events->up(link->arg, &link->link);
	link_release(link);
}

int
link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct udp *udp = transport;
	struct link *link = link_new(udp);
	int rc;

	if (!link)
		return -ENOMEM;
	snprintf(link->name, sizeof link->name, "%.50s:%u", host, port);
	link->port = port;
	rc = uv_getaddrinfo(pst_env_loop(udp->env), &link->lookup, looked_up, host, NULL, &hints);
	if (rc) {
		link_release(link);
		return rc;
	}
	link->holds++; /* the look-up's */
	link->events = events;
	link->arg = arg;
	*out = &link->link;
	return PST_OK;
}
