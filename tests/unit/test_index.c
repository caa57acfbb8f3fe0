#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "conf/index.h"

#define THINGS 5000

static char names[THINGS][16];
static int things[2 * THINGS]; /* each name is that of two: i, and i + THINGS */

static bool
is_second(const void *value)
{
	return (const int *)value >= things + THINGS;
}

static void
add(struct pst_index *index, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(pst_index_add(index, i % 2 ? "inlet" : "outlet", names[i % THINGS], &things[i]), PST_OK);
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < THINGS; i++)
		snprintf(names[i], sizeof names[i], "n%zu", i);
	return 0;
}

static void
finds_each_by_kind_and_name(void **state)
{
	struct pst_index index = { 0 };

	(void)state;
	assert_null(pst_index_find(&index, "inlet", "n1", NULL));
	add(&index, 0, THINGS);
	for (size_t i = 0; i < THINGS; i++) {
		assert_ptr_equal(pst_index_find(&index, i % 2 ? "inlet" : "outlet", names[i], NULL), &things[i]);
		assert_null(pst_index_find(&index, i % 2 ? "outlet" : "inlet", names[i], NULL));
	}
	assert_null(pst_index_find(&index, "inlet", "n", NULL));
	pst_index_fini(&index);
}

/* Half of the first come before, and half after the index has grown. */
static void
of_one_name_the_first_that_fits_is_found(void **state)
{
	struct pst_index index = { 0 };

	(void)state;
	add(&index, 0, THINGS);
	add(&index, THINGS, 2 * THINGS);
	for (size_t i = 0; i < THINGS; i++) {
		const char *kind = i % 2 ? "inlet" : "outlet";

		assert_ptr_equal(pst_index_find(&index, kind, names[i], NULL), &things[i]);
		assert_ptr_equal(pst_index_find(&index, kind, names[i], is_second), &things[i + THINGS]);
	}
	pst_index_fini(&index);
}

static void
is_filled_again_after_it_was_cleared(void **state)
{
	struct pst_index index = { 0 };
	size_t slots;

	(void)state;
	add(&index, 0, THINGS);
	slots = index.slots;
	pst_index_clear(&index);
	assert_null(pst_index_find(&index, "outlet", "n0", NULL));
	add(&index, 0, THINGS);
	assert_int_equal(index.slots, slots);
	assert_int_equal(index.count, THINGS);
	pst_index_fini(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_by_kind_and_name),
		cmocka_unit_test(of_one_name_the_first_that_fits_is_found),
		cmocka_unit_test(is_filled_again_after_it_was_cleared),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
