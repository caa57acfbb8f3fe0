/*
 * A connection of a client.
 */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include "server.h"

struct conn {
	struct server *server;
	struct conn *next, **link;            /* of all */
	struct conn *next_waiting, **waiting; /* NULL: does not wait for a head */
	struct pst_timer timer;
	struct exchange *exchange; /* under way; NULL: none */
	struct conn_watch *watch;  /* while an answer is made that takes long; else NULL */
	int fd;
	struct sockaddr_storage peer;
};
/* One whose descriptor is accepted: it is taken, whatever happens. */
void conn_add(struct server *server, int fd);
/* What the library calls (server.c). */
void conn_changed(void *server, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what);
/* It waits for a head; a whole head is here; all of its request is; the answer is. */
void conn_waits(struct conn *conn);
void conn_head_came(struct conn *conn);
void conn_body_came(struct conn *conn);
void conn_answered(struct conn *conn);

#endif
