/* An env on a loop of its own, for tests of what lives on one. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"

struct test_loop {
	uv_loop_t loop;
	struct pst_env env;
};

extern struct test_loop test;

/* A cmocka set-up and tear-down; the latter asserts that nothing is left. */
int loop_setup(void **state);
int loop_teardown(void **state);
/* Run the loop until *flag; fails the test after 10 s. */
void loop_until(const bool *flag);
/* Run the loop until nothing is ready any more, waiting for nothing. */
void loop_settle(void);

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, loop_setup, loop_teardown)

#endif
