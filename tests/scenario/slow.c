/*
 * slow PORT COUNT: so many connections to an HTTP server, of three kinds in turn: a head that comes a byte at a time,
 * a body that never ends, an answer of which nothing is read. Prints "there" when each has begun, and goes on until its
 * input ends; then "N left", those that the server has not closed.
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

static const char *const begins[] = {
	"GET /small HTTP/1.1\r\nHost: x\r\nX-Slow: ",
	"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
	"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
};

static int
begin(unsigned port, int kind)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;

	if (kind == 2)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa) ||
	    send(fd, begins[kind], strlen(begins[kind]), MSG_NOSIGNAL) < 0) {
		perror("slow");
		exit(1);
	}
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
	int count = argc == 3 ? atoi(argv[2]) : 0, left = 0;
	int *fds = calloc((size_t)count + 1, sizeof *fds);

	for (int i = 0; i < count; i++)
		fds[i] = begin((unsigned)atoi(argv[1]), i % 3);
	puts("there");
	fflush(stdout);
	while (poll(&input, 1, ROUND_MS) == 0)
		for (int i = 0; i < count; i++)
			if (i % 3 < 2)
				(void)send(fds[i], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < count; i++)
		left += !ends(fds[i]);
	printf("%d left\n", left);
	free(fds);
	return 0;
}
