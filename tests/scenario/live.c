/*
 * A client of WebSocket streams, by wslay; blocking, with a deadline for whatever it waits for.
 *
 *	live [--tls CAFILE] [--header LINE]… PORT PATH ACTION…
 *
 * It connects to localhost, and does what the actions say, in order:
 *
 *	text:TEXT binary:TEXT  send a message          size:N      one of N times "a"
 *	pieces:TEXT            one in frames of a byte ping        and wait for the answer
 *	raw:HEX                bytes that are no frame close:CODE  say so
 *	get                    wait for a message, and print it: "text …", "binary …", or "N bytes" where it is long
 *	end                    wait for the end, and print it: "closed CODE", or "gone" where no code came
 *	crowd:N                N more connections; each sends a message, then all get theirs, then "N answered"
 *	still:MS               read nothing for so long; over when the other side has gone: "gone"
 *
 * A handshake that is refused prints "status NNN", and ends it. A wait of which nothing comes prints "nothing".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define DEADLINE_MS 20000
#define LONG 1000 /* of longer messages only their length is printed */

struct message {
	struct message *next;
	bool text;
	size_t len;
	char bytes[];
};

struct live {
	int fd;
	pid_t tls;
	wslay_event_context_ptr ws;
	struct message *first, **last;
	bool came, ponged, over; /* came: there is a first */
	unsigned code; /* 0: none came */
};

static struct {
	unsigned port;
	const char *path, *cafile, *headers[8];
	size_t header_count;
} to;

static void
fail(const char *what)
{
	printf("%s\n", what);
	exit(1);
}

/* ---- the connection ---- */

static bool
wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, DEADLINE_MS) == 1;
}

static int
tcp_connect(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)to.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa))
		fail("no connection");
	return fd;
}

/* TLS is another program's. */
static int
tls_connect(struct live *live)
{
	char at[32];
	int pair[2];

	snprintf(at, sizeof at, "localhost:%u", to.port);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || (live->tls = fork()) < 0)
		fail("no process");
	if (!live->tls) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		execlp("openssl", "openssl", "s_client", "-quiet", "-verify_quiet", "-verify_return_error", "-CAfile", to.cafile, "-4",
		    "-connect", at, NULL);
		_exit(127);
	}
	close(pair[1]);
	return pair[0];
}

static void
put_all(struct live *live, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = send(live->fd, at, len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* what has become of it, reading tells */
		at += n;
		len -= (size_t)n;
	}
}

/* A byte at a time: what is behind the head is not ours. */
static void
handshake(struct live *live)
{
	char head[4096] = "";
	size_t len = 0;
	int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\nUpgrade: websocket\r\n"
	    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", to.path, to.port);

	for (size_t i = 0; i < to.header_count; i++)
		n += snprintf(head + n, sizeof head - (size_t)n, "%s\r\n", to.headers[i]);
	strcat(head, "\r\n");
	put_all(live, head, strlen(head));
	memset(head, 0, sizeof head);
	while (len < sizeof head - 1 && !strstr(head, "\r\n\r\n")) {
		if (!wait_for(live->fd, POLLIN) || recv(live->fd, head + len, 1, 0) != 1)
			fail("no answer");
		len++;
	}
	if (strncmp(head, "HTTP/1.1 101 ", 13)) {
		printf("status %.3s\n", head + 9);
		exit(0);
	}
	/* that of the key above, by RFC 6455, 1.3 */
	if (!strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
		fail("another accept");
}

/* ---- what wslay asks for ---- */

static ssize_t
on_read(wslay_event_context_ptr ws, uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct live *live = arg;
	ssize_t n = recv(live->fd, bytes, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	live->over = !n || (errno != EAGAIN && errno != EINTR);
	wslay_event_set_error(ws, live->over ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t
on_write(wslay_event_context_ptr ws, const uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct live *live = arg;
	ssize_t n = send(live->fd, bytes, len, MSG_NOSIGNAL);

	if (n < 0)
		wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return n;
}

static int
on_mask(wslay_event_context_ptr ws, uint8_t *mask, size_t len, void *arg)
{
	for (size_t i = 0; i < len; i++)
		mask[i] = (uint8_t)random();
	return 0;
}

static void
on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct live *live = arg;
	struct message *one;

	if (m->opcode == WSLAY_PONG)
		live->ponged = true;
	if (m->opcode == WSLAY_CONNECTION_CLOSE)
		live->code = m->status_code ? m->status_code : 1005;
	if (wslay_is_ctrl_frame(m->opcode))
		return;
	live->came = true;
	one = malloc(sizeof *one + m->msg_length);
	*one = (struct message){ .text = m->opcode == WSLAY_TEXT_FRAME, .len = m->msg_length };
	memcpy(one->bytes, m->msg, m->msg_length);
	*live->last = one;
	live->last = &one->next;
}

static void
message_free(struct live *live)
{
	struct message *one = live->first;

	live->first = one->next;
	live->came = live->first;
	if (!live->came)
		live->last = &live->first;
	free(one);
}

static void
live_open(struct live *live)
{
	const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_read,
		.send_callback = on_write,
		.genmask_callback = on_mask,
		.on_msg_recv_callback = on_message,
	};

	*live = (struct live){ .last = &live->first };
	live->fd = to.cafile ? tls_connect(live) : tcp_connect();
	handshake(live);
	if (wslay_event_context_client_init(&live->ws, &callbacks, live))
		fail("no memory");
}

static void
live_close(struct live *live)
{
	wslay_event_context_free(live->ws);
	close(live->fd);
	while (live->first)
		message_free(live);
	if (live->tls) {
		kill(live->tls, SIGTERM);
		waitpid(live->tls, NULL, 0);
	}
}

/* ---- actions ---- */

static void
flush(struct live *live)
{
	if (!live->over)
		(void)wslay_event_send(live->ws);
}

/* Until *what, or the end. */
static void
live_wait(struct live *live, const bool *what)
{
	while (!*what && !live->over) {
		if (!wait_for(live->fd, POLLIN)) {
			printf("nothing\n");
			return;
		}
		if (wslay_event_recv(live->ws))
			live->over = true;
		flush(live);
		if (!wslay_event_want_read(live->ws))
			live->over = true;
	}
}

static void
message_send(struct live *live, uint8_t opcode, const char *bytes, size_t len)
{
	const struct wslay_event_msg m = { opcode, (const uint8_t *)bytes, len };

	(void)wslay_event_queue_msg(live->ws, &m);
	flush(live);
}

static void
size_send(struct live *live, size_t len)
{
	char *bytes = malloc(len + 1);

	memset(bytes, 'a', len);
	message_send(live, WSLAY_TEXT_FRAME, bytes, len);
	free(bytes);
}

/* By hand, since wslay makes frames of its own size. The mask is zero. */
static void
pieces_send(struct live *live, const char *text)
{
	for (size_t i = 0, n = strlen(text); i < n; i++) {
		const uint8_t frame[] = { (i ? 0 : WSLAY_TEXT_FRAME) | (i + 1 == n ? 0x80 : 0), 0x81, 0, 0, 0, 0,
			(uint8_t)text[i] };

		put_all(live, frame, sizeof frame);
	}
}

static void
raw_send(struct live *live, const char *hex)
{
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		const uint8_t one = (uint8_t)byte;

		put_all(live, &one, 1);
	}
}

static void
get(struct live *live)
{
	const struct message *one;

	live_wait(live, &live->came);
	one = live->first;
	if (one && one->len > LONG)
		printf("%zu bytes\n", one->len);
	else if (one)
		printf("%s %.*s\n", one->text ? "text" : "binary", (int)one->len, one->bytes);
	else if (live->over)
		printf("gone\n");
	if (one)
		message_free(live);
}

static void
end(struct live *live)
{
	const bool never = false;

	live_wait(live, &never);
	if (live->code)
		printf("closed %u\n", live->code);
	else
		printf("gone\n");
}

static void
still(struct live *live, int ms)
{
	struct pollfd poll_fd = { .fd = live->fd, .events = POLLRDHUP };

	printf("%s\n", poll(&poll_fd, 1, ms) == 1 ? "gone" : "nothing");
}

static void
crowd(size_t n)
{
	struct live *all = calloc(n, sizeof *all);
	size_t right = 0;
	char text[32];

	for (size_t i = 0; i < n; i++)
		live_open(&all[i]);
	for (size_t i = 0; i < n; i++)
		message_send(&all[i], WSLAY_TEXT_FRAME, text, (size_t)snprintf(text, sizeof text, "%zu", i));
	for (size_t i = 0; i < n; i++) {
		live_wait(&all[i], &all[i].came);
		snprintf(text, sizeof text, "hello, %zu", i);
		right += all[i].first && all[i].first->len == strlen(text) &&
		    !memcmp(all[i].first->bytes, text, strlen(text));
	}
	printf("%zu answered\n", right);
	for (size_t i = 0; i < n; i++)
		live_close(&all[i]);
	free(all);
}

static void
act(struct live *live, const char *action)
{
	const char *colon = strchr(action, ':'), *rest = colon ? colon + 1 : "";
	size_t n = colon ? (size_t)(colon - action) : strlen(action);
	uint8_t code[2] = { (uint8_t)(atoi(rest) >> 8), (uint8_t)atoi(rest) };

#define IS(name) (n == strlen(name) && !strncmp(action, name, n))
	if (IS("text"))
		message_send(live, WSLAY_TEXT_FRAME, rest, strlen(rest));
	else if (IS("binary"))
		message_send(live, WSLAY_BINARY_FRAME, rest, strlen(rest));
	else if (IS("size"))
		size_send(live, strtoul(rest, NULL, 10));
	else if (IS("pieces"))
		pieces_send(live, rest);
	else if (IS("raw"))
		raw_send(live, rest);
	else if (IS("get"))
		get(live);
	else if (IS("end"))
		end(live);
	else if (IS("crowd"))
		crowd(strtoul(rest, NULL, 10));
	else if (IS("still"))
		still(live, atoi(rest));
	else if (IS("close"))
		message_send(live, WSLAY_CONNECTION_CLOSE, (const char *)code, sizeof code);
	else if (IS("ping")) {
		message_send(live, WSLAY_PING, "", 0);
		live_wait(live, &live->ponged);
		printf("%s\n", live->ponged ? "pong" : "gone");
	} else
		fail("no such action");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct live live;
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2)
		if (!strcmp(argv[i], "--tls"))
			to.cafile = argv[i + 1];
		else if (to.header_count < sizeof to.headers / sizeof *to.headers)
			to.headers[to.header_count++] = argv[i + 1];
	if (i + 2 > argc)
		fail("live [--tls CAFILE] [--header LINE]… PORT PATH ACTION…");
	to.port = (unsigned)atoi(argv[i]);
	to.path = argv[i + 1];
	live_open(&live);
	for (i += 2; i < argc; i++)
		act(&live, argv[i]);
	live_close(&live);
	return 0;
}
