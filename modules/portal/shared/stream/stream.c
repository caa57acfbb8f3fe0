/* The life of a stream. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <postern/dial.h>
#include <postern/linked.h>
#include <postern/module.h>

#include "portal.h"

struct wire_offer
portal_offer(const struct portal *portal)
{
	bool extended = pst_env_extensions(portal->env);

	return (struct wire_offer){
		.extended = extended,
		.windows = extended,
		.finish = extended,
		.window = STREAM_WINDOW,
	};
}

bool
portal_full(const struct portal *portal)
{
	return portal->count >= portal->max_streams || pst_pool_over(pst_env_pool(portal->env));
}

static void
stream_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct stream *s = pst_container_of(worker, struct stream, worker);

	if (m->onward.hops == 1 && pst_buf_len(&m->payload))
		flow_message(s, m);
}

static void
source_has_room(void *arg)
{
	flow_read_on(arg);
}

int
stream_new(struct stream **out, struct portal *portal)
{
	struct stream *s = calloc(1, sizeof *s);
	struct pst_pool *pool = pst_env_pool(portal->env);
	int rc = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->portal = portal;
	s->since_ms = pst_now_ms(portal->env);
	s->source = pst_account_new(pool, STREAM_SOURCE_WINDOW, source_has_room, s);
	s->kept = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	if (s->source && s->kept)
		rc = pst_worker_start(portal->router, &s->worker, PST_REACH_GATE, stream_receives);
	if (rc) {
		pst_account_close(&s->source);
		pst_account_close(&s->kept);
		free(s);
		return rc;
	}
	s->window = STREAM_WINDOW;
	s->granted = STREAM_WINDOW;
	s->limit = UINT64_MAX;
	pst_linked_enter(&portal->streams, s);
	portal->count++;
	*out = s;
	return PST_OK;
}

static void
drained_say(struct portal *portal)
{
	if (!portal->draining || portal->drained || portal->streams)
		return;
	portal->drained = true;
	pst_section_drained(portal->senv);
}

void
portal_drain(struct portal *portal)
{
	portal->draining = true;
	drained_say(portal);
}

static void
stream_free(struct stream *s)
{
	struct portal *portal = s->portal;

	pst_buf_free(&s->rx);
	if (s->box.pipe)
		pst_outbox_fini(&s->box);
	pst_account_close(&s->source);
	pst_account_close(&s->kept);
	pst_linked_leave(s);
	portal->count--;
	free(s->peer);
	free(s);
	if (portal->closing && !portal->streams)
		portal->gone(portal);
	else
		drained_say(portal);
}

static void
socket_closed(uv_handle_t *handle)
{
	stream_free(pst_container_of(handle, struct stream, socket));
}

static void
gate_closed(struct pst_gate_watch *watch)
{
	struct stream *s = pst_container_of(watch, struct stream, watch);

	if (s->state == STREAM_WAITING && s->patient) {
		free(s->peer);
		s->peer = NULL;
		s->gate = NULL;
		return;
	}
	/* bytes may be lost with it: no application must take that for an end */
	stream_end(s, END_ROUTE_LOST);
}

int
stream_attach(struct stream *s, struct pst_gate *gate, const struct pst_route *peer)
{
	struct pst_worker *first = pst_router_find(s->portal->router, peer);
	struct pst_route *copy = pst_route_copy(peer);

	if (!copy)
		return -ENOMEM;
	free(s->peer);
	s->peer = copy;
	s->gate = gate;
	s->front = (uint16_t)((first ? first->front : 0) + PST_RX_HEADROOM / 2);
	s->back = first ? first->back : 0;
	s->worker.reach_gate = gate->id;
	pst_gate_watch(gate, &s->watch, gate_closed);
	return PST_OK;
}

/* What was to be said could not be: neither end may wait for it. */
static void
unsaid(struct pst_task *task)
{
	stream_fail(pst_container_of(task, struct stream, unsaid), -ENOMEM);
}

void
stream_say(struct stream *s, const uint8_t *bytes, size_t len)
{
	struct pst_route own = pst_worker_route(&s->worker);
	struct pst_buf buf;

	if (!s->peer)
		return;
	if (pst_env_buf(&buf, s->portal->env, bytes, len, s->front, s->back)) {
		pst_task_post(s->portal->env, &s->unsaid, unsaid); /* not within the caller */
		return;
	}
	pst_buf_charge(&buf, s->source);
	pst_send(s->portal->router, s->peer, &own, &buf);
}

/* The shortest, since one that bulk delays would let windows grow, and so delay more. */
void
portal_rtt(struct portal *portal, uint64_t ns)
{
	uint64_t now = pst_now_ms(portal->env);

	if (portal->rtt_ns && ns > portal->rtt_ns && now - portal->rtt_ms < PORTAL_RTT_MS)
		return;
	portal->rtt_ns = ns;
	portal->rtt_ms = now;
}

void
stream_open(struct stream *s)
{
	s->state = STREAM_OPEN;
	s->portal->lacks = WIRE_NO_REASON;
	s->counter = -1;
	pst_timer_stop(s->portal->env, &s->timer);
	if (s->socket.handle.type == UV_TCP)
		uv_tcp_nodelay(&s->socket.tcp, 1);
	pst_uv_pipe_init(&s->pipe, &s->socket.stream);
	s->pipe.pipe.events = &flow_events;
	s->pipe.pipe.arg = s;
	pst_outbox_init(&s->box, &s->pipe.pipe);
	flow_start(s);
}

/* The peer learns of the end, unless it said so itself or does not know this stream yet. */
static bool
tells(const struct stream *s, enum end why)
{
	if (s->state == STREAM_WAITING && s->patient)
		return false;
	return why == END_FINISHED ? !s->finish_sent && !s->peer_left : why != END_TOLD;
}

/* What the kernel does with the socket should this node be killed, or closes it. */
static void
linger(struct stream *s, bool reset)
{
	const struct linger l = { .l_onoff = reset };
	int fd;

	if (!uv_fileno(&s->socket.handle, &fd))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void
no_longer_allowed(struct pst_admitted *admitted)
{
	stream_end(pst_container_of(admitted, struct stream, admitted), END_DENIED);
}

void
stream_admit(struct stream *s, struct pst_admission *admission, struct pst_peer *peer)
{
	pst_admission_enter(admission, &s->admitted, peer, no_longer_allowed);
}

void
stream_guard(struct stream *s)
{
	linger(s, true);
}

static void
socket_close(struct stream *s)
{
	linger(s, s->reset);
	uv_close(&s->socket.handle, socket_closed);
}

void
stream_release(struct stream *s)
{
	if (s->dial)
		pst_dial_cancel(s->dial); /* its end releases again */
	else if (!s->has_socket)
		stream_free(s);
	else
		socket_close(s);
}

void
stream_end(struct stream *s, enum end why)
{
	uint8_t bytes[WIRE_SHORT_MAX];
	bool tell = tells(s, why);

	if (s->state == STREAM_CLOSING)
		return;
	session_ended(s, why);
	if (s->portal->over)
		s->portal->over(s, why == END_FINISHED);
	s->state = STREAM_CLOSING;
	if (tell)
		stream_say(s, bytes, wire_disconnect(bytes, s->agreed.extended, end_reason(why)));
	s->reset = why != END_FINISHED;
	pst_timer_stop(s->portal->env, &s->timer);
	pst_task_cancel(s->portal->env, &s->unsaid);
	pst_gate_unwatch(&s->watch);
	pst_admission_leave(&s->admitted);
	pst_worker_stop(s->portal->router, &s->worker);
	stream_release(s);
}

void
stream_fail(struct stream *s, int rc)
{
	s->rc = rc;
	stream_end(s, END_FAILED);
}

void
portal_end(struct portal *portal)
{
	for (struct stream *s = portal->streams, *next; s; s = next) {
		next = s->next;
		stream_end(s, END_STOPS);
	}
	portal->closing = true;
	pst_timer_stop(portal->env, &portal->quiet);
	if (!portal->streams)
		portal->gone(portal);
}
