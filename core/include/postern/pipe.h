/*
 * A pipe: bytes to one peer and from it, in order, whatever carries them. A
 * libuv stream is one; what adds something to the bytes of another pipe, as
 * TLS does, is a pipe over a pipe.
 *
 * Whoever opens a pipe connects it first. It then has one owner, who sets
 * `events` and `arg`, and uses the operations: most of them by an outbox
 * (outbox.h), which keeps what the pipe does not take, and by a stream
 * (stream.h), which makes frames of the bytes. Nothing is copied on the way:
 * bytes are read to where the owner wants them, and written from where they are.
 *
 * Events come from the loop, never within an operation, and none comes after
 * pst_pipe_close() but its own.
 */
#ifndef POSTERN_PIPE_H
#define POSTERN_PIPE_H

#include <postern/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bufs of one write at most: who cannot pass them on at once keeps the array. */
#define PST_PIPE_BUFS 16

struct pst_pipe;

struct pst_pipe_events {
	/* Readable: say where bytes may be put, and set *len to how many. 0: none now,
	 * and the pipe asks again in another turn of the loop, while reading is on. */
	uint8_t *(*room)(void *arg, size_t *len);
	/* So many have been put there. What room() said before is void now; 0: none came. */
	void (*came)(void *arg, size_t len);
	/* Writable: all that write() was given has gone, and belongs to the owner again. */
	void (*written)(void *arg);
	/* From a pipe that keeps: one buf more is on its way, in their order; its written()
	 * comes a round trip later. Who waits for room need wait no longer. */
	void (*sent)(void *arg);
	/* Reading or writing failed, and the pipe is good for nothing but to be closed
	 * (UV_EOF: the peer has ended it). May come more than once. */
	void (*lost)(void *arg, int rc);
};

struct pst_pipe_ops {
	/* Write what can be written at once: that many bytes, from the first on, which
	 * may be 0, or a negative error. Not while a write() is under way. */
	ssize_t (*try_write)(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n);
	/* Write all of it, as it can be, then written(). One at a time. The array is
	 * borrowed for the call, the bytes until written(), or until the pipe is closed. */
	int (*write)(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n);
	/* Read from now on, or no more. */
	int (*read)(struct pst_pipe *pipe, bool on);
	/* For pst_pipe_close(): end it, and call pipe->closed(pipe->arg) from the loop. */
	void (*close)(struct pst_pipe *pipe);
	/* A pipe that keeps what it was given until the peer has it: write() takes one buf,
	 * and may be called again at once; each ends by its own written(), in their order. */
	bool keeps;
};

struct pst_pipe {
	const struct pst_pipe_ops *ops;
	const struct pst_pipe_events *events; /* the owner's, and its */
	void *arg;
	void (*closed)(void *arg); /* while it is closing */
};

/* End it, once: what write() was given may not go any more. closed() comes when
 * nothing points to the pipe, nor to what it was given. */
PST_API void pst_pipe_close(struct pst_pipe *pipe, void (*closed)(void *arg), void *arg);
static inline bool
pst_pipe_closing(const struct pst_pipe *pipe)
{
	return pipe->closed;
}

/*
 * The bytes of a connected libuv stream. Its data member is the pipe's from
 * the first read on, or from the close. Who never calls read may read the
 * handle, and close it, by itself.
 */
struct pst_uv_pipe {
	struct pst_pipe pipe;
	uv_stream_t *handle;
	uv_write_t writing;
};

PST_API void pst_uv_pipe_init(struct pst_uv_pipe *pipe, uv_stream_t *handle);

#ifdef __cplusplus
}
#endif
#endif
