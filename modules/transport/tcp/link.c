#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcp.h"

/*
 * What the kernel may hold unsent: beyond that frames wait here, where a
 * short message waits behind 128 KiB at most. Measured: 147 us instead of
 * 1.9 ms for a 64-byte message beside bulk, at 95 % of the throughput.
 */
#define NOTSENT_LOWAT (128 * 1024)
/* Spec routing.md 2.3 has it on outgoing links; a peer that vanished is no less
 * gone on an accepted one. */
#define KEEPALIVE_IDLE_S 300

/* ---- life ---- */

/* Free it when neither libuv nor the dial has a hold on it. */
static void
link_release(struct link *link)
{
	struct tcp *tcp = link->tcp;

	if (!link->closing || link->has_handle || link->dial)
		return;
	*link->prev_link = link->next;
	if (link->next)
		link->next->prev_link = link->prev_link;
	if (link->accepted)
		tcp->accepted--;
	free(link);
	tcp_gone(tcp);
}

static void
handle_closed(uv_handle_t *handle)
{
	struct link *link = pst_container_of(handle, struct link, handle);

	link->has_handle = false;
	if (link->up)
		pst_stream_fini(&link->stream);
	pst_account_close(&link->base.account);
	link_release(link);
}

void
link_end(struct link *link, int rc)
{
	const struct pst_link_events *events;

	if (link->closing)
		return;
	link->closing = true;
	pst_timer_stop(link->tcp->env, &link->idle);
	if (link->up)
		pst_info(&link->log, "link closed", PST_RC(rc),
		    PST_U64("bytes_in", link->stream.bytes_in),
		    PST_U64("bytes_out", link->stream.bytes_out));
	pst_gate_close(pst_env_router(link->tcp->env), &link->base.gate);
	if (link->has_handle)
		uv_close((uv_handle_t *)&link->handle, handle_closed);
	if (link->dial)
		pst_dial_cancel(link->dial);
	/* read late: who was told of the gate's end may have closed the link */
	events = link->events;
	link->events = NULL;
	if (events)
		events->lost(link->arg, rc);
	link_release(link);
}

void
link_op_close(struct pst_link **out)
{
	struct link *link = pst_container_of(*out, struct link, base);

	*out = NULL;
	link->events = NULL;
	link_end(link, PST_OK);
}

static struct link *
link_new(struct tcp *tcp)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->tcp = tcp;
	link->next = tcp->links;
	link->prev_link = &tcp->links;
	if (link->next)
		link->next->prev_link = &link->next;
	tcp->links = link;
	link->base.peer_name = link->name;
	link->fields[0] = (struct pst_field)PST_STR("link", link->name);
	link->log = *pst_section_log(tcp->senv);
	link->log.parent = pst_section_log(tcp->senv);
	link->log.fields = link->fields;
	link->started_ms = pst_now_ms(tcp->env);
	return link;
}

/* ---- traffic ---- */

/* A message leaves: our address off the route, the frame's head in front. */
static void
sender_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct link *link = pst_container_of(worker, struct link, base.gate.worker);
	struct pst_route onward = pst_route_rest(&m->onward);
	int rc = pst_frame_push(&m->payload, &onward, &m->back);

	if (!rc)
		rc = pst_stream_send(&link->stream, &m->payload);
	if (!rc || rc == PST_E_CLOSED)
		return;
	pst_log_rated(&link->log, PST_LOG_WARN, &link->tcp->refused, "message not sent", PST_RC(rc));
	/* too long is the sender's fault, and others use the link; but short of
	 * memory a hole could open in somebody's stream: end it, from the loop */
	if (rc != PST_E_LIMIT)
		pst_stream_fail(&link->stream, rc);
}

static void
frame_received(void *arg, struct pst_buf *frame)
{
	struct link *link = arg;
	struct pst_route own = pst_worker_route(&link->base.gate.worker);
	struct pst_route_buf onward, back;
	int rc;

	link->heard_ms = pst_now_ms(link->tcp->env);
	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = pst_route_add_route(&back, &own);
	if (!rc)
		rc = pst_frame_open(frame, &onward, &back);
	if (rc) {
		pst_log_rated(&link->log, PST_LOG_WARN, &link->tcp->refused, "frame not understood",
		    PST_RC(rc));
		link_end(link, rc);
		return;
	}
	if (!onward.hops) /* a heartbeat */
		return;

	struct pst_message m = {
		.onward = pst_route_buf_view(&onward),
		.back = pst_route_buf_view(&back),
		.payload = pst_buf_take(frame),
		.from = &link->base.gate,
	};

	pst_router_send(pst_env_router(link->tcp->env), &m);
}

static void
stream_failed(void *arg, int rc)
{
	struct link *link = arg;

	if (rc == PST_E_PROTOCOL)
		pst_log_rated(&link->log, PST_LOG_WARN, &link->tcp->refused,
		    "wrong version or frame length", PST_RC(rc));
	link_end(link, rc);
}

static const struct pst_stream_events stream_events = {
	.frame = frame_received,
	.failed = stream_failed,
};

static void
account_has_room(void *arg)
{
	struct link *link = arg;

	if (link->up)
		pst_stream_resume(&link->stream);
}

static bool
exposes(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	const struct link *link = pst_container_of(gate, struct link, base.gate);
	const struct pst_list *list = &link->tcp->conf->expose;

	for (size_t i = 0; i < list->count; i++) {
		size_t n = strlen(list->item[i]);

		if (n && list->item[i][n - 1] == '*' ? len >= n - 1 && !memcmp(list->item[i], name, n - 1)
		                                     : len == n && !memcmp(list->item[i], name, n))
			return true;
	}
	return false;
}

static void
gate_admit(struct pst_gate *gate)
{
	struct link *link = pst_container_of(gate, struct link, base.gate);

	gate->admit = NULL;
	pst_timer_stop(link->tcp->env, &link->idle);
	link->stream.max_frame = (uint32_t)link->tcp->conf->max_frame;
	pst_account_set_window(link->base.account, link->tcp->conf->window);
}

/* Who is not admitted and says nothing whole holds a link for a while only. */
static void
idle_check(struct pst_timer *timer)
{
	struct link *link = pst_container_of(timer, struct link, idle);
	uint64_t quiet = pst_now_ms(link->tcp->env) - link->heard_ms;
	uint64_t limit = link->tcp->conf->unknown_idle;

	if (quiet >= limit)
		link_end(link, UV_ETIMEDOUT);
	else
		pst_timer_start(link->tcp->env, timer, limit - quiet, idle_check);
}

static void
options_set(struct link *link)
{
	int fd, lowat = NOTSENT_LOWAT;

	uv_tcp_nodelay(&link->handle, 1);
	uv_tcp_keepalive(&link->handle, 1, KEEPALIVE_IDLE_S);
	if (!uv_fileno((uv_handle_t *)&link->handle, &fd))
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
}

/* The socket is connected: from here on both kinds of link are alike. */
static int
link_up(struct link *link)
{
	const struct tcp_conf *conf = link->tcp->conf;
	struct pst_gate *gate = &link->base.gate;
	int rc = pst_gate_open(pst_env_router(link->tcp->env), gate, sender_receives);

	if (rc)
		return rc;
	link->base.account = pst_account_new(pst_env_pool(link->tcp->env), conf->unknown_window,
	    account_has_room, link);
	if (!link->base.account)
		return -ENOMEM;
	gate->worker.front = PST_LINK_FRONT;
	gate->exposes = exposes;
	gate->admit = gate_admit;
	gate->log = &link->log;
	options_set(link);
	pst_stream_init(&link->stream, link->tcp->env, (uv_stream_t *)&link->handle, link->base.account,
	    (uint32_t)conf->unknown_max_frame, &stream_events, link);
	link->up = true;
	link->heard_ms = pst_now_ms(link->tcp->env);
	if (link->accepted)
		pst_timer_start(link->tcp->env, &link->idle, conf->unknown_idle, idle_check);
	link->base.connect_ms = pst_now_ms(link->tcp->env) - link->started_ms;
	pst_info(&link->log, "link open", PST_STR("side", link->accepted ? "accepted" : "connected"));
	return pst_stream_start(&link->stream);
}

/* ---- accepting ---- */

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		    &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr));
	return !memcmp(&((const struct sockaddr_in *)a)->sin_addr,
	    &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr));
}

/* Links of one address that nobody has admitted, this one included. */
static int64_t
unknown_of(const struct tcp *tcp, const struct link *link)
{
	int64_t n = 0;

	for (const struct link *l = tcp->links; l && n <= tcp->conf->unknown_links; l = l->next)
		n += l == link || (l->accepted && l->up && !l->closing && l->base.gate.admit &&
		    same_host(&l->peer, &link->peer));
	return n;
}

int
link_accept(struct tcp *tcp, uv_stream_t *server)
{
	struct link *link = link_new(tcp);
	int len = sizeof link->peer;
	int rc;

	if (!link)
		return -ENOMEM;
	link->accepted = true;
	tcp->accepted++;
	uv_tcp_init(pst_env_loop(tcp->env), &link->handle);
	link->has_handle = true;
	rc = uv_accept(server, (uv_stream_t *)&link->handle);
	if (!rc)
		rc = uv_tcp_getpeername(&link->handle, (struct sockaddr *)&link->peer, &len);
	pst_sockaddr_format(&link->peer, link->name);
	if (!rc && (tcp->accepted > tcp->max_links || pst_pool_over(pst_env_pool(tcp->env)) ||
	    unknown_of(tcp, link) > tcp->conf->unknown_links))
		rc = PST_E_LIMIT;
	if (!rc)
		rc = link_up(link);
	if (rc)
		link_end(link, rc);
	return rc;
}

/* ---- connecting ---- */

static void
dialled(void *arg, int rc)
{
	struct link *link = arg;

	link->dial = NULL;
	link->has_handle = !rc;
	if (link->closing) {
		if (link->has_handle)
			uv_close((uv_handle_t *)&link->handle, handle_closed);
		link_release(link);
		return;
	}
	if (!rc)
		rc = link_up(link);
	if (rc)
		link_end(link, rc);
	else
		link->events->up(link->arg, &link->base);
}

int
link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	struct tcp *tcp = transport;
	struct link *link = link_new(tcp);
	int rc;

	if (!link)
		return -ENOMEM;
	snprintf(link->name, sizeof link->name, "%.50s:%u", host, port);
	rc = pst_dial(&link->dial, tcp->env, &link->handle, host, port, tcp->conf->connect_timeout,
	    dialled, link);
	if (rc) {
		link_end(link, rc);
		return rc;
	}
	link->events = events;
	link->arg = arg;
	*out = &link->base;
	return PST_OK;
}
