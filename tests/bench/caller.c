#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

struct caller {
	double born;
	bool asked;
};

static struct caller callers[MAX_FDS];

static bool
caller_new(int epoll)
{
	struct epoll_event event = { .events = EPOLLOUT };
	int fd = dial(SOCK_NONBLOCK);

	if (fd < 0 || fd >= MAX_FDS)
		return false;
	callers[fd] = (struct caller){ .born = now() };
	event.data.fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return true;
}

/* Connected: ask. Answered: done (1). Negative: failed. */
static int
caller_step(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	char byte;

	if (!callers[fd].asked) {
		if (send(fd, "ex", 2, MSG_NOSIGNAL) != 2)
			return -1;
		callers[fd].asked = true;
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
		return 0;
	}
	if (recv(fd, &byte, 1, 0) != 1)
		return -1;
	sample_add(now() - callers[fd].born);
	return 1;
}

int
conn(int at_once, double seconds, long count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0, failed = 0;
	struct epoll_event events[256];
	double begin = now();
	long done = 0;

	while (now() - begin < seconds && done < count && failed < 1000) {
		for (; open < at_once; open++)
			if (!caller_new(epoll))
				die("connect");
		int ready = epoll_wait(epoll, events, 256, 50);

		for (int i = 0; i < ready; i++) {
			int rc = caller_step(epoll, events[i].data.fd);

			if (rc == 0)
				continue;
			done += rc > 0;
			failed += rc < 0;
			close(events[i].data.fd);
			open--;
		}
	}
	print("per_s", (double)done / (now() - begin));
	print("count", (double)done);
	print("failed", failed);
	samples_print();
	return 0;
}

int
hold(int count)
{
	double before = resident_kb(), begin = now();
	int opened = 0;

	while (opened < count && now() - begin < 30 && dial_echo(5) >= 0)
		opened++;
	rest(1);
	print("opened", opened);
	if (opened > 0)
		print("kb_per_conn", (resident_kb() - before) / opened);
	return 0;
}
