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

/*
 * Try what is pending; from the loop. True when it has all gone, and written()
 * is due. *rc is negative when the pipe has failed.
 */
static inline bool
pending_try(struct pending *p, struct pst_pipe *pipe, int *rc)
{
	ssize_t wrote;

	*rc = PST_OK;
	if (p->at == p->count)
		return false;
	wrote = pipe->ops->try_write(pipe, p->bufs + p->at, p->count - p->at);
	if (wrote < 0)
		*rc = (int)wrote;
	else
		pending_advance(p, (size_t)wrote);
	return !*rc && p->at == p->count;
}

#endif
