/*
 * An exchange: one HTTP request, and its answer.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include <postern/bytes.h>
#include <postern/coordinated.h>

#include "head.h"
#include "server.h"

struct exchange;
/*
 * The connection is the owner's until exchange_hang_up(): fd may be read and written, not closed. What came behind
 * the head is `early`, which is borrowed. The exchange stays until then; `gone` may be set.
 */
typedef void exchange_upgraded(struct exchange *exchange, struct MHD_UpgradeResponseHandle *handle, int fd,
    const void *early, size_t len);

struct exchange {
	struct pst_coordinated request; /* its id is a fresh UUID; may be taken */
	char *path; /* the target without its query */
	void *arg;  /* the owner's */
	/* The client is gone, or the server closes: no answer is wanted any more, and the exchange is
	 * not valid behind this. Set by who does not answer at once. */
	void (*gone)(struct exchange *exchange);
	/* the rest is exchange.c's */
	struct conn *conn;
	struct MHD_Connection *connection;
	char *target;
	struct pst_bytes body; /* of the request, as far as it has come */
	uint64_t came, held;   /* bytes of it; and of these, what counts as the server's */
	unsigned refused;      /* the status of a body that is not kept; 0: it is */
	struct MHD_Response *response;
	unsigned status;
	bool last; /* the connection ends behind the answer */
	exchange_upgraded *upgraded;
	bool hung_up;
	enum {
		EXCHANGE_NEW,
		EXCHANGE_BODY,
		EXCHANGE_ASKED,
		EXCHANGE_RESTS,
		EXCHANGE_ANSWERED,
		EXCHANGE_UPGRADED,
	} state;
};

/* A UUID as text, and its NUL. */
#define EXCHANGE_ID 37
/* A fresh one, of chance. */
void exchange_id(char out[static EXCHANGE_ID]);

/* Answer. type: of the body; NULL: as headers say. body is len bytes on the heap, taken. */
void exchange_answer(struct exchange *exchange, unsigned status, const char *type,
    const struct pst_map *headers, uint8_t *body, size_t len);
/* A sentence as plain text. Headers may be NULL. */
void exchange_say(struct exchange *exchange, unsigned status, const char *sentence,
    const struct pst_map *headers);
/* Within asked(), instead of an answer: it becomes a WebSocket. */
void exchange_upgrade(struct exchange *exchange, const char *accept, exchange_upgraded *upgraded);
/* At once: what has not reached the client is lost. */
void exchange_hang_up(struct exchange *exchange, struct MHD_UpgradeResponseHandle *handle);

/* What the library calls (server.c). */
void *exchange_target(void *server, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *server, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len, void **exchange);
void exchange_completed(void *server, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why);
/* End it while it rests: the server closes. */
void exchange_abandon(struct exchange *exchange);

#endif
