/* Coming to the server, what goes out and what comes in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

#define AGAIN_MIN_MS 100
#define AGAIN_MAX_MS 5000
#define HEAD_MAX 64 /* of the line before a value, and of the one behind it */

static const char too_large[] = "a value is larger than it may be";

static struct pst_env *
env_of(const struct redis *redis)
{
	return pst_section_env(redis->senv);
}

/* ---- the end of a connection ---- */

static void
close_step(struct redis *redis)
{
	struct pst_section_env *senv = redis->senv;

	if (redis->dial || redis->connected)
		return;
	pst_timer_stop(env_of(redis), &redis->again);
	free(redis);
	pst_section_closed(senv);
}

static void
go_down(struct redis *redis, int rc, const char *sentence)
{
	/* a section whose opening fails ends a node that starts; this one goes on trying */
	if (!redis->opened)
		pst_section_up(redis->senv);
	if (!redis->down || strcmp(redis->why.text, sentence)) {
		pst_fail(&redis->why, rc, "%s", sentence);
		pst_section_down(redis->senv, rc, redis->why.text);
	}
	redis->opened = redis->down = true;
}

static void again(struct pst_timer *timer);

static void
connect_later(struct redis *redis)
{
	pst_timer_start(env_of(redis), &redis->again, pst_jitter(redis->again_ms), again);
	redis->again_ms = redis->again_ms * 2 < AGAIN_MAX_MS ? redis->again_ms * 2 : AGAIN_MAX_MS;
}

static void
gone(uv_handle_t *handle)
{
	struct redis *redis = handle->data;

	redisReaderFree(redis->reader);
	redis->reader = NULL;
	redis->connected = redis->leaving = false;
	if (redis->closing)
		close_step(redis);
	else
		connect_later(redis);
}

static void
questions_fail(struct redis *redis, const char *why)
{
	struct question *question;

	while ((question = redis->first)) {
		redis->first = question->next;
		if (!redis->first)
			redis->end = &redis->first;
		question->answered(question, NULL, why);
		free(question);
	}
}

static void
drop(struct redis *redis, int rc, const char *why)
{
	if (redis->leaving)
		return;
	redis->leaving = true;
	redis->ready = false;
	pst_timer_stop(env_of(redis), &redis->patience);
	uv_close((uv_handle_t *)&redis->tcp, gone);
	if (!redis->closing)
		go_down(redis, rc, why);
	questions_fail(redis, why);
}

static void
patience_over(struct pst_timer *timer)
{
	drop(pst_container_of(timer, struct redis, patience), -ETIMEDOUT, "the server does not answer");
}

static void
patience_renew(struct redis *redis)
{
	pst_timer_stop(env_of(redis), &redis->patience);
	if (redis->first && !redis->leaving)
		pst_timer_start(env_of(redis), &redis->patience, redis->conf->timeout, patience_over);
}

/* ---- out ---- */

struct sending {
	uv_write_t write;
	char *bytes;
};

static void
sent(uv_write_t *write, int status)
{
	struct sending *sending = write->data;

	redisFreeCommand(sending->bytes); /* of a failure the reading end hears */
	free(sending);
}

static bool
send_words(struct redis *redis, int count, const char **words, const size_t *lens)
{
	struct sending *sending = calloc(1, sizeof *sending);
	int len = sending ? redisFormatCommandArgv(&sending->bytes, count, words, lens) : -1;
	uv_buf_t buf;

	if (len < 0) {
		free(sending);
		return false;
	}
	sending->write.data = sending;
	buf = uv_buf_init(sending->bytes, (unsigned)len);
	if (!uv_write(&sending->write, (uv_stream_t *)&redis->tcp, &buf, 1, sent))
		return true;
	redisFreeCommand(sending->bytes);
	free(sending);
	return false;
}

static bool
ask(struct redis *redis, struct question *question, int count, const char **words, const size_t *lens)
{
	if (!send_words(redis, count, words, lens))
		return false;
	question->redis = redis;
	question->next = NULL;
	*redis->end = question;
	redis->end = &question->next;
	if (redis->first == question)
		patience_renew(redis);
	return true;
}

bool
server_ask(struct redis *redis, struct question *question, int count, const char **words, const size_t *lens)
{
	return redis->ready && ask(redis, question, count, words, lens);
}

/* ---- in ---- */

/* Nothing that we ask is answered by an array, whatever it says it has. */
static void *
no_array(const redisReadTask *task, int elements)
{
	return NULL;
}

/* The reader begins at the next answer. */
static bool
reader_renew(struct redis *redis)
{
	if (redis->reader)
		redisReaderFree(redis->reader);
	redis->reader = redisReaderCreate();
	if (!redis->reader)
		return false;
	redis->functions = *redis->reader->fn;
	redis->functions.createArray = no_array;
	redis->reader->fn = &redis->functions;
	return true;
}

/* The answer to the first question; NULL: it cannot be had, and why says so. */
static void
answer(struct redis *redis, const redisReply *reply, const char *why)
{
	struct question *question = redis->first;

	if (!question) {
		drop(redis, PST_E_PROTOCOL, "the server answers what nobody has asked");
		return;
	}
	redis->first = question->next;
	if (!redis->first)
		redis->end = &redis->first;
	patience_renew(redis);
	question->answered(question, reply, why);
	free(question);
}

static void
take(struct redis *redis, redisReply *reply)
{
	bool fits = reply->type != REDIS_REPLY_STRING || reply->len <= redis->conf->max;

	answer(redis, fits ? reply : NULL, fits ? NULL : too_large);
	freeReplyObject(reply);
}

/*
 * Of what has come no answer can be made yet. A value that is too large is not waited for: who asked hears of
 * it, and the rest is read past, because the connection is that of others, too.
 */
static void
wait_for_more(struct redis *redis)
{
	const redisReader *reader = redis->reader;
	size_t pending = reader->len - reader->pos;
	const char *begin = reader->buf + reader->pos;
	char *end;
	/* a whole line that is no answer is the length of a value */
	unsigned long long len = strtoull(begin, &end, 10);

	if (pending && end != begin && !strncmp(end, "\r\n", 2) && len > redis->conf->max) {
		redis->past = len + 2 - (pending - (size_t)(end + 2 - begin));
		if (reader_renew(redis))
			answer(redis, NULL, too_large);
		else
			drop(redis, -ENOMEM, "out of memory");
	} else if (pending > redis->conf->max + HEAD_MAX) {
		drop(redis, PST_E_LIMIT, "what the server says has no end");
	}
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct redis *redis = stream->data;
	size_t past = 0;
	void *reply = NULL;

	if (n < 0) {
		drop(redis, (int)n, n == UV_EOF ? "the server has ended the connection" : pst_strerror((int)n));
		return;
	}
	past = redis->past < (size_t)n ? (size_t)redis->past : (size_t)n;
	redis->past -= past;
	if (redisReaderFeed(redis->reader, buf->base + past, (size_t)n - past)) {
		drop(redis, -ENOMEM, "out of memory");
		return;
	}
	while (!redis->leaving) {
		if (redisReaderGetReply(redis->reader, &reply)) {
			drop(redis, PST_E_PROTOCOL, "what the server says cannot be read");
			return;
		}
		if (!reply)
			break;
		take(redis, reply);
	}
	if (!redis->leaving)
		wait_for_more(redis);
}

static void
room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct redis *redis = handle->data;

	*buf = uv_buf_init(redis->bytes, sizeof redis->bytes);
}

/* ---- coming to it ---- */

static void
greeted(struct question *question, const redisReply *reply, const char *why)
{
	struct redis *redis = question->redis;
	char text[256];

	if (!reply) {
		drop(redis, PST_E_PROTOCOL, why);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		snprintf(text, sizeof text, "the server says: %.200s", reply->str);
		drop(redis, PST_E_REFUSED, text);
	} else if (!redis->first && !redis->leaving) { /* the last greeting */
		redis->ready = true;
		redis->again_ms = AGAIN_MIN_MS;
		pst_info(pst_section_log(redis->senv), "connected", PST_STR("server", redis->host));
		if (!redis->opened || redis->down)
			pst_section_up(redis->senv);
		redis->opened = true;
		redis->down = false;
	}
}

static bool
greet(struct redis *redis, int count, const char **words)
{
	struct question *question = calloc(1, sizeof *question);
	size_t lens[3];

	if (!question)
		return false;
	question->answered = greeted;
	for (int i = 0; i < count; i++)
		lens[i] = strlen(words[i]);
	if (ask(redis, question, count, words, lens))
		return true;
	free(question);
	return false;
}

static bool
greetings(struct redis *redis)
{
	const char *user = pst_capability_setting(redis->conf->username);
	const char *password = pst_capability_setting(redis->conf->password);
	const char *with_user[] = { "AUTH", user, password }, *bare[] = { "AUTH", password }, *ping[] = { "PING" };

	if (password && *password && !(user && *user ? greet(redis, 3, with_user) : greet(redis, 2, bare)))
		return false;
	return greet(redis, 1, ping);
}

static void
dialled(void *arg, int rc)
{
	struct redis *redis = arg;
	char sentence[PST_HOST_TEXT + 128];

	redis->dial = NULL;
	if (rc && redis->closing) {
		close_step(redis);
		return;
	}
	if (rc) {
		snprintf(sentence, sizeof sentence, "no connection to %s:%u: %s", redis->host, redis->port, pst_strerror(rc));
		go_down(redis, rc, sentence);
		connect_later(redis);
		return;
	}
	redis->connected = true;
	redis->tcp.data = redis;
	redis->past = 0;
	uv_tcp_nodelay(&redis->tcp, 1);
	uv_tcp_keepalive(&redis->tcp, 1, 10);
	if (redis->closing || !reader_renew(redis) || uv_read_start((uv_stream_t *)&redis->tcp, room, on_read) || !greetings(redis))
		drop(redis, -ENOMEM, "out of memory");
}

static void
again(struct pst_timer *timer)
{
	struct redis *redis = pst_container_of(timer, struct redis, again);

	if (pst_dial(&redis->dial, env_of(redis), &redis->tcp, redis->host, redis->port, redis->conf->timeout, dialled, redis))
		connect_later(redis);
}

void
server_begin(struct redis *redis)
{
	redis->end = &redis->first;
	redis->again_ms = AGAIN_MIN_MS;
	pst_timer_start(env_of(redis), &redis->again, 0, again);
}

void
server_close(struct redis *redis)
{
	redis->closing = true;
	pst_timer_stop(env_of(redis), &redis->again);
	if (redis->dial)
		pst_dial_cancel(redis->dial);
	else if (redis->connected)
		drop(redis, PST_E_CLOSED, "closing");
	else
		close_step(redis);
}
