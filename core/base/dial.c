#include <postern/dial.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"

/* A name that is being looked up. The resolver cannot be stopped, so this may outlive the dial. */
struct lookup {
	uv_getaddrinfo_t request;
	struct pst_dial *dial; /* NULL: nobody waits for it any more */
};

struct pst_dial {
	struct pst_env *env;
	uv_tcp_t *handle;
	void (*done)(void *arg, int rc);
	void *arg;
	uv_connect_t connecting;
	struct lookup *lookup; /* while it is under way */
	struct pst_timer timer;
	struct pst_task task;
	struct sockaddr_storage address[PST_DIAL_ADDRESSES];
	int addresses, tried;
	int rc;         /* of the last attempt, or why it was given up */
	bool given_up;
	bool handle_open;
};

static void next_address(struct pst_dial *dial);

/* Nothing of libuv's points here any more. */
static void
finish(struct pst_dial *dial, int rc)
{
	void (*done)(void *arg, int rc) = dial->done;
	void *arg = dial->arg;

	pst_timer_stop(dial->env, &dial->timer);
	pst_task_cancel(dial->env, &dial->task);
	free(dial);
	done(arg, rc);
}

static void
attempt_closed(uv_handle_t *handle)
{
	struct pst_dial *dial = handle->data;

	dial->handle_open = false;
	next_address(dial);
}

static void
attempt_failed(struct pst_dial *dial, int rc)
{
	if (!dial->given_up)
		dial->rc = rc;
	if (!uv_is_closing((uv_handle_t *)dial->handle))
		uv_close((uv_handle_t *)dial->handle, attempt_closed);
}

static void
connected(uv_connect_t *req, int status)
{
	struct pst_dial *dial = req->data;

	if (status || dial->given_up)
		attempt_failed(dial, status);
	else
		finish(dial, PST_OK);
}

static void
next_address(struct pst_dial *dial)
{
	const struct sockaddr *sa = (const struct sockaddr *)&dial->address[dial->tried];
	int rc;

	if (dial->given_up || dial->tried++ == dial->addresses) {
		finish(dial, dial->rc ? dial->rc : UV_EAI_NONAME);
		return;
	}
	rc = uv_tcp_init(dial->env->loop, dial->handle);
	if (rc) {
		finish(dial, rc);
		return;
	}
	dial->handle->data = dial;
	dial->connecting.data = dial;
	dial->handle_open = true;
	rc = uv_tcp_connect(&dial->connecting, dial->handle, sa, connected);
	if (rc)
		attempt_failed(dial, rc);
}

static void
first_address(struct pst_task *task)
{
	next_address(pst_container_of(task, struct pst_dial, task));
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
	if (dial->handle_open)
		attempt_failed(dial, rc);
	else
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

/* ---- text ---- */

int
pst_host_port(const char *text, char host[PST_HOST_TEXT], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	unsigned long v = 0;

	if (!colon || !n || n >= PST_HOST_TEXT || !colon[1] || strlen(colon + 1) > 5)
		return -EINVAL;
	for (const char *p = colon + 1; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		v = v * 10 + (unsigned long)(*p - '0');
	}
	if (v > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)v;
	if (*text == '[' && text[n - 1] == ']' && n > 2) {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return -EINVAL; /* which colon is it? */
	}
	memcpy(host, text, n);
	host[n] = '\0';
	return PST_OK;
}

int
pst_sockaddr_parse(const char *text, struct sockaddr_storage *out)
{
	char host[PST_HOST_TEXT];
	uint16_t port;
	int rc = pst_host_port(text, host, &port);

	if (rc)
		return rc;
	memset(out, 0, sizeof *out);
	if (*text == '[')
		return uv_ip6_addr(host, port, (struct sockaddr_in6 *)out);
	return uv_ip4_addr(host, port, (struct sockaddr_in *)out);
}

char *
pst_sockaddr_format(const struct sockaddr_storage *sa, char out[PST_ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		uv_ip6_name(in6, host, sizeof host);
		snprintf(out, PST_ADDRESS_TEXT, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		uv_ip4_name(in, host, sizeof host);
		snprintf(out, PST_ADDRESS_TEXT, "%s:%u", host, ntohs(in->sin_port));
	}
	return out;
}

bool
pst_sockaddr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	char text_a[PST_ADDRESS_TEXT], text_b[PST_ADDRESS_TEXT];

	return a->ss_family == b->ss_family &&
	    !strcmp(pst_sockaddr_format(a, text_a), pst_sockaddr_format(b, text_b));
}
