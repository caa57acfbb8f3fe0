#include "base/passed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first that is passed: SD_LISTEN_FDS_START. */
#define FIRST_FD 3

static int
option_of(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

struct sockaddr_storage
pst_listening_at(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	if (option_of(fd, SO_TYPE) == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) == 1 &&
	    !getsockname(fd, (struct sockaddr *)&address, &len) &&
	    (address.ss_family == AF_INET || address.ss_family == AF_INET6))
		return address;
	return (struct sockaddr_storage){ 0 };
}

void
pst_passed_add(struct pst_passed *passed, int fd, const char *name)
{
	struct pst_passed_socket *s = &passed->sockets[passed->count];

	if (passed->count == PST_PASSED_MAX || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return; /* not even open */
	*s = (struct pst_passed_socket){ .fd = fd, .address = pst_listening_at(fd) };
	snprintf(s->name, sizeof s->name, "%s", name);
	passed->count++;
}

void
pst_passed_take(struct pst_passed *passed)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	long count = pid && fds && strtol(pid, NULL, 10) == (long)getpid() ? strtol(fds, NULL, 10) : 0;
	char name[64];

	passed->count = 0;
	for (int i = 0; i < count && i < PST_PASSED_MAX; i++) {
		size_t n = names ? strcspn(names, ":") : 0;

		snprintf(name, sizeof name, "%.*s", (int)n, names ? names : "");
		pst_passed_add(passed, FIRST_FD + i, name);
		if (names)
			names += n + (names[n] == ':');
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

struct pst_passed_socket *
pst_passed_find(struct pst_passed *passed, const struct sockaddr_storage *address)
{
	for (size_t i = 0; passed && i < passed->count; i++)
		if (pst_sockaddr_equal(&passed->sockets[i].address, address))
			return &passed->sockets[i];
	return NULL;
}

void
pst_passed_complain(const struct pst_passed *passed, const struct pst_log *log)
{
	char text[PST_ADDRESS_TEXT];

	for (size_t i = 0; i < passed->count; i++) {
		const struct pst_passed_socket *s = &passed->sockets[i];

		if (!s->wanted)
			pst_warn(log, "a socket was passed to the node, and no section listens there",
			    PST_STR("name", *s->name ? s->name : NULL), PST_I64("descriptor", s->fd),
			    PST_STR("address", s->address.ss_family ? pst_sockaddr_format(&s->address, text) : NULL));
	}
}

void
pst_passed_close(struct pst_passed *passed)
{
	while (passed->count)
		close(passed->sockets[--passed->count].fd);
}
