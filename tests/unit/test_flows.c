/* portal/udp's table of flows. */
#include "loop.h"

#include "flows.h"

#define COUNT 5000
#define IDLE_MS 50

static struct flows flows;
static struct flow_entry entries[COUNT];
static size_t idle_order[COUNT], idled;
static bool done;

static void
goes_idle(struct flow_entry *entry)
{
	assert_true(pst_now_ms(&test.env) >= entry->used_ms + flows.idle_ms);
	idle_order[idled++] = (size_t)(entry - entries);
	flows_leave(&flows, entry);
	done = true;
}

static int
setup(void **state)
{
	int rc = loop_setup(state);

	memset(entries, 0, sizeof entries);
	idled = 0;
	done = false;
	flows_init(&flows, &test.env, 3600000, goes_idle);
	return rc;
}

static int
teardown(void **state)
{
	flows_fini(&flows);
	return loop_teardown(state);
}

static union flow_key
key_of(uint64_t n)
{
	union flow_key key;

	memset(&key, 0, sizeof key);
	key.pair.far = n / 7;
	key.pair.number = n;
	return key;
}

static void
enter(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		entries[i].key = key_of(i);
		flows_enter(&flows, &entries[i]);
	}
}

/* ---- tests ---- */

static void
each_is_found_by_its_key_until_it_leaves(void **state)
{
	enter(0, COUNT);
	assert_int_equal(flows.count, COUNT);
	for (size_t i = 0; i < COUNT; i += 2)
		flows_leave(&flows, &entries[i]);
	assert_int_equal(flows.count, COUNT / 2);
	for (size_t i = 0; i < COUNT + 10; i++) {
		union flow_key key = key_of(i);
		struct flow_entry *want = i < COUNT && i % 2 ? &entries[i] : NULL;

		assert_ptr_equal(flows_find(&flows, &key), want);
	}
}

static void
all_of_the_key_counts(void **state)
{
	union flow_key key;

	memset(&key, 0, sizeof key);
	key.in6.sin6_family = AF_INET6;
	key.in6.sin6_port = 53;
	entries[0].key = key;
	key.in6.sin6_scope_id = 2; /* the same address behind another interface */
	entries[1].key = key;
	flows_enter(&flows, &entries[0]);
	flows_enter(&flows, &entries[1]);
	assert_ptr_equal(flows_find(&flows, &key), &entries[1]);
	key.in6.sin6_scope_id = 3;
	assert_null(flows_find(&flows, &key));
}

static void
the_oldest_is_the_one_that_was_not_used(void **state)
{
	enter(0, 4);
	assert_ptr_equal(flows.oldest, &entries[0]);
	flows_use(&flows, &entries[0]);
	assert_ptr_equal(flows.oldest, &entries[1]);
	assert_ptr_equal(flows.newest, &entries[0]);
	flows_leave(&flows, &entries[1]);
	flows_use(&flows, &entries[0]);
	flows_use(&flows, &entries[3]);
	assert_ptr_equal(flows.oldest, &entries[2]);
	flows_leave(&flows, &entries[2]);
	flows_leave(&flows, &entries[0]);
	assert_ptr_equal(flows.oldest, &entries[3]);
	assert_ptr_equal(flows.newest, &entries[3]);
	flows_leave(&flows, &entries[3]);
	assert_null(flows.oldest);
	assert_null(flows.newest);
}

static void
idle_ones_are_told_of_in_the_order_of_their_use(void **state)
{
	enter(0, 10);
	flows_use(&flows, &entries[0]);
	flows_use(&flows, &entries[4]);
	flows_idle(&flows, IDLE_MS);
	while (idled < 10) {
		done = false;
		loop_until(&done);
	}
	for (size_t i = 0; i < 10; i++) {
		static const size_t want[10] = { 1, 2, 3, 5, 6, 7, 8, 9, 0, 4 };

		assert_int_equal(idle_order[i], want[i]);
	}
}

static void
what_is_used_is_not_idle(void **state)
{
	enter(0, 2);
	for (size_t i = 0; i < 2; i++)
		entries[i].used_ms -= flows.idle_ms; /* as if it were so long ago */
	flows_use(&flows, &entries[0]);
	flows_idle(&flows, flows.idle_ms);
	loop_settle();
	assert_int_equal(idled, 1);
	assert_int_equal(idle_order[0], 1);
	assert_int_equal(flows.count, 1);
}

#define FLOWS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FLOWS_TEST(each_is_found_by_its_key_until_it_leaves),
		FLOWS_TEST(all_of_the_key_counts),
		FLOWS_TEST(the_oldest_is_the_one_that_was_not_used),
		FLOWS_TEST(idle_ones_are_told_of_in_the_order_of_their_use),
		FLOWS_TEST(what_is_used_is_not_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
