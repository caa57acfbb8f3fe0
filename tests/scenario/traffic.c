/*
 * traffic: what a portal carries while something else is done to it.
 *
 *   traffic source PORT          sends a stream that everybody can compute to who connects, one after the
 *                                other, until SIGUSR1: then the one under way ends
 *   traffic sink PORT STEP       connects, and compares what comes; a line "BYTES" after each STEP bytes. Exit
 *                                code 0: it ended in order, and was all right: "right BYTES"
 *   traffic pace PORT            sends 64 bytes, waits for them to come back ("going"), and so on. SIGUSR1: a
 *                                line "trips N longest US", of the time since the last one. SIGTERM: ends
 *
 * All addresses are 127.0.0.1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define PACE 64

static volatile sig_atomic_t told, ended;

static void
on_signal(int number)
{
	if (number == SIGUSR1)
		told = 1;
	else
		ended = 1;
}

static void
signals_take(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* calls that wait return */

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int
fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	return 1;
}

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int
dial(int port)
{
	struct sockaddr_in to = loopback(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* ---- the stream: xorshift64*, the same from its beginning each time ---- */

struct stream {
	uint64_t state;
	uint64_t words[PIECE / 8];
};

static void
stream_begin(struct stream *stream)
{
	stream->state = UINT64_C(0x9e3779b97f4a7c15);
}

static const char *
stream_next(struct stream *stream)
{
	for (size_t i = 0; i < PIECE / 8; i++) {
		stream->state ^= stream->state >> 12;
		stream->state ^= stream->state << 25;
		stream->state ^= stream->state >> 27;
		stream->words[i] = stream->state * UINT64_C(0x2545f4914f6cdd1d);
	}
	return (const char *)stream->words;
}

static void
send_to(int fd)
{
	static struct stream stream;

	stream_begin(&stream);
	while (!told && !ended) {
		const char *data = stream_next(&stream);

		for (size_t done = 0; done < PIECE;) {
			ssize_t n = write(fd, data + done, PIECE - done);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return;
			done += (size_t)n;
		}
	}
}

static int
source(int port)
{
	struct sockaddr_in at = loopback(port);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 16))
		return fail("listen");
	while (!ended) {
		int fd = accept(listener, NULL, NULL);

		told = 0;
		if (fd < 0)
			continue;
		send_to(fd);
		close(fd);
	}
	return 0;
}

static int
sink(int port, uint64_t step)
{
	static struct stream stream;
	static char data[PIECE];
	const char *want = NULL;
	uint64_t total = 0;
	int fd = dial(port);

	if (fd < 0)
		return fail("connect");
	stream_begin(&stream);
	for (;;) {
		size_t at = total % PIECE;
		ssize_t n = read(fd, data, PIECE - at);

		if (n < 0)
			return fail("read");
		if (n == 0)
			break;
		if (at == 0)
			want = stream_next(&stream);
		if (memcmp(want + at, data, (size_t)n)) {
			printf("wrong within %zd bytes behind %llu\n", n, (unsigned long long)total);
			return 1;
		}
		if (total / step != (total + (uint64_t)n) / step)
			printf("%llu\n", (unsigned long long)(total + (uint64_t)n));
		total += (uint64_t)n;
	}
	printf("right %llu\n", (unsigned long long)total);
	return 0;
}

/* ---- there and back ---- */

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int
trip(int fd)
{
	char data[PACE] = { 0 };

	while (write(fd, data, PACE) != PACE)
		if (errno != EINTR)
			return -1;
	for (size_t have = 0; have < PACE;) {
		ssize_t n = read(fd, data, PACE - have);

		if (n > 0)
			have += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}

static int
pace(int port)
{
	uint64_t trips = 0, longest = 0;
	int fd = dial(port);

	if (fd < 0)
		return fail("connect");
	if (trip(fd))
		return fail("trip");
	puts("going");
	while (!ended) {
		uint64_t began = now_us(), took;

		if (trip(fd))
			return fail("trip");
		took = now_us() - began;
		longest = took > longest ? took : longest;
		trips++;
		if (!told)
			continue;
		printf("trips %llu longest %llu\n", (unsigned long long)trips, (unsigned long long)longest);
		trips = longest = 0;
		told = 0;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	int port = argc > 2 ? atoi(argv[2]) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signals_take();
	if (!strcmp(what, "source") && argc == 3)
		return source(port);
	if (!strcmp(what, "sink") && argc == 4)
		return sink(port, strtoull(argv[3], NULL, 10));
	if (!strcmp(what, "pace") && argc == 3)
		return pace(port);
	fprintf(stderr, "usage: see the top of traffic.c\n");
	return 2;
}
