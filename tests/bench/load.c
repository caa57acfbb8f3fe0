/*
 * load: the traffic of the bench. It is both ends of the way that is measured:
 * one thread serves TARGET, the others connect to PORT, whatever leads from
 * there to TARGET. So bytes are counted where they arrive.
 *
 *   load [-p ROLE=PID,…] TARGET PORT MEASURE ARGUMENT…
 *
 *   rate up|down STREAMS SECONDS    gbps, and CPU seconds per GB of each role
 *   ping SIZE SECONDS               round trips of SIZE bytes
 *   beside SIZE SECONDS             the same beside a download at full speed
 *   conn ATONCE SECONDS [COUNT]     connect, a byte there and back, close; ends early after COUNT
 *   hold COUNT                      memory of COUNT idle connections
 *   stall SECONDS                   a stream that is read, beside one that is not
 *   volume GB SECONDS               a download of that size (or that long), and the memory meanwhile
 *   close TIMES                     wait of a new connection after a busy one was closed
 *   first T0 SECONDS                from T0 (seconds since the epoch) to the first byte there and back
 *   start TIMES COMMAND… [-- COMMAND…]…   the same from exec of these, which it ends each time
 *   during SECONDS COMMAND…         the longest round trip while COMMAND runs
 *   serve                           only the target, until a signal
 *
 * -p names the processes in between. Results are lines "name value". All addresses are 127.0.0.1.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

int target_port, port;

void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

double
clock_s(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double
now(void)
{
	return clock_s(CLOCK_MONOTONIC);
}

void
rest(double seconds)
{
	struct timespec ts = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&ts, NULL);
}

void
print(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
}

static int
measure(int argc, char **argv)
{
	const char *name = argv[0];

	if (!strcmp(name, "rate") && argc == 4)
		return rate(!strcmp(argv[1], "up"), atoi(argv[2]), atof(argv[3]));
	if (!strcmp(name, "ping") && argc == 3)
		return ping(atoi(argv[1]), atof(argv[2]));
	if (!strcmp(name, "beside") && argc == 3)
		return beside(atoi(argv[1]), atof(argv[2]));
	if (!strcmp(name, "conn") && (argc == 3 || argc == 4))
		return conn(atoi(argv[1]), atof(argv[2]), argc == 4 ? atol(argv[3]) : LONG_MAX);
	if (!strcmp(name, "hold") && argc == 2)
		return hold(atoi(argv[1]));
	if (!strcmp(name, "stall") && argc == 2)
		return stall(atof(argv[1]));
	if (!strcmp(name, "volume") && argc == 3)
		return volume(atof(argv[1]), atof(argv[2]));
	if (!strcmp(name, "close") && argc == 2)
		return after_close(atoi(argv[1]));
	if (!strcmp(name, "first") && argc == 3)
		return first(atof(argv[1]), atof(argv[2]));
	if (!strcmp(name, "start") && argc >= 3)
		return start(atoi(argv[1]), argv + 2);
	if (!strcmp(name, "during") && argc >= 3)
		return during(atof(argv[1]), argv + 2);
	if (!strcmp(name, "serve") && argc == 1)
		return pause();
	return 2;
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	int rc = 2, option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < MAX_FDS ? files.rlim_max : MAX_FDS;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	while ((option = getopt(argc, argv, "+p:")) == 'p')
		roles_set(optarg);
	if (option == -1 && argc - optind >= 3) {
		target_port = atoi(argv[optind]);
		port = atoi(argv[optind + 1]);
		target_start();
		rc = measure(argc - optind - 2, argv + optind + 2);
	}
	if (rc == 2)
		fprintf(stderr, "usage: see the top of load.c\n");
	return rc;
}
