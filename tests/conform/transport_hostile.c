/*
 * Strangers at the same door: bytes that are no such protocol, and ends at any
 * place. Where nobody takes connections the door is one for datagrams: who says
 * something there need not be him whose address it bears, and is told no more than he has said.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport.h"

#define MUCH 65536
#define GO_AWAY 50 /* who connect and go */

static int
dial(const struct transport_kit *kit, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(kit->port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(kit->port ? AF_INET : AF_UNIX, type | SOCK_CLOEXEC, 0), rc;

	inet_pton(AF_INET, kit->host, &in.sin_addr);
	snprintf(un.sun_path, sizeof un.sun_path, "%.100s", kit->host);
	rc = kit->port ? connect(fd, (struct sockaddr *)&in, sizeof in) : connect(fd, (struct sockaddr *)&un, sizeof un);
	if (rc) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
noise(uint8_t bytes[static MUCH], unsigned kind)
{
	static const char http[] = "GET / HTTP/1.0\r\n\r\n";
	uint32_t x = 2463534242u;

	for (size_t i = 0; i < MUCH; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (uint8_t[]){ 0, 0xff, (uint8_t)http[i % (sizeof http - 1)], (uint8_t)x }[kind];
	}
}

/* Everything, as far as it is taken; true once the other side has ended it. */
static bool
let_go(struct transport_kit *kit, int fd, const uint8_t *bytes)
{
	uint64_t until = uv_hrtime() + CONFORM_DEADLINE_MS * UINT64_C(1000000);
	uint8_t answer[4096];
	size_t sent = 0;

	while (uv_hrtime() < until) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = sent < MUCH ? send(fd, bytes + sent, MUCH - sent, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		sent += n > 0 ? (size_t)n : 0;
		uv_run(&kit->c->loop, UV_RUN_NOWAIT);
		if (poll(&p, 1, 1) != 1)
			continue;
		n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN))
			return true;
	}
	return false;
}

/* In datagrams of several lengths. */
static bool
told_no_more(struct transport_kit *kit, int fd, const uint8_t *bytes)
{
	static const size_t lens[] = { 1, 20, 100, 508, 1200, 1472 };
	uint8_t answer[MUCH];
	size_t said = 0, told = 0, len;
	uint32_t none = 0;
	ssize_t n;

	for (size_t at = 0, i = 0; at < MUCH; at += len, i++) {
		len = lens[i % (sizeof lens / sizeof *lens)];
		len = len < MUCH - at ? len : MUCH - at;
		n = send(fd, bytes + at, len, MSG_NOSIGNAL);
		said += n > 0 ? (size_t)n : 0;
		settle(kit, &none);
		while ((n = recv(fd, answer, sizeof answer, MSG_DONTWAIT)) > 0)
			told += (size_t)n;
		if (!said || told > said)
			return false;
	}
	return true;
}

static void
ask_noise(struct transport_kit *kit, int type)
{
	static const char *const names[] = { "zeros", "ones", "a request of HTTP/1.0", "noise" };
	uint8_t bytes[MUCH];

	for (unsigned i = 0; i < 4; i++) {
		int fd = dial(kit, type);

		noise(bytes, i);
		if (type == SOCK_STREAM)
			conform_ok(kit->c, fd >= 0 && let_go(kit, fd, bytes), "who says %s is let go", names[i]);
		else
			conform_ok(kit->c, fd >= 0 && told_no_more(kit, fd, bytes), "who says %s is told no more than that",
			    names[i]);
		if (fd >= 0)
			close(fd);
	}
}

/* What takes no connections takes datagrams. */
static int
door(const struct transport_kit *kit)
{
	int fd = dial(kit, SOCK_STREAM);

	if (fd < 0)
		return SOCK_DGRAM;
	close(fd);
	return SOCK_STREAM;
}

void
ask_hostile(struct transport_kit *kit)
{
	int type = door(kit), fd;
	struct reader far;
	struct near near;

	near_open(&near, kit);
	ask_noise(kit, type);
	for (unsigned i = 0; i < GO_AWAY; i++) {
		fd = dial(kit, type);
		if (fd >= 0 && i % 2)
			(void)!send(fd, "\x01\0\0\0", i % 5, MSG_NOSIGNAL);
		if (fd >= 0)
			close(fd);
	}
	reader_start(&far, kit, "conform", PST_REACH_ANY);
	reader_expect(&far, 1);
	(void)letter_send(&near, "conform", NULL, 0, 100);
	conform_wait(kit->c, &far.all, "a link does not outlive strangers");
	conform_ok(kit->c, !far.wrong && !near.over, "links beside them are as they were");
	near_close(&near);
	reader_stop(&far);
}
