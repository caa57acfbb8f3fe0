/*
 * strangers: connections to 127.0.0.1 that mean no good, many at once.
 *
 *   strangers hold PORT COUNT             COUNT that say nothing, from 40 addresses; prints "holding N of COUNT",
 *                                         and then stays until a signal comes
 *   strangers zeros PORT BYTES [HEX]      the bytes HEX, and then zeros until BYTES are gone or nobody takes them
 *   strangers slow PORT COUNT MS HEX      COUNT that send the bytes HEX again and again, one each MS ms, until all
 *                                         are closed by the other side
 *   strangers knock PORT COUNT HEX        COUNT that send the bytes HEX, one after the other, each until the other side
 *                                         has closed it
 *   strangers datagrams PORT COUNT HEX    the bytes HEX by UDP from COUNT sockets, one after the other
 *
 * zeros and slow print "sent N bytes", all connections together, and end with 0; with 3 when a minute was not enough.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LATE 3
#define MINUTE_MS 60000
#define ADDRESSES 40 /* so that no limit for one address is what stops them */
#define KEPT 32      /* descriptors */

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* As many descriptors as we may have; how many connections that makes. */
static long
room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > KEPT ? (long)limit.rlim_cur - KEPT : 0;
}

/* From 127.0.1.1, 127.0.1.2, and so on. */
static int
dial_by(int type, int port, unsigned from)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000101 + from % ADDRESSES),
	};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -1;
	/* the port is chosen by connect(): there are enough for each pair of addresses */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0) {
		sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sa.sin_port = htons((uint16_t)port);
		if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

static int
dial(int port, unsigned from)
{
	return dial_by(SOCK_STREAM, port, from);
}

static int
hold(int port, long count)
{
	long most = room(), held = 0;

	while (held < count && held < most && dial(port, (unsigned)held) >= 0)
		held++;
	printf("holding %ld of %ld\n", held, count);
	fflush(stdout);
	pause();
	return 0;
}

/* Has the other side closed or reset it? What it says is not listened to. */
static bool
closed(int fd)
{
	char data[256];
	ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

static size_t
unhex(uint8_t *out, size_t size, const char *hex)
{
	size_t n = 0;
	unsigned byte;

	for (; n < size && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

static int
zeros(int port, long bytes, const char *hex)
{
	static uint8_t data[65536];
	size_t len = unhex(data, sizeof data, hex);
	int fd = dial(port, 0);
	struct timeval minute = { .tv_sec = MINUTE_MS / 1000 };
	long sent = 0;
	ssize_t n = 0;

	if (fd < 0)
		return 1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute);
	while (sent < bytes && !closed(fd)) {
		n = write(fd, data, len ? len : sizeof data);
		if (n < 0)
			break;
		sent += n;
		memset(data, 0, len);
		len = 0;
	}
	printf("sent %ld bytes\n", sent);
	return n < 0 && errno == EAGAIN ? LATE : 0;
}

static int
slow(int port, int count, int ms, const char *hex)
{
	uint8_t data[4096];
	size_t len = unhex(data, sizeof data, hex), at = 0;
	int64_t end = now_ms() + MINUTE_MS;
	int *fds = calloc((size_t)count, sizeof *fds), open = 0;
	long sent = 0;

	for (int i = 0; fds && i < count; i++)
		open += (fds[i] = dial(port, (unsigned)i)) >= 0;
	while (open > 0 && len && now_ms() < end) {
		for (int i = 0; i < count; i++) {
			if (fds[i] < 0)
				continue;
			if (closed(fds[i]) || write(fds[i], &data[at], 1) < 0) {
				close(fds[i]);
				fds[i] = -1;
				open--;
			} else {
				sent++;
			}
		}
		at = (at + 1) % len;
		poll(NULL, 0, ms);
	}
	printf("sent %ld bytes\n", sent);
	free(fds);
	return open > 0 ? LATE : 0;
}

/* Until there is nothing more to read, or a minute has passed. */
static bool
closes(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + MINUTE_MS;

	while (!closed(fd) && now_ms() < end)
		poll(&ready, 1, (int)(end - now_ms()));
	return closed(fd);
}

static int
knock(int port, int count, const char *hex)
{
	uint8_t data[4096];
	size_t len = unhex(data, sizeof data, hex);
	bool fine = true;

	for (int i = 0; i < count && fine; i++) {
		int fd = dial(port, (unsigned)i);

		fine = fd >= 0 && write(fd, data, len) == (ssize_t)len && closes(fd);
		if (fd >= 0)
			close(fd);
	}
	return fine ? 0 : LATE;
}

static int
datagrams(int port, int count, const char *hex)
{
	uint8_t data[1200];
	size_t len = unhex(data, sizeof data, hex);

	for (int i = 0; i < count; i++) {
		int fd = dial_by(SOCK_DGRAM, port, (unsigned)i);

		if (fd < 0)
			return 1;
		(void)!write(fd, data, len); /* where there is no room it is lost, as on the way */
		close(fd);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[1] : "";
	int port = argc > 2 ? atoi(argv[2]) : 0;

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(what, "hold") && argc == 4)
		return hold(port, atol(argv[3]));
	if (!strcmp(what, "zeros") && (argc == 4 || argc == 5))
		return zeros(port, atol(argv[3]), argc == 5 ? argv[4] : "");
	if (!strcmp(what, "slow") && argc == 6)
		return slow(port, atoi(argv[3]), atoi(argv[4]), argv[5]);
	if (!strcmp(what, "knock") && argc == 5)
		return knock(port, atoi(argv[3]), argv[4]);
	if (!strcmp(what, "datagrams") && argc == 5)
		return datagrams(port, atoi(argv[3]), argv[4]);
	fprintf(stderr, "usage: see the top of strangers.c\n");
	return 2;
}
