#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

void
bulk_open(struct bulk *bulk, bool up, int streams)
{
	bulk->up = up;
	bulk->received = 0;
	memset(bulk->fd, -1, sizeof bulk->fd);
	bulk->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < streams; i++) {
		struct epoll_event event = { .events = up ? EPOLLOUT : EPOLLIN };

		event.data.fd = bulk->fd[i] = dial(0);
		if (bulk->fd[i] < 0 || send(bulk->fd[i], up ? "d" : "s", 1, MSG_NOSIGNAL) != 1)
			die("connect");
		epoll_ctl(bulk->epoll, EPOLL_CTL_ADD, bulk->fd[i], &event);
	}
}

void
bulk_close(struct bulk *bulk)
{
	for (int i = 0; i < MAX_STREAMS; i++)
		if (bulk->fd[i] >= 0)
			close(bulk->fd[i]);
	close(bulk->epoll);
}

static void
bulk_step(struct bulk *bulk, int fd)
{
	ssize_t len = bulk->up ? send(fd, bulk->piece, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL)
			       : recv(fd, bulk->piece, PIECE, MSG_DONTWAIT);

	if (len == 0 || (len < 0 && errno != EAGAIN))
		die("stream broke");
	if (len > 0 && !bulk->up)
		bulk->received += (uint64_t)len;
}

static uint64_t
bulk_arrived(const struct bulk *bulk)
{
	return bulk->up ? target_discarded() : bulk->received;
}

double
bulk_run(struct bulk *bulk, double seconds)
{
	double end = now() + seconds;
	uint64_t before = bulk_arrived(bulk);
	struct epoll_event events[MAX_STREAMS];

	while (now() < end) {
		int count = epoll_wait(bulk->epoll, events, MAX_STREAMS, 50);

		for (int i = 0; i < count; i++)
			bulk_step(bulk, events[i].data.fd);
	}
	return (double)(bulk_arrived(bulk) - before) / 1e9;
}

/* The same as Gbit/s. */
static double
bulk_gbps(struct bulk *bulk, double seconds)
{
	double begin = now(), gb = bulk_run(bulk, seconds);

	return gb * 8 / (now() - begin);
}

#define STALL_LIMIT_KB (2 * 1024 * 1024) /* a tunnel that has grown by this has failed; spare the machine */

static struct bulk bulk; /* the one of the main thread */

int
rate(bool up, int streams, double seconds)
{
	double mark[MAX_ROLES], begin, gb;

	if (streams < 1 || streams > MAX_STREAMS)
		return 2;
	bulk_open(&bulk, up, streams);
	bulk_run(&bulk, WARM_UP_S);
	cpu_mark(mark);
	begin = now();
	gb = bulk_run(&bulk, seconds);
	print("gbps", gb * 8 / (now() - begin));
	cpu_print(mark, gb);
	return 0;
}

/* One stream until `gb` have come; memory is looked at ten times a second. */
int
volume(double gb, double seconds)
{
	double begin, end, done = 0, first, peak = 0, most;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, 1);
	first = resident_kb();
	begin = now();
	end = begin + seconds;
	while (done < gb && now() < end) {
		done += bulk_run(&bulk, 0.1);
		most = resident_kb();
		peak = most > peak ? most : peak;
	}
	print("gb", done);
	print("gbps", done * 8 / (now() - begin));
	print("rss_first_mib", first / 1024);
	print("rss_last_mib", resident_kb() / 1024);
	print("grown_mib", (peak - first) / 1024);
	return 0;
}

int
stall(double seconds)
{
	double alone, beside, base, peak = 0, begin;
	int unread, fresh;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, WARM_UP_S);
	alone = bulk_gbps(&bulk, seconds);
	base = resident_kb();
	unread = dial(0);
	if (unread < 0 || send(unread, "s", 1, MSG_NOSIGNAL) != 1)
		die("connect");
	bulk_run(&bulk, 1); /* until every buffer on its way is full */
	beside = bulk_gbps(&bulk, seconds);
	for (begin = now(); now() - begin < 1 && peak < STALL_LIMIT_KB; bulk_run(&bulk, 0.1))
		peak = resident_kb() - base > peak ? resident_kb() - base : peak;
	begin = now();
	fresh = dial_echo(5);
	print("alone_gbps", alone);
	print("beside_gbps", beside);
	print("ratio", alone > 0 ? beside / alone : 0);
	print("grown_mib", peak / 1024);
	print("fresh_ms", fresh >= 0 ? (now() - begin) * 1e3 : -1);
	return 0;
}

/* How long a new connection takes right after a busy download was closed. */
int
after_close(int times)
{
	double begin;
	int fresh;

	for (int i = 0; i < times; i++) {
		bulk_open(&bulk, false, 1);
		bulk_run(&bulk, i ? WARM_UP_S : 1);
		bulk_close(&bulk);
		begin = now();
		fresh = dial_echo(20);
		if (fresh < 0)
			die("connect");
		sample_add(now() - begin);
		close(fresh);
	}
	samples_print_ms();
	return 0;
}
