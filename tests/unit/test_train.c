/* Trains of datagrams: what the kernel cuts, and what it gives in one piece. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "train.h"

static struct train train;
static int here, there;

static int
setup(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	here = socket(AF_INET, SOCK_DGRAM, 0);
	there = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(here >= 0 && there >= 0);
	assert_int_equal(bind(there, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(there, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(here, (struct sockaddr *)&at, len), 0);
	memset(&train, 0, sizeof train);
	for (size_t i = 0; i < sizeof train.bytes; i++)
		train.bytes[i] = (uint8_t)(i * 7 + i / 251);
	return 0;
}

static int
teardown(void **state)
{
	close(here);
	close(there);
	return 0;
}

static void
send_all(size_t len, size_t segment)
{
	bool cuts = true;

	train.first = 0;
	train.end = len;
	train.segment = segment;
	assert_int_equal(train_send(&train, here, true, &cuts), PST_OK);
}

/* The next that comes, and how long its datagrams are; 0: nothing. */
static size_t
receive(uint8_t *bytes, size_t size, size_t *segment)
{
	_Alignas(struct cmsghdr) uint8_t control[TRAIN_ROOM];
	struct iovec iov = { bytes, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(there, &msg, 0);

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	*segment = train_segment(&msg, n < 0 ? 0 : (size_t)n);
	return n < 0 ? 0 : (size_t)n;
}

static uint8_t got[65536];

/* In as many pieces as the kernel likes; each of them of datagrams as long as those that were sent. */
static void
comes_back_whole(size_t len, size_t segment)
{
	size_t at = 0, each, n;

	send_all(len, segment);
	while ((n = receive(got, sizeof got, &each)) > 0) {
		assert_memory_equal(got, train.bytes + at, n);
		at += n;
		assert_int_equal(each, n < segment ? n : segment);
	}
	assert_int_equal(at, len);
}

static void
a_train_comes_in_order_and_can_be_cut(void **state)
{
	train_want(there);
	comes_back_whole(64 * 1000, 1000);
	comes_back_whole(10 * 1200 + 7, 1200);
	comes_back_whole(1200, 1200);
	comes_back_whole(1, 1200);
}

static void
who_wants_none_gets_datagrams(void **state)
{
	comes_back_whole(10 * 1200 + 7, 1200);
}

static void
a_datagram_of_nothing_has_a_length(void **state)
{
	struct msghdr msg = { 0 };

	assert_int_equal(train_segment(&msg, 0), 1);
	assert_int_equal(train_segment(&msg, 12), 12);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_train_comes_in_order_and_can_be_cut),
		TEST(who_wants_none_gets_datagrams),
		TEST(a_datagram_of_nothing_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
