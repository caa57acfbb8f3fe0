/* Calls: they wait, are taken by a connection, and are answered. */
#include <stdio.h>
#include <stdlib.h>

#include "pool.h"

static struct pst_env *
env_of(const struct pool *pool)
{
	return pst_section_env(pool->senv);
}

static void
request_wait(struct request *request)
{
	struct pool *pool = request->pool;

	pst_linked_enter(pool->end, request);
	pool->end = &request->next;
}

void
request_leave(struct request *request)
{
	struct pool *pool = request->pool;

	if (!request->link)
		return;
	if (pool->end == &request->next)
		pool->end = request->link;
	pst_linked_leave(request);
}

/* It is in no list and on no link any more; who asked has not been told. */
static struct pst_host_call *
request_free(struct request *request)
{
	struct pst_host_call *call = request->call;

	request_leave(request);
	pst_timer_stop(env_of(request->pool), &request->timer);
	free(request);
	return call;
}

/* As the originals say it. */
static void
refuse(struct pool *pool, enum query_type type, struct pst_host_call *call, const char *why)
{
	pool->failed++;
	pst_host_error(call, "failed to %s: %s", type == QUERY_SELECT ? "stmt.Query" : "Exec", why);
}

static void
request_fail(struct request *request, const char *why)
{
	struct pool *pool = request->pool;
	enum query_type type = pool->queries[request->query].type;

	if (request->on)
		link_drop(request->on, why);
	else
		refuse(pool, type, request_free(request), why);
}

static void
too_late(struct pst_timer *timer)
{
	struct request *request = pst_container_of(timer, struct request, timer);
	char why[96];

	snprintf(why, sizeof why, "no answer within %llu ms", (unsigned long long)request->pool->conf->timeout);
	request_fail(request, why);
}

static void
cancelled(struct pst_host_call *call)
{
	request_fail(call->arg, "the call was cancelled");
}

void
request_answer(struct link *link)
{
	struct pool *pool = link->pool;
	enum query_type type = pool->queries[link->request->query].type;
	struct pst_host_call *call = request_free(link->request);
	char *json = link->json;

	link->request = NULL;
	link->json = NULL;
	answer_fini(&link->answer);
	if (json)
		pst_host_take(call, (uint8_t *)json, link->json_len);
	else
		refuse(pool, type, call, link->failure);
}

void
pool_exec(void *self, struct pst_host_call *call)
{
	struct pool *pool = self;
	char why[96];
	int query = queries_find(pool->queries, pool->query_count, call, why);
	struct request *request;

	pool->asked++;
	if (query < 0) {
		pool->failed++;
		pst_host_error(call, "%s", why);
		return;
	}
	request = pool->down || pool->closing ? NULL : calloc(1, sizeof *request);
	if (!request) {
		refuse(pool, pool->queries[query].type, call, pool->down || pool->closing ? pool_away : "out of memory");
		return;
	}
	request->pool = pool;
	request->call = call;
	request->query = query;
	call->arg = request;
	call->cancel = cancelled;
	pst_timer_start(env_of(pool), &request->timer, pool->conf->timeout, too_late);
	request_wait(request);
	pool_look(pool);
}

void
requests_fail(struct pool *pool, const char *why)
{
	while (pool->waiting)
		request_fail(pool->waiting, why);
}
