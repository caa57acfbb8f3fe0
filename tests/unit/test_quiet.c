/* Who has been quiet longest, and how many there are of a host. */
#include <netinet/in.h>

#include "loop.h"

#include <postern/dial.h>
#include <postern/hosts.h>
#include <postern/quiet.h>

#define COUNT 100
#define LIMIT_MS 30

static struct pst_quiets quiets;
static struct pst_quiet quiet[COUNT];
static size_t order[COUNT], gone;
static bool all;

static void
over(struct pst_quiet *q)
{
	assert_true(pst_now_ms(&test.env) - q->heard_ms >= LIMIT_MS);
	order[gone++] = (size_t)(q - quiet);
	pst_quiet_leave(&quiets, q);
	all = !quiets.longest;
}

static int
setup(void **state)
{
	int rc = loop_setup(state);

	memset(quiet, 0, sizeof quiet);
	gone = 0;
	all = false;
	quiets = (struct pst_quiets){ .env = &test.env, .limit_ms = PST_QUIET_FOREVER, .over = over };
	return rc;
}

static size_t
longest(void)
{
	return (size_t)(quiets.longest - quiet);
}

static void
the_first_that_came_is_the_longest_quiet(void **state)
{
	for (size_t i = 0; i < COUNT; i++)
		pst_quiet_enter(&quiets, &quiet[i]);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(quiets.count, COUNT - i);
		assert_int_equal(longest(), i);
		pst_quiet_leave(&quiets, &quiet[i]);
		pst_quiet_leave(&quiets, &quiet[i]);
		pst_quiet_heard(&quiets, &quiet[i]); /* which it is not any more */
	}
	assert_null(quiets.longest);
	assert_null(quiets.latest);
	assert_int_equal(quiets.count, 0);
	assert_false(quiets.timer.armed);
}

static void
who_is_heard_is_the_shortest_quiet(void **state)
{
	for (size_t i = 0; i < 4; i++)
		pst_quiet_enter(&quiets, &quiet[i]);
	pst_quiet_heard(&quiets, &quiet[0]);
	pst_quiet_heard(&quiets, &quiet[2]);
	pst_quiet_heard(&quiets, &quiet[2]);
	pst_quiet_leave(&quiets, &quiet[3]);
	assert_int_equal(longest(), 1);
	pst_quiet_leave(&quiets, &quiet[1]);
	assert_int_equal(longest(), 0);
	pst_quiet_leave(&quiets, &quiet[0]);
	assert_int_equal(longest(), 2);
	pst_quiet_leave(&quiets, &quiet[2]);
}

static void
whoever_is_quiet_for_too_long_is_told_of_in_that_order(void **state)
{
	quiets.limit_ms = LIMIT_MS;
	for (size_t i = 0; i < COUNT; i++)
		pst_quiet_enter(&quiets, &quiet[i]);
	pst_quiet_heard(&quiets, &quiet[0]);
	loop_until(&all);
	assert_int_equal(gone, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(order[i], (i + 1) % COUNT);
	assert_false(quiets.timer.armed);
}

/* ---- hosts ---- */

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage sa;

	assert_int_equal(pst_sockaddr_parse(text, &sa), 0);
	return sa;
}

static int
enter(struct pst_hosts *hosts, struct pst_host **host, const char *text)
{
	struct sockaddr_storage sa = address(text);

	return pst_host_enter(host, hosts, &sa);
}

static void
each_host_has_its_own_bound(void **state)
{
	struct pst_hosts hosts = { .most = 2 };
	struct pst_host *a[3] = { 0 }, *b[3] = { 0 };

	assert_int_equal(enter(&hosts, &a[0], "192.0.2.1:1"), PST_OK);
	assert_int_equal(enter(&hosts, &a[1], "192.0.2.1:2"), PST_OK);
	assert_int_equal(enter(&hosts, &a[2], "192.0.2.1:3"), PST_E_LIMIT);
	assert_null(a[2]);
	assert_int_equal(enter(&hosts, &b[0], "192.0.2.2:1"), PST_OK);
	pst_host_leave(&hosts, &a[0]);
	pst_host_leave(&hosts, &a[0]);
	assert_int_equal(enter(&hosts, &a[2], "192.0.2.1:3"), PST_OK);
	assert_int_equal(enter(&hosts, &a[0], "192.0.2.1:3"), PST_E_LIMIT);
	pst_host_leave(&hosts, &a[1]);
	pst_host_leave(&hosts, &a[2]);
	pst_host_leave(&hosts, &b[0]);
	assert_null(hosts.tree);
}

static void
of_ipv6_a_host_is_a_64(void **state)
{
	static const char *const other[] = { "[2001:db8:0:1::1]:1", "[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1",
		"192.0.2.1:1", "32.1.13.184:1" };
	struct pst_hosts hosts = { .most = 1 };
	struct pst_host *first = NULL, *same = NULL, *host[5] = { 0 };

	assert_int_equal(enter(&hosts, &first, "[2001:db8::1]:1"), PST_OK);
	assert_int_equal(enter(&hosts, &same, "[2001:db8::ffff:2]:1"), PST_E_LIMIT);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(enter(&hosts, &host[i], other[i]), PST_OK);
	for (size_t i = 0; i < 5; i++)
		pst_host_leave(&hosts, &host[i]);
	pst_host_leave(&hosts, &first);
	assert_null(hosts.tree);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, loop_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_that_came_is_the_longest_quiet),
		TEST(who_is_heard_is_the_shortest_quiet),
		TEST(whoever_is_quiet_for_too_long_is_told_of_in_that_order),
		cmocka_unit_test(each_host_has_its_own_bound),
		cmocka_unit_test(of_ipv6_a_host_is_a_64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
