/* One connection on the loop: a request goes out, and its answer comes. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* How soon `stop` is noticed. */
#define SLICE_MS 100

static void on_socket(uv_poll_t *poll, int status, int events);

static void
listen_for(struct link *link, int events)
{
	if (events != link->events) /* it costs a system call */
		uv_poll_start(&link->poll, events, on_socket);
	link->events = events;
}

/* What the driver has said. */
static void
settle(struct link *link, int events)
{
	struct pool *pool = link->pool;

	if (events > 0) {
		listen_for(link, events);
		return;
	}
	if (events < 0) {
		char why[sizeof link->failure];

		snprintf(why, sizeof why, "%s", link->failure);
		link_drop(link, why);
		return;
	}
	listen_for(link, UV_READABLE);
	request_answer(link);
	pool_look(pool);
}

static void
on_socket(uv_poll_t *poll, int status, int events)
{
	struct link *link = poll->data;
	const struct db_driver *driver = link->pool->driver;

	if (status) /* the driver finds out what it is */
		events = UV_READABLE;
	if (link->request)
		settle(link, driver->go_on(link, events));
	else if (driver->rest(link))
		link_drop(link, link->failure);
}

int
link_begin(struct link *link)
{
	struct pool *pool = link->pool;
	int rc = uv_poll_init_socket(pst_env_loop(pst_section_env(pool->senv)), &link->poll, pool->driver->socket(link));

	if (rc) {
		pool->driver->close(link);
		return rc;
	}
	link->poll.data = link;
	link->events = 0;
	link->open = true;
	pool->open++;
	listen_for(link, UV_READABLE);
	return PST_OK;
}

void
link_ask(struct link *link, struct request *request)
{
	link->request = request;
	request->on = link;
	link->failure[0] = '\0';
	answer_init(&link->answer, link->pool->conf->max);
	settle(link, link->pool->driver->begin(link));
}

static void
link_gone(uv_handle_t *poll)
{
	struct link *link = poll->data;

	link->pool->driver->close(link);
	link->open = link->leaving = false;
	link->pool->open--;
	pool_lost(link);
}

void
link_drop(struct link *link, const char *why)
{
	if (link->leaving)
		return;
	link->leaving = true;
	if (why != link->failure)
		snprintf(link->failure, sizeof link->failure, "%s", why);
	free(link->json);
	link->json = NULL;
	if (link->request)
		request_answer(link);
	uv_close((uv_handle_t *)&link->poll, link_gone);
}

/* ---- in the lane ---- */

uint64_t
pool_clock_ms(void)
{
	return uv_hrtime() / 1000000;
}

int
pool_await(struct pool *pool, int fd, short events, uint64_t until_ms, struct pst_err *err)
{
	struct pollfd one = { .fd = fd, .events = events };

	for (;;) {
		int n;

		if (atomic_load(&pool->stop))
			return pst_fail(err, PST_E_CLOSED, "closing");
		if (pool_clock_ms() >= until_ms)
			return pst_fail(err, -ETIMEDOUT, "the server does not answer");
		n = poll(&one, 1, SLICE_MS);
		if (n > 0)
			return PST_OK;
		if (n < 0 && errno != EINTR)
			return pst_fail(err, -errno, "poll: %s", pst_strerror(-errno));
	}
}
