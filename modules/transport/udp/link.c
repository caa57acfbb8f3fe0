#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "quic.h"
#include "udp.h"

/* ---- life ---- */

static void
link_list(struct link *link)
{
	struct udp *udp = link->udp;

	link->later = NULL;
	link->earlier = udp->first;
	if (udp->first)
		udp->first->later = link;
	udp->first = link;
}

static void
link_unlist(struct link *link)
{
	struct udp *udp = link->udp;

	*(link->later ? &link->later->earlier : &udp->first) = link->earlier;
	if (link->earlier)
		link->earlier->later = link->later;
}

static void gate_admit(struct pst_gate *gate);

struct link *
link_new(struct udp *udp)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->udp = udp;
	link->holds = 1; /* released by its end */
	link->number = (uint16_t)randombytes_random();
	link->link.peer_name = link->name;
	link->link.gate.admit = gate_admit;
	link->fields[0] = (struct pst_field)PST_STR("link", link->name);
	link->log = (struct pst_log){
		.logger = pst_section_log(udp->senv)->logger,
		.parent = pst_section_log(udp->senv),
		.fields = link->fields,
	};
	link->started_ms = pst_now_ms(udp->env);
	link_list(link);
	return link;
}

void
link_release(struct link *link)
{
	struct udp *udp = link->udp;

	if (--link->holds)
		return;
	link_unlist(link);
	pst_account_close(&link->link.account);
	free(link);
	udp_gone(udp);
}

void
link_end(struct link *link, int rc)
{
	const struct pst_link_events *events;
	struct udp *udp = link->udp;

	if (link->ended)
		return;
	link->ended = true;
	pst_timer_stop(udp->env, &link->idle);
	pst_quiet_leave(&udp->strangers, &link->quiet);
	pst_task_cancel(udp->env, &link->task);
	if (link->told)
		pst_info(&link->log, "link closed", PST_RC(rc), PST_U64("bytes_in", link->bytes_in),
		    PST_U64("bytes_out", link->bytes_out));
	pst_gate_close(pst_env_router(udp->env), &link->link.gate);
	if (link->listener) {
		udp->accepted--;
		tdelete(link, &link->listener->links, peers_order);
	} else if (link->own.env) {
		socket_close(&link->own);
	} else {
		uv_cancel((uv_req_t *)&link->lookup);
	}
	/* read late: who was told of the gate's end may have closed the link */
	events = link->events;
	link->events = NULL;
	if (events)
		events->lost(link->arg, rc);
	link_release(link);
}

static void
link_end_task(struct pst_task *task)
{
	struct link *link = pst_container_of(task, struct link, task);

	link_end(link, link->end_rc);
}

/* Not within what has found the reason. */
static void
link_end_soon(struct link *link, int rc)
{
	if (link->ended)
		return;
	link->end_rc = rc;
	pst_task_post(link->udp->env, &link->task, link_end_task);
}

void
link_close(struct pst_link **out)
{
	struct link *link = pst_container_of(*out, struct link, link);

	*out = NULL;
	link->events = NULL;
	link_end(link, PST_OK);
}

void
link_end_all(struct udp *udp)
{
	for (struct link *link = udp->first, *next; link; link = next) {
		next = link->earlier;
		link_end(link, PST_E_CLOSED);
	}
}

/* ---- traffic ---- */

/* A stranger is told as much as he has said, and little more: he may be somebody else. With their heads,
 * of which ours are taken for as long as they can be, and his for one of the shortest. */
static bool
may_hear(struct link *link, size_t len)
{
	struct udp *udp = link->udp;
	size_t bytes = len + datagram_count(len) * DATAGRAM_HEAD_MAX;
	size_t more = bytes > link->credit ? bytes - link->credit : 0;

	if (!link->listener || !link->link.gate.admit)
		return true;
	if (more && !allowance_take(&udp->allowance, &link->peer, pst_now_ms(udp->env), more))
		return false;
	link->credit -= bytes - more;
	link->lent += more;
	return true;
}

/* A message leaves: our address off the route, the frame's head in front. */
static void
message_leaves(struct pst_worker *worker, struct pst_message *m)
{
	struct link *link = pst_container_of(worker, struct link, link.gate.worker);
	struct socket *socket = link->listener ? &link->listener->socket : &link->own;
	struct pst_route onward = pst_route_rest(&m->onward);
	int rc = pst_frame_push(&m->payload, &onward, &m->back);
	size_t len = pst_buf_len(&m->payload);

	if (!rc && !may_hear(link, len))
		rc = PST_E_LIMIT;
	if (!rc)
		rc = socket_send(socket, link->listener ? &link->peer : NULL, &link->asked, link->number++,
		    &m->payload);
	if (!rc)
		link->bytes_out += len;
	else
		pst_warn_rated(&link->log, &link->udp->refused, "message not sent", PST_RC(rc));
	if (rc == UV_ECONNREFUSED && !link->listener)
		link_end_soon(link, rc);
}

static int
frame_deliver(struct link *link, struct pst_buf *frame)
{
	struct pst_route own = pst_worker_route(&link->link.gate.worker);
	struct pst_route_buf onward, back;
	int rc;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = pst_route_add_route(&back, &own);
	if (!rc)
		rc = pst_frame_open(frame, &onward, &back);
	if (rc || !onward.hops) /* of a hole opener */
		return rc;

	struct pst_message m = {
		.onward = pst_route_buf_view(&onward),
		.back = pst_route_buf_view(&back),
		.payload = pst_buf_take(frame),
		.from = &link->link.gate,
	};

	return pst_router_send(pst_env_router(link->udp->env), &m);
}

static size_t
message_max(const struct link *link)
{
	return link->link.gate.admit ? link->udp->conf->unknown_max_message : link->udp->conf->max_message;
}

/* A whole message of the link's peer. What does not fit is lost, as on the way. */
static int
take(struct link *link, struct partial_store *store, struct assembled *whole)
{
	struct pst_buf frame = PST_BUF_INIT;
	size_t len = whole->len;
	int rc = len > message_max(link) || pst_account_over(link->link.account) ? PST_E_LIMIT : PST_OK;

	if (!rc)
		rc = pst_buf_new(&frame, pst_env_pool(link->udp->env), link->link.account,
		    PST_RX_HEADROOM, len, PST_RX_TAILROOM);
	assembled_end(whole, store, rc ? NULL : pst_buf_put(&frame, len));
	if (rc)
		return rc;
	link->bytes_in += len;
	link->credit += DATAGRAM_HEAD_MIN + len;
	rc = frame_deliver(link, &frame);
	if (!rc && !link->ended) {
		/* what nobody takes is as good as silence */
		link->heard_ms = pst_now_ms(link->udp->env);
		pst_quiet_heard(&link->udp->strangers, &link->quiet);
	}
	pst_buf_free(&frame);
	return rc;
}

void
link_message(struct link *link, struct partial_store *store, struct assembled *whole)
{
	int rc;

	link->holds++; /* it may end within the call */
	rc = take(link, store, whole);
	if (rc && rc != PST_E_NO_ROUTE && rc != PST_E_DENIED) /* which the router has told */
		pst_warn_rated(&link->log, &link->udp->refused, "message not taken", PST_RC(rc));
	link_release(link);
}

/* ---- who passes, and how much ---- */

static bool
exposes(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	const struct link *link = pst_container_of(gate, struct link, link.gate);

	return pst_exposes(&link->udp->conf->expose, name, len);
}

/* Of strangers some may be left out, for which nobody else's is. */
static void
tell_open(struct link *link)
{
	struct pst_rate *rate = link->link.gate.admit ? &link->udp->strange : &link->udp->known;

	link->told = pst_log_begins(&link->log, PST_LOG_INFO, link->listener ? rate : NULL, "link open",
	    PST_FIELDS(PST_STR("side", link->listener ? "accepted" : "connected")));
}

static void
gate_admit(struct pst_gate *gate)
{
	struct link *link = pst_container_of(gate, struct link, link.gate);

	gate->admit = NULL;
	if (!link->told)
		tell_open(link);
	if (link->listener)
		allowance_return(&link->udp->allowance, &link->peer, link->lent);
	pst_quiet_leave(&link->udp->strangers, &link->quiet);
	pst_account_set_window(link->link.account, link->udp->conf->window);
}

static void
gate_end(struct pst_gate *gate, int rc)
{
	link_end_soon(pst_container_of(gate, struct link, link.gate), rc);
}

static void
account_has_room(void *arg)
{
	/* never asked for: what comes while there is none is lost */
}

int
link_up(struct link *link)
{
	struct udp *udp = link->udp;
	struct pst_gate *gate = &link->link.gate;
	int rc = pst_gate_open(pst_env_router(udp->env), gate, message_leaves);

	if (rc)
		return rc;
	link->link.account = pst_account_new(pst_env_pool(udp->env), udp->conf->unknown_window,
	    account_has_room, link);
	if (!link->link.account)
		return -ENOMEM;
	gate->worker.front = PST_LINK_FRONT;
	gate->exposes = exposes;
	gate->end = gate_end;
	gate->log = &link->log;
	gate->unreliable = true;
	gate->source = &link->peer;
	link->up = true;
	link->heard_ms = pst_now_ms(udp->env);
	link->link.connect_ms = link->heard_ms - link->started_ms;
	tell_open(link);
	return PST_OK;
}

/* ---- those who speak first ---- */

/* Quiet for too long? Nothing else says that a peer has gone. */
static void
idle_check(struct pst_timer *timer)
{
	struct link *link = pst_container_of(timer, struct link, idle);
	const struct udp_conf *conf = link->udp->conf;
	uint64_t quiet = pst_now_ms(link->udp->env) - link->heard_ms;
	uint64_t limit = link->link.gate.admit ? conf->unknown_idle : conf->idle;

	if (quiet >= limit)
		link_end(link, UV_ETIMEDOUT);
	else
		pst_timer_start(link->udp->env, timer, limit - quiet, idle_check);
}

/* The quietest of those whom nobody has admitted: anybody can be many. */
static bool
make_way(struct udp *udp)
{
	struct pst_quiet *quiet = udp->strangers.longest;

	if (quiet)
		link_end(pst_container_of(quiet, struct link, quiet), PST_E_LIMIT);
	return quiet;
}

static struct link *
link_accept(struct listener *listener, const struct sockaddr_storage *from)
{
	struct udp *udp = listener->udp;
	struct link *link;

	if (pst_pool_over(pst_env_pool(udp->env)))
		return NULL;
	if ((udp->strangers.count >= udp->conf->unknown_links || udp->accepted >= udp->conf->links) &&
	    !make_way(udp))
		return NULL;
	link = link_new(udp);
	if (!link)
		return NULL;
	link->peer = *from;
	pst_sockaddr_format(from, link->name);
	link->listener = listener;
	udp->accepted++;
	pst_quiet_enter(&udp->strangers, &link->quiet);
	if (link_up(link) || !tsearch(link, &listener->links, peers_order)) {
		link_end(link, -ENOMEM);
		return NULL;
	}
	pst_timer_start(udp->env, &link->idle, udp->conf->unknown_idle, idle_check);
	return link;
}

static void
listener_message(struct socket *socket, const struct sockaddr_storage *from, struct assembled *whole)
{
	struct listener *listener = pst_container_of(socket, struct listener, socket);
	void *node = tfind(from, &listener->links, peers_order);
	struct link *link = node ? *(struct link **)node : link_accept(listener, from);

	if (link) {
		link->asked = socket->asked;
		link_message(link, &socket->peers.store, whole);
	}
	assembled_end(whole, &socket->peers.store, NULL);
}

const struct socket_events link_listener_events = {
	.message = listener_message,
	.quic = quic_link_datagram,
	.writable = quic_link_writable,
	.closed = udp_listener_closed,
};
