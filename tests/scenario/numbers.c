/*
 * numbers: clients that POST one number after the other over HTTP and look at each answer.
 *
 *   numbers PORT PATH CLIENTS PATIENCE    until it gets SIGTERM; each request may take PATIENCE ms
 *
 * An answer is right when its status is 200 and its body ends with the number. At the end:
 *
 *   right=5000 wrong=0 late=0 cut=0 longest_ms=12
 *   status 503: 4
 *
 * wrong: 200 and something else. late: nothing came in time. cut: the connection broke. A status is no
 * answer, and says so. The exit code is 1 when anything was wrong, late or cut.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define STATUS_MAX 600

struct tally {
	unsigned long right, wrong, late, cut;
	unsigned long status[STATUS_MAX];
	long longest_ms;
};

struct client {
	pthread_t thread;
	int fd;
	unsigned long number;
	struct tally tally;
};

static volatile sig_atomic_t enough;
static struct sockaddr_in target;
static const char *path;
static struct timeval patience;

static void
on_term(int signo)
{
	(void)signo;
	enough = 1;
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
client_connect(struct client *c)
{
	if (c->fd >= 0)
		return true;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return !connect(c->fd, (struct sockaddr *)&target, sizeof target);
}

static void
client_hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* The head and as much body as it says; how much of both, or -1: late, or cut (errno 0). */
static ssize_t
response_read(int fd, char *buf, size_t size, const char **body)
{
	size_t len = 0, want = 0;

	*body = NULL;
	while (!want || len < want) {
		ssize_t n = recv(fd, buf + len, size - 1 - len, 0);
		const char *length;

		if (n <= 0) {
			errno = n < 0 && errno == EAGAIN ? EAGAIN : 0;
			return -1;
		}
		len += (size_t)n;
		buf[len] = '\0';
		*body = *body ? *body : strstr(buf, "\r\n\r\n");
		length = strcasestr(buf, "\r\ncontent-length:");
		if (*body && !want)
			want = (size_t)(*body + 4 - buf) + (length ? strtoul(length + 17, NULL, 10) : 0);
		if (want >= size)
			return -1;
	}
	*body += 4;
	return (ssize_t)len;
}

/* The body ends with the number, and no digit stands before it. */
static bool
is_right(const char *body, const char *number)
{
	size_t len = strlen(body), n = strlen(number);

	return len >= n && !strcmp(body + len - n, number) &&
	    (len == n || !strchr("0123456789", body[len - n - 1]));
}

static void
client_ask(struct client *c)
{
	char number[32], request[512], response[8192];
	const char *body;
	int len, status;

	snprintf(number, sizeof number, "%lu", c->number++);
	len = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: n\r\nContent-Length: %zu\r\n\r\n%s",
	    path, strlen(number), number);
	if (!client_connect(c) || send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len ||
	    response_read(c->fd, response, sizeof response, &body) < 0) {
		++*(errno == EAGAIN ? &c->tally.late : &c->tally.cut);
		client_hang_up(c);
		return;
	}
	status = atoi(response + strlen("HTTP/1.1 "));
	if (status != 200)
		c->tally.status[status > 0 && status < STATUS_MAX ? status : 0]++;
	else
		++*(is_right(body, number) ? &c->tally.right : &c->tally.wrong);
	if (strcasestr(response, "\r\nconnection: close"))
		client_hang_up(c);
}

static void *
client_run(void *arg)
{
	struct client *c = arg;

	while (!enough) {
		long began = now_ms(), took;

		client_ask(c);
		took = now_ms() - began;
		if (took > c->tally.longest_ms)
			c->tally.longest_ms = took;
	}
	client_hang_up(c);
	return NULL;
}

static int
tell(const struct client *clients, int count)
{
	struct tally all = { 0 };

	for (int i = 0; i < count; i++) {
		const struct tally *t = &clients[i].tally;

		all.right += t->right;
		all.wrong += t->wrong;
		all.late += t->late;
		all.cut += t->cut;
		if (t->longest_ms > all.longest_ms)
			all.longest_ms = t->longest_ms;
		for (int s = 0; s < STATUS_MAX; s++)
			all.status[s] += t->status[s];
	}
	printf("right=%lu wrong=%lu late=%lu cut=%lu longest_ms=%ld\n", all.right, all.wrong, all.late, all.cut,
	    all.longest_ms);
	for (int s = 0; s < STATUS_MAX; s++)
		if (all.status[s])
			printf("status %d: %lu\n", s, all.status[s]);
	return all.wrong || all.late || all.cut;
}

int
main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	int count;

	if (argc != 5 || (count = atoi(argv[3])) < 1 || count > CLIENTS_MAX)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	target = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	path = argv[2];
	patience = (struct timeval){ atoi(argv[4]) / 1000, atoi(argv[4]) % 1000 * 1000 };
	for (int i = 0; i < count; i++) {
		clients[i].fd = -1;
		clients[i].number = (unsigned long)i * 100000000;
		if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]))
			return 2;
	}
	for (int i = 0; i < count; i++)
		pthread_join(clients[i].thread, NULL);
	return tell(clients, count);
}
