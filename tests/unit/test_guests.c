/* portal/udp's table of whose the flows are. */
#include "loop.h"

#include "guests.h"

#define PLACES 12

static struct guests guests;
static struct guest_entry entries[PLACES + 1];
static struct pst_identifier who[3];

static int
setup(void **state)
{
	int rc = loop_setup(state);

	guests = (struct guests){ .env = &test.env };
	memset(entries, 0, sizeof entries);
	for (uint8_t i = 0; i < 3; i++)
		who[i].bytes[31] = (uint8_t)(i + 1);
	return rc;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i <= PLACES; i++) {
		guests_leave(&guests, &entries[i]);
		guests_leave(&guests, &entries[i]);
	}
	assert_int_equal(guests.count, 0);
	assert_null(guests.tree);
	return loop_teardown(state);
}

static void
enter(size_t from, size_t to, const struct pst_identifier *of)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(guests_enter(&guests, &entries[i], of), PST_OK);
}

static void
who_is_alone_has_all(void **state)
{
	enter(0, PLACES - 1, &who[0]);
	assert_null(guests_own(&guests, &who[0], PLACES));
	enter(PLACES - 1, PLACES, &who[0]);
	assert_ptr_equal(guests_own(&guests, &who[0], PLACES), &entries[0]);
	assert_null(guests_own(&guests, &who[1], PLACES));
}

/* So one who has many takes nothing from one who has few. */
static void
who_has_his_share_gives_one_of_his_own(void **state)
{
	enter(0, 9, &who[0]);
	enter(9, 11, &who[1]);
	enter(11, PLACES, NULL); /* nobody known is a guest, too */
	assert_int_equal(guests.count, 3);
	assert_ptr_equal(guests_own(&guests, &who[0], PLACES), &entries[0]);
	assert_null(guests_own(&guests, &who[1], PLACES));
	assert_null(guests_own(&guests, NULL, PLACES));
	guests_leave(&guests, &entries[11]);
	assert_int_equal(guests.count, 2);
	enter(11, PLACES, &who[1]);
	guests_leave(&guests, &entries[0]);
	guests_leave(&guests, &entries[1]);
	enter(0, 1, &who[1]);
	enter(1, 2, &who[1]);
	enter(PLACES, PLACES + 1, &who[1]);
	assert_ptr_equal(guests_own(&guests, &who[1], PLACES), &entries[9]);
}

static void
the_one_that_was_quiet_longest_goes(void **state)
{
	enter(0, PLACES, &who[2]);
	for (size_t i = 0; i < 5; i++)
		guests_use(&entries[i]);
	guests_use(&entries[PLACES]); /* of nobody */
	assert_ptr_equal(guests_own(&guests, &who[2], PLACES), &entries[5]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_is_alone_has_all),
		TEST(who_has_his_share_gives_one_of_his_own),
		TEST(the_one_that_was_quiet_longest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
