/*
 * frames: numbered frames from one interface to another, to see what a cable
 * does to them.
 *
 *   frames send INTERFACE FIRST LAST [SIZE]    each once, in order, as fast as it goes
 *   frames hear INTERFACE MS                   "NUMBER TOOK", a line for each as it comes, TOOK in microseconds
 *                                              since it was sent; until number 0 comes. Exit code 3: it does not
 *
 * They have an EtherType of their own, which no system answers or sends by itself. "hearing" is said first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OURS 0x88b5 /* for experiments: IEEE 802 */
#define SIZE_MAX_OURS 65536
#define ROOM (16 << 20)

struct ours {
	struct ether_header head;
	uint64_t number, sent_us;
};

static int
fail(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int
open_on(const char *interface)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(OURS),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int room = ROOM, fd = at.sll_ifindex ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&at, sizeof at)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
send_all(int fd, uint64_t first, uint64_t last, size_t size)
{
	static uint8_t bytes[SIZE_MAX_OURS];
	struct ours ours = { .head.ether_type = htons(OURS) };

	memset(ours.head.ether_dhost, 0xff, ETH_ALEN);
	for (ours.number = first; ours.number <= last; ours.number++) {
		ours.sent_us = now_us();
		memcpy(bytes, &ours, sizeof ours);
		if (send(fd, bytes, size, 0) < 0)
			return fail("send");
	}
	return 0;
}

static int
hear(int fd, int ms)
{
	static uint8_t bytes[SIZE_MAX_OURS];
	struct pollfd in = { .fd = fd, .events = POLLIN };
	struct ours ours;

	printf("hearing\n");
	while (poll(&in, 1, ms) > 0) {
		if (recv(fd, bytes, sizeof bytes, 0) < (ssize_t)sizeof ours)
			return fail("recv");
		memcpy(&ours, bytes, sizeof ours);
		if (ours.number == 0)
			return 0;
		printf("%" PRIu64 " %" PRIu64 "\n", ours.number, now_us() - ours.sent_us);
	}
	fprintf(stderr, "frames: nothing for %d ms\n", ms);
	return 3;
}

int
main(int argc, char **argv)
{
	size_t size = argc == 6 ? strtoul(argv[5], NULL, 10) : sizeof(struct ours);
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4 || size < sizeof(struct ours) || size > SIZE_MAX_OURS) {
		fprintf(stderr, "usage: see the top of frames.c\n");
		return 2;
	}
	fd = open_on(argv[2]);
	if (fd < 0)
		return fail(argv[2]);
	if (!strcmp(argv[1], "hear") && argc == 4)
		return hear(fd, atoi(argv[3]));
	if (!strcmp(argv[1], "send") && (argc == 5 || argc == 6))
		return send_all(fd, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), size);
	fprintf(stderr, "usage: see the top of frames.c\n");
	return 2;
}
