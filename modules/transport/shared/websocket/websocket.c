#include "websocket.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

/* ---- what wslay asks for ---- */

static ssize_t
on_read(wslay_event_context_ptr wslay, uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct websocket *ws = arg;
	ssize_t n = ws->read(ws, bytes, len);

	if (n > 0)
		return n;
	ws->rc = (int)n;
	wslay_event_set_error(wslay, n ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t
on_write(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct websocket *ws = arg;
	ssize_t n = ws->write(ws, bytes, len);

	if (n > 0)
		return n;
	ws->rc = (int)n;
	ws->blocked = true;
	wslay_event_set_error(wslay, n ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
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

	ws->frames++;
	ws->opcode = frame->opcode;
	if (!wslay_is_ctrl_frame(frame->opcode))
		ws->half = true;
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
}

int
websocket_run(struct websocket *ws)
{
	ws->rc = PST_OK;
	/* where it is not the stream that fails, a close says why */
	if (wslay_event_want_read(ws->wslay) && wslay_event_recv(ws->wslay) && ws->rc)
		return ws->rc;
	ws->rc = PST_OK;
	ws->blocked = false;
	while (wslay_event_want_write(ws->wslay) && !ws->blocked) /* it returns where only a part was taken, too */
		if (wslay_event_send(ws->wslay))
			return ws->rc ? ws->rc : -ENOMEM;
	return !wslay_event_want_read(ws->wslay) && !wslay_event_want_write(ws->wslay) ? PST_E_CLOSED : PST_OK;
}

bool
websocket_writes(const struct websocket *ws)
{
	return wslay_event_want_write(ws->wslay);
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

/* What cannot be queued any more is nobody's loss: a close is on its way. */
static int
queue(struct websocket *ws, uint8_t opcode, const void *bytes, size_t len)
{
	const struct wslay_event_msg message = { opcode, bytes, len };

	return wslay_event_queue_msg(ws->wslay, &message) == WSLAY_ERR_NOMEM ? -ENOMEM : PST_OK;
}

int
websocket_send(struct websocket *ws, bool text, const void *bytes, size_t len)
{
	return queue(ws, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, bytes, len);
}

int
websocket_ping(struct websocket *ws)
{
	return queue(ws, WSLAY_PING, NULL, 0);
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
