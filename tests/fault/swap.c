/*
 * swap: bytes both ways through a TCP connection, each of them known to the
 * other end beforehand.
 *
 *   swap serve PORT                        a process for each connection; one line to stdout for each
 *   swap PORT BYTES SEED QUIET [PACE]      BYTES each way, different ones; give up after QUIET ms
 *                                          without any; with PACE only 1 KiB each so many ms. Says
 *                                          "going" to stderr when the first bytes have come
 *
 * Who has sent all half-closes; who has all wants the other's end, too. Exit
 * codes, and the server's words for them:
 *
 *   0 whole    1 broken: refused, reset, or the like: an error that is one
 *   3 late     4 LOST: wrong bytes, or an end before all of them
 *   5 empty: an end before any byte, which only who has lost nothing may take for an error
 *
 * A broken swap is reset, so that the other end does not take it for an end.
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum verdict { WHOLE = 0, BROKEN = 1, LATE = 3, LOST = 4, EMPTY = 5 };

#define CHUNK 65536
#define SLOW_CHUNK 1024
#define SERVER_QUIET_MS 60000

struct swap {
	int fd;
	uint64_t total, sent, received;
	uint64_t seed_out, seed_in;
	int quiet_ms, pace_ms;
	bool shut, ended;
	bool tells; /* when it is going */
};

/* What a client says first. */
struct head {
	uint64_t total, seed;
};

/* Byte i of the sequence with this seed (splitmix64). */
static uint8_t
byte_of(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint8_t)((z ^ (z >> 31)) >> (i % 8 * 8));
}

static size_t
chunk(const struct swap *s)
{
	return s->pace_ms ? SLOW_CHUNK : CHUNK;
}

static enum verdict
take(struct swap *s)
{
	static uint8_t data[CHUNK];
	ssize_t n = read(s->fd, data, chunk(s));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? WHOLE : BROKEN;
	s->ended = n == 0;
	if (s->ended && s->received < s->total)
		return s->received ? LOST : EMPTY;
	for (ssize_t i = 0; i < n; i++)
		if (s->received + (uint64_t)i >= s->total || data[i] != byte_of(s->seed_in, s->received + (uint64_t)i))
			return LOST;
	if (s->tells && !s->received && n > 0)
		fprintf(stderr, "going\n");
	s->received += (uint64_t)n;
	return WHOLE;
}

static enum verdict
give(struct swap *s)
{
	static uint8_t data[CHUNK];
	uint64_t left = s->total - s->sent;
	size_t len = left < chunk(s) ? (size_t)left : chunk(s);
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		data[i] = byte_of(s->seed_out, s->sent + i);
	n = len ? write(s->fd, data, len) : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? WHOLE : BROKEN;
	s->sent += (uint64_t)n;
	if (s->sent == s->total) {
		s->shut = true;
		shutdown(s->fd, SHUT_WR);
	}
	return WHOLE;
}

static enum verdict
exchange(struct swap *s)
{
	enum verdict v = WHOLE;

	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	while (v == WHOLE && (!s->ended || !s->shut)) {
		struct pollfd p = {
			.fd = s->fd,
			.events = (short)((s->ended ? 0 : POLLIN) | (s->shut ? 0 : POLLOUT)),
		};

		if (poll(&p, 1, s->quiet_ms) == 0)
			v = LATE;
		/* reading first: a reset is told by either, but only once */
		if (v == WHOLE && !s->ended && (p.revents & (POLLIN | POLLHUP | POLLERR)))
			v = take(s);
		if (v == WHOLE && !s->shut && (p.revents & POLLOUT))
			v = give(s);
		if (s->pace_ms)
			poll(NULL, 0, s->pace_ms);
	}
	if (v != WHOLE)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(s->fd);
	return v;
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
client(int port, uint64_t total, uint64_t seed, int quiet_ms, int pace_ms)
{
	struct sockaddr_in to = loopback(port);
	struct head head = { total, seed };
	struct swap s = {
		.fd = socket(AF_INET, SOCK_STREAM, 0),
		.total = total,
		.seed_out = seed,
		.seed_in = ~seed,
		.quiet_ms = quiet_ms,
		.pace_ms = pace_ms,
		.tells = true,
	};

	if (connect(s.fd, (struct sockaddr *)&to, sizeof to) < 0)
		return BROKEN;
	/* a fresh socket takes so little at once */
	if (write(s.fd, &head, sizeof head) != sizeof head)
		return BROKEN;
	return exchange(&s);
}

/* ---- the server ---- */

/* The first bytes; an end before any is no harm: somebody looked whether the port is open. */
static enum verdict
head_read(int fd, struct head *head)
{
	size_t have = 0;

	while (have < sizeof *head) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, SERVER_QUIET_MS) == 0 ? -2 : read(fd, (char *)head + have, sizeof *head - have);

		if (n <= 0)
			return n == -2 ? LATE : n < 0 || !have ? BROKEN : LOST;
		have += (size_t)n;
	}
	return WHOLE;
}

static void
serve_one(int fd)
{
	static const char *const words[] = { [WHOLE] = "whole", [BROKEN] = "broken", [LATE] = "late", [LOST] = "LOST",
		[EMPTY] = "LOST" };
	struct head head;
	enum verdict v = head_read(fd, &head);
	struct swap s = { .fd = fd };

	if (v == WHOLE) {
		s.total = head.total;
		s.seed_in = head.seed;
		s.seed_out = ~head.seed;
		s.quiet_ms = SERVER_QUIET_MS;
		v = exchange(&s);
	}
	printf("%s: %llu of %llu bytes, %llu sent\n", words[v], (unsigned long long)s.received,
	    (unsigned long long)s.total, (unsigned long long)s.sent);
	fflush(stdout);
	_exit(v);
}

static int
serve(int port)
{
	struct sockaddr_in at = loopback(port);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 128) < 0) {
		perror("swap: listen");
		return BROKEN;
	}
	signal(SIGCHLD, SIG_IGN); /* nobody asks for their exit codes */
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			serve_one(fd);
		}
		if (fd >= 0)
			close(fd);
	}
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(atoi(argv[2]));
	if (argc == 5 || argc == 6)
		return client(atoi(argv[1]), strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
		    atoi(argv[4]), argc == 6 ? atoi(argv[5]) : 0);
	fprintf(stderr, "usage: see the top of swap.c\n");
	return 2;
}
