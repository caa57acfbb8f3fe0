#include "websocket.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

/* ---- what comes: wslay is given a frame at a time ---- */

/* Room for a payload, before it has come: for a portal's 64 KiB, and what is around them. */
#define ROOM ((size_t)68 * 1024)

static ssize_t
take(struct websocket *ws, uint8_t *bytes, size_t len)
{
	ssize_t n = ws->read(ws, bytes, len);

	ws->heard += n > 0;
	return n;
}

/*
 * wslay takes the mask off byte by byte, which was half the time of who receives a
 * stream. So payloads that are longer than those of control frames, and no texts, whose
 * UTF-8 it looks at, go around it: it is given an empty frame when all has come.
 */
static bool
goes_around(const struct websocket *ws, const struct frame *frame)
{
	uint8_t opcode = frame->first & ~FRAME_FIN;
	bool bytes = ws->half ? ws->kind == WSLAY_BINARY_FRAME && opcode == WSLAY_CONTINUATION_FRAME
	                      : opcode == WSLAY_BINARY_FRAME;

	return bytes && frame->masked == ws->server && frame->len > FRAME_SHORT;
}

/* The next three: positive when it is done, else as read(). */
static ssize_t
head_take(struct websocket *ws)
{
	struct websocket_coming *c = &ws->coming;
	size_t len;

	while ((len = frame_head_length(c->head, c->head_len)) > c->head_len) {
		ssize_t n = take(ws, c->head + c->head_len, len - c->head_len);

		if (n <= 0)
			return n;
		c->head_len += (size_t)n;
	}
	c->known = true;
	c->around = frame_read(&c->frame, c->head) && goes_around(ws, &c->frame);
	c->left = c->frame.len;
	return 1;
}

static ssize_t
payload_take(struct websocket *ws)
{
	struct websocket_coming *c = &ws->coming;
	size_t len = c->left < ROOM ? (size_t)c->left : ROOM;
	uint8_t *bytes;
	ssize_t n;
	int rc = ws->body.len > ws->message_max || c->left > ws->message_max - ws->body.len
	    ? PST_E_LIMIT : pst_bytes_room(&bytes, &ws->body, len, ws->message_max);

	if (rc) {
		websocket_refuse(ws, rc == PST_E_LIMIT ? WEBSOCKET_TOO_BIG : WEBSOCKET_INTERNAL);
		return 0;
	}
	n = take(ws, bytes, len);
	if (n <= 0)
		return n;
	if (c->frame.masked)
		frame_mask(bytes, (size_t)n, c->frame.key, c->frame.len - c->left);
	ws->body.len += (size_t)n;
	c->left -= (size_t)n;
	return n;
}

/* What goes around is here: its head becomes that of an empty frame. */
static ssize_t
around_take(struct websocket *ws)
{
	struct websocket_coming *c = &ws->coming;
	ssize_t n = 1;

	ws->half = true;
	while (n > 0 && c->left)
		n = payload_take(ws);
	if (n > 0) {
		c->frame.len = 0;
		c->head_len = frame_head(c->head, &c->frame);
		c->around = false;
	}
	return n;
}

/* Head or payload of the frame that comes, and never a byte behind it. */
static ssize_t
frame_take(struct websocket *ws, uint8_t *bytes, size_t len)
{
	struct websocket_coming *c = &ws->coming;
	ssize_t n = c->known ? 1 : head_take(ws);

	if (n > 0 && c->around)
		n = around_take(ws);
	if (n <= 0)
		return n;
	if (c->given < c->head_len) {
		n = (ssize_t)(c->head_len - c->given < len ? c->head_len - c->given : len);
		memcpy(bytes, c->head + c->given, (size_t)n);
		c->given += (size_t)n;
	} else {
		n = take(ws, bytes, c->left < len ? (size_t)c->left : len);
		c->left -= n > 0 ? (size_t)n : 0;
	}
	if (c->given == c->head_len && !c->left)
		*c = (struct websocket_coming){ 0 };
	return n;
}

/* ---- what wslay asks for ---- */

static ssize_t
on_read(wslay_event_context_ptr wslay, uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct websocket *ws = arg;
	ssize_t n = frame_take(ws, bytes, len);

	if (n > 0)
		return n;
	ws->rc = (int)n;
	wslay_event_set_error(wslay, n ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

/* Of us it has control frames only. */
static ssize_t
on_write(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct websocket *ws = arg;

	if (!pst_bytes_put(&ws->out, bytes, len, SIZE_MAX))
		return (ssize_t)len;
	wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int
on_mask(wslay_event_context_ptr wslay, uint8_t *mask, size_t len, void *arg)
{
	randombytes_buf(mask, len);
	return 0;
}

/* ---- messages, collected here: wslay would keep each frame of one in a block of its own ---- */

void
websocket_refuse(struct websocket *ws, uint16_t code)
{
	(void)wslay_event_queue_close(ws->wslay, code, NULL, 0);
	wslay_event_shutdown_read(ws->wslay);
	pst_bytes_fini(&ws->body);
}

static void
on_frame(wslay_event_context_ptr wslay, const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	struct websocket *ws = arg;

	ws->opcode = frame->opcode;
	if (wslay_is_ctrl_frame(frame->opcode))
		return;
	ws->half = true;
	if (frame->opcode != WSLAY_CONTINUATION_FRAME)
		ws->kind = frame->opcode;
}

static void
on_piece(wslay_event_context_ptr wslay, const struct wslay_event_on_frame_recv_chunk_arg *piece, void *arg)
{
	struct websocket *ws = arg;
	int rc;

	if (wslay_is_ctrl_frame(ws->opcode) || !wslay_event_want_read(wslay))
		return;
	rc = pst_bytes_put(&ws->body, piece->data, piece->data_length, ws->message_max);
	if (rc)
		websocket_refuse(ws, rc == PST_E_LIMIT ? WEBSOCKET_TOO_BIG : WEBSOCKET_INTERNAL);
}

static void
on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
	struct websocket *ws = arg;
	uint8_t *bytes;
	size_t len;

	if (wslay_is_ctrl_frame(message->opcode) || !wslay_event_want_read(wslay))
		return;
	ws->half = false;
	bytes = pst_bytes_take(&ws->body, &len);
	ws->message(ws, message->opcode == WSLAY_TEXT_FRAME, bytes, len);
}

int
websocket_open(struct websocket *ws)
{
	const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_read,
		.send_callback = on_write,
		.genmask_callback = on_mask,
		.on_frame_recv_start_callback = on_frame,
		.on_frame_recv_chunk_callback = on_piece,
		.on_msg_recv_callback = on_message,
	};
	int rc = ws->server ? wslay_event_context_server_init(&ws->wslay, &callbacks, ws)
	                    : wslay_event_context_client_init(&ws->wslay, &callbacks, ws);

	if (rc)
		return -ENOMEM;
	wslay_event_config_set_no_buffering(ws->wslay, 1);
	wslay_event_config_set_max_recv_msg_length(ws->wslay, ws->message_max);
	return PST_OK;
}

void
websocket_fini(struct websocket *ws)
{
	if (ws->wslay)
		wslay_event_context_free(ws->wslay);
	ws->wslay = NULL;
	pst_bytes_fini(&ws->body);
	pst_bytes_fini(&ws->out);
}

/* ---- what goes ---- */

/* Until it is not taken, or has gone. */
static int
out_write(struct websocket *ws)
{
	while (ws->out_at < ws->out.len) {
		ssize_t n = ws->write(ws, ws->out.start + ws->out_at, ws->out.len - ws->out_at);

		if (n <= 0)
			return (int)n;
		ws->out_at += (size_t)n;
	}
	pst_bytes_fini(&ws->out);
	ws->out_at = 0;
	return PST_OK;
}

int
websocket_run(struct websocket *ws)
{
	int rc;

	ws->rc = PST_OK;
	/* where it is not the stream that fails, a close says why */
	if (wslay_event_want_read(ws->wslay) && wslay_event_recv(ws->wslay) && ws->rc)
		return ws->rc;
	do {
		if (!ws->out.len && wslay_event_send(ws->wslay))
			return -ENOMEM;
		rc = out_write(ws);
	} while (!rc && !ws->out.len && wslay_event_want_write(ws->wslay));
	if (rc)
		return rc;
	return !wslay_event_want_read(ws->wslay) && !websocket_writes(ws) ? PST_E_CLOSED : PST_OK;
}

bool
websocket_writes(const struct websocket *ws)
{
	return ws->out.len || wslay_event_want_write(ws->wslay);
}

size_t
websocket_queued(const struct websocket *ws)
{
	return wslay_event_get_queued_msg_count(ws->wslay);
}

bool
websocket_is_closing(const struct websocket *ws)
{
	return ws->closing || !wslay_event_want_read(ws->wslay);
}

/* wslay would copy it, and mask it byte by byte. */
int
websocket_send(struct websocket *ws, bool text, const void *bytes, size_t len)
{
	struct frame frame = { .first = FRAME_FIN | (text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME),
		.masked = !ws->server, .len = len };
	uint8_t *out;
	size_t head;
	int rc;

	if (websocket_is_closing(ws))
		return PST_OK; /* nobody's loss: a close is on its way */
	if (len > SIZE_MAX - FRAME_HEAD)
		return -ENOMEM;
	rc = pst_bytes_room(&out, &ws->out, FRAME_HEAD + len, SIZE_MAX);
	if (rc)
		return -ENOMEM;
	if (frame.masked)
		randombytes_buf(frame.key, sizeof frame.key);
	head = frame_head(out, &frame);
	if (len)
		memcpy(out + head, bytes, len);
	if (frame.masked)
		frame_mask(out + head, len, frame.key, 0);
	ws->out.len += head + len;
	return PST_OK;
}

int
websocket_ping(struct websocket *ws)
{
	const struct wslay_event_msg ping = { WSLAY_PING, NULL, 0 };

	return wslay_event_queue_msg(ws->wslay, &ping) == WSLAY_ERR_NOMEM ? -ENOMEM : PST_OK;
}

void
websocket_close(struct websocket *ws, uint16_t code)
{
	ws->closing = true;
	if (wslay_event_queue_close(ws->wslay, code, NULL, 0) != WSLAY_ERR_NOMEM)
		return;
	wslay_event_shutdown_read(ws->wslay);
	wslay_event_shutdown_write(ws->wslay);
}

int
websocket_accept(char out[static WEBSOCKET_ACCEPT], const char *key, size_t len)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[24 + sizeof guid];
	uint8_t bytes[16], hash[20];
	size_t n;

	if (len != 24 || sodium_base642bin(bytes, sizeof bytes, key, len, NULL, &n, NULL,
	    sodium_base64_VARIANT_ORIGINAL) || n != sizeof bytes)
		return -EBADMSG;
	memcpy(text, key, 24);
	memcpy(text + 24, guid, sizeof guid);
	if (!EVP_Digest(text, sizeof text - 1, hash, NULL, EVP_sha1(), NULL))
		return -ENOMEM;
	sodium_bin2base64(out, WEBSOCKET_ACCEPT, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	return PST_OK;
}
