#define _GNU_SOURCE 1 /* struct in6_pktinfo */
#include "asked.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <= ASKED_ROOM, "the longest that we want");

int
asked_want(int fd, const struct sockaddr_storage *bound)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)bound;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)bound;
	int on = 1, rc = 0;

	if (bound->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	else if (bound->ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
		rc = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	return rc ? -errno : 0;
}

void
asked_read(struct sockaddr_storage *asked, struct msghdr *msg)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)asked;
	struct in6_pktinfo info6;
	struct in_pktinfo info;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof info);
			((struct sockaddr_in *)asked)->sin_addr = info.ipi_spec_dst;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof info6);
			if (IN6_IS_ADDR_MULTICAST(&info6.ipi6_addr))
				continue;
			v6->sin6_addr = info6.ipi6_addr;
			v6->sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) ? info6.ipi6_ifindex : 0;
		}
	}
}

void
asked_put(struct msghdr *msg, const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	struct in6_pktinfo info6 = { .ipi6_addr = v6->sin6_addr, .ipi6_ifindex = v6->sin6_scope_id };
	struct in_pktinfo info = { .ipi_spec_dst = ((const struct sockaddr_in *)from)->sin_addr };
	struct cmsghdr *c = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);
	bool is6 = from->ss_family == AF_INET6;
	size_t len = is6 ? sizeof info6 : sizeof info;

	if (from->ss_family == AF_UNSPEC)
		return;
	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = is6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = is6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), is6 ? (void *)&info6 : &info, len);
	msg->msg_controllen += CMSG_SPACE(len);
}
