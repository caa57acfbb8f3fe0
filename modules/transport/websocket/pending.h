/* What a pipe over a pipe was given to write() and has not passed on yet. */
#ifndef WEBSOCKET_PENDING_H
#define WEBSOCKET_PENDING_H

#include <string.h>

#include <postern/pipe.h>

struct pending {
	uv_buf_t bufs[PST_PIPE_BUFS];
	unsigned at, count; /* the first, and the end; equal: nothing is pending */
};

static inline void
pending_set(struct pending *p, const uv_buf_t bufs[], unsigned n)
{
	memcpy(p->bufs, bufs, n * sizeof *bufs);
	p->at = 0;
	p->count = n;
}

/* So many bytes of it have gone. */
static inline void
pending_advance(struct pending *p, size_t bytes)
{
	for (; p->at < p->count && bytes >= p->bufs[p->at].len; p->at++)
		bytes -= p->bufs[p->at].len;
	if (bytes) {
		p->bufs[p->at].base += bytes;
		p->bufs[p->at].len -= bytes;
	}
}

/* Try what is pending, from the loop, and tell when it has all gone. Negative when the pipe has failed. */
static inline int
pending_run(struct pending *p, struct pst_pipe *pipe)
{
	ssize_t wrote;

	if (p->at == p->count || pst_pipe_closing(pipe))
		return PST_OK;
	wrote = pipe->ops->try_write(pipe, p->bufs + p->at, p->count - p->at);
	if (wrote < 0)
		return (int)wrote;
	pending_advance(p, (size_t)wrote);
	if (p->at == p->count)
		pipe->events->written(pipe->arg);
	return PST_OK;
}

#endif
