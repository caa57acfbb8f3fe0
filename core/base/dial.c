#include <postern/dial.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/env.h"

/* RFC 8305, 5: what has not answered for so long is not waited for alone. */
#define NEXT_MS 250

/* A name that is being looked up. The resolver cannot be stopped, so this may outlive the dial. */
struct lookup {
	uv_getaddrinfo_t request;
	struct pst_dial *dial; /* NULL: nobody waits for it any more */
};

/* An address that is asked. */
struct attempt {
	struct pst_dial *dial; /* NULL: another one was faster */
	uv_tcp_t own, *tcp;    /* the caller's, where it is the only one */
	uv_connect_t connecting;
};

struct pst_dial {
	struct pst_env *env;
	uv_tcp_t *handle;
	void (*done)(void *arg, int rc);
	void *arg;
	struct lookup *lookup; /* while it is under way */
	struct pst_timer timer;
	struct pst_timer next; /* for the next address, while others are asked */
	struct pst_task task;
	struct sockaddr_storage address[PST_DIAL_ADDRESSES];
	struct attempt *attempt[PST_DIAL_ADDRESSES]; /* NULL: not begun, or over */
	int addresses, tried, running;
	int rc; /* of the last attempt, or why it was given up */
	bool given_up;
};

static void next_address(struct pst_dial *dial);

/* Nothing of libuv's points here any more. */
static void
finish(struct pst_dial *dial, int rc)
{
	void (*done)(void *arg, int rc) = dial->done;
	void *arg = dial->arg;

	pst_timer_stop(dial->env, &dial->timer);
	pst_timer_stop(dial->env, &dial->next);
	pst_task_cancel(dial->env, &dial->task);
	free(dial);
	done(arg, rc);
}

/* ---- one address ---- */

static void
attempt_closed(uv_handle_t *handle)
{
	struct attempt *a = handle->data;
	struct pst_dial *dial = a->dial;

	for (int i = 0; dial && i < dial->tried; i++)
		if (dial->attempt[i] == a)
			dial->attempt[i] = NULL;
	free(a);
	if (dial) {
		dial->running--;
		next_address(dial);
	}
}

static void
attempt_end(struct attempt *a)
{
	if (!uv_is_closing((uv_handle_t *)a->tcp))
		uv_close((uv_handle_t *)a->tcp, attempt_closed);
}

/* Its connection becomes the caller's. */
static int
attempt_give(struct attempt *a)
{
	struct pst_dial *dial = a->dial;
	uv_os_fd_t fd;
	int rc;

	if (a->tcp == dial->handle)
		return PST_OK;
	rc = uv_fileno((uv_handle_t *)a->tcp, &fd);
	if (rc)
		return rc;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = uv_tcp_init(dial->env->loop, dial->handle);
	if (!rc)
		rc = uv_tcp_open(dial->handle, fd); /* a fresh handle and a connected socket: it takes it */
	if (rc)
		close(fd);
	return rc;
}

/* The others, and what its socket was, end for themselves. */
static void
attempts_leave(struct pst_dial *dial)
{
	for (int i = 0; i < dial->tried; i++) {
		struct attempt *a = dial->attempt[i];

		if (!a)
			continue;
		a->dial = NULL;
		if (a->tcp == dial->handle)
			free(a);
		else
			attempt_end(a);
	}
}

static void
connected(uv_connect_t *req, int status)
{
	struct attempt *a = pst_container_of(req, struct attempt, connecting);
	struct pst_dial *dial = a->dial;

	if (!dial || uv_is_closing((uv_handle_t *)a->tcp))
		return;
	dial->rc = status ? status : attempt_give(a);
	if (dial->rc) {
		attempt_end(a);
		return;
	}
	attempts_leave(dial);
	finish(dial, PST_OK);
}

static int
attempt_start(struct pst_dial *dial, int i)
{
	struct attempt *a = calloc(1, sizeof *a);
	int rc;

	if (!a)
		return -ENOMEM;
	a->dial = dial;
	a->tcp = dial->addresses == 1 ? dial->handle : &a->own;
	rc = uv_tcp_init(dial->env->loop, a->tcp);
	if (rc) {
		free(a);
		return rc;
	}
	a->tcp->data = a;
	dial->attempt[i] = a;
	dial->running++;
	rc = uv_tcp_connect(&a->connecting, a->tcp, (const struct sockaddr *)&dial->address[i], connected);
	if (rc) {
		dial->rc = rc;
		attempt_end(a);
	}
	return PST_OK;
}

/* ---- one after the other ---- */

static void
next_due(struct pst_timer *timer)
{
	next_address(pst_container_of(timer, struct pst_dial, next));
}

static void
next_address(struct pst_dial *dial)
{
	int rc = -ENOMEM;

	while (rc && !dial->given_up && dial->tried < dial->addresses) {
		rc = attempt_start(dial, dial->tried++);
		if (rc)
			dial->rc = rc;
	}
	if (!dial->running)
		finish(dial, dial->rc ? dial->rc : UV_EAI_NONAME);
	else if (!dial->given_up && dial->tried < dial->addresses)
		pst_timer_start(dial->env, &dial->next, NEXT_MS, next_due);
}

static void
first_address(struct pst_task *task)
{
	next_address(pst_container_of(task, struct pst_dial, task));
}

/* One protocol and the other in turn, in the resolver's order: either may lead nowhere. */
static void
interleave(struct pst_dial *dial)
{
	struct sockaddr_storage *address = dial->address;

	for (int i = 1; i < dial->addresses; i++) {
		int j = i;

		while (j < dial->addresses && address[j].ss_family == address[i - 1].ss_family)
			j++;
		if (j < dial->addresses && j > i) {
			struct sockaddr_storage other = address[j];

			memmove(&address[i + 1], &address[i], (size_t)(j - i) * sizeof *address);
			address[i] = other;
		}
	}
}

static void
resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *res)
{
	struct lookup *lookup = pst_container_of(request, struct lookup, request);
	struct pst_dial *dial = lookup->dial;

	free(lookup);
	if (dial) {
		dial->lookup = NULL;
		for (struct addrinfo *ai = res; ai && dial->addresses < PST_DIAL_ADDRESSES; ai = ai->ai_next)
			memcpy(&dial->address[dial->addresses++], ai->ai_addr, ai->ai_addrlen);
		interleave(dial);
		dial->rc = status;
		next_address(dial);
	}
	uv_freeaddrinfo(res);
}

static int
lookup_start(struct pst_dial *dial, const char *host, uint16_t port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct lookup *lookup = calloc(1, sizeof *lookup);
	char service[8];
	int rc;

	if (!lookup)
		return -ENOMEM;
	lookup->dial = dial;
	snprintf(service, sizeof service, "%u", port);
	rc = uv_getaddrinfo(dial->env->loop, &lookup->request, resolved, host, service, &hints);
	if (rc)
		free(lookup);
	else
		dial->lookup = lookup;
	return rc;
}

/* What has not begun is taken back; what has ends for itself. */
static void
lookup_leave(struct pst_dial *dial)
{
	dial->lookup->dial = NULL;
	uv_cancel((uv_req_t *)&dial->lookup->request);
	dial->lookup = NULL;
}

static void
give_up(struct pst_dial *dial, int rc)
{
	dial->given_up = true;
	dial->rc = rc;
	if (dial->lookup)
		lookup_leave(dial);
	pst_timer_stop(dial->env, &dial->next);
	for (int i = 0; i < dial->tried; i++)
		if (dial->attempt[i])
			attempt_end(dial->attempt[i]);
	if (!dial->running)
		pst_task_post(dial->env, &dial->task, first_address);
}

static void
expired(struct pst_timer *timer)
{
	give_up(pst_container_of(timer, struct pst_dial, timer), UV_ETIMEDOUT);
}

void
pst_dial_cancel(struct pst_dial *dial)
{
	if (!dial->given_up)
		give_up(dial, UV_ECANCELED);
}

int
pst_dial(struct pst_dial **out, struct pst_env *env, uv_tcp_t *handle, const char *host,
    uint16_t port, uint64_t timeout_ms, void (*done)(void *arg, int rc), void *arg)
{
	struct pst_dial *dial = calloc(1, sizeof *dial);
	int rc = PST_OK;

	if (!dial)
		return -ENOMEM;
	dial->env = env;
	dial->handle = handle;
	dial->done = done;
	dial->arg = arg;
	/* numbers need no resolver, and not its threads */
	if (!uv_ip4_addr(host, port, (struct sockaddr_in *)&dial->address[0]) ||
	    !uv_ip6_addr(host, port, (struct sockaddr_in6 *)&dial->address[0])) {
		dial->addresses = 1;
		pst_task_post(env, &dial->task, first_address);
	} else {
		rc = lookup_start(dial, host, port);
	}
	if (rc) {
		free(dial);
		return rc;
	}
	pst_timer_start(env, &dial->timer, timeout_ms, expired);
	*out = dial;
	return PST_OK;
}
