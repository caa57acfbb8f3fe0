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
 *   close                           wait of a new connection after a busy one was closed
 *   first T0 SECONDS                from T0 (seconds since the epoch) to the first byte there and back
 *   serve                           only the target, until a signal
 *
 * -p names the processes in between. Results are lines "name value". All addresses are 127.0.0.1.
 *
 * The first byte of a connection says what the target does: 'e' sends back
 * what comes, 'd' discards and counts it, 's' sends for ever.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PIECE (128 * 1024)
#define MAX_FDS 65536
#define MAX_ROLES 16
#define MAX_STREAMS 64
#define MAX_SAMPLES (4 * 1024 * 1024)
#define WARM_UP_S 0.5
#define PING_SLICES 15
#define STALL_LIMIT_KB (2 * 1024 * 1024) /* a tunnel that has grown by this has failed; spare the machine */

struct role {
	const char *name;
	int pid;
};

static struct role roles[MAX_ROLES];
static int role_count;
static int target_port, port;
static _Atomic uint64_t discarded; /* bytes that reached the target's 'd' */

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
clock_s(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
now(void)
{
	return clock_s(CLOCK_MONOTONIC);
}

static void
print(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
}

/* ---- the processes in between ---- */

static double
cpu_s(const struct role *role)
{
	char path[64], text[1024], *after;
	unsigned long user, sys;
	double sum = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", role->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof text, file) && (after = strrchr(text, ')')) &&
	    sscanf(after + 1, "%*s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) == 2)
		sum = (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
	fclose(file);
	return sum;
}

/* Resident memory of all of them. */
static double
resident_kb(void)
{
	double sum = 0;

	for (int i = 0; i < role_count; i++) {
		char path[64];
		long pages = 0;
		FILE *file;

		snprintf(path, sizeof path, "/proc/%d/statm", roles[i].pid);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%*d %ld", &pages) == 1)
			sum += (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
		fclose(file);
	}
	return sum;
}

static void
cpu_mark(double *mark)
{
	for (int i = 0; i < role_count; i++)
		mark[i] = cpu_s(&roles[i]);
}

static void
cpu_print(const double *mark, double gb)
{
	double all = 0;

	if (role_count == 0 || gb <= 0)
		return;
	for (int i = 0; i < role_count; i++) {
		double spent = cpu_s(&roles[i]) - mark[i];

		printf("cpu.%s %.4f\n", roles[i].name, spent / gb);
		all += spent;
	}
	print("cpu", all / gb);
}

/* ---- sockets ---- */

static struct sockaddr_in
address(uint32_t host, int at)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)at),
		.sin_addr.s_addr = htonl(host),
	};
}

/* A connection to `port`, or -1. Each comes from the next of 250 addresses: one alone runs out of ports when thousands close. */
static int
dial(int flags)
{
	static _Atomic uint32_t turn;
	struct sockaddr_in to = address(INADDR_LOOPBACK, port);
	struct sockaddr_in from = address(INADDR_LOOPBACK + 1 + turn++ % 250, 0);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

static void
patience(int fd, double seconds)
{
	struct timeval tv = { (time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

static bool
there_and_back(int fd, char *data, size_t len)
{
	return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len && recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

/* A connection which has carried a byte there and back; -1 if it did not within `seconds`. */
static int
dial_echo(double seconds)
{
	char byte = 'x';
	int fd = dial(0);

	if (fd < 0)
		return -1;
	patience(fd, seconds);
	if (send(fd, "e", 1, MSG_NOSIGNAL) == 1 && there_and_back(fd, &byte, 1))
		return fd;
	close(fd);
	return -1;
}

/* ---- the target ---- */

static char modes[MAX_FDS]; /* by descriptor; 0: its first byte has not come */

static bool
target_source(int fd, char *piece)
{
	if (recv(fd, piece, 1, MSG_DONTWAIT) == 0)
		return false;
	return send(fd, piece, PIECE, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

/* The first byte; a source wants to write from then on. */
static bool
target_mode(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };

	if (recv(fd, &modes[fd], 1, 0) != 1)
		return false;
	if (modes[fd] == 's')
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
	return true;
}

/* One step for one connection; false: it is over. */
static bool
target_step(int epoll, int fd, char *piece)
{
	ssize_t len;

	if (!modes[fd])
		return target_mode(epoll, fd);
	if (modes[fd] == 's')
		return target_source(fd, piece);
	len = recv(fd, piece, PIECE, 0);
	if (len <= 0)
		return len < 0 && errno == EAGAIN;
	if (modes[fd] == 'e')
		return send(fd, piece, (size_t)len, MSG_NOSIGNAL) == len;
	discarded += (uint64_t)len;
	return true;
}

static void
target_accept(int epoll, int listener)
{
	int one = 1, fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		modes[fd] = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

static void *
target_run(void *arg)
{
	static char piece[PIECE];
	int listener = *(int *)arg, epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[256], event = { .events = EPOLLIN, .data.fd = listener };

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				target_accept(epoll, listener);
			else if (!target_step(epoll, fd, piece))
				close(fd);
		}
	}
	return NULL;
}

static void
target_start(void)
{
	static int listener;
	struct sockaddr_in at = address(INADDR_LOOPBACK, target_port);
	pthread_t thread;
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0)
		die("target");
	if (pthread_create(&thread, NULL, target_run, &listener))
		die("thread");
}

/* ---- bulk ---- */

struct bulk {
	bool up;
	int epoll, fd[MAX_STREAMS];
	uint64_t received; /* down: bytes read here */
	char piece[PIECE];
};

static void
bulk_open(struct bulk *bulk, bool up, int streams)
{
	bulk->up = up;
	bulk->received = 0;
	bulk->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < streams; i++) {
		struct epoll_event event = { .events = up ? EPOLLOUT : EPOLLIN };

		event.data.fd = bulk->fd[i] = dial(0);
		if (bulk->fd[i] < 0 || send(bulk->fd[i], up ? "d" : "s", 1, MSG_NOSIGNAL) != 1)
			die("connect");
		epoll_ctl(bulk->epoll, EPOLL_CTL_ADD, bulk->fd[i], &event);
	}
}

static void
bulk_step(struct bulk *bulk, int fd)
{
	ssize_t len = bulk->up ? send(fd, bulk->piece, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL)
			       : recv(fd, bulk->piece, PIECE, MSG_DONTWAIT);

	if (len == 0 || (len < 0 && errno != EAGAIN))
		die("stream broke");
	if (len > 0 && !bulk->up)
		bulk->received += (uint64_t)len;
}

static uint64_t
bulk_arrived(const struct bulk *bulk)
{
	return bulk->up ? discarded : bulk->received;
}

/* Runs for some seconds; returns how many GB arrived meanwhile. */
static double
bulk_run(struct bulk *bulk, double seconds)
{
	double end = now() + seconds;
	uint64_t before = bulk_arrived(bulk);
	struct epoll_event events[MAX_STREAMS];

	while (now() < end) {
		int count = epoll_wait(bulk->epoll, events, MAX_STREAMS, 50);

		for (int i = 0; i < count; i++)
			bulk_step(bulk, events[i].data.fd);
	}
	return (double)(bulk_arrived(bulk) - before) / 1e9;
}

/* The same as Gbit/s. */
static double
bulk_gbps(struct bulk *bulk, double seconds)
{
	double begin = now(), gb = bulk_run(bulk, seconds);

	return gb * 8 / (now() - begin);
}

static struct bulk bulk; /* the one of the main thread */

static int
rate(bool up, int streams, double seconds)
{
	double mark[MAX_ROLES], begin, gb;

	if (streams < 1 || streams > MAX_STREAMS)
		return 2;
	bulk_open(&bulk, up, streams);
	bulk_run(&bulk, WARM_UP_S);
	cpu_mark(mark);
	begin = now();
	gb = bulk_run(&bulk, seconds);
	print("gbps", gb * 8 / (now() - begin));
	cpu_print(mark, gb);
	return 0;
}

/* One stream until `gb` have come; memory is looked at ten times a second. */
static int
volume(double gb, double seconds)
{
	double begin, end, done = 0, first, peak = 0, most;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, 1);
	first = resident_kb();
	begin = now();
	end = begin + seconds;
	while (done < gb && now() < end) {
		done += bulk_run(&bulk, 0.1);
		most = resident_kb();
		peak = most > peak ? most : peak;
	}
	print("gb", done);
	print("gbps", done * 8 / (now() - begin));
	print("rss_first_mib", first / 1024);
	print("rss_last_mib", resident_kb() / 1024);
	print("grown_mib", (peak - first) / 1024);
	return 0;
}

static int
stall(double seconds)
{
	double alone, beside, base, peak = 0, begin;
	int unread, fresh;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, WARM_UP_S);
	alone = bulk_gbps(&bulk, seconds);
	base = resident_kb();
	unread = dial(0);
	if (unread < 0 || send(unread, "s", 1, MSG_NOSIGNAL) != 1)
		die("connect");
	bulk_run(&bulk, 1); /* until every buffer on its way is full */
	beside = bulk_gbps(&bulk, seconds);
	for (begin = now(); now() - begin < 1 && peak < STALL_LIMIT_KB; bulk_run(&bulk, 0.1))
		peak = resident_kb() - base > peak ? resident_kb() - base : peak;
	begin = now();
	fresh = dial_echo(5);
	print("alone_gbps", alone);
	print("beside_gbps", beside);
	print("ratio", alone > 0 ? beside / alone : 0);
	print("grown_mib", peak / 1024);
	print("fresh_ms", fresh >= 0 ? (now() - begin) * 1e3 : -1);
	return 0;
}

static int
after_close(void)
{
	double begin;

	bulk_open(&bulk, false, 1);
	bulk_run(&bulk, 1);
	close(bulk.fd[0]);
	begin = now();
	if (dial_echo(20) < 0)
		die("connect");
	print("ms", (now() - begin) * 1e3);
	return 0;
}

/* ---- round trips and connections ---- */

static float samples[MAX_SAMPLES]; /* microseconds */
static size_t sample_count;

static void
sample_add(double seconds)
{
	if (sample_count < MAX_SAMPLES)
		samples[sample_count++] = (float)(seconds * 1e6);
}

static int
sample_order(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
samples_print(void)
{
	if (sample_count == 0)
		return;
	qsort(samples, sample_count, sizeof *samples, sample_order);
	print("p50_us", samples[sample_count / 2]);
	print("p99_us", samples[sample_count * 99 / 100]);
	print("p999_us", samples[sample_count * 999 / 1000]);
}

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
static int
ping(int size, double seconds)
{
	struct timespec rest = { 0, 20000000 };

	if (size < 1 || size > 65536)
		return 2;
	for (int i = 0; i < PING_SLICES; i++) {
		ping_run((size_t)size, seconds / PING_SLICES);
		nanosleep(&rest, NULL);
	}
	samples_print();
	return 0;
}

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

static int
beside(int size, double seconds)
{
	struct timespec warm_up = { 0, (long)(WARM_UP_S * 1e9) };
	double gbps = 0;
	pthread_t thread;

	if (size < 1 || size > 65536)
		return 2;
	if (pthread_create(&thread, NULL, bulk_thread, &gbps))
		die("thread");
	nanosleep(&warm_up, NULL);
	ping_run((size_t)size, seconds);
	bulk_stop = true;
	pthread_join(thread, NULL);
	samples_print();
	print("bulk_gbps", gbps);
	return 0;
}

struct caller {
	double born;
	bool asked;
};

static struct caller callers[MAX_FDS];

static bool
caller_new(int epoll)
{
	struct epoll_event event = { .events = EPOLLOUT };
	int fd = dial(SOCK_NONBLOCK);

	if (fd < 0 || fd >= MAX_FDS)
		return false;
	callers[fd] = (struct caller){ .born = now() };
	event.data.fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return true;
}

/* Connected: ask. Answered: done (1). Negative: failed. */
static int
caller_step(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	char byte;

	if (!callers[fd].asked) {
		if (send(fd, "ex", 2, MSG_NOSIGNAL) != 2)
			return -1;
		callers[fd].asked = true;
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
		return 0;
	}
	if (recv(fd, &byte, 1, 0) != 1)
		return -1;
	sample_add(now() - callers[fd].born);
	return 1;
}

static int
conn(int at_once, double seconds, long count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0, failed = 0;
	struct epoll_event events[256];
	double begin = now();
	long done = 0;

	while (now() - begin < seconds && done < count && failed < 1000) {
		for (; open < at_once; open++)
			if (!caller_new(epoll))
				die("connect");
		int ready = epoll_wait(epoll, events, 256, 50);

		for (int i = 0; i < ready; i++) {
			int rc = caller_step(epoll, events[i].data.fd);

			if (rc == 0)
				continue;
			done += rc > 0;
			failed += rc < 0;
			close(events[i].data.fd);
			open--;
		}
	}
	print("per_s", (double)done / (now() - begin));
	print("count", (double)done);
	print("failed", failed);
	samples_print();
	return 0;
}

static int
hold(int count)
{
	double before = resident_kb(), begin = now();
	struct timespec second = { 1, 0 };
	int opened = 0;

	while (opened < count && now() - begin < 30 && dial_echo(5) >= 0)
		opened++;
	nanosleep(&second, NULL);
	print("opened", opened);
	if (opened > 0)
		print("kb_per_conn", (resident_kb() - before) / opened);
	return 0;
}

static int
first(double t0, double seconds)
{
	struct timespec pause = { 0, 1000000 };
	double end = now() + seconds;

	while (dial_echo(0.5) < 0) {
		if (now() > end)
			die("nothing came through");
		nanosleep(&pause, NULL);
	}
	print("ms", (clock_s(CLOCK_REALTIME) - t0) * 1e3);
	return 0;
}

/* ---- the command ---- */

static void
roles_set(char *list)
{
	for (char *one = strtok(list, ","); one && role_count < MAX_ROLES; one = strtok(NULL, ",")) {
		char *pid = strchr(one, '=');

		if (!pid)
			continue;
		*pid = '\0';
		roles[role_count++] = (struct role){ .name = one, .pid = atoi(pid + 1) };
	}
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
		return conn(atoi(argv[1]), atof(argv[2]), argc == 4 ? atol(argv[3]) : MAX_SAMPLES);
	if (!strcmp(name, "hold") && argc == 2)
		return hold(atoi(argv[1]));
	if (!strcmp(name, "stall") && argc == 2)
		return stall(atof(argv[1]));
	if (!strcmp(name, "volume") && argc == 3)
		return volume(atof(argv[1]), atof(argv[2]));
	if (!strcmp(name, "close") && argc == 1)
		return after_close();
	if (!strcmp(name, "first") && argc == 3)
		return first(atof(argv[1]), atof(argv[2]));
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
