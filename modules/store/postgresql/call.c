#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
call_free(struct call *call)
{
	PQclear(call->found);
	free(call->key);
	free(call->ops);
	free(call);
}

struct call *
call_question(enum call_kind kind, const char *key, int rc)
{
	struct call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	call->kind = kind;
	call->rc = rc;
	call->settled = rc != PST_OK;
	call->key = strdup(rc ? "" : key);
	if (!call->key) {
		free(call);
		return NULL;
	}
	return call;
}

struct call *
call_batch(const struct pst_store_op *ops, size_t count)
{
	struct call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	call->kind = CALL_COMMIT;
	call->rc = pst_store_batch_copy(&call->ops, ops, count);
	call->settled = call->rc != PST_OK;
	call->op_count = call->settled ? 0 : count;
	return call;
}

/* What a row says lies in the result, keys with a NUL behind them. */
static struct pst_store_item
item_at(const PGresult *found, int row)
{
	struct pst_store_item item = {
		.key = PQgetvalue(found, row, 0),
		.value = (const uint8_t *)PQgetvalue(found, row, 1),
		.len = (size_t)PQgetlength(found, row, 1),
	};

	return item;
}

static void
list_answer(struct call *call)
{
	int rows = call->rc || !call->found ? 0 : PQntuples(call->found);
	struct pst_store_item *items = rows ? malloc((size_t)rows * sizeof *items) : NULL;

	if (rows && !items) {
		call->on_items(call->arg, -ENOMEM, NULL, 0);
		return;
	}
	for (int i = 0; i < rows; i++)
		items[i] = item_at(call->found, i);
	call->on_items(call->arg, call->rc, items, (size_t)rows);
	free(items);
}

static void
get_answer(struct call *call)
{
	struct pst_store_item item;

	if (!call->rc && (!call->found || !PQntuples(call->found)))
		call->rc = -ENOENT;
	if (!call->rc)
		item = item_at(call->found, 0);
	call->on_item(call->arg, call->rc, call->rc ? NULL : &item);
}

void
call_answer(struct call **at)
{
	struct call *call = *at;

	*at = NULL;
	switch (call->kind) {
	case CALL_GET:
		get_answer(call);
		break;
	case CALL_LIST:
		list_answer(call);
		break;
	case CALL_COMMIT:
		call->on_done(call->arg, call->rc);
		break;
	}
	call_free(call);
}
