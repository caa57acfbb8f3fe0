/*
 * What a record holds: a payload that is taken reads back the same when written anew.
 * Covers: modules/channel/noise/plaintext.c
 */
#include <stdlib.h>
#include <string.h>

#include "plaintext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct plain {
	struct pst_buf buf;
	struct pst_route_buf onward, back;
	uint64_t kind;
};

static int
plain_open(struct plain *p)
{
	pst_route_buf_init(&p->onward);
	pst_route_buf_init(&p->back);
	return plaintext_open(&p->buf, &p->kind, &p->onward, &p->back);
}

static void
check(bool right)
{
	if (!right)
		abort();
}

/* Our goodbye is one, whatever bytes lie behind it. */
static void
check_goodbye(const uint8_t *data, size_t len)
{
	uint8_t bytes[PLAINTEXT_TAIL + 16];
	size_t n = plaintext_close(bytes), more = len < 16 ? len : 16;
	struct plain p = { .buf = { NULL, bytes, bytes + n + more, bytes + n + more } };

	check(n <= PLAINTEXT_TAIL);
	memcpy(bytes + n, data, more);
	check(!plain_open(&p) && p.kind == PLAINTEXT_CLOSE);
}

/* What a refresh carries comes out of a new one the same. */
static void
check_refresh(const struct pst_buf *content)
{
	size_t len = pst_buf_len(content);
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	struct plain again;

	check(!pst_buf_new(&again.buf, pool, account, 0, len, 0));
	memcpy(pst_buf_put(&again.buf, len), content->start, len);
	check(!plaintext_refresh(&again.buf, 8) && pst_buf_headroom(&again.buf) >= 8 &&
	    pst_buf_tailroom(&again.buf) >= PST_TAG_LEN);
	check(!plain_open(&again) && again.kind == PLAINTEXT_REFRESH && !again.onward.hops);
	check(pst_buf_len(&again.buf) == len && !memcmp(again.buf.start, content->start, len));
	pst_buf_free(&again.buf);
	pst_account_close(&account);
	pst_pool_free(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *at = (uint8_t *)data; /* opening only reads */
	struct plain p = { .buf = { NULL, at, at + len, at + len } }, again;
	struct pst_pool *pool;
	struct pst_account *account;
	struct pst_route onward, back;

	check_goodbye(data, len);
	if (plain_open(&p))
		return 0;
	if (p.kind == PLAINTEXT_REFRESH) {
		check(p.buf.start > data && p.buf.end <= data + len && !p.onward.hops && !p.back.hops);
		check_refresh(&p.buf);
		return 0;
	}
	if (p.kind != PLAINTEXT_PAYLOAD) {
		check(p.buf.start == data && p.buf.end == data + len && !p.onward.hops && !p.back.hops);
		return 0;
	}
	check(p.buf.start >= data && p.buf.end <= data + len);
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	onward = pst_route_buf_view(&p.onward);
	back = pst_route_buf_view(&p.back);
	len = pst_buf_len(&p.buf);
	check(!pst_buf_new(&again.buf, pool, account, 0, len, 0));
	memcpy(pst_buf_put(&again.buf, len), p.buf.start, len);
	check(!plaintext_push(&again.buf, &onward, &back, 8) && pst_buf_headroom(&again.buf) >= 8 &&
	    pst_buf_tailroom(&again.buf) >= PST_TAG_LEN);
	check(!plain_open(&again) && again.kind == PLAINTEXT_PAYLOAD);
	check(pst_buf_len(&again.buf) == len && !memcmp(again.buf.start, p.buf.start, len));
	check(again.onward.len == p.onward.len && !memcmp(again.onward.bytes, p.onward.bytes, p.onward.len));
	check(again.back.len == p.back.len && !memcmp(again.back.bytes, p.back.bytes, p.back.len));
	pst_buf_free(&again.buf);
	pst_account_close(&account);
	pst_pool_free(&pool);
	return 0;
}
