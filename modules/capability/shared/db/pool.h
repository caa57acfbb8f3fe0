/*
 * A database for functions, whichever it is: a few connections, each with one query at a time, and calls
 * that wait for one.
 *
 *     none        there is no connection
 *     connecting  in the lane, which may wait: names are looked up, and queries prepared
 *     at rest     on the loop; what comes then is the end of it
 *     busy        with a request
 *
 * The first connection is made at the start, others when a call has to wait, one at a time. Where
 * there is none, the pool goes on trying to come to one: calls wait while it does for the first time, and
 * are answered with an error from when that has failed. A call that nobody waits for any more takes its connection
 * with it: nothing else tells a server on the loop to stop.
 *
 * At the start all queries must be right. Later a table may have another name: then that query fails, with what the
 * database says of it, until it is right again, and the others are served.
 *
 * What is particular to a kind of database is its driver.
 */
#ifndef DB_POOL_H
#define DB_POOL_H

#include <stdatomic.h>

#include <postern/capability.h>
#include <postern/linked.h>

#include "answer.h"
#include "queries.h"

struct db_conf {
	const char *connection_string;
	struct pst_list queries;
	int64_t connections;
	uint64_t timeout;
	uint64_t max;
};

#define DB_OPTIONS \
	PST_OPT(STR, struct db_conf, connection_string, NULL, \
	    "which database, as its drivers have it; or env(NAME)", .of = "required"), \
	PST_OPT(LIST, struct db_conf, queries, NULL, \
	    "\"NAME TYPE COUNT SQL\": what functions may ask; TYPE is insert, select, update or delete, COUNT how many variables it has"), \
	PST_OPT(INT, struct db_conf, connections, "4", "the most connections"), \
	PST_OPT(TIME, struct db_conf, timeout, "10s", "the longest that a query may take, waiting included"), \
	PST_OPT(SIZE, struct db_conf, max, "16M", "the largest result, as JSON"), \
	PST_OPT_END

struct link;
struct pool;

struct db_driver {
	/* In the lane: come to the server, until link->until_ms; link->conn is what `close` takes. */
	int (*open)(struct link *link, struct pst_err *err);
	/* The same for a query, by its number, in their order. -EBADMSG: the server is there, and the query is
	 * not right; others: it may be better next time. */
	int (*prepare)(struct link *link, size_t query, struct pst_err *err);
	void (*close)(struct link *link);
	int (*socket)(struct link *link);
	/*
	 * On the loop: begin link->request, be its query prepared or not, or go on with it once the socket was ready (events of
	 * uv_poll_t). They return what is to be awaited, 0 when link->failure or link->json is there, negative
	 * when the connection is no good any more, and link->failure says why.
	 */
	int (*begin)(struct link *link);
	int (*go_on)(struct link *link, int events);
	/* The socket is ready, and nothing was asked: PST_OK, or it is over. */
	int (*rest)(struct link *link);
};

struct request {
	struct request *next, **link; /* while it waits for a connection */
	struct pool *pool;
	struct pst_host_call *call;
	int query; /* its number */
	struct pst_timer timer;
	struct link *on; /* NULL: it waits */
};

struct link {
	struct pool *pool;
	void *conn; /* the driver's; NULL: none */
	uint64_t until_ms; /* as pool_clock_ms() has it: for connecting */
	bool *prepared;    /* by query */
	uv_poll_t poll;
	int events; /* that are polled for */
	bool open;    /* poll is a handle */
	bool leaving; /* and is being closed */
	struct request *request; /* NULL: at rest */
	struct answer answer;    /* of it, as far as it has come */
	char *json;              /* the whole of it */
	size_t json_len;
	char failure[PST_ERR_TEXT]; /* of a query: the database's sentence */
};

struct pool {
	const struct db_driver *driver;
	struct pst_section_env *senv;
	const struct db_conf *conf;
	const char *connection_string; /* what is meant by the option */
	struct query *queries;
	size_t query_count;
	struct link *links; /* conf->connections of them */
	size_t open;        /* how many are there, or are leaving */
	struct request *waiting, **end;
	struct pst_lane *lane;
	struct link *connecting; /* the lane's */
	atomic_bool stop;        /* do not wait any longer, in the lane */
	struct pst_err err;      /* of connecting */
	struct pst_err why;      /* it is down */
	struct pst_timer again;
	uint64_t again_ms;
	struct pst_task task; /* look whether there is something to do */
	bool opened, down, closing;
	uint64_t asked, failed;
};

/* The section, but for check(), which looks at the connection string as well. */
PST_MUST_CHECK int pool_check(const void *conf, struct pst_err *err);
PST_MUST_CHECK int pool_open(void **self, struct pst_section_env *senv, const struct db_conf *conf,
    const struct db_driver *driver, struct pst_err *err);
void pool_close(void *self);

/* The host function db_exec, of a pool. */
void pool_exec(void *self, struct pst_host_call *call);

/* ---- inside ---- */

extern const char pool_away[]; /* what is said to who asks while there is no connection */
/* There may be something to do: a call waits, or a connection has nothing to do. */
void pool_look(struct pool *pool);
/* Its connection is gone. */
void pool_lost(struct link *link);

/* The first one that waits is taken. */
void request_leave(struct request *request);
/* Answer all that wait. */
void requests_fail(struct pool *pool, const char *why);
/* The link's is over, by link->json or else link->failure. */
void request_answer(struct link *link);

/* A connection that the lane has made comes to the loop; or -errno, and it is closed. */
PST_MUST_CHECK int link_begin(struct link *link);
/* It is at rest, and takes the request. */
void link_ask(struct link *link, struct request *request);
/* Close the connection; its request is answered. pool_lost() follows. */
void link_drop(struct link *link, const char *why);

/* For drivers, in the lane: wait for the socket (POLLIN, POLLOUT) until then. PST_E_CLOSED: the pool closes. */
PST_MUST_CHECK int pool_await(struct pool *pool, int fd, short events, uint64_t until_ms, struct pst_err *err);
uint64_t pool_clock_ms(void);

#endif
