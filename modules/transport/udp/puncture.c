#include "puncture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <postern/linked.h>

/* A question to the rendezvous, and a Ping, go out so often (3.5). */
#define TICK_MS 1000
#define LOOKING_MS 10000
#define ASKING_MS 3000
#define NEGOTIATING_MS 10000
#define PINGING_MS 15000
#define PONG_MS 10000
/* Sources whose parts are kept: the peer, the rendezvous, and some that are neither. */
#define SOURCES 8

/* ---- the gate ---- */

static bool
exposes(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	return pst_exposes(&pst_container_of(gate, struct puncture, hole.gate)->udp->conf->expose, name, len);
}

static void
gate_admit(struct pst_gate *gate)
{
	struct puncture *p = pst_container_of(gate, struct puncture, hole.gate);

	gate->admit = NULL;
	pst_account_set_window(p->hole.account, p->udp->conf->window);
}

static void
end_task(struct pst_task *task)
{
	puncture_end(pst_container_of(task, struct puncture, task), PST_E_CLOSED);
}

static void
gate_end(struct pst_gate *gate, int rc)
{
	struct puncture *p = pst_container_of(gate, struct puncture, hole.gate);

	if (!p->ended)
		pst_task_post(p->udp->env, &p->task, end_task);
}

void
puncture_heard(struct puncture *p)
{
	p->hole.gate.worker.front = PST_LINK_FRONT;
	p->hole.gate.exposes = exposes;
	p->hole.gate.admit = gate_admit;
	p->hole.gate.end = gate_end;
	p->hole.gate.log = &p->log;
	p->hole.gate.unreliable = true;
	if (pst_gate_open(pst_env_router(p->udp->env), &p->hole.gate, puncture_leaves))
		return; /* the next Pong tries again */
	puncture_state(p, PUNCTURE_OPEN);
	p->hole.connect_ms = pst_now_ms(p->udp->env) - p->pinged_ms;
	pst_info(&p->log, "puncture open", PST_STR("side", p->ours ? "asked for" : "asked of us"));
	if (p->events)
		p->events->up(p->arg, &p->hole);
}

/* ---- life ---- */

void
puncture_state(struct puncture *p, enum puncture_state state)
{
	p->state = state;
	p->since_ms = pst_now_ms(p->udp->env);
}

static void
tick(struct pst_timer *timer)
{
	static const uint64_t limit[] = {
		[PUNCTURE_LOOKING] = LOOKING_MS,
		[PUNCTURE_ASKING] = ASKING_MS,
		[PUNCTURE_NEGOTIATING] = NEGOTIATING_MS,
		[PUNCTURE_PINGING] = PINGING_MS,
		[PUNCTURE_OPEN] = PONG_MS,
	};
	struct puncture *p = pst_container_of(timer, struct puncture, timer);

	if (pst_now_ms(p->udp->env) - p->since_ms >= limit[p->state]) {
		puncture_end(p, UV_ETIMEDOUT);
		return;
	}
	if (p->state == PUNCTURE_ASKING)
		puncture_ask(p);
	else if (p->state >= PUNCTURE_PINGING)
		puncture_ping(p);
	pst_timer_start(p->udp->env, timer, TICK_MS, tick);
}

static void
account_has_room(void *arg)
{
	/* never asked for: what comes while there is none is lost */
}

static void
puncture_free(struct puncture *p)
{
	struct udp *udp = p->udp;

	pst_linked_leave(p);
	pst_account_close(&p->hole.account);
	free(p->via);
	udp->puncture_count--;
	udp->punctures_asked -= !p->ours;
	free(p);
	udp_gone(udp);
}

static void
puncture_closed(struct socket *socket)
{
	puncture_free(pst_container_of(socket, struct puncture, socket));
}

void
puncture_end(struct puncture *p, int rc)
{
	const struct pst_link_events *events;
	struct pst_env *env = p->udp->env;

	if (p->ended)
		return;
	p->ended = true;
	pst_timer_stop(env, &p->timer);
	pst_task_cancel(env, &p->task);
	pst_request_cancel(&p->request);
	if (p->state == PUNCTURE_OPEN)
		pst_info(&p->log, "puncture closed", PST_RC(rc));
	else if (!p->ours) /* else its path says so, seldom */
		pst_info(&p->log, "no puncture", PST_RC(rc));
	if (p->state == PUNCTURE_OPEN)
		pst_gate_close(pst_env_router(env), &p->hole.gate);
	/* read late: who was told of the gate's end may have closed it */
	events = p->events;
	p->events = NULL;
	if (events)
		events->lost(p->arg, rc);
	if (p->looking)
		uv_cancel((uv_req_t *)&p->lookup); /* its end frees the rest */
	else if (p->listening)
		socket_close(&p->socket);
	else
		puncture_free(p);
}

/* ---- the beginning ---- */

static const struct socket_events puncture_events = {
	.message = puncture_message,
	.closed = puncture_closed,
};

/* NATs are IPv4's, and Ockam has nothing else: that, where the name has one. */
static int
rendezvous_take(struct puncture *p, const struct addrinfo *list)
{
	const struct addrinfo *best = list;
	struct sockaddr_storage any = { 0 };

	for (const struct addrinfo *a = list; a; a = a->ai_next)
		if (a->ai_family == AF_INET && best->ai_family != AF_INET)
			best = a;
	memcpy(&p->rendezvous, best->ai_addr, best->ai_addrlen);
	any.ss_family = p->rendezvous.ss_family;
	p->socket = (struct socket){
		.env = p->udp->env,
		.scratch = &p->udp->scratch,
		.events = &puncture_events,
		.peers = udp_peers(p->udp, SOURCES),
	};
	return socket_open(&p->socket, &any, NULL);
}

static void
looked_up(uv_getaddrinfo_t *lookup, int rc, struct addrinfo *list)
{
	struct puncture *p = pst_container_of(lookup, struct puncture, lookup);

	p->looking = false;
	if (!rc && !p->ended)
		rc = rendezvous_take(p, list);
	uv_freeaddrinfo(list);
	if (p->ended) {
		puncture_free(p);
	} else if (rc) {
		puncture_end(p, rc);
	} else {
		p->listening = true;
		puncture_state(p, PUNCTURE_ASKING);
		puncture_ask(p);
	}
}

/* Each time anew: what a name stands for changes. */
static int
look_up(struct puncture *p)
{
	const struct addrinfo hints = {
		.ai_family = p->ours ? AF_UNSPEC : p->peer.address.ss_family,
		.ai_socktype = SOCK_DGRAM,
	};
	char host[PST_HOST_TEXT], service[6];
	uint16_t port;
	int rc = pst_host_port(p->udp->conf->rendezvous, host, &port);

	if (rc)
		return rc;
	snprintf(service, sizeof service, "%u", port);
	rc = uv_getaddrinfo(pst_env_loop(p->udp->env), &p->lookup, looked_up, host, service, &hints);
	p->looking = !rc;
	return rc;
}

void
puncture_meets(struct puncture *p, const struct negotiation *peer)
{
	p->peer = *peer;
	pst_sockaddr_format(&p->peer.address, p->text);
	p->hole.peer_name = p->text;
}

static void
name_make(struct puncture *p)
{
	uint8_t bytes[PST_RANDOM_NAME_LEN / 2];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(p->name, sizeof p->name, bytes, sizeof bytes);
	p->number = (uint16_t)randombytes_random();
	p->fields[0] = (struct pst_field)PST_STR("puncture", p->text);
	p->log = (struct pst_log){
		.logger = pst_section_log(p->udp->senv)->logger,
		.parent = pst_section_log(p->udp->senv),
		.fields = p->fields,
	};
}

int
puncture_begin(struct puncture **out, struct udp *udp, const struct negotiation *peer,
    const struct pst_route *via)
{
	struct puncture *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return -ENOMEM;
	p->udp = udp;
	p->ours = !peer;
	udp->puncture_count++;
	udp->punctures_asked += !p->ours;
	name_make(p);
	if (peer)
		puncture_meets(p, peer);
	p->via = pst_route_copy(via);
	p->hole.account = pst_account_new(pst_env_pool(udp->env), udp->conf->unknown_window,
	    account_has_room, p);
	rc = p->via && p->hole.account ? look_up(p) : -ENOMEM;
	if (rc) {
		puncture_free(p);
		return rc;
	}
	pst_linked_enter(&udp->punctures, p);
	puncture_state(p, PUNCTURE_LOOKING);
	pst_timer_start(udp->env, &p->timer, TICK_MS, tick);
	*out = p;
	return PST_OK;
}
