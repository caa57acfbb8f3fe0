#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/dial.h>

#include "peers.h"

static struct peers peers;

static int
fresh(void **state)
{
	peers = (struct peers){ .most = 100, .store.limit = 1024 * 1024 };
	return 0;
}

static int
gone(void **state)
{
	peers_fini(&peers);
	return peers.tree || peers.latest || peers.count || peers.store.used;
}

/* What becomes of a part from there at that time; *len: of the message that it completes. */
static int
take(const char *from, uint64_t now_ms, uint16_t number, uint16_t offset, uint16_t total,
    size_t *len)
{
	const struct datagram d = { number, offset, total, 1, (const uint8_t *)"a" };
	struct sockaddr_storage address;
	struct assembled out;
	int rc;

	assert_int_equal(pst_sockaddr_parse(from, &address), PST_OK);
	rc = peers_take(&peers, &address, now_ms, &d, &out);
	*len = out.len;
	assembled_end(&out, &peers.store, NULL);
	return rc;
}

static void
peers_are_told_apart_by_address_and_port(void **state)
{
	static const char *const all[] = { "192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1",
		"[2001:db8::1]:1", "[2001:db8::1]:2", "[2001:db8::2]:1", "[fe80::1]:1" };
	enum { N = sizeof all / sizeof *all };
	size_t len;

	for (size_t i = 0; i < N; i++) {
		assert_int_equal(take(all[i], 0, 1, 0, 2, &len), PST_OK);
		assert_int_equal(len, 0);
	}
	assert_int_equal(peers.count, N);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(take(all[i], 0, 1, 1, 2, &len), PST_OK);
		assert_int_equal(len, 2);
	}
	assert_int_equal(peers.count, N);
	assert_int_equal(peers.store.used, 0);
}

static void
one_interface_s_neighbour_is_not_another_s(void **state)
{
	const struct datagram d = { 1, 0, 2, 1, (const uint8_t *)"a" };
	struct sockaddr_storage address;
	struct assembled out;

	assert_int_equal(pst_sockaddr_parse("[fe80::1]:1", &address), PST_OK);
	for (uint32_t i = 1; i < 4; i++) {
		((struct sockaddr_in6 *)&address)->sin6_scope_id = i;
		assert_int_equal(peers_take(&peers, &address, 0, &d, &out), PST_OK);
	}
	assert_int_equal(peers.count, 3);
}

static void
who_was_silent_longest_makes_way_for_a_new_one(void **state)
{
	size_t len;

	peers.most = 2;
	assert_int_equal(take("192.0.2.1:1", 0, 1, 0, 2, &len), PST_OK);
	assert_int_equal(take("192.0.2.2:1", 0, 1, 0, 3, &len), PST_OK);
	assert_int_equal(take("192.0.2.1:1", 0, 2, 0, 2, &len), PST_OK);
	assert_int_equal(take("192.0.2.3:1", 0, 1, 0, 2, &len), PST_OK); /* 192.0.2.2 is forgotten */
	assert_int_equal(peers.count, 2);
	assert_int_equal(take("192.0.2.1:1", 0, 1, 1, 2, &len), PST_OK);
	assert_int_equal(len, 2);
	assert_int_equal(take("192.0.2.2:1", 0, 1, 1, 3, &len), PST_OK);
	assert_int_equal(take("192.0.2.2:1", 0, 1, 2, 3, &len), PST_OK);
	assert_int_equal(len, 0); /* its first part had been dropped */
}

static void
bytes_are_bounded_over_all_peers_and_the_active_one_goes_on(void **state)
{
	char from[PST_ADDRESS_TEXT];
	size_t len;

	peers.most = 1000;
	peers.store.limit = 30 * partial_cost(1);
	assert_int_equal(take("192.0.2.1:1", 0, 1, 0, 50, &len), PST_OK);
	for (uint16_t i = 1; i < 20; i++) { /* others leave a part each, from forged addresses */
		for (unsigned j = 0; j < 5; j++) {
			snprintf(from, sizeof from, "198.51.100.%u:%u", i, 1000 + j);
			assert_int_equal(take(from, 0, 1, 0, 2, &len), PST_OK);
			assert_true(peers.store.used <= peers.store.limit);
		}
		assert_int_equal(take("192.0.2.1:1", 0, 2, i, 20, &len), PST_OK);
		assert_true(peers.store.used <= peers.store.limit);
	}
	assert_int_equal(take("192.0.2.1:1", 0, 2, 0, 20, &len), PST_OK);
	assert_int_equal(len, 20);
}

static void
a_peer_that_was_quiet_may_begin_with_any_number(void **state)
{
	size_t len;

	assert_int_equal(take("192.0.2.1:1", 1000, 500, 0, 1, &len), PST_OK);
	assert_int_equal(take("192.0.2.1:1", 999 + PEERS_QUIET_MS, 495, 0, 1, &len), -ESTALE);
	/* what is late is no sign of life: it would keep itself from being heard */
	assert_int_equal(take("192.0.2.1:1", 1000 + PEERS_QUIET_MS, 495, 0, 1, &len), PST_OK);
	assert_int_equal(len, 1);
	assert_int_equal(take("192.0.2.1:1", 1001 + PEERS_QUIET_MS, 494, 0, 1, &len), -ESTALE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(peers_are_told_apart_by_address_and_port),
		TEST(one_interface_s_neighbour_is_not_another_s),
		TEST(who_was_silent_longest_makes_way_for_a_new_one),
		TEST(bytes_are_bounded_over_all_peers_and_the_active_one_goes_on),
		TEST(a_peer_that_was_quiet_may_begin_with_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
