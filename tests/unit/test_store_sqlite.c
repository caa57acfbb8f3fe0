/* What only this store does; the rest is tests/conform's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <postern/store.h>

#include "fake_section.h"

extern const struct pst_module store_sqlite_LTX_pst_module;
#define OPS ((const struct pst_store_ops *)store_sqlite_LTX_pst_module.ops)

struct conf {
	const char *path;
};

static int
store_open(struct fake_section *store, struct fake_node *node, const char *name,
    struct conf *conf)
{
	return fake_open(store, node, store_sqlite_LTX_pst_module.sections, OPS, name, conf);
}

static void
the_file_is_its_users_only(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	char path[PATH_MAX + 16];
	struct stat st;

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	snprintf(path, sizeof path, "%s/state.db", node.state_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fake_close(&store);
	fake_node_fini(&node);
}

static void
foreign_and_newer_files_are_refused_and_left_alone(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	char path[PATH_MAX + 16];
	struct conf conf = { path };
	sqlite3 *sql;
	FILE *f;

	fake_node_init(&node);
	snprintf(path, sizeof path, "%s/x.db", node.state_dir);
	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, "CREATE TABLE mine(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	assert_int_equal(store_open(&store, &node, "s", &conf), -EBADMSG);
	assert_non_null(strstr(store.sentence, "some other program"));
	fake_close(&store);

	snprintf(path, sizeof path, "%s/y.db", node.state_dir);
	assert_int_equal(store_open(&store, &node, "s", &conf), PST_OK);
	fake_close(&store);
	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	assert_int_equal(store_open(&store, &node, "s", &conf), -EBADMSG);
	assert_non_null(strstr(store.sentence, "schema 999"));
	fake_close(&store);

	snprintf(path, sizeof path, "%s/z.db", node.state_dir);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	assert_int_equal(store_open(&store, &node, "s", &conf), -EBADMSG);
	assert_non_null(strstr(store.sentence, "not a database"));
	fake_close(&store);

	snprintf(path, sizeof path, "%s/no/such/dir.db", node.state_dir);
	assert_int_equal(store_open(&store, &node, "s", &conf), -ENOENT);
	assert_non_null(strstr(store.sentence, "cannot be made"));
	fake_close(&store);
	fake_node_fini(&node);
}

static void
another_name_has_another_file(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	char path[PATH_MAX + 32];

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "second", &conf), PST_OK);
	snprintf(path, sizeof path, "%s/state-second.db", node.state_dir);
	assert_int_equal(access(path, F_OK), 0);
	fake_close(&store);
	fake_node_fini(&node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_its_users_only),
		cmocka_unit_test(foreign_and_newer_files_are_refused_and_left_alone),
		cmocka_unit_test(another_name_has_another_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
