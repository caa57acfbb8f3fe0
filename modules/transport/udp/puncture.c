#include "puncture.h"

#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include <postern/linked.h>

/* A question to the rendezvous, and a Ping, go out so often (3.5). */
#define TICK_MS 1000
#define ASKING_MS 3000
#define PINGING_MS 15000
#define PONG_MS 10000
/* Sources whose parts are kept: the peer, the rendezvous, and some that are neither. */
#define SOURCES 8

/* ---- the gate ---- */

static bool
exposes(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	return pst_exposes(&pst_container_of(gate, struct puncture, gate)->udp->conf->expose, name, len);
}

static void
gate_admit(struct pst_gate *gate)
{
	struct puncture *p = pst_container_of(gate, struct puncture, gate);

	gate->admit = NULL;
	pst_account_set_window(p->account, p->udp->conf->window);
}

static void
end_task(struct pst_task *task)
{
	puncture_end(pst_container_of(task, struct puncture, task), PST_E_CLOSED);
}

static void
gate_end(struct pst_gate *gate, int rc)
{
	struct puncture *p = pst_container_of(gate, struct puncture, gate);

	if (!p->ended)
		pst_task_post(p->udp->env, &p->task, end_task);
}

void
puncture_heard(struct puncture *p)
{
	p->gate.worker.front = PST_LINK_FRONT;
	p->gate.exposes = exposes;
	p->gate.admit = gate_admit;
	p->gate.end = gate_end;
	p->gate.log = &p->log;
	p->gate.unreliable = true;
	if (pst_gate_open(pst_env_router(p->udp->env), &p->gate, puncture_leaves))
		return; /* the next Pong tries again */
	p->state = PUNCTURE_OPEN;
	pst_info(&p->log, "puncture open");
}

/* ---- life ---- */

static void
tick(struct pst_timer *timer)
{
	static const uint64_t limit[] = {
		[PUNCTURE_ASKING] = ASKING_MS,
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
	else
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
	pst_account_close(&p->account);
	free(p->back);
	free(p);
	udp->puncture_count--;
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
	struct pst_env *env = p->udp->env;

	if (p->ended)
		return;
	p->ended = true;
	pst_timer_stop(env, &p->timer);
	pst_task_cancel(env, &p->task);
	pst_info(&p->log, p->state == PUNCTURE_OPEN ? "puncture closed" : "no puncture", PST_RC(rc));
	if (p->state == PUNCTURE_OPEN)
		pst_gate_close(pst_env_router(env), &p->gate);
	socket_close(&p->socket);
}

static const struct socket_events puncture_events = {
	.message = puncture_message,
	.closed = puncture_closed,
};

static int
socket_begin(struct puncture *p)
{
	struct sockaddr_storage any = { .ss_family = p->peer.address.ss_family };

	p->socket = (struct socket){
		.env = p->udp->env,
		.scratch = &p->udp->scratch,
		.events = &puncture_events,
		.peers = udp_peers(p->udp, SOURCES),
	};
	if (any.ss_family != p->rendezvous.ss_family)
		return UV_EAFNOSUPPORT;
	return socket_open(&p->socket, &any, NULL);
}

static void
name_make(struct puncture *p)
{
	uint8_t bytes[PST_RANDOM_NAME_LEN / 2];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(p->name, sizeof p->name, bytes, sizeof bytes);
	p->number = (uint16_t)randombytes_random();
	pst_sockaddr_format(&p->peer.address, p->text);
	p->fields[0] = (struct pst_field)PST_STR("puncture", p->text);
	p->log = (struct pst_log){
		.logger = pst_section_log(p->udp->senv)->logger,
		.parent = pst_section_log(p->udp->senv),
		.fields = p->fields,
	};
}

int
puncture_begin(struct udp *udp, const struct sockaddr_storage *rendezvous,
    const struct negotiation *peer, const struct pst_route *back)
{
	struct puncture *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return -ENOMEM;
	p->udp = udp;
	p->rendezvous = *rendezvous;
	p->peer = *peer;
	p->back = pst_route_copy(back);
	p->account = pst_account_new(pst_env_pool(udp->env), udp->conf->unknown_window,
	    account_has_room, p);
	udp->puncture_count++;
	name_make(p);
	rc = p->back && p->account ? socket_begin(p) : -ENOMEM;
	if (rc) {
		puncture_free(p);
		return rc;
	}
	pst_linked_enter(&udp->punctures, p);
	p->since_ms = pst_now_ms(udp->env);
	puncture_ask(p);
	pst_timer_start(udp->env, &p->timer, TICK_MS, tick);
	return PST_OK;
}
