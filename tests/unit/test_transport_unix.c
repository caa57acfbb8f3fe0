/* transport/unix: the socket, and who may connect. */
#include "links.h"

#include <postern/stream.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct pst_module transport_unix_LTX_pst_module;

/* One section is both ends: it listens, and connects to itself. */
static struct fake_node node;
static struct links_section far;
static struct near near;
static struct desk desk;
static char path[PATH_MAX + 32];

static int
setup(void **state)
{
	memset(&far, 0, sizeof far);
	links_setup(&node);
	snprintf(path, sizeof path, "%s/x.sock", node.state_dir);
	return 0;
}

static int
teardown(void **state)
{
	links_teardown(&node);
	return 0;
}

static int
unix_open(const char *text)
{
	return links_open(&far, &node, transport_unix_LTX_pst_module.sections,
	    transport_unix_LTX_pst_module.ops, text);
}

/* ---- the socket ---- */

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_mode;
}

static int
raw_socket(struct sockaddr_un *sa)
{
	memset(sa, 0, sizeof *sa);
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path, path, strlen(path));
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
the_socket_is_its_owners_alone_and_goes_with_the_section(void **state)
{
	mode_t mask = umask(0);

	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	umask(mask);
	links_close(&far);
	assert_int_equal(mode_of(path), 0);
}

static void
only_a_section_named_control_listens_unless_told_otherwise(void **state)
{
	char control[PATH_MAX + 32];

	snprintf(control, sizeof control, "%s/control.sock", node.state_dir);
	assert_int_equal(unix_open("transport x { }"), PST_OK);
	assert_int_equal(mode_of(control), 0);
	links_close(&far);
	assert_int_equal(unix_open("transport control { }"), PST_OK);
	assert_int_equal(mode_of(control), S_IFSOCK | 0600);
	links_close(&far);
	assert_int_equal(unix_open("transport control { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(mode_of(control), 0);
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	links_close(&far);
}

static void
a_socket_that_nobody_answers_at_is_replaced(void **state)
{
	struct sockaddr_un sa;
	int fd = raw_socket(&sa);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	assert_true(S_ISSOCK(mode_of(path)));
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	near_open(&near, &far, path, 0);
	near_close(&near, &far);
	links_close(&far);
}

static void
a_socket_that_somebody_answers_at_stays_theirs(void **state)
{
	struct links_section second = { .values = NULL };
	const struct pst_module *module = &transport_unix_LTX_pst_module;

	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(links_open(&second, &node, module->sections, module->ops,
	    "transport y { listen = \"x.sock\" }"), -EADDRINUSE);
	assert_non_null(strstr(second.section.sentence, "x.sock: somebody listens there already"));
	links_close(&second);
	near_open(&near, &far, path, 0);
	near_close(&near, &far);
	links_close(&far);
}

static void
what_is_no_socket_is_not_touched(void **state)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("precious", file);
	fclose(file);
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), -EEXIST);
	assert_non_null(strstr(far.section.sentence, "is there already, and is no socket"));
	links_close(&far);
	assert_true(S_ISREG(mode_of(path)));
}

static void
a_path_is_at_most_107_bytes(void **state)
{
	char text[300], longest[200];
	int n;

	n = snprintf(longest, sizeof longest, "%s/", node.state_dir);
	memset(longest + n, 'x', sizeof longest - (size_t)n);
	longest[108] = '\0';
	snprintf(text, sizeof text, "transport x { listen = \"%s\" }", longest);
	assert_int_equal(unix_open(text), PST_E_CONF);
	assert_string_equal(far.section.sentence, "socket path of 108 bytes is longer than 107");
	links_close(&far);

	longest[107] = '\0';
	snprintf(text, sizeof text, "transport x { listen = \"%s\" }", longest);
	assert_int_equal(unix_open(text), PST_OK);
	near_open(&near, &far, longest, 0);
	assert_string_equal(near.link->peer_name, longest);
	near_close(&near, &far);
	longest[107] = 'x';
	longest[108] = '\0';
	assert_int_equal(near_begin(&near, &far, longest, 0), UV_ENAMETOOLONG);
	assert_null(near.link);
	links_close(&far);
}

static void
a_state_directory_may_be_too_deep_for_control(void **state)
{
	char short_dir[PATH_MAX];

	memcpy(short_dir, node.state_dir, sizeof short_dir);
	memset(node.state_dir + strlen(node.state_dir), 'd', 120);
	assert_int_equal(unix_open("transport control { }"), UV_ENAMETOOLONG);
	assert_non_null(strstr(far.section.sentence, " bytes is longer than 107"));
	links_close(&far);
	memcpy(node.state_dir, short_dir, sizeof short_dir);
}

/* ---- who connects ---- */

static void
readable(uv_poll_t *poll, int status, int events)
{
	*(bool *)poll->data = true;
}

/* What the other side of fd writes next; -1 when it has closed. */
static int
byte_from(int fd)
{
	uv_poll_t poll;
	bool there = false;
	uint8_t byte;

	uv_poll_init(&node.loop, &poll, fd);
	poll.data = &there;
	uv_poll_start(&poll, UV_READABLE, readable);
	fake_wait(&node, &there);
	uv_close((uv_handle_t *)&poll, NULL);
	uv_run(&node.loop, UV_RUN_NOWAIT);
	return recv(fd, &byte, 1, 0) == 1 ? byte : -1;
}

/* The kernel tells who connected, whatever becomes of them later. */
static void
another_user_is_refused(void **state)
{
	struct sockaddr_un sa;
	int fd, rc;

	if (geteuid())
		skip(); /* only root can be somebody else */
	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	assert_int_equal(chmod(node.state_dir, 0711), 0);
	assert_int_equal(chmod(path, 0666), 0);
	fd = raw_socket(&sa);
	assert_int_equal(seteuid(65534), 0);
	rc = connect(fd, (struct sockaddr *)&sa, sizeof sa);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, 0);
	assert_int_equal(byte_from(fd), -1); /* not even a version */
	close(fd);
	near_open(&near, &far, path, 0); /* others are let in as before */
	near_close(&near, &far);
	links_close(&far);
}

/* Somebody else may have put a socket where ours is expected. */
static void
another_users_socket_is_not_talked_to(void **state)
{
	struct sockaddr_un sa;
	int fd;

	if (geteuid())
		skip();
	assert_int_equal(unix_open("transport x { }"), PST_OK);
	fd = raw_socket(&sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(listen(fd, 2), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(near_begin(&near, &far, path, 0), PST_OK);
	fake_wait(&node, &near.lost);
	assert_int_equal(near.rc, PST_E_DENIED);
	assert_false(near.up);

	assert_int_equal(chown(node.state_dir, 65534, -1), 0);
	near_open(&near, &far, path, 0); /* in a directory of theirs it is what one expects */
	near_close(&near, &far);
	close(fd);
	links_close(&far);
}

static void
who_says_nothing_makes_way_for_others(void **state)
{
	struct sockaddr_un sa;
	struct near later;
	int fd;

	assert_int_equal(unix_open("transport x { listen = \"x.sock\"  links = 2 }"), PST_OK);
	desk_start(&desk, &node, "desk", PST_REACH_LOCAL);
	fd = raw_socket(&sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(byte_from(fd), PST_STREAM_VERSION);
	near_open(&near, &far, path, 0);
	gate_ask(&node, &near.link->gate, "desk", 5);
	near_open(&later, &far, path, 0);
	assert_int_equal(byte_from(fd), -1);
	close(fd);
	gate_ask(&node, &near.link->gate, "desk", 5);
	gate_ask(&node, &later.link->gate, "desk", 5);
	near_close(&later, &far);
	near_close(&near, &far);
	desk_stop(&desk);
	links_close(&far);
}

static void
what_is_no_frame_ends_the_link(void **state)
{
	struct sockaddr_un sa;
	int fd;

	assert_int_equal(unix_open("transport x { listen = \"x.sock\" }"), PST_OK);
	fd = raw_socket(&sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(write(fd, "\1\0\0\0\1\xff", 6), 6);
	assert_int_equal(byte_from(fd), PST_STREAM_VERSION);
	assert_int_equal(byte_from(fd), -1);
	close(fd);
	links_close(&far);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_socket_is_its_owners_alone_and_goes_with_the_section),
		TEST(only_a_section_named_control_listens_unless_told_otherwise),
		TEST(a_socket_that_nobody_answers_at_is_replaced),
		TEST(a_socket_that_somebody_answers_at_stays_theirs),
		TEST(what_is_no_socket_is_not_touched),
		TEST(a_path_is_at_most_107_bytes),
		TEST(a_state_directory_may_be_too_deep_for_control),
		TEST(another_user_is_refused),
		TEST(another_users_socket_is_not_talked_to),
		TEST(who_says_nothing_makes_way_for_others),
		TEST(what_is_no_frame_ends_the_link),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
