/* What a stranger is told beyond what he has said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allowance.h"

static struct allowance allowance;

static int
fresh(void **state)
{
	memset(&allowance, 0, sizeof allowance); /* the key, too: who shares a place is the same in every run */
	return 0;
}

static bool
take(const char *to, uint64_t now_ms, size_t bytes)
{
	struct sockaddr_storage sa;

	assert_int_equal(pst_sockaddr_parse(to, &sa), 0);
	return allowance_take(&allowance, &sa, now_ms, bytes);
}

static void
a_host_has_so_much_at_once_from_all_its_ports(void **state)
{
	assert_true(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES - 1));
	assert_false(take("192.0.2.1:2", 1000, 2));
	assert_true(take("192.0.2.1:3", 1000, 1));
	assert_false(take("192.0.2.1:1", 1000, 1));
	assert_true(take("192.0.2.2:1", 1000, ALLOWANCE_BYTES));
	assert_false(take("192.0.2.3:1", 1000, ALLOWANCE_BYTES + 1));
	assert_true(take("[2001:db8::1]:1", 1000, ALLOWANCE_BYTES));
	assert_false(take("[2001:db8::2]:1", 1000, 1));
}

static void
it_comes_back_by_the_second(void **state)
{
	assert_true(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES));
	assert_false(take("192.0.2.1:1", 2000, ALLOWANCE_PER_S + 1));
	assert_true(take("192.0.2.1:1", 2000, ALLOWANCE_PER_S));
	assert_false(take("192.0.2.1:1", 2000, 1));
	assert_true(take("192.0.2.1:1", 1000000, ALLOWANCE_BYTES));
	assert_false(take("192.0.2.1:1", 1000000, 1));
}

static void
what_is_refused_takes_nothing(void **state)
{
	for (int i = 0; i < 10; i++)
		assert_false(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES + 1));
	assert_true(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES));
	for (uint64_t ms = 1000; ms < 1100; ms++) /* nor does it put off what comes back */
		(void)take("192.0.2.1:1", ms, ALLOWANCE_BYTES);
	assert_true(take("192.0.2.1:1", 2000, ALLOWANCE_PER_S));
}

static void
what_is_given_back_can_be_lent_again(void **state)
{
	struct sockaddr_storage sa;

	assert_int_equal(pst_sockaddr_parse("192.0.2.1:9", &sa), 0);
	assert_true(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES));
	allowance_return(&allowance, &sa, 100);
	assert_false(take("192.0.2.1:1", 1000, 101));
	assert_true(take("192.0.2.1:1", 1000, 100));
	allowance_return(&allowance, &sa, ALLOWANCE_BYTES + 1); /* some has come back by itself meanwhile */
	assert_false(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES + 1));
	assert_true(take("192.0.2.1:1", 1000, ALLOWANCE_BYTES));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
		TEST(a_host_has_so_much_at_once_from_all_its_ports),
		TEST(it_comes_back_by_the_second),
		TEST(what_is_refused_takes_nothing),
		TEST(what_is_given_back_can_be_lent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
