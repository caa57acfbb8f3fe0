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
 * main() until main returns, and in no other program than postern and
 * pst-conform (of an uninstalled one the shell comes first), so neither the dynamic linker nor
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
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

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

int
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
	if (s->fault == FAULT_KILL)
		raise(SIGKILL);
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

int
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

/* Of a library's allocations there are many, and few are like ours. */
int
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

/* A sanitizer asks this when a thread begins, and gives up the program when memory is out. */
EXPORT int
pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	bool before = busy;
	int rc;

	busy = true;
	NEXT(pthread_getattr_np);
	rc = next(thread, attr);
	busy = before;
	return rc;
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
	size_t libtool = strncmp(name, "lt-", 3) ? 0 : 3;
	struct inject *mapped = NULL;
	void *address[1];
	int rc;

	if (!strcmp(name + libtool, "postern") || !strcmp(name + libtool, "pst-conform"))
		mapped = state_map();
	backtrace(address, 1); /* the first one loads a library */
	state = mapped;
	if (state)
		signals_watch();
	rc = real_main(argc, argv, envp);
	state = NULL;
	return rc;
}

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

