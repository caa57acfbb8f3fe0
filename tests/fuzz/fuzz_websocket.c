/*
 * What a peer says on a WebSocket, however it is cut, held against a plain look at RFC 6455:
 * the same messages come out, up to the first thing that may not be; and of what we say to
 * it each frame is one, pings are answered in order and messages sent back.
 *
 * First byte: which side we are, whether the peer reads nothing before its end, and how
 * many bytes come at once. Second byte: the longest message that is taken, in sixteens above 128.
 * Covers: modules/transport/shared/websocket/websocket.c:on_read() modules/transport/shared/websocket/websocket.c:on_write() modules/transport/shared/websocket/websocket.c:on_frame() modules/transport/shared/websocket/websocket.c:on_piece()
 * Covers: modules/transport/shared/websocket/websocket.c:on_message() modules/transport/shared/websocket/websocket.c:websocket_send() modules/transport/shared/websocket/websocket.c:websocket_refuse()
 * Covers: modules/transport/shared/websocket/websocket.c:take() modules/transport/shared/websocket/websocket.c:goes_around() modules/transport/shared/websocket/websocket.c:head_take() modules/transport/shared/websocket/websocket.c:payload_take()
 * Covers: modules/transport/shared/websocket/websocket.c:around_take() modules/transport/shared/websocket/websocket.c:frame_take() modules/transport/shared/websocket/frame.c
 */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <postern/buf.h>
#include <postern/utf8.h>

#include "websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX 20000
/* Of a frame: two bytes, the length, the mask. */
#define HEAD_MAX 14

static void
check(bool right)
{
	if (!right)
		abort();
}

/* ---- a plain look ---- */

struct plain {
	bool fin, whole;
	uint8_t opcode;
	size_t len;
	uint8_t bytes[INPUT_MAX]; /* without the mask */
};

/* The next frame at *p; false: not all of it is there, or (*wrong) it may not be. */
static bool
frame_next(struct plain *f, const uint8_t **p, const uint8_t *end, bool masked, bool *wrong)
{
	static const uint8_t none[4];
	struct pst_reader r = pst_reader(*p, (size_t)(end - *p));
	uint8_t first = pst_read_u8(&r), second = pst_read_u8(&r);
	const uint8_t *mask, *bytes;
	uint64_t n = second & 0x7f;

	if (r.status)
		return false;
	f->whole = false;
	f->fin = first & 0x80;
	f->opcode = first & 15;
	*wrong = first & 0x70 || !(second & 0x80) == masked || (f->opcode & 7) > 2 ||
	    (f->opcode & 8 && (!f->fin || n > 125));
	if (*wrong)
		return false;
	if (n == 126) {
		n = pst_read_be16(&r);
		*wrong = !r.status && n < 126;
	} else if (n == 127) {
		n = pst_read_be64(&r);
		*wrong = !r.status && (n < 65536 || n >> 63);
	}
	mask = masked ? pst_read_bytes(&r, 4) : none;
	if (r.status || *wrong)
		return false;
	if (n > pst_reader_left(&r)) /* it may be too long for us, which is seen with its first byte */
		return false;
	bytes = pst_read_bytes(&r, (size_t)n);
	f->len = (size_t)n;
	for (size_t i = 0; i < n; i++)
		f->bytes[i] = bytes[i] ^ mask[i % 4];
	*p = r.p;
	return f->whole = true;
}

/* All that is said, one thing behind another: what it is, its length, its bytes. */
struct said {
	size_t len, at; /* at: what has been seen of it */
	uint8_t bytes[4 * INPUT_MAX];
};

static void
said_add(struct said *said, uint8_t what, const uint8_t *bytes, size_t n)
{
	check(said->len + 5 + n <= sizeof said->bytes);
	said->bytes[said->len++] = what;
	memcpy(said->bytes + said->len, &(uint32_t){ (uint32_t)n }, 4);
	if (n)
		memcpy(said->bytes + said->len + 4, bytes, n);
	said->len += 4 + n;
}

/* What we heard is the next of what was said. */
static void
said_next(struct said *said, uint8_t what, const uint8_t *bytes, size_t n)
{
	uint32_t len;

	check(said->len - said->at >= 5 + n && said->bytes[said->at] == what);
	memcpy(&len, said->bytes + said->at + 1, 4);
	check(len == n && (!n || !memcmp(said->bytes + said->at + 5, bytes, n)));
	said->at += 5 + n;
}

static struct said messages, pings;
static bool ends; /* by a close, or by what may not be */

static void
look(const uint8_t *p, const uint8_t *end, bool masked, size_t max)
{
	static struct plain f;
	static uint8_t body[INPUT_MAX];
	uint8_t begun = 0;
	size_t len = 0;
	bool wrong = false;

	messages.len = messages.at = pings.len = pings.at = 0;
	while (frame_next(&f, &p, end, masked, &wrong)) {
		if (f.opcode == WSLAY_PING) {
			said_add(&pings, WSLAY_PONG, f.bytes, f.len);
			continue;
		}
		if (f.opcode == WSLAY_PONG)
			continue;
		wrong = f.opcode == WSLAY_CONNECTION_CLOSE || !f.opcode != !!begun || f.len > max - len;
		if (wrong)
			break;
		begun = begun ? begun : f.opcode;
		memcpy(body + len, f.bytes, f.len);
		len += f.len;
		if (!f.fin)
			continue;
		wrong = begun == WSLAY_TEXT_FRAME && pst_utf8_whole(body, len) != len;
		if (wrong)
			break;
		said_add(&messages, begun, body, len);
		begun = 0;
		len = 0;
	}
	/* what may not be is seen when its head is whole, and a byte behind it */
	ends = wrong && (f.whole || end - p > HEAD_MAX);
}

/* ---- our side ---- */

struct end {
	struct websocket ws;
	const uint8_t *next, *end; /* what comes */
	size_t piece;              /* at once */
	bool deaf, gone;
	struct said echo;          /* messages that came, and go back */
	size_t out_len;
	uint8_t out[8 * INPUT_MAX];
};

static struct end e;

static ssize_t
ws_read(struct websocket *ws, uint8_t *bytes, size_t len)
{
	size_t n = e.piece;

	(void)ws;
	if (e.gone)
		return UV_EOF;
	n = n < len ? n : len;
	n = n < (size_t)(e.end - e.next) ? n : (size_t)(e.end - e.next);
	if (n)
		memcpy(bytes, e.next, n);
	e.next += n;
	e.piece -= n;
	return (ssize_t)n;
}

static ssize_t
ws_write(struct websocket *ws, const uint8_t *bytes, size_t len)
{
	(void)ws;
	if (e.deaf)
		return 0;
	check(e.out_len + len <= sizeof e.out);
	memcpy(e.out + e.out_len, bytes, len);
	e.out_len += len;
	return (ssize_t)len;
}

static void
ws_message(struct websocket *ws, bool text, uint8_t *bytes, size_t len)
{
	uint8_t opcode = text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;

	said_next(&messages, opcode, bytes, len);
	said_add(&e.echo, opcode, bytes, len);
	check(!websocket_send(ws, text, bytes, len));
	free(bytes);
}

/* Frames that are right, in the order of what they answer, and nothing behind a close. */
static void
check_out(bool masked)
{
	static struct plain f;
	const uint8_t *p = e.out, *end = e.out + e.out_len;
	bool wrong = false, closed = false;

	while (frame_next(&f, &p, end, masked, &wrong)) {
		check(!closed && f.fin);
		closed = f.opcode == WSLAY_CONNECTION_CLOSE;
		if (!closed)
			said_next(f.opcode == WSLAY_PONG ? &pings : &e.echo, f.opcode, f.bytes, f.len);
	}
	check(!wrong && p == end);
	check(closed || !ends);
	check(closed || (messages.at == messages.len && pings.at == pings.len && e.echo.at == e.echo.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t piece;
	int rc = PST_OK;

	if (len < 2 || len > INPUT_MAX)
		return 0;
	memset(&e.ws, 0, sizeof e.ws);
	e.echo.len = e.echo.at = e.out_len = 0;
	e.ws.server = *data & 1;
	e.deaf = *data & 2;
	e.gone = false;
	piece = (size_t)1 << (*data >> 2 & 15);
	e.ws.message_max = 128 + (size_t)data[1] * 16; /* wslay holds it against pings, too */
	e.ws.read = ws_read;
	e.ws.write = ws_write;
	e.ws.message = ws_message;
	e.next = data + 2;
	e.end = data + len;
	look(e.next, e.end, e.ws.server, e.ws.message_max);
	check(!websocket_open(&e.ws));
	while (!rc && e.next < e.end) {
		e.piece = piece;
		rc = websocket_run(&e.ws);
		if (websocket_is_closing(&e.ws))
			break;
	}
	e.deaf = false;
	e.piece = 0;
	for (int i = 0; !rc && i < 3; i++)
		rc = websocket_run(&e.ws);
	check(rc == PST_OK || rc == PST_E_CLOSED);
	check_out(!e.ws.server);
	e.gone = true;
	check(websocket_is_closing(&e.ws) || websocket_run(&e.ws) == UV_EOF);
	websocket_fini(&e.ws);
	return 0;
}
