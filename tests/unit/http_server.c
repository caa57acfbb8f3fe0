#include "http_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct http_conn {
	uv_tcp_t tcp;
	struct http_conn *next, **link;
	struct http_server *server;
	uv_write_t write;
	char bytes[16384];
	size_t len;
};

static void
conn_gone(uv_handle_t *handle)
{
	free(handle->data);
}

static void
conn_close(struct http_conn *conn)
{
	if (uv_is_closing((uv_handle_t *)&conn->tcp))
		return;
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	uv_close((uv_handle_t *)&conn->tcp, conn_gone);
}

static void
conn_written(uv_write_t *write, int status)
{
	conn_close(write->data);
}

/* Head and body are here. */
static bool
is_whole(const char *bytes, size_t len)
{
	const char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "content-length:");

	return end && len - (size_t)(end + 4 - bytes) >= (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
}

static void
conn_answer(struct http_conn *conn)
{
	const struct http_answer *answer = conn->server->answers;
	const char *path = strchr(conn->bytes, ' ');
	size_t len = path ? strcspn(path + 1, " ?") : 0;
	uv_buf_t buf;

	while (answer->path && (strlen(answer->path) != len || memcmp(answer->path, path + 1, len)))
		answer++;
	memcpy(conn->server->asked, conn->bytes, sizeof conn->bytes);
	conn->server->requests++;
	conn->server->quiet = !answer->bytes;
	if (!answer->bytes)
		return;
	buf = uv_buf_init((char *)answer->bytes, (unsigned)(answer->len ? answer->len : strlen(answer->bytes)));
	conn->write.data = conn;
	assert_int_equal(uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &buf, 1, conn_written), 0);
}

static void
conn_room(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct http_conn *conn = handle->data;

	*out = uv_buf_init(conn->bytes + conn->len, (unsigned)(sizeof conn->bytes - 1 - conn->len));
}

static void
conn_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct http_conn *conn = stream->data;

	if (n < 0) {
		conn_close(conn);
		return;
	}
	conn->len += (size_t)n;
	conn->bytes[conn->len] = '\0';
	if (is_whole(conn->bytes, conn->len))
		conn_answer(conn);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct http_server *server = listener->data;
	struct http_conn *conn = calloc(1, sizeof *conn);

	assert_non_null(conn);
	uv_tcp_init(listener->loop, &conn->tcp);
	conn->tcp.data = conn;
	conn->server = server;
	conn->link = &server->conns;
	conn->next = server->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	server->conns = conn;
	server->connections++;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&conn->tcp), 0);
	uv_read_start((uv_stream_t *)&conn->tcp, conn_room, conn_read);
}

void
http_server_open(struct http_server *server, uv_loop_t *loop, const struct http_answer *answers)
{
	struct sockaddr_in in;
	int len = sizeof in;

	memset(server, 0, sizeof *server);
	server->answers = answers;
	uv_tcp_init(loop, &server->tcp);
	server->tcp.data = server;
	uv_ip4_addr("127.0.0.1", 0, &in);
	assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&in, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 16, on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&in, &len), 0);
	server->port = (in.sin_port >> 8 | in.sin_port << 8) & 0xffff;
}

void
http_server_close(struct http_server *server)
{
	while (server->conns)
		conn_close(server->conns);
	uv_close((uv_handle_t *)&server->tcp, NULL);
}
