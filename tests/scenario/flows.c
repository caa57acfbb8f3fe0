/*
 * flows: programs that send and receive datagrams, for portal/udp.
 *
 *   flows echo PORT                a server which sends back what it is sent
 *   flows record PORT FILE         appends to FILE each datagram, a newline behind it
 *   flows ask PORT COUNT LEN MS    COUNT sockets send a datagram of LEN bytes each, from 8 on no two alike, again every 500 ms, until
 *                                  the same has come back to each; prints how many did. Then it waits for a line "again" on
 *                                  standard input, asks by the same sockets, prints, and so on; anything else there ends it
 *
 * All addresses are 127.0.0.1. Exit code 0: done; 1: it failed; 2: usage; 3: time ran out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#define LEN_MAX 65536
#define AGAIN_MS 500
/* Questions under way, so that no buffer of the kernel overflows. */
#define WINDOW 32

struct asker {
	int fd;
	int64_t asked_ms; /* 0: not yet */
	bool answered;
};

static uint8_t sent[LEN_MAX], came[LEN_MAX];

static int
fail(const char *what)
{
	fprintf(stderr, "flows: %s: %s\n", what, strerror(errno));
	return 1;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
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

/* ---- servers ---- */

static int
serve(int port, int file)
{
	struct sockaddr_in at = loopback(port), from;
	int room = 1 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at))
		return fail("bind");
	for (;;) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(fd, came, sizeof came - 1, 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			continue;
		if (file < 0) {
			sendto(fd, came, (size_t)n, 0, (struct sockaddr *)&from, len);
			continue;
		}
		came[n] = '\n';
		if (write(file, came, (size_t)n + 1) < 0)
			return fail("write");
	}
}

/* ---- askers ---- */

/* What the asker sends in this round: as long as there is room, nobody else's. */
static void
content(uint8_t *out, size_t len, uint32_t asker, uint32_t round)
{
	const uint32_t head[2] = { asker, round };

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(i * 7 + asker + round);
	memcpy(out, head, len < sizeof head ? len : sizeof head);
}

static void
ask(struct asker *a, size_t len, uint32_t number, uint32_t round)
{
	content(sent, len, number, round);
	a->asked_ms = now_ms();
	/* that nobody was there at the last question is told by the next: once more */
	if (send(a->fd, sent, len, 0) < 0)
		send(a->fd, sent, len, 0);
}

/* Is it the answer? Others are late ones, of a question that was asked twice. */
static bool
hear(struct asker *a, size_t len, uint32_t number, uint32_t round)
{
	ssize_t n;

	content(sent, len, number, round);
	while ((n = recv(a->fd, came, sizeof came, MSG_DONTWAIT)) >= 0)
		if ((size_t)n == len && !memcmp(came, sent, len))
			return true;
	return false;
}

static int
askers_open(struct asker *askers, size_t count, int port)
{
	struct sockaddr_in to = loopback(port);

	for (size_t i = 0; i < count; i++) {
		askers[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (askers[i].fd < 0 || connect(askers[i].fd, (struct sockaddr *)&to, sizeof to))
			return fail("connect");
	}
	return 0;
}

/* One turn over all of them; how many are answered. */
static size_t
turn(struct asker *askers, size_t count, size_t len, uint32_t round)
{
	size_t answered = 0, waiting = 0;

	for (size_t i = 0; i < count; i++) {
		struct asker *a = &askers[i];

		if (!a->answered && a->asked_ms)
			a->answered = hear(a, len, (uint32_t)i, round);
		answered += a->answered;
		if (a->answered || waiting == WINDOW)
			continue;
		waiting++;
		if (!a->asked_ms || now_ms() - a->asked_ms > AGAIN_MS)
			ask(a, len, (uint32_t)i, round);
	}
	return answered;
}

static size_t
ask_all(struct asker *askers, size_t count, size_t len, uint32_t round, int ms)
{
	int64_t end = now_ms() + ms;
	size_t answered = 0;

	for (size_t i = 0; i < count; i++)
		askers[i].asked_ms = askers[i].answered = 0;
	while (answered < count && now_ms() < end) {
		answered = turn(askers, count, len, round);
		poll(NULL, 0, 1);
	}
	printf("%zu answered\n", answered);
	fflush(stdout);
	return answered;
}

static int
ask_rounds(int port, size_t count, size_t len, int ms)
{
	struct asker *askers = calloc(count, sizeof *askers);
	struct rlimit files;
	uint32_t round = 0;
	int rc = 0;

	if (!askers)
		return fail("memory");
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	rc = askers_open(askers, count, port);
	do
		if (!rc && ask_all(askers, count, len, round++, ms) < count)
			rc = LATE;
	while (!rc && fgets((char *)came, sizeof came, stdin) && !strcmp((char *)came, "again\n"));
	for (size_t i = 0; i < count; i++)
		if (askers[i].fd > 0)
			close(askers[i].fd);
	free(askers);
	return rc;
}

int
main(int argc, char **argv)
{
	int file;

	if (argc == 3 && !strcmp(argv[1], "echo"))
		return serve(atoi(argv[2]), -1);
	if (argc == 4 && !strcmp(argv[1], "record")) {
		file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		return file < 0 ? fail(argv[3]) : serve(atoi(argv[2]), file);
	}
	if (argc == 6 && !strcmp(argv[1], "ask") && (size_t)atol(argv[4]) < LEN_MAX)
		return ask_rounds(atoi(argv[2]), (size_t)atol(argv[3]), (size_t)atol(argv[4]), atoi(argv[5]));
	fputs("usage: flows echo PORT | record PORT FILE | ask PORT COUNT LEN MS\n", stderr);
	return 2;
}
