/*
 * A Redis that functions keep bytes in: one connection, with many questions under way, whose answers come
 * in the same order. hiredis writes and reads the messages; the socket is the loop's.
 *
 *     away      no connection; questions are answered with an error at once. Another attempt is under way, or
 *               will be, later each time
 *     greeting  connected: who we are, and whether we may
 *     ready     questions go out as they come
 */
#ifndef CAPABILITY_REDIS_H
#define CAPABILITY_REDIS_H

#include <hiredis/hiredis.h>

#include <postern/capability.h>
#include <postern/dial.h>

struct redis_conf {
	const char *server_address, *username, *password;
	bool allow_set, allow_get;
	uint64_t timeout, max;
};

/* What is asked, until its answer comes. */
struct question {
	struct question *next;
	/* Tell who asked; an error: the reply is NULL, and why says what it is. */
	void (*answered)(struct question *question, const redisReply *reply, const char *why);
	struct redis *redis;
	struct pst_host_call *call; /* NULL: nobody waits any more */
};

struct redis {
	struct pst_section_env *senv;
	const struct redis_conf *conf;
	char host[PST_HOST_TEXT];
	uint16_t port;
	struct pst_dial *dial; /* NULL: none is under way */
	uv_tcp_t tcp;
	bool connected; /* tcp is a handle; */
	bool leaving;   /* and is being closed */
	bool ready;
	redisReader *reader;
	redisReplyObjectFunctions functions; /* the reader's */
	uint64_t past; /* bytes that come and are not for the reader: of a value that is too large */
	struct question *first, **end; /* that have gone out */
	struct pst_timer patience;     /* with them */
	struct pst_timer again;
	uint64_t again_ms;
	bool opened, down, closing;
	struct pst_err why; /* it is down */
	uint64_t hits, misses;
	char bytes[16 * 1024]; /* as they come */
};

/* Connect, and go on trying; says up and down. */
void server_begin(struct redis *redis);
/* A command of count words, and what becomes of it, which is the server's from then on. False: it is not ready, or
 * there is no memory. */
PST_MUST_CHECK bool server_ask(struct redis *redis, struct question *question, int count, const char **words,
    const size_t *lens);
/* All that was asked is answered, the connection closed; then the section is, and redis freed. */
void server_close(struct redis *redis);

#endif
