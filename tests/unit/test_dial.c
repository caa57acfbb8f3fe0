#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include <postern/dial.h>

static struct {
	uv_tcp_t handle;
	struct pst_dial *dial;
	bool done, closed;
	unsigned times;
	int rc;
} call;
static int listener = -1;
static uint16_t port;

static void
on_done(void *arg, int rc)
{
	call.rc = rc;
	call.times++;
	call.done = true;
	call.dial = NULL;
}

static void
on_closed(uv_handle_t *handle)
{
	call.closed = true;
}

static int
setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;

	memset(&call, 0, sizeof call);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len), 0);
	port = ntohs(in.sin_port);
	return loop_setup(state);
}

static int
teardown(void **state)
{
	close(listener);
	return loop_teardown(state);
}

static void
dial(const char *host, uint64_t timeout_ms)
{
	assert_int_equal(pst_dial(&call.dial, &test.env, &call.handle, host, port, timeout_ms, on_done,
	    NULL), PST_OK);
	assert_false(call.done);
}

static void
check_connected(void)
{
	loop_until(&call.done);
	assert_int_equal(call.rc, PST_OK);
	assert_true(uv_is_writable((uv_stream_t *)&call.handle));
	uv_close((uv_handle_t *)&call.handle, on_closed);
	loop_until(&call.closed);
	assert_int_equal(call.times, 1);
}

static void
check_ended(int rc)
{
	loop_until(&call.done);
	loop_settle();
	assert_int_equal(call.rc, rc);
	assert_int_equal(call.times, 1);
	/* the handle is closed: teardown finds nothing on the loop */
}

/* ---- dialling ---- */

static void
a_number_is_reached(void **state)
{
	assert_int_equal(listen(listener, 5), 0);
	dial("127.0.0.1", 5000);
	check_connected();
}

static void
a_name_is_reached(void **state)
{
	assert_int_equal(listen(listener, 5), 0);
	dial("localhost", 5000); /* and not by ::1, where nobody listens */
	check_connected();
}

static void
nobody_there_is_refused(void **state)
{
	dial("127.0.0.1", 5000);
	check_ended(UV_ECONNREFUSED);
}

static void
nobody_there_by_name_is_refused(void **state)
{
	dial("localhost", 5000);
	check_ended(UV_ECONNREFUSED);
}

static void
it_may_be_given_up_before_it_began(void **state)
{
	assert_int_equal(listen(listener, 5), 0);
	dial("127.0.0.1", 5000);
	pst_dial_cancel(call.dial);
	assert_false(call.done);
	check_ended(UV_ECANCELED);
}

static void
it_may_be_given_up_while_the_name_is_looked_up(void **state)
{
	dial("localhost", 5000);
	pst_dial_cancel(call.dial);
	pst_dial_cancel(call.dial);
	assert_false(call.done);
	check_ended(UV_ECANCELED);
}

/* ---- a resolver that takes its time: libuv's calls come here ---- */

#define SLOW "slow.test"
/* 127.0.0.1 and 127.0.0.2, in this order */
#define TWO "two.test"

static uv_sem_t asked, may_answer;

__attribute__((visibility("default"))) int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (name && !strcmp(name, SLOW)) {
		uv_sem_post(&asked);
		uv_sem_wait(&may_answer);
		name = "127.0.0.1";
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name && !strcmp(name, TWO)) {
		int rc = real("127.0.0.1", service, hints, out);

		return rc ? rc : real("127.0.0.2", service, hints, &(*out)->ai_next);
	}
	return real(name, service, hints, out);
}

static void
slow_dial(uint64_t timeout_ms)
{
	uv_sem_init(&asked, 0);
	uv_sem_init(&may_answer, 0);
	dial(SLOW, timeout_ms);
	uv_sem_wait(&asked);
}

/* The answer comes late, to nobody; teardown finds that the loop has ended. */
static void
slow_answer(void)
{
	uv_sem_post(&may_answer);
	uv_run(&test.loop, UV_RUN_DEFAULT);
	assert_int_equal(call.times, 1);
	uv_sem_destroy(&asked);
	uv_sem_destroy(&may_answer);
}

static void
a_look_up_that_lasts_is_not_waited_for(void **state)
{
	slow_dial(5000);
	pst_dial_cancel(call.dial);
	assert_false(call.done);
	check_ended(UV_ECANCELED);
	slow_answer();
}

static void
a_look_up_that_lasts_is_a_timeout(void **state)
{
	slow_dial(20);
	check_ended(UV_ETIMEDOUT);
	slow_answer();
}

static void
a_look_up_that_took_its_time_is_used(void **state)
{
	assert_int_equal(listen(listener, 5), 0);
	slow_dial(5000);
	uv_sem_post(&may_answer);
	check_connected();
	uv_sem_destroy(&asked);
	uv_sem_destroy(&may_answer);
}

/* A listener whose queue is full lets others wait. */
static void
make_it_wait(int fds[4])
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	assert_int_equal(listen(listener, 0), 0);
	for (int i = 0; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&in, sizeof in);
	}
}

static void
no_answer_is_a_timeout(void **state)
{
	int fds[4];

	make_it_wait(fds);
	dial("127.0.0.1", 50);
	check_ended(UV_ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void
it_may_be_given_up_while_it_waits(void **state)
{
	int fds[4];

	make_it_wait(fds);
	dial("127.0.0.1", 5000);
	loop_settle();
	assert_false(call.done);
	pst_dial_cancel(call.dial);
	assert_false(call.done);
	check_ended(UV_ECANCELED);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void
an_end_by_time_stays_one(void **state)
{
	int fds[4];

	make_it_wait(fds);
	dial("127.0.0.1", 0);
	uv_run(&test.loop, UV_RUN_NOWAIT);
	if (call.dial)
		pst_dial_cancel(call.dial);
	check_ended(UV_ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* ---- text ---- */

/* ---- several addresses ---- */

/* At the second one, at the same port. */
static int
second_listener(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "127.0.0.2", &in.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void
check_second(int fd)
{
	int accepted;

	loop_until(&call.done);
	accepted = accept(fd, NULL, NULL);
	assert_true(accepted >= 0);
	close(accepted);
	check_connected();
	close(fd);
}

static void
where_the_first_refuses_the_second_is_asked(void **state)
{
	int fd = second_listener();

	dial(TWO, 5000);
	check_second(fd);
}

static void
where_the_first_does_not_answer_the_second_is_asked_too(void **state)
{
	int fd = second_listener(), fds[4];

	make_it_wait(fds);
	dial(TWO, 60000);
	check_second(fd);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void
where_all_refuse_it_is_refused(void **state)
{
	dial(TWO, 5000);
	check_ended(UV_ECONNREFUSED);
}

static void
several_may_be_given_up(void **state)
{
	int fds[4];

	make_it_wait(fds);
	dial(TWO, 300); /* the second refuses after 250 ms */
	check_ended(UV_ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void
host_and_port_are_told_apart(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} right[] = { { "127.0.0.1:4000", "127.0.0.1", 4000 }, { "host.example:1", "host.example", 1 },
		{ "[::1]:65535", "::1", 65535 }, { "a:0", "a", 0 } };
	static const char *const wrong[] = { "", ":", "host", "host:", ":80", "::1:80", "host:65536",
		"host:+1", "host:80x", "host:-1", "host: 80", "a b:80", " a:80", "/run/a:80", "host:000080", "[::1]", "[::1:80", "::1]:80" };
	char host[PST_HOST_TEXT], longest[PST_HOST_TEXT + 3];
	uint16_t number;

	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_int_equal(pst_host_port(right[i].text, host, &number), PST_OK);
		assert_string_equal(host, right[i].host);
		assert_int_equal(number, right[i].port);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (pst_host_port(wrong[i], host, &number) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
	memset(longest, 'a', sizeof longest);
	memcpy(longest + PST_HOST_TEXT, ":1", 3);
	assert_int_equal(pst_host_port(longest, host, &number), -EINVAL);
	assert_int_equal(pst_host_port(longest + 1, host, &number), PST_OK);
}

static void
addresses_are_read_and_written(void **state)
{
	static const char *const right[] = { "127.0.0.1:4000", "0.0.0.0:0", "[::1]:80",
		"[2001:db8::1]:65535", "255.255.255.255:1" };
	static const char *const wrong[] = { "localhost:80", "1.2.3:4", "[127.0.0.1]:80", "[]:80",
		"1.2.3.4", "256.0.0.1:1", "[::g]:1" };
	struct sockaddr_storage sa;
	char text[PST_ADDRESS_TEXT];

	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_int_equal(pst_sockaddr_parse(right[i], &sa), PST_OK);
		assert_string_equal(pst_sockaddr_format(&sa, text), right[i]);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (!pst_sockaddr_parse(wrong[i], &sa))
			fail_msg("\"%s\" is taken", wrong[i]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_reached),
		TEST(a_name_is_reached),
		TEST(nobody_there_is_refused),
		TEST(nobody_there_by_name_is_refused),
		TEST(it_may_be_given_up_before_it_began),
		TEST(it_may_be_given_up_while_the_name_is_looked_up),
		TEST(a_look_up_that_lasts_is_not_waited_for),
		TEST(a_look_up_that_lasts_is_a_timeout),
		TEST(a_look_up_that_took_its_time_is_used),
		TEST(no_answer_is_a_timeout),
		TEST(it_may_be_given_up_while_it_waits),
		TEST(an_end_by_time_stays_one),
		TEST(where_the_first_refuses_the_second_is_asked),
		TEST(where_the_first_does_not_answer_the_second_is_asked_too),
		TEST(where_all_refuse_it_is_refused),
		TEST(several_may_be_given_up),
		cmocka_unit_test(host_and_port_are_told_apart),
		cmocka_unit_test(addresses_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
