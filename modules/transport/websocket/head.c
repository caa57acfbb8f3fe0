#define _GNU_SOURCE 1 /* memmem */
#include "head.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- writing ---- */

/* Behind the n bytes that are there; n, or HEAD_MAX when it does not fit. */
static size_t PST_PRINTF(3, 4)
add(char out[static HEAD_MAX], size_t n, const char *fmt, ...)
{
	va_list args;
	int more;

	if (n >= HEAD_MAX)
		return HEAD_MAX;
	va_start(args, fmt);
	more = vsnprintf(out + n, HEAD_MAX - n, fmt, args);
	va_end(args);
	return more < 0 || (size_t)more >= HEAD_MAX - n ? HEAD_MAX : n + (size_t)more;
}

int
head_ask(char out[static HEAD_MAX], char key[static HEAD_KEY], const char *path, const char *host,
    const struct pst_list *headers)
{
	uint8_t bytes[16];
	size_t n;

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(key, HEAD_KEY, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
	n = add(out, 0, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", path, host, key);
	for (size_t i = 0; i < headers->count; i++)
		n = add(out, n, "%s\r\n", headers->item[i]);
	return add(out, n, "\r\n") < HEAD_MAX ? PST_OK : PST_E_LIMIT;
}

int
head_connect(char out[static HEAD_MAX], const char *host)
{
	return add(out, 0, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host) < HEAD_MAX ? PST_OK : PST_E_LIMIT;
}

/* ---- reading ---- */

size_t
head_length(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);

	return end ? (size_t)(end - text) + 4 : 0;
}

struct value {
	const char *at;
	size_t len;
};

static bool
is(const struct value *value, const char *word)
{
	return value->len == strlen(word) && !strncasecmp(value->at, word, value->len);
}

/*
 * How often the header is there, and the last of its values, without white space
 * around it. Names are letters and `-`: what has anything else before its colon, as a
 * space, is another header.
 */
static unsigned
headers(struct value *out, const char *text, size_t len, const char *name)
{
	const char *end = text + len, *next;
	size_t n = strlen(name);
	unsigned found = 0;

	for (const char *line = text; (next = memmem(line, (size_t)(end - line), "\r\n", 2)); line = next + 2) {
		if ((size_t)(next - line) <= n || line[n] != ':' || strncasecmp(line, name, n))
			continue;
		found++;
		out->at = line + n + 1;
		out->len = (size_t)(next - out->at);
		for (; out->len && strchr(" \t", *out->at); out->len--)
			out->at++;
		while (out->len && strchr(" \t", out->at[out->len - 1]))
			out->len--;
	}
	return found;
}

/* One that has to be there, once. */
static bool
header(struct value *out, const char *text, size_t len, const char *name)
{
	return headers(out, text, len, name) == 1;
}

/* One that may not. */
static bool
has(const char *text, size_t len, const char *name)
{
	struct value any;

	return headers(&any, text, len, name) > 0;
}

/* A request of an upgrade has no body. */
static bool
has_body(const char *text, size_t len)
{
	struct value length;
	unsigned found = headers(&length, text, len, "Content-Length");

	return has(text, len, "Transfer-Encoding") || found > 1 || (found && !is(&length, "0"));
}

/* A list "a, b" of which one is the word. */
static bool
lists(const struct value *list, const char *word)
{
	const char *end = list->at + list->len;

	for (const char *p = list->at, *next; p < end; p = next + 1) {
		struct value item = { p, 0 };

		next = memchr(p, ',', (size_t)(end - p));
		next = next ? next : end;
		for (; item.at < next && strchr(" \t", *item.at); item.at++)
			;
		for (item.len = (size_t)(next - item.at); item.len && strchr(" \t", item.at[item.len - 1]); item.len--)
			;
		if (is(&item, word))
			return true;
	}
	return false;
}

static bool
upgrades(const char *text, size_t len)
{
	struct value upgrade, connection;

	return !memchr(text, '\0', len) && header(&upgrade, text, len, "Upgrade") && lists(&upgrade, "websocket") &&
	    header(&connection, text, len, "Connection") && lists(&connection, "Upgrade");
}

/* "GET path HTTP/1.1" of which the path may have a question behind it. */
static int
asked_path(const char *text, size_t len, const char *path)
{
	const char *end = memmem(text, len, "\r\n", 2);
	const char *space = end ? memchr(text + 4, ' ', (size_t)(end - text) < 4 ? 0 : (size_t)(end - text) - 4) : NULL;
	size_t n;

	if (!space || memcmp(text, "GET /", 5) || end - space != 9 || memcmp(space, " HTTP/1.1", 9))
		return PST_E_PROTOCOL;
	n = (size_t)(space - (text + 4));
	if (memchr(text + 4, '?', n))
		n = (size_t)((const char *)memchr(text + 4, '?', n) - (text + 4));
	return !path || (n == strlen(path) && !memcmp(text + 4, path, n)) ? PST_OK : PST_E_NOTHING;
}

int
head_asked(char accept[static WEBSOCKET_ACCEPT], const char *text, size_t len, const char *path)
{
	struct value key, version;
	int rc = asked_path(text, len, path);

	if (rc)
		return rc;
	if (!upgrades(text, len) || !header(&version, text, len, "Sec-WebSocket-Version") || !is(&version, "13") ||
	    !header(&key, text, len, "Sec-WebSocket-Key") || has_body(text, len))
		return PST_E_PROTOCOL;
	return websocket_accept(accept, key.at, key.len) ? PST_E_PROTOCOL : PST_OK;
}

unsigned
head_status(const char *text, size_t len)
{
	unsigned status = 0;

	if (len < 13 || (memcmp(text, "HTTP/1.1 ", 9) && memcmp(text, "HTTP/1.0 ", 9)) || !strchr(" \r", text[12]))
		return 0;
	for (size_t i = 9; i < 12; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		status = status * 10 + (unsigned)(text[i] - '0');
	}
	return status;
}

int
head_answered(const char *text, size_t len, const char *key)
{
	char want[WEBSOCKET_ACCEPT];
	struct value accept;
	unsigned status = head_status(text, len);

	if (status != 101)
		return status ? PST_E_REFUSED : PST_E_PROTOCOL;
	/* nothing was offered of these */
	if (!upgrades(text, len) || has(text, len, "Sec-WebSocket-Extensions") ||
	    has(text, len, "Sec-WebSocket-Protocol") || websocket_accept(want, key, strlen(key)))
		return PST_E_PROTOCOL;
	if (!header(&accept, text, len, "Sec-WebSocket-Accept") || accept.len != strlen(want) ||
	    memcmp(accept.at, want, accept.len))
		return PST_E_PROTOCOL;
	return PST_OK;
}

void
head_path(char out[static PATH_TOLD], const char *target)
{
	size_t n = strcspn(target, "? \r\n");

	snprintf(out, PATH_TOLD, "%.*s", (int)(n < PATH_TOLD ? n : PATH_TOLD - 1), target);
}

/* ---- an exchange ---- */

/* The other side speaks TLS, or who knows what: no head of HTTP begins so, and none needs to be waited for. */
static bool
is_foreign(const struct head *h)
{
	return h->len && (unsigned char)*h->text < ' ';
}

static void
over(struct head *h, int rc)
{
	if (h->over)
		return;
	h->over = true;
	h->done(h->arg, rc);
}

static uint8_t *
room(void *arg, size_t *len)
{
	struct head *h = arg;

	*len = h->over ? 0 : HEAD_MAX - h->len;
	return (uint8_t *)h->text + h->len;
}

static void
came(void *arg, size_t len)
{
	struct head *h = arg;

	h->len += len;
	h->head = head_length(h->text, h->len);
	if (!h->head && !is_foreign(h) && h->len < HEAD_MAX)
		return;
	(void)h->pipe->ops->read(h->pipe, false);
	over(h, is_foreign(h) ? PST_E_PROTOCOL : h->head ? PST_OK : PST_E_LIMIT);
}

static void
lost(void *arg, int rc)
{
	over(arg, rc);
}

static const struct pst_pipe_events events = {
	.room = room,
	.came = came,
	.lost = lost,
};

void
head_say(struct pst_pipe *pipe, const char *out)
{
	uv_buf_t buf = uv_buf_init((char *)out, (unsigned)strlen(out));

	(void)!pipe->ops->try_write(pipe, &buf, 1);
}

int
head_exchange(struct head *h, struct pst_pipe *pipe, const char *out, void (*done)(void *arg, int rc), void *arg)
{
	uv_buf_t buf = uv_buf_init((char *)out, out ? (unsigned)strlen(out) : 0);
	ssize_t wrote;

	*h = (struct head){ .pipe = pipe, .done = done, .arg = arg, .text = malloc(HEAD_MAX) };
	if (!h->text)
		return -ENOMEM;
	pipe->events = &events;
	pipe->arg = h;
	wrote = out ? pipe->ops->try_write(pipe, &buf, 1) : 0;
	if (wrote != (ssize_t)buf.len) /* a fresh pipe takes so few bytes */
		return wrote < 0 ? (int)wrote : UV_EIO;
	return pipe->ops->read(pipe, true);
}

void
head_fini(struct head *h)
{
	free(h->text);
	h->text = NULL;
}
