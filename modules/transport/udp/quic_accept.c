/* Links of those who come, and the names by which their datagrams find them. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "quic_door.h"
#include "quic_link.h"

/* By which a datagram finds its link. */
struct quic_name {
	ngtcp2_cid cid; /* first: names_order() looks at it */
	struct quic_link *link;
	struct quic_name *next, **prev; /* of the link's */
};

static struct quic_link *
of_base(struct pst_stream_link *base)
{
	return pst_container_of(base, struct quic_link, base);
}

/* ---- names ---- */

static int
names_order(const void *a, const void *b)
{
	const ngtcp2_cid *x = a, *y = b;

	if (x->datalen != y->datalen)
		return x->datalen < y->datalen ? -1 : 1;
	return memcmp(x->data, y->data, x->datalen);
}

int
quic_link_named(struct quic_pipe *pipe, const ngtcp2_cid *cid)
{
	struct quic_link *link = pst_container_of(pipe, struct quic_link, pipe);
	struct quic_name *name, **node;

	if (!link->listener)
		return PST_OK;
	name = malloc(sizeof *name);
	if (!name)
		return -ENOMEM;
	*name = (struct quic_name){ *cid, link, link->names, &link->names };
	node = tsearch(name, &link->listener->names, names_order);
	if (!node || *node != name) {
		free(name); /* somebody has it, whose it stays */
		return node ? -EEXIST : -ENOMEM;
	}
	if (name->next)
		name->next->prev = &name->next;
	link->names = name;
	return PST_OK;
}

static void
name_end(struct quic_name *name)
{
	tdelete(name, &name->link->listener->names, names_order);
	*name->prev = name->next;
	if (name->next)
		name->next->prev = name->prev;
	free(name);
}

void
quic_link_unnamed(struct quic_pipe *pipe, const ngtcp2_cid *cid)
{
	struct quic_link *link = pst_container_of(pipe, struct quic_link, pipe);
	struct quic_name **node = link->listener ? tfind(cid, &link->listener->names, names_order) : NULL;

	if (node && (*node)->link == link)
		name_end(*node);
}

void
quic_link_nameless(struct quic_link *link)
{
	while (link->names)
		name_end(link->names);
}

/* ---- accepting ---- */

void
quic_link_handshake_over(struct pst_quiet *opening)
{
	pst_stream_link_end(&pst_container_of(opening, struct quic_link, opening)->base, UV_ETIMEDOUT);
}

/* The one that has been at it longest goes: its peer had the most time. */
static void
handshake_begins(struct quic_link *link)
{
	struct udp *udp = link->udp;
	struct pst_quiet *oldest = udp->opening.longest;

	if (udp->opening.count >= udp->conf->handshakes)
		pst_stream_link_end(&pst_container_of(oldest, struct quic_link, opening)->base, PST_E_LIMIT);
	pst_quiet_enter(&udp->opening, &link->opening);
}

bool
quic_link_room(struct udp *udp)
{
	return (udp->quic.quiet.count < udp->conf->unknown_links &&
	           udp->quic.accepted - udp->opening.count <= udp->conf->links) ||
	    pst_stream_links_make_way(&udp->quic);
}

static void
link_accept(struct listener *listener, const struct quic_hello *hello, const struct sockaddr_storage *from)
{
	struct udp *udp = listener->udp;
	struct quic_path path = { .ours = listener->socket.asked, .theirs = *from };
	struct quic_link *link = quic_link_new(udp, listener);
	int rc;

	if (!link)
		return;
	pst_sockaddr_format(from, link->name);
	rc = pst_stream_link_enter(&link->base, from);
	if (!rc)
		rc = quic_pipe_accept(&link->pipe, hello, &path);
	if (rc) {
		pst_stream_link_end(&link->base, rc);
		return;
	}
	pst_stream_link_take(&link->base, &link->pipe.pipe);
	handshake_begins(link);
}

static struct quic_link *
link_find(const struct listener *listener, const uint8_t *bytes, size_t len)
{
	struct quic_name **node;
	ngtcp2_cid cid;

	if (!quic_door_name(&cid, bytes, len))
		return NULL;
	node = tfind(&cid, &listener->names, names_order);
	return node ? (*node)->link : NULL;
}

/* Is it of a link at another port of the section? Their resets are made from the same secret: one that was got here
 * would end it there (RFC 9000, 21.11). */
static bool
is_elsewhere(const struct listener *here, const uint8_t *bytes, size_t len)
{
	for (const struct listener *l = here->udp->listeners; l; l = l->next)
		if (l != here && link_find(l, bytes, len))
			return true;
	return false;
}

/* Not of a link: perhaps somebody knocks. */
static bool
stranger(struct listener *listener, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	struct train *answer = &listener->udp->train;
	struct quic_hello hello;

	if (quic_door_open(&hello, listener->udp->tls, from, bytes, len, answer->bytes, &answer->end, uv_hrtime())) {
		link_accept(listener, &hello, from);
		return true;
	}
	if (!answer->end)
		return false;
	answer->to = *from;
	answer->from = listener->socket.asked;
	answer->first = 0;
	answer->segment = answer->end;
	answer->whole = false;
	return !socket_train(&listener->socket, answer); /* else he will ask again */
}

bool
quic_link_datagram(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	struct listener *listener = pst_container_of(socket, struct listener, socket);
	struct quic_link *link;
	bool answered = false;

	if (!pst_env_extensions(listener->udp->env) || listener->udp->closing)
		return false;
	link = link_find(listener, bytes, len);
	if (!link && !is_elsewhere(listener, bytes, len)) {
		answered = stranger(listener, from, bytes, len);
		link = link_find(listener, bytes, len);
	}
	if (link)
		quic_pipe_take(&link->pipe, from, bytes, len);
	return link || answered;
}

void
quic_link_writable(struct socket *socket)
{
	struct listener *listener = pst_container_of(socket, struct listener, socket);

	for (struct pst_stream_link *l = listener->udp->quic.first; l; l = l->next)
		if (of_base(l)->listener == listener)
			quic_pipe_writable(&of_base(l)->pipe);
}
