/* The state directory: files put in place whole, and who holds which part of the lock. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/state.h"

#define SOON_MS 20000

static char base[] = "/tmp/postern-state.XXXXXX";
static char dir[64];

static int
make(void **state)
{
	(void)state;
	strcpy(strrchr(base, '.'), ".XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof dir, "%s/a/b", base);
	return 0;
}

static int
clear(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", base);
	return system(command);
}

static mode_t
mode_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static void
assert_line(const char *name, const char *wanted)
{
	char line[64] = "";

	assert_int_equal(pst_state_read(dir, name, line, sizeof line), wanted != NULL);
	if (wanted)
		assert_string_equal(line, wanted);
}

/* ---- files ---- */

static void
a_file_is_written_and_written_anew(void **state)
{
	struct pst_err err = PST_ERR_INIT;

	(void)state;
	assert_line("run", NULL);
	assert_int_equal(pst_state_write(dir, "run", "one\ntwo\n", &err), PST_OK);
	assert_line("run", "one");
	assert_int_equal(pst_state_write(dir, "run", "three", &err), PST_OK);
	assert_line("run", "three");
	assert_int_equal(mode_of("run"), 0600);
	assert_int_equal(mode_of("."), 0700);
	assert_int_equal(mode_of(".."), 0700);
}

static void
a_file_in_a_directory_makes_that(void **state)
{
	struct pst_err err = PST_ERR_INIT;

	(void)state;
	assert_int_equal(pst_state_write(dir, "conf.d/inlet-x.conf", "text", &err), PST_OK);
	assert_line("conf.d/inlet-x.conf", "text");
	assert_int_equal(mode_of("conf.d"), 0700);
	assert_int_equal(mode_of("conf.d/.inlet-x.conf.new"), 0);
}

static void
what_cannot_be_put_in_place_leaves_nothing_behind(void **state)
{
	struct pst_err err = PST_ERR_INIT;

	(void)state;
	/* a directory is where the file shall be */
	assert_int_equal(pst_state_write(dir, "run/inner", "text", &err), PST_OK);
	assert_int_equal(pst_state_write(dir, "run", "text", &err), -EISDIR);
	assert_non_null(strstr(err.text, "/a/b/run: "));
	assert_int_equal(mode_of(".run.new"), 0);
	assert_line("run/inner", "text");
	/* a file is where the directory shall be */
	assert_int_equal(pst_state_write(dir, "run/inner/x", "text", &err), -ENOTDIR);
	assert_line("run/inner", "text");
}

static void
a_path_too_long_is_said_to_be(void **state)
{
	char name[PATH_MAX + 1];
	struct pst_err err = PST_ERR_INIT;
	int lock;

	(void)state;
	memset(name, 'x', PATH_MAX);
	name[PATH_MAX] = '\0';
	assert_int_equal(pst_state_write(dir, name, "text", &err), -ENAMETOOLONG);
	assert_int_equal(pst_state_remove(dir, name, &err), -ENAMETOOLONG);
	assert_int_equal(pst_state_check(name, &err), -ENAMETOOLONG);
	assert_int_equal(pst_state_lock(&lock, name, PST_STATE_RUNS, &err), -ENAMETOOLONG);
	assert_int_equal(lock, -1);
	assert_false(pst_state_taken(name));
	assert_false(pst_state_read(dir, name, name, sizeof name));
}

static void
a_file_is_removed_and_one_that_is_not_there_as_well(void **state)
{
	struct pst_err err = PST_ERR_INIT;

	(void)state;
	assert_int_equal(pst_state_remove(dir, "run", &err), PST_OK);
	assert_int_equal(pst_state_write(dir, "run", "text", &err), PST_OK);
	assert_int_equal(pst_state_remove(dir, "run", &err), PST_OK);
	assert_line("run", NULL);
	assert_int_equal(pst_state_write(dir, "conf.d/x", "text", &err), PST_OK);
	assert_true(pst_state_remove(dir, "conf.d", &err) < 0); /* a directory is none */
	assert_line("conf.d/x", "text");
}

static void
a_file_that_is_a_link_is_not_opened(void **state)
{
	struct pst_err err = PST_ERR_INIT;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(pst_state_write(dir, "run", "text", &err), PST_OK);
	snprintf(path, sizeof path, "%s/node.log", dir);
	assert_int_equal(symlink("run", path), 0);
	assert_int_equal(pst_state_open(dir, "node.log", O_RDWR, &err), -ELOOP);
	assert_non_null(strstr(err.text, "/a/b/node.log: is a symbolic link"));
}

/* ---- whose it is ---- */

static void
what_others_may_write_to_is_refused(void **state)
{
	struct pst_err err = PST_ERR_INIT;
	char path[PATH_MAX];
	int lock;

	(void)state;
	assert_int_equal(pst_state_check(dir, &err), PST_OK); /* not there */
	assert_int_equal(pst_state_write(dir, "conf.d/x", "text", &err), PST_OK);
	assert_int_equal(pst_state_check(dir, &err), PST_OK);
	snprintf(path, sizeof path, "%s/conf.d", dir);
	assert_int_equal(chmod(path, 0720), 0);
	assert_int_equal(pst_state_check(dir, &err), PST_E_DENIED);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(pst_state_check(dir, &err), PST_OK);
	assert_int_equal(chmod(dir, 0702), 0);
	assert_int_equal(pst_state_check(dir, &err), PST_E_DENIED);
	assert_int_equal(pst_state_lock(&lock, dir, PST_STATE_RUNS, &err), PST_E_DENIED);
	assert_int_equal(lock, -1);
}

/* ---- the lock ---- */

static int
lock_take(enum pst_state_use use)
{
	struct pst_err err = PST_ERR_INIT;
	int lock, rc = pst_state_lock(&lock, dir, use, &err);

	assert_true(rc ? lock == -1 && err.text[0] : lock >= 0);
	return rc ? rc : lock;
}

static void
one_node_runs_at_a_time(void **state)
{
	int lock;

	(void)state;
	assert_false(pst_state_taken(dir)); /* and nothing is made by looking */
	assert_int_equal(mode_of("."), 0);
	lock = lock_take(PST_STATE_RUNS);
	assert_int_equal(mode_of("lock"), 0600);
	assert_true(pst_state_taken(dir));
	assert_int_equal(lock_take(PST_STATE_RUNS), -EBUSY);
	assert_true(pst_state_taken(dir));
	close(lock);
	assert_false(pst_state_taken(dir));
	close(lock_take(PST_STATE_RUNS));
}

static void
beside_a_node_looking_and_starting_take_nothing_of_it(void **state)
{
	int node = lock_take(PST_STATE_RUNS), looks = lock_take(PST_STATE_LOOKS);
	int again = lock_take(PST_STATE_LOOKS), starts = lock_take(PST_STATE_STARTS);

	(void)state;
	close(node);
	assert_false(pst_state_taken(dir));
	node = lock_take(PST_STATE_RUNS); /* though the others are still there */
	close(looks);
	close(again);
	close(starts);
	assert_true(pst_state_taken(dir));
	close(node);
}

static void
who_wants_to_be_alone_is_no_node_and_not_beside_one(void **state)
{
	int lock = lock_take(PST_STATE_ALONE);

	(void)state;
	assert_false(pst_state_taken(dir));
	close(lock);
	lock = lock_take(PST_STATE_RUNS);
	assert_int_equal(lock_take(PST_STATE_ALONE), -EBUSY);
	close(lock);
}

/* A process that takes the lock, says so, and holds it until it is told to end. */
struct holder {
	pid_t pid;
	int said, end;
};

static struct holder
holder_start(enum pst_state_use use)
{
	struct pst_err err = PST_ERR_INIT;
	int said[2], end[2], lock;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (pst_state_lock(&lock, dir, use, &err) || write(said[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 1);
	}
	close(said[1]);
	close(end[0]);
	return (struct holder){ pid, said[0], end[1] };
}

static bool
holder_has_it(const struct holder *holder, int ms)
{
	struct pollfd wait = { .fd = holder->said, .events = POLLIN };

	return poll(&wait, 1, ms) == 1 && (wait.revents & POLLIN);
}

static void
holder_end(struct holder *holder)
{
	int status;

	assert_int_equal(write(holder->end, "", 1), 1);
	assert_int_equal(waitpid(holder->pid, &status, 0), holder->pid);
	assert_int_equal(status, 0);
	close(holder->said);
	close(holder->end);
}

/* One has it, the other gets it when that ends. */
static void
waits_for(enum pst_state_use first, enum pst_state_use then)
{
	struct holder one = holder_start(first), other;

	assert_true(holder_has_it(&one, SOON_MS));
	other = holder_start(then);
	assert_false(holder_has_it(&other, 50));
	holder_end(&one);
	assert_true(holder_has_it(&other, SOON_MS));
	holder_end(&other);
}

static void
a_node_waits_for_who_looks(void **state)
{
	(void)state;
	waits_for(PST_STATE_LOOKS, PST_STATE_RUNS);
	waits_for(PST_STATE_ALONE, PST_STATE_RUNS);
}

static void
who_looks_waits_for_who_looks_and_who_starts_for_who_starts(void **state)
{
	(void)state;
	waits_for(PST_STATE_LOOKS, PST_STATE_LOOKS);
	waits_for(PST_STATE_LOOKS, PST_STATE_ALONE);
	waits_for(PST_STATE_ALONE, PST_STATE_LOOKS);
	waits_for(PST_STATE_STARTS, PST_STATE_STARTS);
}

static void
the_lock_goes_with_the_process_that_held_it(void **state)
{
	struct holder holder;

	(void)state;
	holder = holder_start(PST_STATE_RUNS);
	assert_true(holder_has_it(&holder, SOON_MS));
	assert_true(pst_state_taken(dir));
	assert_int_equal(lock_take(PST_STATE_RUNS), -EBUSY);
	holder_end(&holder);
	assert_false(pst_state_taken(dir));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clear)
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_written_and_written_anew),
		TEST(a_file_in_a_directory_makes_that),
		TEST(what_cannot_be_put_in_place_leaves_nothing_behind),
		TEST(a_path_too_long_is_said_to_be),
		TEST(a_file_is_removed_and_one_that_is_not_there_as_well),
		TEST(a_file_that_is_a_link_is_not_opened),
		TEST(what_others_may_write_to_is_refused),
		TEST(one_node_runs_at_a_time),
		TEST(beside_a_node_looking_and_starting_take_nothing_of_it),
		TEST(who_wants_to_be_alone_is_no_node_and_not_beside_one),
		TEST(a_node_waits_for_who_looks),
		TEST(who_looks_waits_for_who_looks_and_who_starts_for_who_starts),
		TEST(the_lock_goes_with_the_process_that_held_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
