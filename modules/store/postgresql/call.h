/* One question or batch, from when it is asked to its answer. */
#ifndef STORE_POSTGRESQL_CALL_H
#define STORE_POSTGRESQL_CALL_H

#include <libpq-fe.h>

#include <postern/store.h>

enum call_kind {
	CALL_GET,
	CALL_LIST,
	CALL_COMMIT,
};

struct call {
	struct call *next;
	enum call_kind kind;
	char *key; /* or prefix */
	struct pst_store_op *ops;
	size_t op_count;
	uint64_t number; /* of a batch, among those of its store; from 1 */
	int rc;
	bool settled; /* rc is the answer, whose turn has not come */
	bool sent;    /* what the server has made of it is not known yet */
	unsigned tries;
	size_t at; /* statements that have their result */
	PGresult *found;
	void (*on_item)(void *arg, int rc, const struct pst_store_item *item);
	void (*on_items)(void *arg, int rc, const struct pst_store_item *items, size_t count);
	void (*on_done)(void *arg, int rc);
	void *arg;
};

/* A question: rc is what is known to be wrong with the key. NULL: no memory. */
struct call *call_question(enum call_kind kind, const char *key, int rc);
struct call *call_batch(const struct pst_store_op *ops, size_t count);
/* Tell who asked: call->rc, and what was found. Frees it. */
void call_answer(struct call **call);

#endif
