#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define PING_SLICES 15

/* Round trips one after the other, for some seconds, on a connection of their own. */
static void
ping_run(size_t size, double seconds)
{
	static char data[65536];
	int fd = dial_echo(20);
	double end, begin;

	if (fd < 0)
		die("connect");
	for (end = now() + seconds; now() < end;) {
		begin = now();
		if (!there_and_back(fd, data, size))
			die("ping");
		sample_add(now() - begin);
	}
	close(fd);
}

/*
 * In slices with a rest between: where the kernel happens to place the
 * processes at the beginning (one core or two: 4 or 60 us) would else decide.
 */
int
ping(int size, double seconds)
{
	if (size < 1 || size > 65536)
		return 2;
	for (int i = 0; i < PING_SLICES; i++) {
		ping_run((size_t)size, seconds / PING_SLICES);
		rest(0.02);
	}
	samples_print();
	return 0;
}

static struct bulk bulk;
static _Atomic bool bulk_stop;

static void *
bulk_thread(void *arg)
{
	double *gbps = arg, begin, gb = 0;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, WARM_UP_S / 2);
	for (begin = now(); !bulk_stop;)
		gb += bulk_run(&bulk, 0.1);
	*gbps = gb * 8 / (now() - begin);
	return NULL;
}

int
beside(int size, double seconds)
{
	double gbps = 0;
	pthread_t thread;

	if (size < 1 || size > 65536)
		return 2;
	if (pthread_create(&thread, NULL, bulk_thread, &gbps))
		die("thread");
	rest(WARM_UP_S);
	ping_run((size_t)size, seconds);
	bulk_stop = true;
	pthread_join(thread, NULL);
	samples_print();
	print("bulk_gbps", gbps);
	return 0;
}

/* Round trips, and in the middle of them a command: how long the longest took. */
int
during(double seconds, char **command)
{
	static char byte;
	int fd = dial_echo(20), status = -1;
	double begin = now(), sent, longest = 0;
	pid_t child = 0;

	if (fd < 0)
		die("connect");
	while (now() - begin < seconds) {
		if (!child && now() - begin > seconds / 2) {
			child = fork();
			if (child == 0) {
				execvp(command[0], command);
				_exit(127);
			}
		}
		sent = now();
		if (!there_and_back(fd, &byte, 1))
			die("ping");
		longest = now() - sent > longest ? now() - sent : longest;
	}
	if (child <= 0 || waitpid(child, &status, 0) < 0 || status)
		die(command[0]);
	print("ms", longest * 1e3);
	return 0;
}
