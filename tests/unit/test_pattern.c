/* Patterns of paths, what is percent-encoded, and which two are for the same requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pattern.h"
#include "plan.h"

static void
a_path_matches_itself_alone(void **state)
{
	assert_true(pattern_matches("/a/b", "/a/b"));
	assert_true(pattern_matches("/", "/"));
	assert_false(pattern_matches("/a/b", "/a"));
	assert_false(pattern_matches("/a", "/a/b"));
	assert_false(pattern_matches("/a", "/a/"));
	assert_false(pattern_matches("/a", "/A"));
	assert_true(pattern_is_path("/a:b/c*"));
}

static void
a_name_is_one_element_and_not_empty(void **state)
{
	assert_true(pattern_matches("/user/:id/posts", "/user/42/posts"));
	assert_false(pattern_matches("/user/:id/posts", "/user//posts"));
	assert_false(pattern_matches("/user/:id", "/user/4/2"));
	assert_false(pattern_matches("/user/:id", "/user"));
}

static void
the_rest_begins_at_its_slash(void **state)
{
	assert_true(pattern_matches("/files/*name", "/files/a/b"));
	assert_true(pattern_matches("/files/*name", "/files/"));
	assert_false(pattern_matches("/files/*name", "/files"));
	assert_true(pattern_matches("/*any", "/"));
}

static void
elements_are_compared_decoded(void **state)
{
	assert_true(pattern_matches("/a b", "/a%20b") && pattern_matches("/ab", "/%61b"));
	assert_false(pattern_matches("/a/b", "/a%2Fb"));
	assert_true(pattern_matches("/:one", "/a%2Fb"));
}

static void
params_are(const char *pattern, const char *path, const char *name, const char *value)
{
	struct pst_map params = { 0 };

	assert_int_equal(pattern_params(pattern, path, &params), 0);
	assert_non_null(pst_map_get(&params, name));
	assert_string_equal((const char *)pst_map_get(&params, name)->value, value);
	pst_map_fini(&params);
}

static void
parameters_are_decoded(void **state)
{
	params_are("/user/:id/x", "/user/4%32/x", "id", "42");
	params_are("/:a/:b", "/x%2Fy/z", "a", "x/y");
	params_are("/:a/:b", "/x%2Fy/z", "b", "z");
	params_are("/files/*name", "/files/a/%62", "name", "/a/b");
	params_are("/*any", "/", "any", "/");
}

static void
what_is_no_pattern_is_refused(void **state)
{
	static const char *const bad[] = { "", "a", "/a b", "/a?b", "/a#b", "/:", "/*", "/*a/b", "/a\x7f" };
	struct pst_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err = (struct pst_err)PST_ERR_INIT;
		assert_int_equal(pattern_check(bad[i], &err), PST_E_CONF);
		assert_true(*err.text);
	}
	assert_int_equal(pattern_check("/a/:b/*c", &err), 0);
}

static void
patterns_conflict_where_a_path_could_match_both(void **state)
{
	assert_true(patterns_conflict("/a/:x", "/a/:y"));
	assert_true(patterns_conflict("/a/:x/c", "/:a/b/c"));
	assert_true(patterns_conflict("/*a", "/b/:c"));
	assert_true(patterns_conflict("/a/b", "/a/b"));
	assert_false(patterns_conflict("/a/:x", "/b/:x"));
	assert_false(patterns_conflict("/a/:x", "/a/:x/c"));
	assert_false(patterns_conflict("/a/:x", "/a/b"));
	assert_false(patterns_conflict("/a/*x", "/b/:y/z"));
}

static void
handlers_conflict_by_method_too(void **state)
{
	struct plan plan = { 0 };
	struct plan_handler *get = plan_handler_add(&plan, PLAN_REQUEST, "GET", "/a/:x");
	struct plan_handler *post = plan_handler_add(&plan, PLAN_REQUEST, "POST", "/a/:y");
	struct plan_handler *any = plan_handler_add(&plan, PLAN_REQUEST, "*", "/a/:z");
	struct plan_handler *path = plan_handler_add(&plan, PLAN_REQUEST, "*", "/a/b");

	assert_null(plan_conflict(&plan, get));
	assert_null(plan_conflict(&plan, post));
	assert_ptr_equal(plan_conflict(&plan, any), get);
	assert_null(plan_conflict(&plan, path));
	plan_fini(&plan);
	assert_null(plan.handlers);
}

static void
a_function_is_in_a_plan_once(void **state)
{
	struct plan plan = { 0 };
	struct plan_fn *fn = plan_fn(&plan, "a", "worker");

	assert_ptr_equal(plan_fn(&plan, "a", "another"), fn);
	assert_string_equal(fn->worker, "worker");
	assert_ptr_not_equal(plan_fn(&plan, "b", "worker"), fn);
	plan_fini(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_matches_itself_alone),
		cmocka_unit_test(a_name_is_one_element_and_not_empty),
		cmocka_unit_test(the_rest_begins_at_its_slash),
		cmocka_unit_test(elements_are_compared_decoded),
		cmocka_unit_test(parameters_are_decoded),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(patterns_conflict_where_a_path_could_match_both),
		cmocka_unit_test(handlers_conflict_by_method_too),
		cmocka_unit_test(a_function_is_in_a_plan_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
