/*
 * WebSocket messages as a pipe below a stream. Each of the stream's frames is one
 * binary message (spec routing.md 4): its length goes by the WebSocket frame, so the
 * stream's version byte and lengths are taken off here, and put back on the other side.
 * Of what is written each buf is a whole frame, as the stream and its outbox do it.
 *
 * A message is copied here, in either direction, and masked where a client sends
 * it. Besides, a WebSocket holds 64 KiB of what is being read, while there is
 * something.
 */
#ifndef WEBSOCKET_MESSAGES_H
#define WEBSOCKET_MESSAGES_H

#include <postern/stream.h>

#include "pending.h"
#include "../shared/websocket/websocket.h"

struct messages {
	struct pst_pipe pipe;
	struct pst_pipe *below;
	struct pst_env *env;
	struct websocket ws;
	const uint32_t *message_max; /* at the moment: it grows once the peer is admitted */
	uint64_t ping_ms;
	struct pst_timer ping;
	uint64_t heard; /* when it was last looked */
	bool pinged, reading, below_reading, version_sent, version_given, taking;
	uint8_t *rx; /* on the heap, while there is something in it */
	size_t rx_at, rx_len;
	size_t writing, written; /* bytes that below has; that had gone when it had them no more */
	uint8_t head[1 + PST_STREAM_HEAD], *message; /* for the stream, from `given` on of `len` bytes; */
	size_t head_len, given, len;                 /* head_len 0: none waits */
	struct pending pending;
	struct pst_task task;
};

/*
 * Over `below`, where the head of the upgrade has been read, and with it `len`
 * bytes of `rest` (copied); whose owner this is from now on. ping_ms: a peer of
 * whom nothing comes for so long is asked, and lost (UV_ETIMEDOUT) after as long again. -ENOMEM.
 */
PST_MUST_CHECK int messages_open(struct messages *messages, struct pst_env *env, struct pst_pipe *below,
    bool server, const uint32_t *message_max, uint64_t ping_ms, const void *rest, size_t len);

#endif
