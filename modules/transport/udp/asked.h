/*
 * Which of our addresses a datagram was sent to. A socket that hears on every
 * address of the host would let the kernel choose whence it answers, which takes the address of
 * the way back: a peer behind a NAT, or one with a connected socket, does not hear that.
 * So each datagram says where it was sent to, and what goes back whence it comes.
 */
#ifndef UDP_ASKED_H
#define UDP_ASKED_H

#include <sys/socket.h>

/* Of control messages, for asked_read() or asked_put(). */
#define ASKED_ROOM 64

/* Before it is bound: have the kernel say it, where the address is that of all (0.0.0.0, ::). Negative errno. */
int asked_want(int fd, const struct sockaddr_storage *bound);
/* Where a datagram was sent to; as it is, where the kernel has not said it. The port stays. */
void asked_read(struct sockaddr_storage *asked, struct msghdr *msg);
/*
 * Have a message go from that address: one more control message behind those that there are (msg_controllen)
 * of ASKED_ROOM bytes more. None (AF_UNSPEC), or that of all: as the kernel chooses.
 */
void asked_put(struct msghdr *msg, const struct sockaddr_storage *from);

#endif
