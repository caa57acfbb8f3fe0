#include <postern/outbox.h>

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 8

void
pst_outbox_init(struct pst_outbox *box, struct pst_pipe *pipe)
{
	memset(box, 0, sizeof *box);
	box->pipe = pipe;
}

static struct pst_buf *
at(const struct pst_outbox *box, size_t i)
{
	return &box->ring[(box->first + i) & (box->room - 1)];
}

const struct pst_buf *
pst_outbox_at(const struct pst_outbox *box, size_t i)
{
	return at(box, i);
}

static int
put(struct pst_outbox *box, struct pst_buf *buf)
{
	if (box->count == box->room) {
		size_t room = box->room ? box->room * 2 : ROOM_FIRST;
		struct pst_buf *ring = malloc(room * sizeof *ring);

		if (!ring)
			return -ENOMEM;
		for (size_t i = 0; i < box->count; i++)
			ring[i] = *at(box, i);
		free(box->ring);
		box->ring = ring;
		box->room = room;
		box->first = 0;
	}
	box->bytes += pst_buf_len(buf);
	*at(box, box->count++) = pst_buf_take(buf);
	return PST_OK;
}

static void
drop(struct pst_outbox *box, size_t n)
{
	while (n--) {
		struct pst_buf buf = *at(box, 0);

		box->first = (box->first + 1) & (box->room - 1);
		box->count--;
		box->bytes -= pst_buf_len(&buf);
		pst_buf_free(&buf);
	}
}

/* What waits first, as far as one writev takes it; returns its bytes. */
static size_t
gather(const struct pst_outbox *box, uv_buf_t bufs[PST_OUTBOX_BATCH], unsigned *count)
{
	size_t bytes = 0;

	for (*count = 0; *count < PST_OUTBOX_BATCH && *count < box->count; ++*count) {
		struct pst_buf *buf = at(box, *count);

		bufs[*count] = uv_buf_init((char *)buf->start, (unsigned)pst_buf_len(buf));
		bytes += pst_buf_len(buf);
	}
	return bytes;
}

/* So many bytes are out: drop what is whole among them. */
static void
advance(struct pst_outbox *box, size_t bytes)
{
	while (box->count && bytes >= pst_buf_len(at(box, 0))) {
		bytes -= pst_buf_len(at(box, 0));
		drop(box, 1);
	}
	if (bytes) {
		pst_buf_pull(at(box, 0), bytes);
		box->bytes -= bytes;
	}
}

/* To a pipe that keeps it: all of it, each buf by a write of its own. */
static int
give(struct pst_outbox *box)
{
	while (box->writing < box->count) {
		const struct pst_buf *next = at(box, box->writing);
		uv_buf_t buf = uv_buf_init((char *)next->start, (unsigned)pst_buf_len(next));
		int rc = box->pipe->ops->write(box->pipe, &buf, 1);

		if (rc)
			return rc;
		box->writing++;
		box->writing_bytes += buf.len;
	}
	return PST_OK;
}

static int
write_next(struct pst_outbox *box)
{
	uv_buf_t bufs[PST_OUTBOX_BATCH];
	unsigned n;
	int rc;

	if (box->pipe->ops->keeps)
		return give(box);
	if (!box->count || box->writing)
		return PST_OK;
	box->writing_bytes = gather(box, bufs, &n);
	box->writing = n;
	rc = box->pipe->ops->write(box->pipe, bufs, n);
	if (rc)
		box->writing = box->writing_bytes = 0;
	return rc;
}

ssize_t
pst_outbox_written(struct pst_outbox *box)
{
	bool one = box->pipe->ops->keeps;
	size_t bytes = one ? pst_buf_len(at(box, 0)) : box->writing_bytes;
	size_t count = one ? 1 : box->writing;
	int rc;

	drop(box, count);
	box->writing -= count;
	box->sent -= box->sent > 0;
	box->writing_bytes -= bytes;
	rc = write_next(box);
	return rc ? rc : (ssize_t)bytes;
}

void
pst_outbox_sent(struct pst_outbox *box, struct pst_account *account)
{
	struct pst_buf *buf = at(box, box->sent++);

	if (account)
		pst_buf_charge(buf, account);
}

ssize_t
pst_outbox_flush(struct pst_outbox *box)
{
	uv_buf_t bufs[PST_OUTBOX_BATCH];
	ssize_t wrote, all = 0;
	size_t bytes;
	unsigned n;
	int rc;

	if (box->pipe->ops->keeps)
		return give(box);
	while (box->count && !box->writing) {
		bytes = gather(box, bufs, &n);
		wrote = box->pipe->ops->try_write(box->pipe, bufs, n);
		if (wrote < 0) {
			drop(box, box->count);
			return wrote;
		}
		advance(box, (size_t)wrote);
		all += wrote;
		if ((size_t)wrote == bytes)
			continue;
		rc = write_next(box);
		return rc ? rc : all;
	}
	return all;
}

int
pst_outbox_put(struct pst_outbox *box, struct pst_buf *buf)
{
	int rc = put(box, buf);

	pst_buf_free(buf);
	return rc;
}

ssize_t
pst_outbox_send(struct pst_outbox *box, struct pst_buf *buf)
{
	ssize_t wrote = 0;
	int rc;

	if (!box->count && !box->pipe->ops->keeps) { /* nothing to wait behind: it need not enter the ring */
		uv_buf_t b = uv_buf_init((char *)buf->start, (unsigned)pst_buf_len(buf));

		wrote = box->pipe->ops->try_write(box->pipe, &b, 1);
		if (wrote == (ssize_t)b.len || wrote < 0) {
			pst_buf_free(buf);
			return wrote;
		}
		pst_buf_pull(buf, (size_t)wrote);
	}
	rc = pst_outbox_put(box, buf);
	if (!rc)
		rc = write_next(box);
	return rc ? rc : wrote;
}

bool
pst_outbox_merge(struct pst_outbox *box, struct pst_buf *buf)
{
	size_t len = pst_buf_len(buf);
	struct pst_buf *last;

	if (box->count <= box->writing)
		return false;
	last = at(box, box->count - 1);
	if (pst_buf_tailroom(last) < len)
		return false;
	memcpy(pst_buf_put(last, len), buf->start, len);
	box->bytes += len;
	pst_pool_count_copy(last->block->pool, len);
	pst_buf_free(buf);
	return true;
}

void
pst_outbox_fini(struct pst_outbox *box)
{
	drop(box, box->count);
	box->writing = box->writing_bytes = box->sent = 0;
	free(box->ring);
	box->ring = NULL;
	box->room = box->first = 0;
}
