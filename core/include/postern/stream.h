/*
 * Frames over a pipe (spec routing.md 2): what the transports have in common that lose
 * nothing, by TCP, Unix sockets, WebSockets and QUIC.
 *
 * Each side first writes the version byte 01, then frames: a length of four
 * bytes, big-endian, and that many bytes. A frame gets a block of its own with
 * PST_RX_HEADROOM and at least what it needs behind; of a long frame only
 * what the read-ahead brought is copied, the rest is read where it stays, unless the stream is sparing.
 *
 * The stream starts no new frame while its account is over its window, gives
 * at most one block a turn of the loop, sends what a turn brought together,
 * and keeps what the pipe does not take. It never closes the pipe: that is its owner's.
 */
#ifndef POSTERN_STREAM_H
#define POSTERN_STREAM_H

#include <postern/outbox.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_STREAM_VERSION 0x01
#define PST_STREAM_HEAD 4
/* The longest frame that may be sent (routing.md 2.2). */
#define PST_STREAM_FRAME_MAX (16 * 1024 * 1024)
/*
 * Frames that come to less go out together at the end of the loop's turn, by
 * one writev: with eight clients of a database that is half as many writes.
 */
#define PST_STREAM_BATCH (16 * 1024)
/*
 * What a pipe that keeps has on its way, until the peer has it, weighs on the
 * stream and not on its source: so there may be as much as the way holds, where
 * a source's window is but for what waits. As Linux keeps for a TCP socket at most
 * (net.ipv4.tcp_wmem); 4 MiB are 340 Mbit/s at 100 ms. Beyond it the source waits.
 */
#define PST_STREAM_AWAY (4 * 1024 * 1024)
#define PST_STREAM_AWAY_SPARING (256 * 1024)
/* Nothing written for so long, while somebody else's source waits for it. */
#define PST_STREAM_STALL_MS 30000

struct pst_stream_events {
	/* A frame, without its length; take it or it is freed. */
	void (*frame)(void *arg, struct pst_buf *frame);
	/* Reading or writing failed (UV_EOF: the peer closed; PST_E_PROTOCOL: wrong
	 * version or a length out of bounds). Called once, from the loop: close the
	 * pipe. */
	void (*failed)(void *arg, int rc);
};

struct pst_stream {
	struct pst_env *env;
	struct pst_pipe *pipe;
	const struct pst_stream_events *events;
	void *arg;
	struct pst_account *account;
	uint32_t max_frame;
	struct pst_pool *pool;
	/* Of who may not be believed, set by the owner: a frame's block grows with what
	 * comes of it, for the price of a copy or two, instead of being as long as its head says. */
	bool sparing;
	bool version_seen, reading, failed;
	int fail_rc;
	struct pst_task fail_task, resume_task, flush_task;
	struct pst_timer stall_timer;

	/* receiving: read-ahead, or the frame that is being read */
	struct pst_buf frame; /* empty: none begun */
	size_t frame_want;    /* bytes of it not yet there */
	size_t ahead_len;
	size_t gave; /* room in a block, this turn */

	/* sending */
	struct pst_outbox box;
	struct pst_account *away; /* what is on its way by a pipe that keeps; else NULL */

	uint64_t bytes_in, bytes_out;  /* payload of frames */
	uint64_t progress_ms;          /* when the pipe last took something */
	uint8_t ahead[PST_READ_AHEAD];
};

/* The pipe is connected; its events are the stream's from now on. The
 * account is borrowed: its on_room must call pst_stream_resume(). */
PST_API void pst_stream_init(struct pst_stream *stream, struct pst_env *env, struct pst_pipe *pipe,
    struct pst_account *account, uint32_t max_frame, const struct pst_stream_events *events,
    void *arg);
/* Write the version byte and begin to read. */
PST_API PST_MUST_CHECK int pst_stream_start(struct pst_stream *stream);
/* Read on, when the account has room again. */
PST_API void pst_stream_resume(struct pst_stream *stream);
/* Send a frame, at the latest when the loop's turn ends; consumed whatever
 * happens. PST_OK means it is on its way. */
PST_API int pst_stream_send(struct pst_stream *stream, struct pst_buf *frame);
/* Do not wait for the end of the turn: before the pipe is closed. */
PST_API void pst_stream_flush(struct pst_stream *stream);
/* Give it up: events->failed(rc) follows, from the loop. A frame that cannot be
 * sent must not leave a hole that nobody notices. */
PST_API void pst_stream_fail(struct pst_stream *stream, int rc);
/* Stop reading and drop what was not sent; when the pipe is closed. */
PST_API void pst_stream_fini(struct pst_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
