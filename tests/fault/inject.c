/*
 * inject: makes one call of a daemon fail.
 *
 *   LD_PRELOAD=inject.so INJECT_FILE=state postern run …
 *
 * The file (struct inject, made by `arm`) says which point fails in which way
 * at which call; it may be written while the daemon runs, so that one start
 * serves many faults, and it is there still when the daemon is not. In it
 * stand also how many calls each point saw, and whether the fault was hit.
 *
 * Preloaded, not linked: what is tested is the program as it is installed,
 * with the libraries it stands on, whose calls fail too. A call counts from
 * main() until main returns, and in no other program than postern (of an
 * uninstalled one the shell comes first), so neither the dynamic linker nor
 * the start of libc is the subject. What libc calls within itself, as stdio
 * does, cannot be reached and need not be: it is libc's to handle.
 *
 * With sanitizers this stands in front of their allocator (the runner tells
 * it not to mind), so that a NULL of ours is no allocation of theirs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "inject.h"

#define EXPORT __attribute__((visibility("default")))

static struct inject *state; /* NULL outside of main */
/* The stack is being written down: what that calls is not the daemon's. */
static __thread bool busy __attribute__((tls_model("initial-exec")));

/* ---- whether this call fails ---- */

static void
stack_note(struct stack *stack)
{
	void *address[FRAMES];
	int count = backtrace(address, FRAMES);

	for (int i = 0; i < count; i++) {
		const char *name = "?", *slash;
		Dl_info info = { 0 };

		if (dladdr(address[i], &info) && info.dli_fname)
			name = info.dli_fname;
		slash = strrchr(name, '/');
		snprintf(stack->frame[i].object, sizeof stack->frame[i].object, "%s", slash ? slash + 1 : name);
		/* one less than where it returns to: within the call */
		stack->frame[i].offset = (uint64_t)((char *)address[i] - (char *)info.dli_fbase) - 1;
	}
	stack->count = (uint32_t)count;
}

/* 0, or the fault that this call shall have. */
static int
fault_of(enum point point)
{
	struct inject *s = state;

	if (!s || busy)
		return 0;
	__atomic_add_fetch(&s->calls[point], 1, __ATOMIC_RELAXED);
	if (s->point != (int)point || __atomic_sub_fetch(&s->countdown, 1, __ATOMIC_RELAXED) != 0)
		return 0;
	busy = true;
	stack_note(&s->hit_at);
	busy = false;
	__atomic_store_n(&s->hit, 1, __ATOMIC_RELEASE);
	return s->fault;
}

/*
 * Once both sides have ended libuv takes a short read for the last one, and
 * the kernel gives it no reason not to: it returns less only of less.
 */
static bool
hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

/* The same for a descriptor: `socket` when it is one, `file` when it is that. */
static int
fault_of_fd(int fd, enum point socket, enum point file)
{
	struct stat st;
	int before = errno, fault = 0;

	if (!state || busy)
		return 0;
	if (fstat(fd, &st) == 0 && (S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)))
		fault = fault_of(S_ISSOCK(st.st_mode) ? socket : file);
	if (fault == FAULT_SHORT && hung_up(fd))
		fault = 0;
	errno = before;
	return fault;
}

static int
refuse(int fault)
{
	errno = fault;
	return -1;
}

/* ---- from main() on ---- */

typedef int main_fn(int argc, char **argv, char **envp);
static main_fn *real_main;

static struct inject *
state_map(void)
{
	const char *path = getenv("INJECT_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* Whose fault the end was is seen by where it came. The signal comes again, and then nobody catches it. */
static void
dies(int number)
{
	struct inject *s = state;

	state = NULL;
	if (s && !s->signal) {
		stack_note(&s->died_at);
		s->signal = (uint32_t)number;
	}
	raise(number);
}

static void
signals_watch(void)
{
	static const int numbers[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &(struct sigaction){ .sa_handler = dies, .sa_flags = SA_RESETHAND }, NULL);
}

static int
main_between(int argc, char **argv, char **envp)
{
	const char *name = program_invocation_short_name;
	struct inject *mapped = NULL;
	void *address[1];
	int rc;

	if (!strcmp(name, "postern") || !strcmp(name, "lt-postern"))
		mapped = state_map();
	backtrace(address, 1); /* the first one loads a library */
	state = mapped;
	if (state)
		signals_watch();
	rc = real_main(argc, argv, envp);
	state = NULL;
	return rc;
}

/* `next` is the function that would have been called without us. */
#define NEXT(name) \
	static __typeof__(name) *next; \
	if (!next) \
		next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int __libc_start_main(main_fn *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*rtld_fini)(void), void *stack_end);

EXPORT int
__libc_start_main(main_fn *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
    void (*rtld_fini)(void), void *stack_end)
{
	NEXT(__libc_start_main);
	real_main = program;
	return next(main_between, argc, argv, init, fini, rtld_fini, stack_end);
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

/* Who asks: of a library's allocations there are many, and few are like ours. */
static int
fault_of_allocation(const void *caller)
{
	const char *slash;
	Dl_info info;
	bool ours;

	if (!state || busy)
		return 0;
	slash = dladdr(caller, &info) && info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
	ours = slash && (strncmp(slash, "/lib", 4) || !strncmp(slash, "/libpostern", 11) ||
		!strncmp(slash, "/libuv", 6)) && strncmp(slash, "/ld-", 4);
	return fault_of(ours ? ALLOCATE : LIBRARY);
}
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
