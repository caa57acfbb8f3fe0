/*
 * tools: what the scenarios need beside a shell, as one small program.
 *
 *   tools ports COUNT FROM            COUNT free TCP ports, one a line, none below FROM
 *   tools listening PORT MS           wait until somebody listens on PORT
 *   tools line FILE REGEX COUNT MS    wait until COUNT lines of FILE match; print the last of them
 *   tools http PORT FILE              an HTTP server which answers every request with FILE
 *   tools get PORT PATH MS            an HTTP request; prints the body
 *   tools echo PORT                   a server which sends back what it is sent
 *   tools talk PORT TEXT MS           send TEXT and a newline, half-close, print all that comes back
 *   tools record PORT TO FILE         forward PORT to TO, and append to FILE all that passes, both ways
 *   tools connect PORT FILE [ADDRESS] an HTTP proxy that knows CONNECT only, and appends to FILE where it was asked to
 *   tools activate PORT,… NAME:… COMMAND…
 *                                     become COMMAND, with sockets passed as systemd does: one listening on each PORT
 *   tools notified NAME               a service manager's socket, at a path or @abstract; prints each message on a line
 *
 * All addresses are 127.0.0.1, but for a proxy in a network of its own, which listens at ADDRESS. Exit code 0: done; 1: it failed; 2: usage; 3: time ran out.
 * Servers run until a signal ends them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LATE 3
#define MAX_CONNS 1000 /* poll() takes no more than the limit of open files, often 1024 */
#define LAST_PORT 32000 /* the kernel takes its own ports above (ip_local_port_range) */

static int
fail(const char *what)
{
	fprintf(stderr, "tools: %s: %s\n", what, strerror(errno));
	return 1;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Milliseconds until `end`, never negative. */
static int
left_ms(int64_t end)
{
	int64_t left = end - now_ms();

	return left > 0 ? (int)left : 0;
}

static const char *own_address = "127.0.0.1";

static struct sockaddr_in
address_of(const char *address, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, address, &at.sin_addr);
	return at;
}

/* A listening socket, or -1. */
static int
listen_on(int port)
{
	struct sockaddr_in at = address_of(own_address, port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 128) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
dial_at(const char *address, int port)
{
	struct sockaddr_in to = address_of(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
dial(int port)
{
	return dial_at("127.0.0.1", port);
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- waiting ---- */

static int
ports(int count, int from)
{
	for (int port = from; count > 0; port++) {
		int fd;

		if (port > LAST_PORT) {
			errno = EADDRINUSE;
			return fail("no free port");
		}
		fd = listen_on(port);
		if (fd < 0)
			continue;
		close(fd);
		printf("%d\n", port);
		count--;
	}
	return 0;
}

/* Whether the kernel's table of sockets has a listener (state 0A) on `port`. */
static bool
table_has(const char *table, int port)
{
	FILE *file = fopen(table, "re");
	char line[512];
	unsigned at, state;
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof line, file))
		found = sscanf(line, " %*d: %*[0-9A-F]:%X %*[0-9A-F]:%*X %X", &at, &state) == 2 &&
			(int)at == port && state == 0x0a;
	fclose(file);
	return found;
}

/* The table is read, since a trial connection would be one more peer to the daemon. */
static int
listening(int port, int ms)
{
	int64_t end = now_ms() + ms;

	while (!table_has("/proc/net/tcp", port) && !table_has("/proc/net/tcp6", port)) {
		if (left_ms(end) == 0)
			return LATE;
		poll(NULL, 0, 5);
	}
	return 0;
}

/* Prints the COUNTth line that matches, if there is one. */
static bool
matches(const char *path, const regex_t *regex, int count)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (regexec(regex, line, 0, NULL, 0) == 0 && --count == 0)
			found = true;
	}
	if (found)
		puts(line);
	free(line);
	fclose(file);
	return found;
}

static int
await_line(const char *path, const char *pattern, int count, int ms)
{
	int64_t end = now_ms() + ms;
	struct pollfd change = { .events = POLLIN };
	char events[4096];
	regex_t regex;
	int rc = 0;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return 2;
	change.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	inotify_add_watch(change.fd, path, IN_MODIFY | IN_CLOSE_WRITE);
	while (!matches(path, &regex, count)) {
		if (left_ms(end) == 0) {
			rc = LATE;
			break;
		}
		poll(&change, 1, left_ms(end));
		while (read(change.fd, events, sizeof events) > 0)
			;
	}
	regfree(&regex);
	close(change.fd);
	return rc;
}

/* ---- clients ---- */

/* All that comes until the peer closes, to stdout; with `body`, from the first empty line on. */
static int
drain(int fd, bool body, int ms)
{
	int64_t end = now_ms() + ms;
	char data[65536];
	size_t have = 0;

	for (;;) {
		struct pollfd in = { .fd = fd, .events = POLLIN };
		char *from = data;
		ssize_t n;

		if (poll(&in, 1, left_ms(end)) == 0)
			return LATE;
		n = read(fd, data + have, sizeof data - 1 - have);
		if (n < 0)
			return fail("read");
		if (n == 0)
			return body;
		have += (size_t)n;
		data[have] = '\0';
		if (body && !(from = strstr(data, "\r\n\r\n"))) {
			if (have == sizeof data - 1)
				return 1;
			continue;
		}
		from += body ? 4 : 0;
		fwrite(from, 1, (size_t)(data + have - from), stdout);
		body = false;
		have = 0;
	}
}

/* Send `text`, perhaps half-close, and print the answer. */
static int
ask(int port, const char *text, bool half_close, bool body, int ms)
{
	int fd = dial(port), rc;

	if (fd < 0)
		return fail("connect");
	if (write_all(fd, text, strlen(text)) < 0)
		return fail("write");
	if (half_close)
		shutdown(fd, SHUT_WR);
	rc = drain(fd, body, ms);
	close(fd);
	return rc;
}

/* ---- servers ---- */

struct peer {
	int fd; /* -1: none */
	bool ended; /* it has said all; not polled again */
	struct peer *other; /* record: the other side */
	char head[4]; /* http: the last four bytes of the request */
};

static struct peer peers[MAX_CONNS];
static int forward_to, record_fd = -1;
static char *answer;
static size_t answer_len;

static struct peer *
peer_new(int fd)
{
	for (int i = 0; i < MAX_CONNS; i++) {
		if (peers[i].fd >= 0)
			continue;
		peers[i] = (struct peer){ .fd = fd };
		return &peers[i];
	}
	close(fd);
	return NULL;
}

static void
peer_close(struct peer *peer)
{
	if (peer->other) {
		close(peer->other->fd);
		peer->other->fd = -1;
	}
	close(peer->fd);
	peer->fd = -1;
}

/* Each server's step: data has come (len > 0) or the peer has ended (0). Not 0: close. */
static int
echo_step(struct peer *peer, char *data, size_t len)
{
	return len > 0 ? write_all(peer->fd, data, len) : -1;
}

static int
http_step(struct peer *peer, char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		memmove(peer->head, peer->head + 1, 3);
		peer->head[3] = data[i];
		if (memcmp(peer->head, "\r\n\r\n", 4) != 0)
			continue;
		write_all(peer->fd, answer, answer_len);
		return -1;
	}
	return len > 0 ? 0 : -1;
}

static int
record_step(struct peer *peer, char *data, size_t len)
{
	if (len == 0)
		return shutdown(peer->other->fd, SHUT_WR);
	if (write_all(record_fd, data, len) < 0)
		return -1;
	return write_all(peer->other->fd, data, len);
}

/* A new connection; the recorder dials its other side. */
static void
take(int listener)
{
	struct peer *peer = peer_new(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	int fd;

	if (!peer || !forward_to)
		return;
	fd = dial(forward_to);
	peer->other = fd >= 0 ? peer_new(fd) : NULL;
	if (peer->other)
		peer->other->other = peer;
	else
		peer_close(peer);
}

/* One side of a recorded connection may end before the other. */
static void
serve_one(struct peer *peer, int (*step)(struct peer *, char *, size_t))
{
	static char data[65536];
	ssize_t n = read(peer->fd, data, sizeof data);

	peer->ended = n <= 0;
	if (n < 0 || step(peer, data, (size_t)n) != 0 || (peer->ended && peer->other->ended))
		peer_close(peer);
}

/* Writes block: enough for the few kilobytes of a test. */
static int
serve(int port, int (*step)(struct peer *, char *, size_t))
{
	static struct pollfd polled[MAX_CONNS + 1];
	int listener = listen_on(port);

	if (listener < 0)
		return fail("listen");
	for (int i = 0; i < MAX_CONNS; i++)
		peers[i].fd = -1;
	for (;;) {
		polled[MAX_CONNS] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (int i = 0; i < MAX_CONNS; i++)
			polled[i] = (struct pollfd){ .fd = peers[i].ended ? -1 : peers[i].fd, .events = POLLIN };
		if (poll(polled, MAX_CONNS + 1, -1) < 0)
			return fail("poll");
		for (int i = 0; i < MAX_CONNS; i++)
			if (polled[i].revents && peers[i].fd == polled[i].fd)
				serve_one(&peers[i], step);
		if (polled[MAX_CONNS].revents)
			take(listener);
	}
}

static int
serve_file(int port, const char *path)
{
	static const char head[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %ld\r\n\r\n";
	FILE *file = fopen(path, "re");
	long len;
	int n;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0)
		return fail(path);
	rewind(file);
	answer = malloc(sizeof head + 32 + (size_t)len);
	if (!answer)
		return fail("memory");
	n = sprintf(answer, head, len);
	if (fread(answer + n, 1, (size_t)len, file) != (size_t)len)
		return fail(path);
	fclose(file);
	answer_len = (size_t)n + (size_t)len;
	return serve(port, http_step);
}

/* The head comes in one piece, as whoever is tested here sends it. */
static int
connect_step(struct peer *peer, char *data, size_t len)
{
	static const char yes[] = "HTTP/1.1 200 OK\r\n\r\n";
	char address[16];
	int port, fd;

	if (peer->other)
		return len ? write_all(peer->other->fd, data, len) : shutdown(peer->other->fd, SHUT_WR);
	if (len < 4 || memcmp(data + len - 4, "\r\n\r\n", 4))
		return -1;
	data[len - 1] = '\0';
	if (sscanf(data, "CONNECT %15[0-9.]:%d HTTP/1.1", address, &port) != 2)
		return -1;
	dprintf(record_fd, "%s:%d\n", address, port);
	fd = dial_at(address, port);
	peer->other = fd >= 0 ? peer_new(fd) : NULL;
	if (!peer->other)
		return -1;
	peer->other->other = peer;
	return write_all(peer->fd, yes, sizeof yes - 1);
}

static int
proxy(int port, const char *path)
{
	record_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return record_fd < 0 ? fail(path) : serve(port, connect_step);
}

static int
record(int port, int to, const char *path)
{
	record_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (record_fd < 0)
		return fail(path);
	forward_to = to;
	return serve(port, record_step);
}

static int
get(int port, const char *path, int ms)
{
	char text[1024];

	snprintf(text, sizeof text, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	return ask(port, text, false, true, ms);
}

static int
talk(int port, const char *words, int ms)
{
	char text[4096];

	snprintf(text, sizeof text, "%s\n", words);
	return ask(port, text, true, false, ms);
}

/* Sockets from 3 on, and what sd_listen_fds(3) says of the environment. */
static int
activate(const char *list, const char *names, char **argv)
{
	char text[32];
	int count = 0;

	for (; *list; list += strspn(list, ",")) {
		char *end;
		int fd = listen_on((int)strtol(list, &end, 10));

		list = end;
		if (fd < 0)
			return fail("listen");
		if (fd == 3 + count) /* already there, but it would be closed */
			fcntl(fd, F_SETFD, 0);
		else if (dup2(fd, 3 + count) < 0)
			return fail("dup2");
		count++;
	}
	snprintf(text, sizeof text, "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%d", count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	execvp(argv[0], argv);
	return fail(argv[0]);
}

/* Prints what comes as systemd would be told (sd_notify(3)), with blanks for newlines. */
static int
notified(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[4096];
	ssize_t n;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
	if (*name == '@')
		at.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) < 0)
		return fail(name);
	puts("bound");
	for (;;) {
		fflush(stdout);
		n = recv(fd, text, sizeof text - 1, 0);
		if (n < 0)
			return fail("recv");
		text[n] = '\0';
		for (char *p = text; *p; p++)
			if (*p == '\n')
				*p = ' ';
		puts(text);
	}
}

/* `argv` starts at the command's name. */
static int
command(int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "";
	int first = argc > 1 ? atoi(argv[1]) : 0;

	if (!strcmp(name, "ports") && argc == 3)
		return ports(first, atoi(argv[2]));
	if (!strcmp(name, "listening") && argc == 3)
		return listening(first, atoi(argv[2]));
	if (!strcmp(name, "line") && argc == 5)
		return await_line(argv[1], argv[2], atoi(argv[3]), atoi(argv[4]));
	if (!strcmp(name, "http") && argc == 3)
		return serve_file(first, argv[2]);
	if (!strcmp(name, "get") && argc == 4)
		return get(first, argv[2], atoi(argv[3]));
	if (!strcmp(name, "echo") && argc == 2)
		return serve(first, echo_step);
	if (!strcmp(name, "talk") && argc == 4)
		return talk(first, argv[2], atoi(argv[3]));
	if (!strcmp(name, "record") && argc == 4)
		return record(first, atoi(argv[2]), argv[3]);
	if (!strcmp(name, "connect") && (argc == 3 || argc == 4)) {
		own_address = argc == 4 ? argv[3] : own_address;
		return proxy(first, argv[2]);
	}
	if (!strcmp(name, "notified") && argc == 2)
		return notified(argv[1]);
	if (!strcmp(name, "activate") && argc >= 4)
		return activate(argv[1], argv[2], argv + 3);
	fprintf(stderr, "usage: see the top of tools.c\n");
	return 2;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return command(argc - 1, argv + 1);
}
