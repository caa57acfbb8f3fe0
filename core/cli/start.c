/* A node in the background, for a command that needs one and finds none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "node/state.h"

#define READY "ready\n"
#define READY_FD 3
/* Opening sections takes long only where a token or a database must be asked. */
#define START_S 30
/* A node's log has no end by itself. */
#define LOG_MAX (10 * 1024 * 1024)

/* ---- the child ---- */

/* What a service manager told whoever asked, and nobody else. */
static const char *const not_ours[] = {
	"JOURNAL_STREAM",
	"LISTEN_FDNAMES",
	"LISTEN_FDS",
	"LISTEN_PID",
	"LISTEN_PIDFDID",
	"NOTIFY_SOCKET",
	"WATCHDOG_PID",
	"WATCHDOG_USEC",
};

/* What it says is in the log, where complaint_print() finds it. */
static void
become_node(const char *dir, const char *file, int log, int ready)
{
	char fd[16];
	const char *argv[] = { "postern", "run", "--state", dir, "--ready-fd", fd, file, NULL };
	int null = open("/dev/null", O_RDONLY);

	snprintf(fd, sizeof fd, "%d", READY_FD);
	setsid();
	umask(077);
	for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
		unsetenv(not_ours[i]);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0 || dup2(ready, READY_FD) < 0)
		_exit(cli_fail(-errno, "cannot start a node: %s", strerror(errno)));
	/* and nothing else of whoever asked: a pipe would not end, a lock not be let go of */
	closefrom(READY_FD + 1);
	execv("/proc/self/exe", (char **)argv);
	_exit(cli_fail(-errno, "cannot start a node: /proc/self/exe: %s", strerror(errno)));
}

/* ---- what it says before it is up ---- */

/* What the log has had since the node began is why it did not come up. */
static void
complaint_print(const char *dir, off_t from)
{
	char path[PATH_MAX], line[1024];
	FILE *in;

	snprintf(path, sizeof path, "%s/node.log", dir);
	in = fopen(path, "re");
	if (!in || fseeko(in, from, SEEK_SET)) {
		if (in)
			fclose(in);
		return;
	}
	while (fgets(line, sizeof line, in))
		if (!strncmp(line, "postern: ", 9) || strstr(line, " error: "))
			fputs(line, stderr);
	fclose(in);
}

/* The pipe has something to tell; false: not for a long time. */
static bool
pipe_tells(int ready)
{
	struct pollfd wait = { .fd = ready, .events = POLLIN };
	bool shown = false, told = false;

	for (int s = 1; !(told = poll(&wait, 1, 1000)) && s < START_S; s++) {
		shown = isatty(STDERR_FILENO);
		if (shown)
			fprintf(stderr, "\rpostern: waiting for the node to come up, %d s", s);
	}
	if (shown)
		fputs("\r\033[K", stderr);
	return told;
}

static int
await(int ready, pid_t pid, const char *dir, off_t from)
{
	char word[sizeof READY];
	int status;

	if (!pipe_tells(ready))
		return cli_fail(UV_ETIMEDOUT, "the node (process %d) is not up after %d s; see %s/node.log",
		    (int)pid, START_S, dir);
	if (read(ready, word, sizeof word) > 0) {
		fprintf(stderr, "postern: started a node on %s (process %d); it logs to %s/node.log\n", dir,
		    (int)pid, dir);
		return EXIT_DONE;
	}
	/* its end of the pipe is closed, so it has ended */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pst_state_taken(dir)) /* somebody ran one meanwhile */
		return EXIT_DONE;
	complaint_print(dir, from);
	status = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	cli_fail(PST_E_NO_NODE, "the node did not start; see %s/node.log", dir);
	return status == EXIT_USAGE ? EXIT_USAGE : EXIT_NO_NODE;
}

/* ---- the parent ---- */

/* A log that has become long makes way, and the one before goes. */
static void
log_turn(const char *dir)
{
	char path[PATH_MAX], old[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/node.log", dir);
	if (!lstat(path, &st) && st.st_size > LOG_MAX &&
	    snprintf(old, sizeof old, "%s/node.log.1", dir) < (int)sizeof old)
		rename(path, old);
}

static int
log_open(int *out, off_t *end, const char *dir)
{
	struct pst_err err = PST_ERR_INIT;

	*out = pst_state_open(dir, "node.log", O_WRONLY | O_CREAT | O_APPEND, &err);
	if (*out < 0)
		return cli_fail(err.rc, "%s", err.text);
	*end = lseek(*out, 0, SEEK_END);
	return EXIT_DONE;
}

static int
start(const char *dir)
{
	char file[PATH_MAX];
	const char *run = pst_state_read(dir, "run", file, sizeof file) && *file ? file : NULL;
	int log, ready[2], exit;
	off_t from = 0;
	pid_t pid;

	log_turn(dir);
	exit = log_open(&log, &from, dir);
	if (exit != EXIT_DONE)
		return exit;
	if (pipe(ready)) {
		close(log);
		return cli_fail(-errno, "cannot start a node: %s", strerror(errno));
	}
	pid = fork();
	if (pid == 0)
		become_node(dir, run, log, ready[1]);
	if (pid < 0)
		exit = cli_fail(-errno, "cannot start a node: %s", strerror(errno));
	close(log);
	close(ready[1]);
	if (exit == EXIT_DONE)
		exit = await(ready[0], pid, dir, from);
	close(ready[0]);
	return exit;
}

int
start_node(const char *dir)
{
	struct pst_err err = PST_ERR_INIT;
	int lock, exit = EXIT_DONE;

	/* of commands that come together one starts a node, and the others have it then */
	if (pst_state_lock(&lock, dir, PST_STATE_STARTS, &err))
		return cli_fail(err.rc, "%s", err.text);
	if (!pst_state_taken(dir))
		exit = start(dir);
	close(lock);
	return exit;
}
