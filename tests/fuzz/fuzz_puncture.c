/*
 * What is said to get through NATs: rendezvous, negotiation and puncture
 * messages. What is taken is written anew and read the same.
 * Covers: modules/transport/shared/puncture/puncture_wire.c
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>

#include "puncture_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct pst_pool *pool;
static struct pst_account *account;

static void
check(bool right)
{
	if (!right)
		abort();
}

static struct pst_buf
buf_of(const uint8_t *data, size_t len)
{
	struct pst_buf buf;

	check(!pst_buf_new(&buf, pool, account, 0, len, 0));
	if (len)
		memcpy(pst_buf_put(&buf, len), data, len);
	return buf;
}

static void
check_address(const struct sockaddr_storage *address)
{
	check(address->ss_family == AF_INET || address->ss_family == AF_INET6);
	check(((const struct sockaddr_in *)address)->sin_port);
}

static void
check_rendezvous(const struct pst_buf *payload)
{
	struct sockaddr_storage address, address_again;
	enum rendezvous_type type, again;
	uint8_t out[RENDEZVOUS_MAX];
	struct pst_buf said;

	if (!rendezvous_read_request(&type, payload)) {
		said = buf_of(out, rendezvous_request(out, type));
		check(!rendezvous_read_request(&again, &said) && again == type);
		pst_buf_free(&said);
	}
	if (rendezvous_read_answer(&type, &address, payload))
		return;
	said = buf_of(out, rendezvous_answer(out, type, &address));
	check(!rendezvous_read_answer(&again, &address_again, &said) && again == type);
	if (type == RENDEZVOUS_ADDRESS) {
		check_address(&address);
		check(pst_sockaddr_equal(&address, &address_again));
	}
	pst_buf_free(&said);
}

static void
check_negotiation(const struct pst_buf *payload)
{
	struct negotiation n, again;
	uint8_t out[NEGOTIATION_MAX];
	struct pst_buf said;

	if (negotiation_read(&n, payload))
		return;
	check_address(&n.address);
	said = buf_of(out, negotiation_write(out, &n));
	check(!negotiation_read(&again, &said));
	check(pst_sockaddr_equal(&n.address, &again.address));
	check(again.name_len == n.name_len && !memcmp(again.name, n.name, n.name_len));
	pst_buf_free(&said);
}

static bool
same_route(const struct pst_route_buf *a, const struct pst_route_buf *b)
{
	return a->hops == b->hops && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* Opens the message, and leaves what a Payload holds. */
static int
message_open(struct pst_buf *message, enum puncture_type *type, struct pst_route_buf *onward,
    struct pst_route_buf *back)
{
	pst_route_buf_init(onward);
	pst_route_buf_init(back);
	return puncture_open(type, message, onward, back);
}

static void
check_puncture(struct pst_buf *message)
{
	struct pst_route_buf onward, back, onward_again, back_again;
	struct pst_route to, from;
	enum puncture_type type, again;
	uint8_t *start = message->start, *end = message->end, out[PUNCTURE_SHORT];
	struct pst_buf said;

	if (message_open(message, &type, &onward, &back))
		return;
	check(message->start >= start && message->end >= message->start && message->end <= end);
	to = pst_route_buf_view(&onward);
	from = pst_route_buf_view(&back);
	if (type == PUNCTURE_PAYLOAD) {
		check(!puncture_wrap(&said, pool, account, &to, &from, message));
	} else {
		puncture_short(out, type);
		said = buf_of(out, sizeof out);
	}
	check(!message_open(&said, &again, &onward_again, &back_again) && again == type);
	check(same_route(&onward, &onward_again) && same_route(&back, &back_again));
	if (type == PUNCTURE_PAYLOAD)
		check(pst_buf_len(&said) == pst_buf_len(message) &&
		    !memcmp(said.start, message->start, pst_buf_len(message)));
	pst_buf_free(&said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_buf message;

	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	message = buf_of(data, len);
	check_rendezvous(&message);
	check_negotiation(&message);
	check_puncture(&message);
	pst_buf_free(&message);
	check(!pst_account_used(account));
	pst_account_close(&account);
	pst_pool_free(&pool);
	return 0;
}
