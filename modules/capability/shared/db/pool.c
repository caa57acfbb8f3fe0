/* Connections: made as they are needed, and made again; and the section. */
#include "pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MIN_MS 100
#define AGAIN_MAX_MS 5000
#define TIMEOUT_MIN_MS 100
#define CONNECTIONS_MAX 100 /* ours: what servers have by default, for all */

const char pool_away[] = "there is no connection to the database";

static struct pst_env *
env_of(const struct pool *pool)
{
	return pst_section_env(pool->senv);
}

/* ---- connecting ---- */

static void connect_begin(struct pool *pool, struct link *link);
static void close_step(struct pool *pool);

static struct link *
link_find(struct pool *pool, bool open)
{
	for (int64_t i = 0; i < pool->conf->connections; i++) {
		struct link *link = &pool->links[i];

		if (open ? link->open && !link->leaving && !link->request : !link->open && link != pool->connecting)
			return link;
	}
	return NULL;
}

static void
work(struct pst_task *task)
{
	struct pool *pool = pst_container_of(task, struct pool, task);
	struct link *link;

	while (pool->waiting && (link = link_find(pool, true))) {
		struct request *request = pool->waiting;

		request_leave(request);
		link_ask(link, request);
	}
	if (pool->closing || pool->connecting || pool->again.armed || (pool->open && !pool->waiting))
		return;
	if ((link = link_find(pool, false)))
		connect_begin(pool, link);
}

void
pool_look(struct pool *pool)
{
	if (!pool->task.link)
		pst_task_post(env_of(pool), &pool->task, work);
}

static void
again(struct pst_timer *timer)
{
	pool_look(pst_container_of(timer, struct pool, again));
}

static void
connect_later(struct pool *pool)
{
	pst_timer_start(env_of(pool), &pool->again, pst_jitter(pool->again_ms), again);
	pool->again_ms = pool->again_ms * 2 < AGAIN_MAX_MS ? pool->again_ms * 2 : AGAIN_MAX_MS;
}

/* There is no server, or none that lets us in. */
static void
go_down(struct pool *pool, int rc, const char *sentence)
{
	/* a section whose opening fails ends a node that starts; this one goes on trying */
	if (!pool->opened)
		pst_section_up(pool->senv);
	if (!pool->down || strcmp(pool->why.text, sentence)) {
		pst_fail(&pool->why, rc, "%s", sentence);
		pst_section_down(pool->senv, rc, pool->why.text);
	}
	pool->opened = pool->down = true;
	requests_fail(pool, pool_away);
}

static void
connect_failed(struct pool *pool, int rc)
{
	const char *sentence = pool->err.text[0] ? pool->err.text : pst_strerror(rc);

	if (rc == -EBADMSG && !pool->opened) { /* its queries are not right, and no waiting mends that */
		pst_section_down(pool->senv, rc, sentence);
		return;
	}
	if (!pool->open)
		go_down(pool, rc, sentence);
	else
		pst_warn(pst_section_log(pool->senv), "no further connection", PST_STR("reason", sentence));
	connect_later(pool);
}

static void
connect_done(void *arg, int rc)
{
	struct pool *pool = arg;
	struct link *link = pool->connecting;

	pool->connecting = NULL;
	if (pool->closing) {
		if (!rc)
			pool->driver->close(link);
		close_step(pool);
		return;
	}
	if (!rc)
		rc = link_begin(link);
	if (rc) {
		connect_failed(pool, rc);
		return;
	}
	if (pool->open == 1)
		pst_info(pst_section_log(pool->senv), "connected");
	if (pool->err.rc)
		pst_warn(pst_section_log(pool->senv), "a query cannot be prepared: it fails, others do not",
		    PST_STR("reason", pool->err.text));
	pool->again_ms = AGAIN_MIN_MS;
	if (!pool->opened || pool->down)
		pst_section_up(pool->senv);
	pool->opened = true;
	pool->down = false;
	pool_look(pool);
}

/* Of those that are not right the first is told. */
static int
queries_prepare(struct pool *pool, struct link *link)
{
	for (size_t i = 0; i < pool->query_count; i++) {
		struct pst_err why = PST_ERR_INIT;
		int rc = pool->driver->prepare(link, i, &why);

		link->prepared[i] = !rc;
		if (rc && !pool->err.rc)
			pool->err = why;
		if (rc && (rc != -EBADMSG || !pool->opened)) {
			pool->err = why;
			return rc;
		}
	}
	return PST_OK;
}

static int
connect_work(void *arg)
{
	struct pool *pool = arg;
	struct link *link = pool->connecting;
	int rc;

	pool->err = (struct pst_err)PST_ERR_INIT;
	link->until_ms = pool_clock_ms() + pool->conf->timeout;
	rc = pool->driver->open(link, &pool->err);
	if (rc)
		return rc;
	rc = queries_prepare(pool, link);
	if (rc)
		pool->driver->close(link);
	return rc;
}

static void
connect_begin(struct pool *pool, struct link *link)
{
	pool->connecting = link;
	if (pst_lane_run(pool->lane, connect_work, connect_done, pool)) {
		pool->connecting = NULL;
		connect_later(pool); /* no memory for it */
	}
}

void
pool_lost(struct link *link)
{
	struct pool *pool = link->pool;

	if (pool->closing) {
		close_step(pool);
		return;
	}
	pst_info(pst_section_log(pool->senv), "connection closed", PST_STR("reason", link->failure));
	if (!pool->open) /* a server that lets nobody stay is not asked all the time */
		connect_later(pool);
	else
		pool_look(pool);
}

/* ---- the section ---- */

static void
pool_free(struct pool *pool)
{
	for (int64_t i = 0; pool->links && i < pool->conf->connections; i++)
		free(pool->links[i].prepared);
	free(pool->queries);
	free(pool->links);
	free(pool);
}

static void
pool_gone(void *arg)
{
	struct pool *pool = arg;
	struct pst_section_env *senv = pool->senv;

	pool_free(pool);
	pst_section_closed(senv);
}

static void
close_step(struct pool *pool)
{
	if (pool->open || pool->connecting)
		return;
	pst_timer_stop(env_of(pool), &pool->again);
	pst_task_cancel(env_of(pool), &pool->task);
	if (pool->lane)
		pst_lane_close(&pool->lane, pool_gone, pool);
}

void
pool_close(void *self)
{
	struct pool *pool = self;

	pool->closing = true;
	atomic_store(&pool->stop, true);
	requests_fail(pool, pool_away);
	for (int64_t i = 0; i < pool->conf->connections; i++)
		if (pool->links[i].open)
			link_drop(&pool->links[i], "closing");
	close_step(pool);
}

static void
pool_status(void *self, struct pst_status *status)
{
	const struct pool *pool = self;
	uint64_t waiting = 0, busy = 0;

	for (const struct request *request = pool->waiting; request; request = request->next)
		waiting++;
	for (int64_t i = 0; i < pool->conf->connections; i++)
		busy += pool->links[i].request != NULL;
	pst_status_put(status, PST_FIELDS(PST_U64("connections", pool->open), PST_U64("busy", busy),
	    PST_U64("waiting", waiting), PST_U64("queries", pool->asked), PST_U64("failures", pool->failed)));
}

static const struct pst_section_hooks pool_hooks = {
	.size = sizeof pool_hooks,
	.status = pool_status,
};

int
pool_check(const void *options, struct pst_err *err)
{
	const struct db_conf *conf = options;

	if (conf->connections < 1 || conf->connections > CONNECTIONS_MAX)
		return pst_fail(err, PST_E_CONF, "connections: 1 to %d", CONNECTIONS_MAX);
	if (conf->timeout < TIMEOUT_MIN_MS)
		return pst_fail(err, PST_E_CONF, "timeout: at least %dms", TIMEOUT_MIN_MS);
	return queries_check(&conf->queries, err);
}

static int
pool_begin(struct pool *pool)
{
	pool->queries = queries_read(&pool->conf->queries);
	pool->links = calloc((size_t)pool->conf->connections, sizeof *pool->links);
	if (!pool->queries || !pool->links)
		return -ENOMEM;
	for (int64_t i = 0; i < pool->conf->connections; i++) {
		pool->links[i].pool = pool;
		pool->links[i].prepared = calloc(pool->query_count + 1, sizeof *pool->links[i].prepared);
		if (!pool->links[i].prepared)
			return -ENOMEM;
	}
	return pst_lane_new(&pool->lane, env_of(pool), "database");
}

int
pool_open(void **self, struct pst_section_env *senv, const struct db_conf *conf, const struct db_driver *driver,
    struct pst_err *err)
{
	struct pool *pool = calloc(1, sizeof *pool);
	int rc;

	if (!pool)
		return -ENOMEM;
	pool->senv = senv;
	pool->conf = conf;
	pool->driver = driver;
	pool->connection_string = pst_capability_setting(conf->connection_string);
	pool->query_count = conf->queries.count;
	pool->end = &pool->waiting;
	pool->again_ms = AGAIN_MIN_MS;
	atomic_init(&pool->stop, false);
	rc = pool_begin(pool);
	if (rc) {
		pool_free(pool);
		return pst_fail(err, rc, "the database cannot be opened: %s", pst_strerror(rc));
	}
	pst_section_hook(senv, &pool_hooks);
	*self = pool;
	pool_look(pool);
	return PST_OK;
}
