/* The functions that the injector stands before: each fails if it shall, or is the next one of its name. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

static int
refuse(int fault)
{
	errno = fault;
	return -1;
}

/* ---- reading ---- */

#define RETURN_FAULT(fault, short_call) \
	if (fault == FAULT_SHORT) \
		return short_call; \
	if (fault) \
		return refuse(fault)

EXPORT ssize_t
read(int fd, void *to, size_t len)
{
	int fault = fault_of_fd(fd, RECEIVE, READ);

	NEXT(read);
	RETURN_FAULT(fault, next(fd, to, len ? 1 : 0));
	return next(fd, to, len);
}

EXPORT ssize_t
readv(int fd, const struct iovec *iov, int count)
{
	int fault = fault_of_fd(fd, RECEIVE, READ);

	NEXT(readv);
	RETURN_FAULT(fault, next(fd, &(struct iovec){ iov->iov_base, iov->iov_len ? 1 : 0 }, 1));
	return next(fd, iov, count);
}

EXPORT ssize_t
recv(int fd, void *to, size_t len, int flags)
{
	int fault = fault_of_fd(fd, RECEIVE, READ);

	NEXT(recv);
	RETURN_FAULT(fault, next(fd, to, len ? 1 : 0, flags));
	return next(fd, to, len, flags);
}

EXPORT ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	int fault = fault_of_fd(fd, RECEIVE, READ);

	NEXT(recvmsg);
	RETURN_FAULT(fault, recv(fd, msg->msg_iov->iov_base, 1, flags));
	return next(fd, msg, flags);
}

EXPORT ssize_t
pread64(int fd, void *to, size_t len, off64_t at)
{
	int fault = fault_of_fd(fd, RECEIVE, READ);

	NEXT(pread64);
	RETURN_FAULT(fault, next(fd, to, len ? 1 : 0, at));
	return next(fd, to, len, at);
}

/* ---- writing ---- */

EXPORT ssize_t
write(int fd, const void *from, size_t len)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(write);
	RETURN_FAULT(fault, next(fd, from, len ? 1 : 0));
	return next(fd, from, len);
}

EXPORT ssize_t
writev(int fd, const struct iovec *iov, int count)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(writev);
	RETURN_FAULT(fault, next(fd, &(struct iovec){ iov->iov_base, iov->iov_len ? 1 : 0 }, 1));
	return next(fd, iov, count);
}

EXPORT ssize_t
pwrite64(int fd, const void *from, size_t len, off64_t at)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(pwrite64);
	RETURN_FAULT(fault, next(fd, from, len ? 1 : 0, at));
	return next(fd, from, len, at);
}

EXPORT ssize_t
send(int fd, const void *from, size_t len, int flags)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(send);
	RETURN_FAULT(fault, next(fd, from, len ? 1 : 0, flags));
	return next(fd, from, len, flags);
}

EXPORT ssize_t
sendto(int fd, const void *from, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(sendto);
	RETURN_FAULT(fault, next(fd, from, len ? 1 : 0, flags, to, to_len));
	return next(fd, from, len, flags, to, to_len);
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	int fault = fault_of_fd(fd, SEND, WRITE);

	NEXT(sendmsg);
	RETURN_FAULT(fault, send(fd, msg->msg_iov->iov_base, 1, flags));
	return next(fd, msg, flags);
}

/* ---- calls that succeed or fail ---- */

#define FAILING(type, name, point, parameters, arguments) \
	EXPORT type name parameters \
	{ \
		int fault = fault_of(point); \
\
		NEXT(name); \
		return fault ? refuse(fault) : next arguments; \
	}

FAILING(int, accept, ACCEPT, (int fd, struct sockaddr *from, socklen_t *len), (fd, from, len))
FAILING(int, accept4, ACCEPT, (int fd, struct sockaddr *from, socklen_t *len, int flags),
    (fd, from, len, flags))
FAILING(int, socket, DESCRIPTOR, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(int, epoll_create1, DESCRIPTOR, (int flags), (flags))
FAILING(int, eventfd, DESCRIPTOR, (unsigned count, int flags), (count, flags))
FAILING(int, pipe2, DESCRIPTOR, (int fds[2], int flags), (fds, flags))
FAILING(int, connect, CONNECT, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len))
FAILING(int, fsync, SYNC, (int fd), (fd))
FAILING(int, fdatasync, SYNC, (int fd), (fd))
FAILING(int, rename, RENAME, (const char *from, const char *to), (from, to))
FAILING(int, renameat, RENAME, (int from_dir, const char *from, int to_dir, const char *to),
    (from_dir, from, to_dir, to))

/* The mode is there only with O_CREAT, and is as good as any other number without. */
#define OPENING(name, parameters, ...) \
	EXPORT int name parameters \
	{ \
		int fault = fault_of(OPEN); \
		va_list more; \
		mode_t mode; \
\
		va_start(more, flags); \
		mode = va_arg(more, mode_t); \
		va_end(more); \
		NEXT(name); \
		return fault ? refuse(fault) : next(__VA_ARGS__, mode); \
	}

OPENING(open, (const char *path, int flags, ...), path, flags)
OPENING(open64, (const char *path, int flags, ...), path, flags)
OPENING(openat, (int dir, const char *path, int flags, ...), dir, path, flags)
OPENING(openat64, (int dir, const char *path, int flags, ...), dir, path, flags)

/* What open() is with _FORTIFY_SOURCE, when no mode is given. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
FAILING(int, __open_2, OPEN, (const char *path, int flags), (path, flags))
FAILING(int, __open64_2, OPEN, (const char *path, int flags), (path, flags))

EXPORT int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int fault = op == EPOLL_CTL_DEL ? 0 : fault_of(EPOLL);

	NEXT(epoll_ctl);
	return fault ? refuse(fault) : next(epoll, op, fd, event);
}

EXPORT int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int fault = fault_of(RESOLVE);

	NEXT(getaddrinfo);
	if (fault)
		return fault == FAULT_EAI_MEMORY ? EAI_MEMORY : EAI_AGAIN;
	return next(host, service, hints, out);
}

/* ---- memory ---- */

#define FAULT_OF_ALLOCATION() fault_of_allocation(__builtin_return_address(0))

static void *
no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

EXPORT void *
malloc(size_t size)
{
	NEXT(malloc);
	return FAULT_OF_ALLOCATION() ? no_memory() : next(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
	NEXT(calloc);
	return FAULT_OF_ALLOCATION() ? no_memory() : next(count, size);
}

EXPORT void *
realloc(void *old, size_t size)
{
	NEXT(realloc);
	return FAULT_OF_ALLOCATION() ? no_memory() : next(old, size);
}

EXPORT int
posix_memalign(void **out, size_t alignment, size_t size)
{
	NEXT(posix_memalign);
	return FAULT_OF_ALLOCATION() ? ENOMEM : next(out, alignment, size);
}
