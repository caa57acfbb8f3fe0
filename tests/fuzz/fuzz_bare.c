/*
 * A message in BARE, as WebSockets carry it: what is taken reads back the same when written anew.
 * Covers: core/route/bare.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/route.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct message {
	struct pst_buf payload;
	struct pst_route_buf onward, back;
};

static int
message_open(struct message *m)
{
	pst_route_buf_init(&m->onward);
	pst_route_buf_init(&m->back);
	return pst_bare_open(&m->payload, &m->onward, &m->back);
}

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_same(const struct pst_route_buf *a, const struct pst_route_buf *b)
{
	check(a->hops == b->hops && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *at = (uint8_t *)data; /* opening only reads */
	struct message m = { .payload = { NULL, at, at + len, at + len } }, again;
	struct pst_pool *pool;
	struct pst_account *account;
	struct pst_route onward, back;

	if (message_open(&m))
		return 0;
	check(m.payload.start >= data && m.payload.end <= data + len);
	onward = pst_route_buf_view(&m.onward);
	back = pst_route_buf_view(&m.back);
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	len = pst_buf_len(&m.payload);
	check(!pst_buf_new(&again.payload, pool, account, 0, len, 0));
	memcpy(pst_buf_put(&again.payload, len), m.payload.start, len);
	check(!pst_bare_push(&again.payload, &onward, &back) && !message_open(&again));
	check(pst_buf_len(&again.payload) == len && !memcmp(again.payload.start, m.payload.start, len));
	check_same(&again.onward, &m.onward);
	check_same(&again.back, &m.back);
	pst_buf_free(&again.payload);
	pst_account_close(&account);
	pst_pool_free(&pool);
	return 0;
}
