#include "visit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	char *question;
	size_t question_len;
	char *got;
	size_t len, room;
	bool over;
} visiting;

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- the answer ---- */

/* One line of the head; its end stands behind it. */
static void
header_read(struct pst_map *headers, char *line, char *end)
{
	char *value = memchr(line, ':', (size_t)(end - line));

	if (!value)
		die("a header without a colon");
	*value++ = '\0';
	for (char *c = line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	value += strspn(value, " ");
	if (pst_map_put(headers, line, value, (size_t)(end - value)))
		die("out of memory");
}

static void
answer_read(struct reply *reply)
{
	char *line = visiting.got, *end = visiting.got ? strstr(line, "\r\n\r\n") : NULL, *next;
	const struct pst_map_item *length;

	if (!end || sscanf(line, "HTTP/1.1 %u ", &reply->status) != 1)
		return;
	for (line = strstr(line, "\r\n") + 2; line < end + 2; line = next + 2) {
		next = strstr(line, "\r\n");
		header_read(&reply->headers, line, next);
	}
	reply->len = visiting.len - (size_t)(end + 4 - visiting.got);
	reply->body = malloc(reply->len + 1);
	if (!reply->body)
		die("out of memory");
	memcpy(reply->body, end + 4, reply->len + 1);
	length = pst_map_get(&reply->headers, "content-length");
	reply->answered = length && strtoul((const char *)length->value, NULL, 10) == reply->len;
}

/* ---- the connection ---- */

static void
gone(uv_handle_t *handle)
{
	visiting.over = true;
}

static void
room_make(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	if (visiting.room - visiting.len < 65536) {
		visiting.room = 2 * visiting.room + 131072;
		visiting.got = realloc(visiting.got, visiting.room);
		if (!visiting.got)
			die("out of memory");
	}
	*out = uv_buf_init(visiting.got + visiting.len, (unsigned)(visiting.room - visiting.len - 1));
}

static void
came(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	if (n < 0) {
		uv_close((uv_handle_t *)stream, gone);
		return;
	}
	visiting.len += (size_t)n;
	visiting.got[visiting.len] = '\0';
}

static void
written(uv_write_t *write, int status)
{
	/* what went wrong ends the reading, too */
}

static void
connected(uv_connect_t *connect, int status)
{
	uv_buf_t buf = uv_buf_init(visiting.question, (unsigned)visiting.question_len);

	if (status || uv_write(&visiting.write, connect->handle, &buf, 1, written) ||
	    uv_read_start(connect->handle, room_make, came))
		die("no connection to the gateway");
}

/* ---- the whole ---- */

static void
question_write(const char *target, const struct pst_map *headers, const void *body, size_t len)
{
	FILE *out = open_memstream(&visiting.question, &visiting.question_len);

	fprintf(out, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %zu\r\n", target, len);
	for (size_t i = 0; headers && i < headers->count; i++)
		fprintf(out, "%s: %s\r\n", headers->items[i].name, (const char *)headers->items[i].value);
	fputs("\r\n", out);
	fwrite(body, 1, len, out);
	if (fclose(out))
		die("out of memory");
}

void
visit(struct reply *reply, unsigned port, const char *target, const struct pst_map *headers, const void *body,
    size_t len)
{
	struct sockaddr_in in;

	*reply = (struct reply){ 0 };
	memset(&visiting, 0, sizeof visiting);
	question_write(target, headers, body, len);
	uv_ip4_addr("127.0.0.1", (int)port, &in);
	uv_tcp_init(run_loop(), &visiting.tcp);
	if (uv_tcp_connect(&visiting.connect, &visiting.tcp, (struct sockaddr *)&in, connected))
		die("no connection to the gateway");
	run_until(&visiting.over);
	answer_read(reply);
	free(visiting.question);
	free(visiting.got);
}
