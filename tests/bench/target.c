/*
 * The first byte of a connection says what the target does: 'e' sends back
 * what comes, 'd' discards and counts it, 's' sends for ever.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

static _Atomic uint64_t discarded;

uint64_t
target_discarded(void)
{
	return discarded;
}

static char modes[MAX_FDS]; /* by descriptor; 0: its first byte has not come */

static bool
target_source(int fd, char *piece)
{
	if (recv(fd, piece, 1, MSG_DONTWAIT) == 0)
		return false;
	return send(fd, piece, PIECE, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

/* The first byte; a source wants to write from then on. */
static bool
target_mode(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };

	if (recv(fd, &modes[fd], 1, 0) != 1)
		return false;
	if (modes[fd] == 's')
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
	return true;
}

/* One step for one connection; false: it is over. */
static bool
target_step(int epoll, int fd, char *piece)
{
	ssize_t len;

	if (!modes[fd])
		return target_mode(epoll, fd);
	if (modes[fd] == 's')
		return target_source(fd, piece);
	len = recv(fd, piece, PIECE, 0);
	if (len <= 0)
		return len < 0 && errno == EAGAIN;
	if (modes[fd] == 'e')
		return send(fd, piece, (size_t)len, MSG_NOSIGNAL) == len;
	discarded += (uint64_t)len;
	return true;
}

static void
target_accept(int epoll, int listener)
{
	int one = 1, fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		modes[fd] = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

static void *
target_run(void *arg)
{
	static char piece[PIECE];
	int listener = *(int *)arg, epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[256], event = { .events = EPOLLIN, .data.fd = listener };

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				target_accept(epoll, listener);
			else if (!target_step(epoll, fd, piece))
				close(fd);
		}
	}
	return NULL;
}

void
target_start(void)
{
	static int listener;
	struct sockaddr_in at;
	pthread_t thread;
	int one = 1;

	address(&at, INADDR_LOOPBACK, target_port);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0)
		die("target");
	if (pthread_create(&thread, NULL, target_run, &listener))
		die("thread");
}
