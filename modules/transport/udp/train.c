#include "train.h"

#include "asked.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/uio.h>

static bool
busy(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

void
train_splits(int fd, int family, bool splits)
{
	int v4 = splits ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE, v6 = splits ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
	else
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
}

/* So many bytes from the first on, as datagrams of a segment each; 0 or errno. */
static int
piece_send(const struct train *t, int fd, bool connected, size_t len)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(uint16_t)) + ASKED_ROOM];
	} control = { 0 };
	struct iovec iov = { (void *)(t->bytes + t->first), len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes };
	uint16_t segment = (uint16_t)t->segment;

	if (!connected) {
		msg.msg_name = (void *)&t->to;
		msg.msg_namelen = t->to.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	}
	if (len > t->segment) {
		msg.msg_controllen = CMSG_SPACE(sizeof segment);
		control.head.cmsg_level = SOL_UDP;
		control.head.cmsg_type = UDP_SEGMENT;
		control.head.cmsg_len = CMSG_LEN(sizeof segment);
		memcpy(CMSG_DATA(&control.head), &segment, sizeof segment);
	}
	if (!connected)
		asked_put(&msg, &t->from);
	return sendmsg(fd, &msg, 0) < 0 ? errno : 0;
}

/* This kernel, or this host's devices, never do; all else is of the way to one peer. */
static bool
never_cuts(int error)
{
	return error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

int
train_send(struct train *t, int fd, bool connected, bool *cuts)
{
	bool one_by_one = !*cuts;

	if (t->whole)
		train_splits(fd, t->to.ss_family, false);
	while (t->first < t->end) {
		size_t left = t->end - t->first;
		size_t len = !one_by_one || left < t->segment ? left : t->segment;
		int error = piece_send(t, fd, connected, len);

		if (busy(error))
			break;
		if (error == EINTR)
			continue;
		if (error && len > t->segment) {
			one_by_one = true;
			*cuts = !never_cuts(error);
		} else { /* what went wrong otherwise is a loss like others */
			t->first += len;
		}
	}
	if (t->whole)
		train_splits(fd, t->to.ss_family, true);
	return t->first < t->end ? -EAGAIN : PST_OK;
}

_Static_assert(CMSG_SPACE(sizeof(int)) <= TRAIN_ROOM, "what the kernel says of one");

void
train_want(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

size_t
train_segment(struct msghdr *msg, size_t len)
{
	int segment = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&segment, CMSG_DATA(c), sizeof segment);
	return segment > 0 ? (size_t)segment : len ? len : 1;
}
