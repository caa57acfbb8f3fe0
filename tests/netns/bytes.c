/*
 * bytes: a TCP connection that is full both ways, hashed at both ends.
 *
 *   bytes serve ADDRESS PORT               a process for each connection, a line for each when it has ended
 *   bytes swap ADDRESS PORT COUNT MS       COUNT bytes each way, of chance; gives up after MS without any
 *
 * Who has sent all half-closes; who has all wants the other's end, too. Then the line is
 *
 *   sent COUNT SHA256 got COUNT SHA256
 *
 * and the other end's is the same with both exchanged. Else it is "broken REASON, sent COUNT got COUNT of COUNT",
 * and the exit code is 1; a connection that broke is reset, lest the other end take it for an end.
 * The client says "part N" when N tenths have come. Addresses are IPv4 or IPv6; "from ADDRESS" is what
 * the server says of each client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 65536
#define SERVER_QUIET_MS 120000

struct half {
	uint64_t count;
	crypto_hash_sha256_state hash;
	bool ended;
};

struct swap {
	int fd, quiet_ms;
	uint64_t total;
	struct half sent, got;
	uint8_t piece[PIECE]; /* to be sent: from piece_at on */
	size_t piece_at;
	bool tells;
	char why[64];
};

static int
fail(const char *what)
{
	fprintf(stderr, "bytes: %s: %s\n", what, strerror(errno));
	return 1;
}

static void
half_add(struct half *half, const uint8_t *data, size_t len)
{
	crypto_hash_sha256_update(&half->hash, data, len);
	half->count += len;
}

static void
half_print(const char *name, struct half *half)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[sizeof hash * 2 + 1];

	crypto_hash_sha256_final(&half->hash, hash);
	printf("%s %" PRIu64 " %s", name, half->count, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static int
broken(struct swap *swap, const char *why)
{
	snprintf(swap->why, sizeof swap->why, "%s", why);
	return -1;
}

static int
give(struct swap *swap)
{
	uint64_t left = swap->total - swap->sent.count;
	size_t len;
	ssize_t n;

	if (swap->piece_at == PIECE) {
		randombytes_buf(swap->piece, PIECE);
		swap->piece_at = 0;
	}
	len = PIECE - swap->piece_at < left ? PIECE - swap->piece_at : (size_t)left;
	n = len ? send(swap->fd, swap->piece + swap->piece_at, len, MSG_NOSIGNAL) : 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : broken(swap, strerror(errno));
	half_add(&swap->sent, swap->piece + swap->piece_at, (size_t)n);
	swap->piece_at += (size_t)n;
	swap->sent.ended = swap->sent.count == swap->total;
	if (swap->sent.ended)
		shutdown(swap->fd, SHUT_WR);
	return 0;
}

static int
take(struct swap *swap)
{
	static uint8_t data[PIECE];
	uint64_t tenth = swap->total / 10 + 1, before = swap->got.count / tenth;
	ssize_t n = recv(swap->fd, data, sizeof data, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : broken(swap, strerror(errno));
	swap->got.ended = n == 0;
	half_add(&swap->got, data, (size_t)n);
	if (swap->tells && swap->got.count / tenth > before)
		printf("part %" PRIu64 "\n", swap->got.count / tenth);
	if (swap->got.ended ? swap->got.count < swap->total : swap->got.count > swap->total)
		return broken(swap, swap->got.ended ? "an end before the end" : "more than all");
	return 0;
}

/* Prints the line. Returns the exit code. */
static int
swap_run(struct swap *swap)
{
	int rc = 0;

	crypto_hash_sha256_init(&swap->sent.hash);
	crypto_hash_sha256_init(&swap->got.hash);
	swap->piece_at = PIECE;
	fcntl(swap->fd, F_SETFL, O_NONBLOCK);
	while (!rc && !(swap->sent.ended && swap->got.ended)) {
		struct pollfd p = {
			.fd = swap->fd,
			.events = (short)((swap->got.ended ? 0 : POLLIN) | (swap->sent.ended ? 0 : POLLOUT)),
		};

		if (poll(&p, 1, swap->quiet_ms) == 0)
			rc = broken(swap, "quiet");
		if (!rc && !swap->got.ended && (p.revents & (POLLIN | POLLHUP | POLLERR)))
			rc = take(swap);
		if (!rc && !swap->sent.ended && (p.revents & POLLOUT))
			rc = give(swap);
	}
	if (rc) {
		setsockopt(swap->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
		printf("broken %s, sent %" PRIu64 " got %" PRIu64 " of %" PRIu64 "\n", swap->why, swap->sent.count,
		    swap->got.count, swap->total);
	} else {
		half_print("sent", &swap->sent);
		half_print(" got", &swap->got);
		printf("\n");
	}
	close(swap->fd);
	return rc ? 1 : 0;
}

static struct addrinfo *
resolve(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *found;

	if (getaddrinfo(address, port, &hints, &found)) {
		fprintf(stderr, "bytes: %s %s is no address\n", address, port);
		exit(2);
	}
	return found;
}

static int
client(const struct addrinfo *to, uint64_t total, int quiet_ms)
{
	struct swap *swap = calloc(1, sizeof *swap);
	int rc;

	if (!swap)
		return fail("memory");
	*swap = (struct swap){ .total = total, .quiet_ms = quiet_ms, .tells = true };
	swap->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* a fresh socket takes the first bytes at once */
	if (connect(swap->fd, to->ai_addr, to->ai_addrlen) || send(swap->fd, &total, sizeof total, 0) != sizeof total)
		rc = fail("connect");
	else
		rc = swap_run(swap);
	free(swap);
	return rc;
}

/* ---- the server ---- */

static void
serve_one(int fd)
{
	static struct swap swap;
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	char name[INET6_ADDRSTRLEN] = "?";

	if (!getpeername(fd, (struct sockaddr *)&peer, &len))
		getnameinfo((struct sockaddr *)&peer, len, name, sizeof name, NULL, 0, NI_NUMERICHOST);
	printf("from %s\n", name);
	swap = (struct swap){ .fd = fd, .quiet_ms = SERVER_QUIET_MS };
	if (recv(fd, &swap.total, sizeof swap.total, MSG_WAITALL) != sizeof swap.total) {
		printf("broken no count\n");
		exit(1);
	}
	exit(swap_run(&swap));
}

static int
serve(const struct addrinfo *at)
{
	int one = 1, listener = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, at->ai_addr, at->ai_addrlen) || listen(listener, 128))
		return fail("listen");
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
	struct addrinfo *address;
	int rc = 2;

	if (sodium_init() < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4) {
		fprintf(stderr, "usage: see the top of bytes.c\n");
		return 2;
	}
	address = resolve(argv[2], argv[3]);
	if (!strcmp(argv[1], "serve") && argc == 4)
		rc = serve(address);
	else if (!strcmp(argv[1], "swap") && argc == 6)
		rc = client(address, strtoull(argv[4], NULL, 10), atoi(argv[5]));
	else
		fprintf(stderr, "usage: see the top of bytes.c\n");
	freeaddrinfo(address);
	return rc;
}
