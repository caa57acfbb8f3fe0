/*
 * forward: a plain TCP forwarder on one libuv loop, the yardstick of the bench.
 *
 *   forward PORT TO    forwards 127.0.0.1:PORT to 127.0.0.1:TO until a signal
 *
 * It does what any tunnel must do and nothing else: read, write, wait while
 * the other side is slow. One buffer of 256 KiB a direction; no copies.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define ROOM (256 * 1024)

/* One direction: what is read from `from` is written to the other half's socket. */
struct half {
	uv_tcp_t from;
	struct half *to;
	struct pair *pair;
	uv_write_t write;
	uv_shutdown_t shutdown;
	bool ended;
	char *data;
};

struct pair {
	struct half client, target;
	uv_connect_t connect;
	int open_handles;
	bool closing;
};

static struct sockaddr_in to_address;

static void
half_closed(uv_handle_t *handle)
{
	struct half *half = handle->data;
	struct pair *pair = half->pair;

	free(half->data);
	if (--pair->open_handles == 0)
		free(pair);
}

static void
pair_close(struct pair *pair)
{
	if (pair->closing)
		return;
	pair->closing = true;
	uv_close((uv_handle_t *)&pair->client.from, half_closed);
	uv_close((uv_handle_t *)&pair->target.from, half_closed);
}

static void
half_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
	struct half *half = handle->data;

	(void)hint;
	if (!half->data)
		half->data = malloc(ROOM);
	*buf = uv_buf_init(half->data, half->data ? ROOM : 0);
}

static void half_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);

static void
half_written(uv_write_t *write, int status)
{
	struct half *half = write->data;

	if (status < 0)
		pair_close(half->pair);
	else if (!half->pair->closing)
		uv_read_start((uv_stream_t *)&half->from, half_alloc, half_read);
}

static void
half_shut(uv_shutdown_t *shutdown, int status)
{
	struct half *half = shutdown->data;

	if (status < 0 || half->to->ended)
		pair_close(half->pair);
}

static void
half_end(struct half *half)
{
	half->ended = true;
	half->shutdown.data = half;
	uv_read_stop((uv_stream_t *)&half->from);
	if (uv_shutdown(&half->shutdown, (uv_stream_t *)&half->to->from, half_shut) < 0)
		pair_close(half->pair);
}

/* What the kernel does not take at once is written later, and nothing more is read until then. */
static void
half_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct half *half = stream->data;
	uv_stream_t *to = (uv_stream_t *)&half->to->from;
	uv_buf_t rest;
	int done;

	if (len == UV_EOF)
		half_end(half);
	else if (len < 0)
		pair_close(half->pair);
	if (len <= 0)
		return;
	rest = uv_buf_init(buf->base, (unsigned)len);
	done = uv_try_write(to, &rest, 1);
	if (done == len)
		return;
	if (done > 0)
		rest = uv_buf_init(buf->base + done, (unsigned)(len - done));
	uv_read_stop(stream);
	half->write.data = half;
	if ((done < 0 && done != UV_EAGAIN) || uv_write(&half->write, to, &rest, 1, half_written) < 0)
		pair_close(half->pair);
}

static void
pair_connected(uv_connect_t *connect, int status)
{
	struct pair *pair = connect->data;

	if (status < 0) {
		pair_close(pair);
		return;
	}
	uv_tcp_nodelay(&pair->target.from, 1);
	uv_read_start((uv_stream_t *)&pair->client.from, half_alloc, half_read);
	uv_read_start((uv_stream_t *)&pair->target.from, half_alloc, half_read);
}

static void
half_init(struct half *half, struct half *to, struct pair *pair, uv_loop_t *loop)
{
	half->to = to;
	half->pair = pair;
	uv_tcp_init(loop, &half->from);
	half->from.data = half;
	pair->open_handles++;
}

static void
accepted(uv_stream_t *listener, int status)
{
	struct pair *pair = status < 0 ? NULL : calloc(1, sizeof *pair);

	if (!pair)
		return;
	half_init(&pair->client, &pair->target, pair, listener->loop);
	half_init(&pair->target, &pair->client, pair, listener->loop);
	pair->connect.data = pair;
	if (uv_accept(listener, (uv_stream_t *)&pair->client.from) < 0 ||
	    uv_tcp_connect(&pair->connect, &pair->target.from, (struct sockaddr *)&to_address, pair_connected) < 0) {
		pair_close(pair);
		return;
	}
	uv_tcp_nodelay(&pair->client.from, 1);
}

int
main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in at;
	uv_tcp_t listener;
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: forward PORT TO\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	uv_ip4_addr("127.0.0.1", atoi(argv[1]), &at);
	uv_ip4_addr("127.0.0.1", atoi(argv[2]), &to_address);
	uv_tcp_init(loop, &listener);
	rc = uv_tcp_bind(&listener, (struct sockaddr *)&at, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&listener, 4096, accepted);
	if (rc < 0) {
		fprintf(stderr, "forward: %s: %s\n", argv[1], uv_strerror(rc));
		return 1;
	}
	return uv_run(loop, UV_RUN_DEFAULT);
}
