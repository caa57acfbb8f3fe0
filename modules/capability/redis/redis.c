/*
 * capability/redis: bytes under keys, in a Redis (spec functions.md 3.3).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "redis.h"

#define TIMEOUT_MIN_MS 100

static const char away[] = "there is no connection to the server";

/* ---- calls ---- */

static void
answer_get(struct pst_host_call *call, struct redis *redis, const redisReply *reply, const char *why)
{
	if (reply && reply->type == REDIS_REPLY_STRING) {
		redis->hits++;
		pst_host_result(call, reply->str, reply->len);
	} else if (reply && reply->type == REDIS_REPLY_NIL) {
		redis->misses++;
		pst_host_error(call, "failed to client.Get: redis: nil");
	} else {
		pst_host_error(call, "failed to client.Get: %s", reply && reply->type == REDIS_REPLY_ERROR ? reply->str
			: why ? why : "the answer is none");
	}
}

static void
got(struct question *question, const redisReply *reply, const char *why)
{
	if (question->call)
		answer_get(question->call, question->redis, reply, why);
}

static void
was_set(struct question *question, const redisReply *reply, const char *why)
{
	if (question->call)
		pst_host_code(question->call, reply && reply->type == REDIS_REPLY_STATUS ? 0 : -2);
}

/* The answer comes all the same, to nobody. */
static void
cancelled(struct pst_host_call *call)
{
	struct question *question = call->arg;

	question->call = NULL;
	pst_host_code(call, -1);
}

static bool
ask(struct redis *redis, struct pst_host_call *call,
    void (*answered)(struct question *question, const redisReply *reply, const char *why), int count, const char **words,
    const size_t *lens)
{
	struct question *question = calloc(1, sizeof *question);

	if (!question)
		return false;
	question->answered = answered;
	question->call = call;
	if (!server_ask(redis, question, count, words, lens)) {
		free(question);
		return false;
	}
	call->arg = question;
	call->cancel = cancelled;
	return true;
}

static void
cache_set(void *capability, struct pst_host_call *call)
{
	struct redis *redis = capability;
	const struct pst_host_bytes *key = &call->text[0], *value = &call->text[1];
	char ttl[16];
	int ttl_len = snprintf(ttl, sizeof ttl, "%d", call->number[0]);
	const char *words[] = { "SET", (const char *)key->bytes, (const char *)value->bytes, "EX", ttl };
	const size_t lens[] = { 3, key->len, value->len, 2, (size_t)ttl_len };

	if (!redis->conf->allow_set || !ask(redis, call, was_set, call->number[0] > 0 ? 5 : 3, words, lens))
		pst_host_code(call, -2);
}

static void
cache_get(void *capability, struct pst_host_call *call)
{
	struct redis *redis = capability;
	const char *words[] = { "GET", (const char *)call->text[0].bytes };
	const size_t lens[] = { 3, call->text[0].len };

	if (!redis->conf->allow_get)
		pst_host_error(call, "capability is not enabled");
	else if (!ask(redis, call, got, 2, words, lens))
		pst_host_error(call, "failed to client.Get: %s", away);
}

static const struct pst_host_function redis_serves[] = {
	{ .name = "cache_get", .later = cache_get },
	{ .name = "cache_set", .later = cache_set },
	{ .name = NULL },
};
static const struct pst_capability_ops redis_ops = { .size = sizeof redis_ops, .serves = redis_serves };

/* ---- the section ---- */

static const struct pst_opt redis_options[] = {
	PST_OPT(STR, struct redis_conf, server_address, NULL, "where it is, host:port; or env(NAME)", .of = "required"),
	PST_OPT(STR, struct redis_conf, username, "", "who we are there; or env(NAME)"),
	PST_OPT(STR, struct redis_conf, password, "", "and that we are; or env(NAME)"),
	PST_OPT(BOOL, struct redis_conf, allow_set, "true", "functions may put something into it"),
	PST_OPT(BOOL, struct redis_conf, allow_get, "true", "functions may read it"),
	PST_OPT(TIME, struct redis_conf, timeout, "5s", "the longest that the server may take for an answer, or to be connected"),
	PST_OPT(SIZE, struct redis_conf, max, "16M", "the largest value that is read"),
	PST_OPT_END,
};

static void
redis_status(void *self, struct pst_status *status)
{
	const struct redis *redis = self;
	uint64_t waiting = 0;

	for (const struct question *question = redis->first; question; question = question->next)
		waiting++;
	pst_status_put(status, PST_FIELDS(PST_U64("hits", redis->hits), PST_U64("misses", redis->misses),
	    PST_U64("waiting", waiting)));
}

static const struct pst_section_hooks redis_hooks = {
	.size = sizeof redis_hooks,
	.status = redis_status,
};

static int
address_read(const char *text, char host[PST_HOST_TEXT], uint16_t *port, struct pst_err *err)
{
	if (pst_host_port(text, host, port) || !*port)
		return pst_fail(err, PST_E_CONF, "server_address: it is not host:port");
	return PST_OK;
}

static int
redis_check(const void *conf, struct pst_err *err)
{
	const struct redis_conf *c = conf;
	char host[PST_HOST_TEXT];
	uint16_t port;

	if (c->timeout < TIMEOUT_MIN_MS)
		return pst_fail(err, PST_E_CONF, "timeout: at least %dms", TIMEOUT_MIN_MS);
	if (pst_capability_unset(c->server_address))
		return PST_OK;
	return address_read(pst_capability_setting(c->server_address), host, &port, err);
}

static int
redis_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct redis *redis = calloc(1, sizeof *redis);
	int rc;

	if (!redis)
		return -ENOMEM;
	redis->senv = senv;
	redis->conf = conf;
	rc = address_read(pst_capability_setting(redis->conf->server_address), redis->host, &redis->port, err);
	if (rc) {
		free(redis);
		return rc;
	}
	pst_section_hook(senv, &redis_hooks);
	*self = redis;
	server_begin(redis);
	return PST_OK;
}

static void
redis_close(void *self)
{
	server_close(self);
}

static const struct pst_section redis_sections[] = {
	PST_SECTION("capability", struct redis_conf, redis_options, redis_check, redis_open, redis_close),
	PST_SECTION_END,
};

PST_MODULE(capability_redis, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions keep bytes under keys, in a Redis", .sections = redis_sections, .ops = &redis_ops);
