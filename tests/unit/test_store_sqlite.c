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

struct answer {
	bool done;
	int rc;
	size_t count;
	char text[256]; /* key=value;… */
};

static int
store_open(struct fake_section *store, struct fake_node *node, const char *name,
    struct conf *conf)
{
	return fake_open(store, node, store_sqlite_LTX_pst_module.sections, OPS, name, conf);
}

static void
answer_items(struct answer *answer, int rc, const struct pst_store_item *items, size_t count)
{
	size_t at = 0;

	answer->rc = rc;
	answer->count = count;
	answer->text[0] = '\0';
	for (size_t i = 0; i < count && at < sizeof answer->text; i++)
		at += (size_t)snprintf(answer->text + at, sizeof answer->text - at, "%s=%.*s;",
		    items[i].key, (int)items[i].len, (const char *)items[i].value);
	answer->done = true;
}

static void
on_item(void *arg, int rc, const struct pst_store_item *item)
{
	answer_items(arg, rc, item, item ? 1 : 0);
}

static void
on_items(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	answer_items(arg, rc, items, count);
}

static void
on_done(void *arg, int rc)
{
	answer_items(arg, rc, NULL, 0);
}

static struct answer
get(struct fake_section *store, const char *key)
{
	struct answer answer = { false };

	OPS->get(store->self, key, on_item, &answer);
	assert_false(answer.done); /* never within the call */
	fake_wait(store->node, &answer.done);
	return answer;
}

static struct answer
list(struct fake_section *store, const char *prefix)
{
	struct answer answer = { false };

	OPS->list(store->self, prefix, on_items, &answer);
	fake_wait(store->node, &answer.done);
	return answer;
}

static int
commit(struct fake_section *store, const struct pst_store_op *ops, size_t count)
{
	struct answer answer = { false };

	OPS->commit(store->self, ops, count, on_done, &answer);
	assert_false(answer.done);
	fake_wait(store->node, &answer.done);
	return answer.rc;
}

static struct pst_store_op
op(enum pst_store_verb verb, const char *key, const char *value)
{
	struct pst_store_op o = { verb, { key, (const uint8_t *)value, value ? strlen(value) : 0 } };

	return o;
}

static void
what_is_put_is_there_after_a_restart(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	struct pst_store_op ops[] = {
		op(PST_STORE_PUT, "a/1", "one"),
		op(PST_STORE_PUT, "a/2", ""),
		op(PST_STORE_PUT, "b", "three"),
	};
	char path[PATH_MAX + 16];
	struct stat st;

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	assert_int_equal(get(&store, "a/1").rc, -ENOENT);
	assert_int_equal(commit(&store, ops, 3), PST_OK);
	fake_close(&store);
	snprintf(path, sizeof path, "%s/state.db", node.state_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	assert_string_equal(get(&store, "a/1").text, "a/1=one;");
	assert_string_equal(get(&store, "a/2").text, "a/2=;");
	ops[0] = op(PST_STORE_DELETE, "a/1", NULL);
	ops[1] = op(PST_STORE_DELETE, "never", NULL);
	ops[2] = op(PST_STORE_PUT, "b", "four");
	assert_int_equal(commit(&store, ops, 3), PST_OK);
	assert_int_equal(get(&store, "a/1").rc, -ENOENT);
	assert_string_equal(get(&store, "b").text, "b=four;");
	fake_close(&store);
	fake_node_fini(&node);
}

static void
a_batch_whose_expectation_fails_changes_nothing(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	struct pst_store_op ops[] = {
		op(PST_STORE_EXPECT_ABSENT, "k", NULL),
		op(PST_STORE_PUT, "k", "v"),
	};

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	assert_int_equal(commit(&store, ops, 2), PST_OK);
	assert_int_equal(commit(&store, ops, 2), PST_E_CONFLICT);
	ops[0] = op(PST_STORE_PUT, "other", "x");
	ops[1] = op(PST_STORE_EXPECT, "k", "w");
	assert_int_equal(commit(&store, ops, 2), PST_E_CONFLICT);
	ops[1] = op(PST_STORE_EXPECT, "nothing", "w");
	assert_int_equal(commit(&store, ops, 2), PST_E_CONFLICT);
	assert_int_equal(get(&store, "other").rc, -ENOENT);
	ops[1] = op(PST_STORE_EXPECT, "k", "v");
	assert_int_equal(commit(&store, ops, 2), PST_OK);
	assert_string_equal(get(&store, "other").text, "other=x;");
	fake_close(&store);
	fake_node_fini(&node);
}

static void
a_list_is_of_one_prefix_and_in_order(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	struct pst_store_op ops[] = {
		op(PST_STORE_PUT, "peer/b", "2"),
		op(PST_STORE_PUT, "peer/a", "1"),
		op(PST_STORE_PUT, "peer/\xc3\xa4", "3"),
		op(PST_STORE_PUT, "peer", "no"),
		op(PST_STORE_PUT, "peer0", "no"),
		op(PST_STORE_PUT, "peer.", "no"),
	};

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	assert_int_equal(commit(&store, ops, 6), PST_OK);
	assert_string_equal(list(&store, "peer/").text, "peer/a=1;peer/b=2;peer/\xc3\xa4=3;");
	assert_int_equal(list(&store, "nobody").count, 0);
	assert_int_equal(list(&store, "nobody").rc, PST_OK);
	assert_int_equal(list(&store, "").count, 6);
	fake_close(&store);
	fake_node_fini(&node);
}

static void
a_batch_is_copied_at_once_and_limited(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	struct answer answer = { false };
	char key[PST_STORE_KEY_MAX + 2] = "key";
	char value[] = "value";
	struct pst_store_op put = op(PST_STORE_PUT, key, value);

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	OPS->commit(store.self, &put, 1, on_done, &answer);
	memset(key, 'x', sizeof key - 1);
	memset(value, 'y', sizeof value - 1);
	fake_wait(&node, &answer.done);
	assert_int_equal(answer.rc, PST_OK);
	assert_string_equal(get(&store, "key").text, "key=value;");
	assert_int_equal(commit(&store, &put, 1), -EINVAL);
	put.item.key = "k";
	put.item.len = PST_STORE_VALUE_MAX + 1; /* not looked at beyond its length */
	assert_int_equal(commit(&store, &put, 1), PST_E_LIMIT);
	fake_close(&store);
	fake_node_fini(&node);
}

static void
closing_answers_what_was_asked_before(void **state)
{
	struct fake_node node;
	struct fake_section store = { 0 };
	struct conf conf = { NULL };
	struct answer answer[3] = { { false } };
	struct pst_store_op put = op(PST_STORE_PUT, "k", "v");

	fake_node_init(&node);
	assert_int_equal(store_open(&store, &node, "default", &conf), PST_OK);
	OPS->commit(store.self, &put, 1, on_done, &answer[0]);
	OPS->get(store.self, "k", on_item, &answer[1]);
	store.section->close(store.self);
	OPS->get(store.self, "k", on_item, &answer[2]);
	assert_int_equal(answer[2].rc, PST_E_CLOSED);
	fake_wait(&node, &store.closed);
	assert_int_equal(answer[0].rc, PST_OK);
	assert_string_equal(answer[1].text, "k=v;");
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
		cmocka_unit_test(what_is_put_is_there_after_a_restart),
		cmocka_unit_test(a_batch_whose_expectation_fails_changes_nothing),
		cmocka_unit_test(a_list_is_of_one_prefix_and_in_order),
		cmocka_unit_test(a_batch_is_copied_at_once_and_limited),
		cmocka_unit_test(closing_answers_what_was_asked_before),
		cmocka_unit_test(foreign_and_newer_files_are_refused_and_left_alone),
		cmocka_unit_test(another_name_has_another_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
