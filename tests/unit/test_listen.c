#include "loop.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <postern/listen.h>

#include "base/passed.h"

static uv_tcp_t one, two;
static struct pst_err err;
static struct pst_passed passed;
static bool came;
static int closed;

static void
connection_waits(uv_stream_t *server, int status)
{
	assert_int_equal(status, 0);
	came = true;
}

static void
handle_closed(uv_handle_t *handle)
{
	closed++;
}

static void
close_both(void)
{
	uv_tcp_t *handles[] = { &one, &two };

	for (int i = 0; i < 2; i++)
		if (handles[i]->loop && !uv_is_closing((uv_handle_t *)handles[i]))
			uv_close((uv_handle_t *)handles[i], handle_closed);
	loop_settle();
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
}

static int
setup(void **state)
{
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	memset(&err, 0, sizeof err);
	came = false;
	return loop_setup(state);
}

static int
teardown(void **state)
{
	close_both();
	pst_passed_close(&passed);
	return loop_teardown(state);
}

#define LISTEN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int
listen_at(uv_tcp_t *handle, const char *address)
{
	struct pst_log silent = { 0 };

	return pst_listen(handle, &test.env, &silent, address, connection_waits, &err);
}

/* A listening socket as another process would pass it; its address as text. */
static int
listening_socket(char address[PST_ADDRESS_TEXT])
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(pst_sockaddr_parse("127.0.0.1:0", &sa), PST_OK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	pst_sockaddr_format(&sa, address);
	return fd;
}

static void
connect_to(const char *address)
{
	struct sockaddr_storage sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(pst_sockaddr_parse(address, &sa), PST_OK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(struct sockaddr_in)), 0);
	close(fd);
}

/* ---- binding ---- */

static void
who_connects_is_heard(void **state)
{
	struct sockaddr_storage sa;
	char address[PST_ADDRESS_TEXT];
	int len = sizeof sa;

	assert_int_equal(listen_at(&one, "127.0.0.1:0"), PST_OK);
	assert_int_equal(uv_tcp_getsockname(&one, (struct sockaddr *)&sa, &len), 0);
	connect_to(pst_sockaddr_format(&sa, address));
	loop_until(&came);
}

static void
an_address_in_use_is_named(void **state)
{
	char address[PST_ADDRESS_TEXT], wanted[128];
	int fd = listening_socket(address);

	assert_int_equal(listen_at(&one, address), UV_EADDRINUSE);
	snprintf(wanted, sizeof wanted, "cannot listen on %s: Address already in use", address);
	assert_string_equal(err.text, wanted);
	close(fd);
}

static void
only_numbers_are_addresses(void **state)
{
	assert_int_equal(pst_listen_check("127.0.0.1:80", NULL), PST_OK);
	assert_int_equal(pst_listen_check("[::1]:80", NULL), PST_OK);
	assert_int_equal(pst_listen_check("localhost:80", &err), PST_E_CONF);
	assert_string_equal(err.text,
	    "listen: \"localhost:80\" is no address:port (a number, not a name)");
	assert_int_equal(pst_listen_check("127.0.0.1", &err), PST_E_CONF);
}

/* ---- sockets that were passed ---- */

static void
a_passed_socket_is_taken_and_taken_again(void **state)
{
	char address[PST_ADDRESS_TEXT];

	pst_passed_add(&passed, listening_socket(address), "wan");
	test.env.passed = &passed;
	assert_false(passed.sockets[0].wanted);
	for (int i = 0; i < 2; i++) {
		connect_to(address); /* before we listen: it waits */
		came = false;
		assert_int_equal(listen_at(&one, address), PST_OK);
		assert_true(passed.sockets[0].wanted);
		loop_until(&came);
		close_both();
	}
}

static void
another_address_is_bound(void **state)
{
	char address[PST_ADDRESS_TEXT];

	pst_passed_add(&passed, listening_socket(address), "wan");
	test.env.passed = &passed;
	assert_int_equal(listen_at(&one, "127.0.0.1:0"), PST_OK);
	assert_false(passed.sockets[0].wanted);
}

static void
two_do_not_share_a_passed_socket(void **state)
{
	char address[PST_ADDRESS_TEXT];

	pst_passed_add(&passed, listening_socket(address), "wan");
	test.env.passed = &passed;
	assert_int_equal(listen_at(&one, address), PST_OK);
	assert_int_equal(listen_at(&two, address), UV_EADDRINUSE);
}

static void
what_does_not_listen_is_kept_but_never_found(void **state)
{
	struct sockaddr_storage sa = { .ss_family = AF_INET };
	int pair[2];

	pst_passed_add(&passed, socket(AF_INET, SOCK_STREAM, 0), "unbound");
	pst_passed_add(&passed, socket(AF_INET, SOCK_DGRAM, 0), "datagrams");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pst_passed_add(&passed, pair[0], "pair");
	close(pair[1]);
	assert_int_equal(passed.count, 3);
	assert_null(pst_passed_find(&passed, &sa));
	assert_null(pst_passed_find(NULL, &sa));
}

/* ---- the environment ---- */

/* What a process with this environment and two sockets at 3 and 4 takes; it says so by its exit code. */
static int
taken(long pid_off, const char *fds, const char *names)
{
	char address[PST_ADDRESS_TEXT], pid[32];
	pid_t child = fork();
	int status, fd[2];

	if (child) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		return WEXITSTATUS(status);
	}
	fd[0] = fcntl(listening_socket(address), F_DUPFD, 100);
	fd[1] = fcntl(listening_socket(address), F_DUPFD, 100);
	dup2(fd[0], 3);
	dup2(fd[1], 4);
	close_range(5, ~0u, 0);
	snprintf(pid, sizeof pid, "%ld", (long)getpid() + pid_off);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	if (names)
		setenv("LISTEN_FDNAMES", names, 1);
	pst_passed_take(&passed);
	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		_exit(90);
	for (size_t i = 0; i < passed.count; i++)
		if (!(fcntl(passed.sockets[i].fd, F_GETFD) & FD_CLOEXEC))
			_exit(91);
	if (names && passed.count == 2 &&
	    (strcmp(passed.sockets[0].name, "a") || strcmp(passed.sockets[1].name, "b")))
		_exit(92);
	_exit((int)passed.count);
}

static void
the_environment_says_which_and_is_cleared(void **state)
{
	assert_int_equal(taken(0, "2", "a:b"), 2);
	assert_int_equal(taken(0, "2", NULL), 2);
	assert_int_equal(taken(0, "1", "a"), 1);
	assert_int_equal(taken(0, "3", "a:b"), 2); /* 5 is not open */
	assert_int_equal(taken(0, "2000000000", NULL), 2);
	assert_int_equal(taken(0, "-1", NULL), 0);
	assert_int_equal(taken(0, "", NULL), 0);
}

static void
what_was_passed_to_another_process_is_not_ours(void **state)
{
	assert_int_equal(taken(1, "2", "a:b"), 0);
}

/* ---- again ---- */

static struct pst_listen_again again;
static uv_tcp_t taken_sockets[2];
static int refusals, times, taken_count;
static bool both_taken;

/* No memory at first. */
static void
refuses_at_first(uv_stream_t *server, int status)
{
	uv_tcp_t *socket = &taken_sockets[taken_count];

	assert_int_equal(status, 0);
	times++;
	if (refusals) {
		refusals--;
		pst_listen_again(&again, &test.env, server, refuses_at_first);
		return;
	}
	uv_tcp_init(&test.loop, socket);
	assert_int_equal(uv_accept(server, (uv_stream_t *)socket), 0);
	uv_close((uv_handle_t *)socket, handle_closed);
	both_taken = ++taken_count == 2;
}

static void
who_could_not_be_taken_is_told_of_again_and_those_behind_too(void **state)
{
	struct pst_log silent = { 0 };
	struct sockaddr_storage sa;
	char address[PST_ADDRESS_TEXT];
	int len = sizeof sa;

	refusals = 2;
	assert_int_equal(pst_listen(&one, &test.env, &silent, "127.0.0.1:0", refuses_at_first, &err), PST_OK);
	assert_int_equal(uv_tcp_getsockname(&one, (struct sockaddr *)&sa, &len), 0);
	connect_to(pst_sockaddr_format(&sa, address));
	connect_to(address);
	loop_until(&both_taken);
	assert_int_equal(times, 4);
	refusals = 1;
	connect_to(address);
	while (refusals)
		uv_run(&test.loop, UV_RUN_ONCE);
	assert_true(again.timer.armed);
	pst_listen_no_more(&again, &test.env);
	assert_false(again.timer.armed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTEN_TEST(who_connects_is_heard),
		LISTEN_TEST(an_address_in_use_is_named),
		LISTEN_TEST(only_numbers_are_addresses),
		LISTEN_TEST(a_passed_socket_is_taken_and_taken_again),
		LISTEN_TEST(another_address_is_bound),
		LISTEN_TEST(two_do_not_share_a_passed_socket),
		LISTEN_TEST(what_does_not_listen_is_kept_but_never_found),
		LISTEN_TEST(the_environment_says_which_and_is_cleared),
		LISTEN_TEST(what_was_passed_to_another_process_is_not_ours),
		LISTEN_TEST(who_could_not_be_taken_is_told_of_again_and_those_behind_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
