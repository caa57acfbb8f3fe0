#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

/* How long a process may take to the first byte, and to end. */
#define PATIENCE_S 20
/* Between two looks whether somebody listens yet. */
#define LOOK_S 0.0001

static void
first_byte(double seconds)
{
	double end = now() + seconds;
	int fd;

	while ((fd = dial_echo(seconds)) < 0) {
		if (now() > end)
			die("nothing came through");
		rest(LOOK_S);
	}
	close(fd);
}

/* From T0, seconds since the epoch. */
int
first(double t0, double seconds)
{
	first_byte(seconds);
	print("ms", (clock_s(CLOCK_REALTIME) - t0) * 1e3);
	return 0;
}

static pid_t
process_start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(command[0], command);
		_exit(127);
	}
	return pid;
}

/* Ends each command at its "--"; returns how many there are. */
static int
commands_split(char **commands, char ***out)
{
	int count = 0;

	for (out[count++] = commands; *commands && count < MAX_ROLES; commands++)
		if (!strcmp(*commands, "--")) {
			*commands = NULL;
			out[count++] = commands + 1;
		}
	return count;
}

/* From exec to the first byte there and back, again and again. */
int
start(int times, char **commands)
{
	char **command[MAX_ROLES];
	int count = commands_split(commands, command);
	pid_t pid[MAX_ROLES];
	double begin;

	for (int t = 0; t < times; t++) {
		begin = now();
		for (int i = 0; i < count; i++)
			pid[i] = process_start(command[i]);
		first_byte(PATIENCE_S);
		sample_add(now() - begin);
		for (int i = 0; i < count; i++)
			kill(pid[i], SIGTERM);
		for (int i = 0; i < count; i++)
			waitpid(pid[i], NULL, 0);
	}
	samples_print_ms();
	return 0;
}
