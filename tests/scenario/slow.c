/*
 * slow PORT COUNT [head|tls]: so many connections to an HTTP server, of three kinds in turn: a head that comes a byte at a time,
 * a body that never ends, an answer of which nothing is read; or all with a head; or all with TLS that begins a byte at a time.
 * Prints "there" when each has begun, and goes on until its input ends; then "N left", those that the server has not closed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUND_MS 200

enum { HEAD, BODY, ANSWER, TLS };

static const char *const begins[] = {
	"GET /small HTTP/1.1\r\nHost: x\r\nX-Slow: ",
	"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
	"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
	"\x16\x03\x01\x02\x01\x01", /* a ClientHello of 508 bytes */
};

static int
begin(unsigned port, int kind)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;

	if (kind == ANSWER)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa)) {
		perror("slow");
		exit(1);
	}
	/* it may have been closed already */
	(void)!send(fd, begins[kind], strlen(begins[kind]), MSG_NOSIGNAL);
	return fd;
}

static int
ends(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
}

int
main(int argc, char **argv)
{
	struct pollfd input = { .events = POLLIN };
	int count = argc >= 3 ? atoi(argv[2]) : 0, left = 0;
	const char *only = argc == 4 ? argv[3] : NULL;
	int *fds = calloc((size_t)count + 1, sizeof *fds);

	for (int i = 0; i < count; i++)
		fds[i] = begin((unsigned)atoi(argv[1]), !only ? i % 3 : strcmp(only, "tls") ? HEAD : TLS);
	puts("there");
	fflush(stdout);
	while (poll(&input, 1, ROUND_MS) == 0)
		for (int i = 0; i < count; i++)
			if (only || i % 3 != ANSWER)
				(void)send(fds[i], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < count; i++)
		left += !ends(fds[i]);
	printf("%d left\n", left);
	free(fds);
	return 0;
}
