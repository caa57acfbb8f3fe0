/* Bytes of an exchange: made, sent, received and checked. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "exchange.h"

#define PIECE 65536

/* Eight bytes at a time of the sequence that a seed stands for (splitmix64). */
static void
make(uint64_t seed, uint64_t from, uint8_t *out, size_t len)
{
	uint64_t z = 0;

	for (uint64_t at = from; at < from + len; at++) {
		if (at == from || at % 8 == 0) {
			z = seed + (at / 8 + 1) * 0x9e3779b97f4a7c15u;
			z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
			z = (z ^ z >> 27) * 0x94d049bb133111ebu;
			z ^= z >> 31;
		}
		*out++ = (uint8_t)(z >> at % 8 * 8);
	}
}

bool
send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

void
bytes_send(const struct bytes *b)
{
	uint8_t piece[PIECE];

	for (uint64_t at = 0; at < b->size;) {
		size_t len = b->size - at < PIECE ? (size_t)(b->size - at) : PIECE;

		make(b->seed, at, piece, len);
		if (!send_all(b->fd, piece, len))
			break;
		at += len;
	}
}

uint64_t
bytes_receive(const struct bytes *b)
{
	uint8_t got[PIECE], want[PIECE];
	uint64_t at = 0;

	while (at < b->size) {
		ssize_t n = recv(b->fd, got, b->size - at < PIECE ? (size_t)(b->size - at) : PIECE, 0);

		if (n <= 0)
			break;
		make(b->seed, at, want, (size_t)n);
		if (memcmp(got, want, (size_t)n) != 0)
			return UINT64_MAX;
		at += (uint64_t)n;
	}
	return at;
}

bool
ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0;
}

static void *
sender(void *arg)
{
	bytes_send(arg);
	return NULL;
}

bool
bytes_both_ways(struct bytes *out, const struct bytes *in)
{
	pthread_t thread;
	bool right;

	if (pthread_create(&thread, NULL, sender, out))
		return false;
	right = bytes_receive(in) == in->size;
	pthread_join(thread, NULL);
	return right;
}

struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

void
nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}
