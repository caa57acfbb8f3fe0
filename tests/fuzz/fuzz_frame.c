/*
 * The body of a frame: what is taken reads back the same when written anew.
 * Covers: core/route/route.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/route.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct frame {
	struct pst_buf payload;
	struct pst_route_buf onward, back;
};

static int
frame_open(struct frame *f)
{
	pst_route_buf_init(&f->onward);
	pst_route_buf_init(&f->back);
	return pst_frame_open(&f->payload, &f->onward, &f->back);
}

static void
check(bool right)
{
	if (!right)
		abort();
}

/* Copied and put behind each other routes stay what they are. */
static void
check_copies(const struct pst_route *route)
{
	struct pst_route *copy = pst_route_copy(route);
	struct pst_route_buf twice;

	check(copy && copy->len == route->len && copy->hops == route->hops);
	check(!route->len || !memcmp(copy->data, route->data, route->len));
	pst_route_buf_init(&twice);
	check(!pst_route_add_route(&twice, route));
	if (2 * route->len > sizeof twice.bytes)
		check(pst_route_add_route(&twice, copy) == PST_E_LIMIT && twice.len == route->len);
	else
		check(!pst_route_add_route(&twice, copy) && twice.len == 2 * route->len &&
		    twice.hops == 2 * route->hops);
	free(copy);
}

/* The parts of a route are the route. */
static void
check_route(const struct pst_route_buf *rb)
{
	struct pst_route route = pst_route_buf_view(rb), rest = route;
	struct pst_route last = pst_route_last(&route), front = pst_route_without_last(&route);
	struct pst_address address;
	uint8_t again[PST_ADDRESS_MAX];
	char text[128];

	check(front.len + last.len == route.len && front.hops + last.hops == route.hops);
	while (pst_route_first(&rest, &address)) {
		size_t n = pst_address_encode(again, sizeof again, address.type, address.value, address.len);

		check(n && n == pst_route_first_len(&rest) && !memcmp(again, rest.data, n));
		rest = pst_route_rest(&rest);
	}
	check(!rest.len && !rest.hops && !pst_route_rest(&rest).hops);
	check(strlen(pst_route_format(&route, text, sizeof text)) < sizeof text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *at = (uint8_t *)data; /* opening only reads */
	struct frame f = { .payload = { NULL, at, at + len, at + len } }, again;
	struct pst_pool *pool;
	struct pst_account *account;
	struct pst_route onward, back;

	if (frame_open(&f))
		return 0;
	check(f.payload.start >= data && f.payload.end <= data + len);
	onward = pst_route_buf_view(&f.onward);
	back = pst_route_buf_view(&f.back);
	check_copies(&onward);
	check_copies(&back);
	check_route(&f.onward);
	check_route(&f.back);

	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	len = pst_buf_len(&f.payload);
	check(!pst_buf_new(&again.payload, pool, account, 0, len, 0));
	memcpy(pst_buf_put(&again.payload, len), f.payload.start, len);
	check(!pst_frame_push(&again.payload, &onward, &back) && !frame_open(&again));
	check(pst_buf_len(&again.payload) == len && !memcmp(again.payload.start, f.payload.start, len));
	check(again.onward.len == f.onward.len && !memcmp(again.onward.bytes, f.onward.bytes, f.onward.len));
	check(again.back.len == f.back.len && !memcmp(again.back.bytes, f.back.bytes, f.back.len));
	pst_buf_free(&again.payload);
	pst_account_close(&account);
	pst_pool_free(&pool);
	return 0;
}
