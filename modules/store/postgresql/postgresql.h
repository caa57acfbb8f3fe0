/*
 * The store in a PostgreSQL database, which several nodes may share: how it
 * comes to a connection, and keeps one (server.c).
 *
 *     connecting  in the lane (db.h): at the start, and after each loss
 *     ready       calls go through the session (session.h)
 *     waiting     before the next attempt, longer each time
 *
 * Calls wait meanwhile. Only when there has been no server for `timeout` is
 * the section down: then all that waits is answered with an error, and what
 * comes is, too.
 */
#ifndef STORE_POSTGRESQL_H
#define STORE_POSTGRESQL_H

#include "session.h"

struct postgresql_conf {
	const char *conninfo;
	const char *schema;
	uint64_t timeout;
};

struct store {
	struct pst_section_env *env;
	const struct postgresql_conf *conf;
	struct pst_lane *lane;
	struct db db; /* the lane's while it connects */
	struct session session;
	uint64_t batches;
	bool connecting, closing;
	bool opened; /* the section has been up */
	bool down;
	struct pst_err why; /* it is down */
	uint64_t again_ms;
	struct pst_timer again;    /* the next attempt */
	struct pst_timer patience; /* with a server that does not answer, or is not there */
	struct pst_task refuse;    /* what comes while it is down */
	struct pst_err err;        /* of connecting */
};

struct pst_env *env_of(struct store *store);

/* Connect, and go on trying; says up and down. */
PST_MUST_CHECK int server_begin(struct store *store);
/* Takes the call, and answers it. */
void server_ask(struct store *store, struct call **call);
/* Answer what has been asked, and say that the section is closed: the store is freed. */
void server_close(struct store *store);

#endif
