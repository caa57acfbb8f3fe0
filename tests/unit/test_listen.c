#include "loop.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <postern/listen.h>

#include "base/passed.h"

static struct pst_err err;
static struct pst_passed passed;
static const struct pst_log silent;
static uv_tcp_t taken[2];
static int refusals, asked, taken_count, closed;

static void
taken_closed(uv_handle_t *handle)
{
}

/* No memory at first. */
static bool
connection_waits(struct pst_listeners *listeners, uv_stream_t *server)
{
	uv_tcp_t *socket = &taken[taken_count++ % 2];

	asked++;
	if (refusals && refusals--)
		return taken_count--, false;
	uv_tcp_init(&test.loop, socket);
	assert_int_equal(uv_accept(server, (uv_stream_t *)socket), 0);
	uv_close((uv_handle_t *)socket, taken_closed);
	return true;
}

static void
listeners_closed(struct pst_listeners *listeners)
{
	assert_null(listeners->first);
	closed++;
}

static struct pst_listeners one, two;

static void
close_both(void)
{
	pst_listen_no_more(&one);
	pst_listen_no_more(&two);
	loop_settle();
}

static int
setup(void **state)
{
	int rc = loop_setup(state);

	one = two = (struct pst_listeners){
		.env = &test.env, .log = &silent, .waits = connection_waits, .closed = listeners_closed,
	};
	memset(&err, 0, sizeof err);
	refusals = asked = taken_count = closed = 0;
	return rc;
}

static int
teardown(void **state)
{
	close_both();
	pst_passed_close(&passed);
	return loop_teardown(state);
}

#define LISTEN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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

/* Where it listens, which it did not choose. */
static const char *
address_of(const struct pst_listeners *listeners, char text[PST_ADDRESS_TEXT])
{
	struct sockaddr_storage sa;
	int len = sizeof sa;

	assert_int_equal(uv_tcp_getsockname(&listeners->first->tcp, (struct sockaddr *)&sa, &len), 0);
	return pst_sockaddr_format(&sa, text);
}

static void
until_taken(int count)
{
	while (taken_count < count)
		uv_run(&test.loop, UV_RUN_ONCE);
}

static void
who_connects_is_heard(void **state)
{
	char address[PST_ADDRESS_TEXT];

	assert_int_equal(pst_listen(&one, "127.0.0.1:0", &err), PST_OK);
	connect_to(address_of(&one, address));
	until_taken(1);
	close_both();
	assert_int_equal(closed, 1);
	close_both();
	assert_int_equal(closed, 1);
}

static void
all_of_a_list_or_up_to_the_first_that_fails(void **state)
{
	const char *items[] = { "127.0.0.1:0", "127.0.0.1:0", "192.0.2.1:1", "127.0.0.1:0" };

	assert_int_equal(pst_listen_all(&one, items, 2, &err), PST_OK);
	assert_int_equal(pst_listen_all(&two, items, 4, &err), UV_EADDRNOTAVAIL);
	assert_string_equal(err.text, "cannot listen on 192.0.2.1:1: Cannot assign requested address");
	assert_string_equal(two.first->next->next->path, "");
	assert_null(two.first->next->next->next);
	close_both();
	assert_int_equal(closed, 2);
}

static void
a_path_goes_with_its_listener(void **state)
{
	char path[] = "/tmp/postern-listen.XXXXXX", at[sizeof path + 8];
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_non_null(mkdtemp(path));
	snprintf(at, sizeof at, "%s/s", path);
	memcpy(sa.sun_path, at, strlen(at) + 1);
	assert_int_equal(pst_listen(&one, at, &err), PST_OK);
	assert_string_equal(one.first->path, at);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	close(fd);
	assert_int_equal(pst_listen(&two, at, &err), UV_EADDRINUSE); /* and takes nothing away */
	assert_string_equal(two.first->path, "");
	pst_listen_no_more(&two);
	assert_int_equal(access(at, F_OK), 0);
	pst_listen_no_more(&one);
	assert_int_equal(access(at, F_OK), -1);
	assert_int_equal(rmdir(path), 0);
}

static void
an_address_in_use_is_named(void **state)
{
	char address[PST_ADDRESS_TEXT], wanted[128];
	int fd = listening_socket(address);

	assert_int_equal(pst_listen(&one, address, &err), UV_EADDRINUSE);
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
		assert_int_equal(pst_listen(&one, address, &err), PST_OK);
		assert_true(passed.sockets[0].wanted);
		until_taken(i + 1);
		close_both();
	}
}

static void
another_address_is_bound(void **state)
{
	char address[PST_ADDRESS_TEXT];

	pst_passed_add(&passed, listening_socket(address), "wan");
	test.env.passed = &passed;
	assert_int_equal(pst_listen(&one, "127.0.0.1:0", &err), PST_OK);
	assert_false(passed.sockets[0].wanted);
}

static void
two_do_not_share_a_passed_socket(void **state)
{
	char address[PST_ADDRESS_TEXT];

	pst_passed_add(&passed, listening_socket(address), "wan");
	test.env.passed = &passed;
	assert_int_equal(pst_listen(&one, address, &err), PST_OK);
	assert_int_equal(pst_listen(&two, address, &err), UV_EADDRINUSE);
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
taken_by_child(long pid_off, const char *fds, const char *names)
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
	assert_int_equal(taken_by_child(0, "2", "a:b"), 2);
	assert_int_equal(taken_by_child(0, "2", NULL), 2);
	assert_int_equal(taken_by_child(0, "1", "a"), 1);
	assert_int_equal(taken_by_child(0, "3", "a:b"), 2); /* 5 is not open */
	assert_int_equal(taken_by_child(0, "2000000000", NULL), 2);
	assert_int_equal(taken_by_child(0, "-1", NULL), 0);
	assert_int_equal(taken_by_child(0, "", NULL), 0);
}

static void
what_was_passed_to_another_process_is_not_ours(void **state)
{
	assert_int_equal(taken_by_child(1, "2", "a:b"), 0);
}

/* ---- again ---- */

static void
who_could_not_be_taken_is_told_of_again_and_those_behind_too(void **state)
{
	char address[PST_ADDRESS_TEXT];

	refusals = 2;
	assert_int_equal(pst_listen(&one, "127.0.0.1:0", &err), PST_OK);
	connect_to(address_of(&one, address));
	connect_to(address);
	until_taken(2);
	assert_int_equal(asked, 4);
	refusals = 1;
	connect_to(address);
	while (refusals)
		uv_run(&test.loop, UV_RUN_ONCE);
	assert_true(one.first->again.armed);
	pst_listen_no_more(&one);
	assert_false(one.first->again.armed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTEN_TEST(who_connects_is_heard),
		LISTEN_TEST(all_of_a_list_or_up_to_the_first_that_fails),
		LISTEN_TEST(a_path_goes_with_its_listener),
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
