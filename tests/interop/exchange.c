/*
 * exchange: both ends of what goes through a portal, every byte checked.
 *
 *   exchange serve PORT                  the target of the commands below; runs until a signal
 *   exchange both PORT SIZE…             on one connection: as many bytes up and, at once, down
 *   exchange turns PORT COUNT SIZE       on one connection: that many round trips
 *   exchange ends PORT TARGET SIZE…      the end of a stream comes behind all its bytes: the
 *                                        target ends; the client ends; TARGET is serve's own port
 *   exchange half PORT SIZE              the client says no more, and is answered still
 *   exchange atonce PORT COUNT SIZE      that many connections, all open at once
 *
 * Bytes are made from a number that the request brings, so each side knows what
 * must come. EXCHANGE_SECONDS (60) is how long a command may take. Exit code 0:
 * all came as it was sent; 1: it did not; 2: usage; 3: time ran out.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"

#define LATE 3

static int
fail(const char *what)
{
	fprintf(stderr, "exchange: %s: %s\n", what, errno ? strerror(errno) : "not what was sent");
	return 1;
}

static int
dial(int port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
		close(fd);
		return -1;
	}
	nodelay(fd);
	return fd;
}

static struct request
request(enum what what, uint64_t size)
{
	struct request r = { .what = what, .size = size };

	while (r.id == 0)
		if (getrandom(&r.id, sizeof r.id, 0) < 0)
			exit(fail("random"));
	return r;
}

/* Ask for bytes down while the same number goes up; check them and the verdict. */
static bool
exchange(int fd, uint64_t size)
{
	struct request r = request(BOTH, size);
	struct bytes up = { fd, r.id, size }, down = { fd, ~r.id, size };
	char verdict = '-';

	errno = 0;
	return send_all(fd, &r, sizeof r) && bytes_both_ways(&up, &down) && recv(fd, &verdict, 1, 0) == 1 && verdict == '+';
}

static int
both(int port, int argc, char **sizes)
{
	int fd = dial(port);

	for (int i = 0; i < argc; i++)
		if (fd < 0 || !exchange(fd, strtoull(sizes[i], NULL, 10)))
			return fail(sizes[i]);
	return 0;
}

static int
turns(int port, uint64_t count, uint64_t size)
{
	struct request r = request(TURNS, size);
	struct bytes up = { dial(port), r.id, size }, down = { up.fd, ~r.id, size };

	r.turns = count;
	if (up.fd < 0 || !send_all(up.fd, &r, sizeof r))
		return fail("turns");
	for (; count > 0; count--, up.seed++, down.seed++) {
		bytes_send(&up);
		if (bytes_receive(&down) != size)
			return fail("turn");
	}
	return 0;
}

static bool
target_ends(int port, uint64_t size)
{
	struct request r = request(TARGET_ENDS, size);
	struct bytes down = { dial(port), ~r.id, size };
	bool right;

	errno = 0;
	right = down.fd >= 0 && send_all(down.fd, &r, sizeof r) && bytes_receive(&down) == size && ended(down.fd);
	close(down.fd);
	return right;
}

/* What the target saw is asked for directly. */
static bool
client_ends(int port, int target, uint64_t size)
{
	struct request r = request(CLIENT_ENDS, size), ask = { .what = ASK, .id = r.id };
	struct bytes up = { dial(port), r.id, size };
	uint64_t came = 0;
	int fd;

	errno = 0;
	if (up.fd < 0 || !send_all(up.fd, &r, sizeof r))
		return false;
	bytes_send(&up);
	close(up.fd);
	fd = dial(target);
	return fd >= 0 && send_all(fd, &ask, sizeof ask) && recv(fd, &came, sizeof came, MSG_WAITALL) == sizeof came &&
		close(fd) == 0 && came == size;
}

static int
ends(int port, int target, int argc, char **sizes)
{
	for (int i = 0; i < argc; i++) {
		uint64_t size = strtoull(sizes[i], NULL, 10);

		if (!target_ends(port, size) || !client_ends(port, target, size))
			return fail(sizes[i]);
	}
	return 0;
}

static int
half(int port, uint64_t size)
{
	struct request r = request(HALF, size);
	struct bytes up = { dial(port), r.id, size }, down = { up.fd, ~r.id, size };

	errno = 0;
	if (up.fd < 0 || !send_all(up.fd, &r, sizeof r))
		return fail("half");
	bytes_send(&up);
	shutdown(up.fd, SHUT_WR);
	return bytes_receive(&down) == size && ended(down.fd) ? 0 : fail("half");
}

static int
atonce(int port, int count, uint64_t size)
{
	int fds[MAX_ATONCE];

	if (count > MAX_ATONCE)
		return 2;
	for (int i = 0; i < count; i++)
		if ((fds[i] = dial(port)) < 0)
			return fail("connect");
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < count; i++)
			if (!exchange(fds[i], size))
				return fail("at once");
	return 0;
}

static void
late(int signo)
{
	static const char text[] = "exchange: time ran out\n";

	(void)signo;
	if (write(2, text, sizeof text - 1) < 0)
		_exit(1);
	_exit(LATE);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[1] : "", *seconds = getenv("EXCHANGE_SECONDS");
	int port = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(name, "serve"))
		return target_serve(port) ? fail("listen") : 0;
	signal(SIGALRM, late);
	alarm(seconds ? (unsigned)atoi(seconds) : 60);
	if (!strcmp(name, "both"))
		return both(port, argc - 3, argv + 3);
	if (!strcmp(name, "turns") && argc == 5)
		return turns(port, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	if (!strcmp(name, "ends") && argc > 4)
		return ends(port, atoi(argv[3]), argc - 4, argv + 4);
	if (!strcmp(name, "half") && argc == 4)
		return half(port, strtoull(argv[3], NULL, 10));
	if (!strcmp(name, "atonce") && argc == 5)
		return atonce(port, atoi(argv[3]), strtoull(argv[4], NULL, 10));
	fprintf(stderr, "usage: see the top of exchange.c\n");
	return 2;
}
