#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <unistd.h>

#include "load.h"

void
address(struct sockaddr_in *out, uint32_t host, int at)
{
	*out = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)at),
		.sin_addr.s_addr = htonl(host),
	};
}

/* Each comes from the next of 250 addresses: one alone runs out of ports when thousands close. */
int
dial(int flags)
{
	static _Atomic uint32_t turn;
	struct sockaddr_in to, from;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -1;
	address(&to, INADDR_LOOPBACK, port);
	address(&from, INADDR_LOOPBACK + 1 + turn++ % 250, 0);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

static void
patience(int fd, double seconds)
{
	struct timeval tv = { (time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

bool
there_and_back(int fd, char *data, size_t len)
{
	return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len && recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

int
dial_echo(double seconds)
{
	char byte = 'x';
	int fd = dial(0);

	if (fd < 0)
		return -1;
	patience(fd, seconds);
	if (send(fd, "e", 1, MSG_NOSIGNAL) == 1 && there_and_back(fd, &byte, 1))
		return fd;
	close(fd);
	return -1;
}
