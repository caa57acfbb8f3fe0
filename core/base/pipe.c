#include <postern/pipe.h>

void
pst_pipe_close(struct pst_pipe *pipe, void (*closed)(void *arg), void *arg)
{
	pipe->closed = closed;
	pipe->arg = arg;
	pipe->ops->close(pipe);
}

/* ---- over libuv ---- */

static struct pst_uv_pipe *
uv_pipe_of(struct pst_pipe *pipe)
{
	return pst_container_of(pipe, struct pst_uv_pipe, pipe);
}

static ssize_t
uv_pipe_try_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	ssize_t wrote = uv_try_write(uv_pipe_of(pipe)->handle, bufs, n);

	return wrote == UV_EAGAIN ? 0 : wrote;
}

static void
write_done(uv_write_t *request, int status)
{
	struct pst_pipe *pipe = &pst_container_of(request, struct pst_uv_pipe, writing)->pipe;

	/* it may have gone well, and the close have come before this call; the portal closes its handle itself */
	if (pst_pipe_closing(pipe) || status == UV_ECANCELED)
		return;
	if (status)
		pipe->events->lost(pipe->arg, status);
	else
		pipe->events->written(pipe->arg);
}

static int
uv_pipe_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct pst_uv_pipe *p = uv_pipe_of(pipe);

	return uv_write(&p->writing, p->handle, bufs, n, write_done);
}

static void
alloc_cb(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct pst_pipe *pipe = handle->data;
	size_t len = 0;
	uint8_t *room = pipe->events->room(pipe->arg, &len);

	(void)suggested;
	*out = uv_buf_init((char *)room, (unsigned)len);
}

static void
read_cb(uv_stream_t *handle, ssize_t nread, const uv_buf_t *buf)
{
	struct pst_pipe *pipe = handle->data;

	(void)buf;
	if (nread == UV_ENOBUFS) /* there was no room */
		return;
	if (nread < 0)
		pipe->events->lost(pipe->arg, (int)nread);
	else
		pipe->events->came(pipe->arg, (size_t)nread);
}

static int
uv_pipe_read(struct pst_pipe *pipe, bool on)
{
	uv_stream_t *handle = uv_pipe_of(pipe)->handle;

	handle->data = pipe;
	return on ? uv_read_start(handle, alloc_cb, read_cb) : uv_read_stop(handle);
}

static void
handle_closed(uv_handle_t *handle)
{
	struct pst_pipe *pipe = handle->data;

	pipe->closed(pipe->arg);
}

static void
uv_pipe_close(struct pst_pipe *pipe)
{
	uv_handle_t *handle = (uv_handle_t *)uv_pipe_of(pipe)->handle;

	handle->data = pipe;
	uv_close(handle, handle_closed);
}

static const struct pst_pipe_ops uv_pipe_ops = {
	.try_write = uv_pipe_try_write,
	.write = uv_pipe_write,
	.read = uv_pipe_read,
	.close = uv_pipe_close,
};

void
pst_uv_pipe_init(struct pst_uv_pipe *p, uv_stream_t *handle)
{
	memset(p, 0, sizeof *p);
	p->pipe.ops = &uv_pipe_ops;
	p->handle = handle;
}
