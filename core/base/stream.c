#include <postern/stream.h>

#include <errno.h>

/* ---- the end ---- */

static void
failed_task(struct pst_task *task)
{
	struct pst_stream *s = pst_container_of(task, struct pst_stream, fail_task);

	s->events->failed(s->arg, s->fail_rc);
}

/* The owner learns of it from the loop, never inside a send. */
void
pst_stream_fail(struct pst_stream *s, int rc)
{
	if (s->failed)
		return;
	s->failed = true;
	s->fail_rc = rc;
	if (!pst_pipe_closing(s->pipe))
		s->pipe->ops->read(s->pipe, false);
	pst_task_post(s->env, &s->fail_task, failed_task);
}

static bool
dead(const struct pst_stream *s)
{
	return s->failed || pst_pipe_closing(s->pipe);
}

/* ---- receiving ---- */

static void
keep_ahead(struct pst_stream *s, const uint8_t *data, size_t len)
{
	memmove(s->ahead, data, len);
	s->ahead_len = len;
}

static void
deliver(struct pst_stream *s, struct pst_buf *frame)
{
	s->bytes_in += pst_buf_len(frame);
	s->events->frame(s->arg, frame);
	pst_buf_free(frame);
}

/*
 * A frame of n bytes begins at data, of which have are there. The rest will
 * be read where it stays, with the next read-ahead behind it.
 */
static int
frame_begin(struct pst_stream *s, const uint8_t *data, size_t have, size_t n)
{
	size_t behind = have < n && !s->sparing ? PST_READ_AHEAD : PST_RX_TAILROOM;
	int rc = pst_buf_new(&s->frame, s->pool, s->account, PST_RX_HEADROOM, s->sparing ? have : n, behind);

	if (rc)
		return rc;
	memcpy(pst_buf_put(&s->frame, have), data, have);
	pst_pool_count_copy(s->pool, have);
	s->frame_want = n - have;
	return PST_OK;
}

/*
 * Take frames from len bytes at data, until they end within a frame or the
 * account is full; what is not begun goes to the read-ahead.
 */
static void
parse(struct pst_stream *s, const uint8_t *data, size_t len)
{
	s->ahead_len = 0;
	if (!s->version_seen && len) {
		if (*data != PST_STREAM_VERSION) {
			pst_stream_fail(s, PST_E_PROTOCOL);
			return;
		}
		s->version_seen = true;
		data++;
		len--;
	}
	while (!dead(s) && len) {
		struct pst_reader r = pst_reader(data, len);
		uint32_t n = pst_read_be32(&r);
		size_t have = pst_reader_left(&r);
		int rc;

		if (r.status || pst_account_full(s->account)) {
			keep_ahead(s, data, len);
			return;
		}
		if (!n || n > s->max_frame) {
			pst_stream_fail(s, PST_E_PROTOCOL);
			return;
		}
		have = have < n ? have : n;
		rc = frame_begin(s, r.p, have, n);
		if (rc) {
			pst_stream_fail(s, rc);
			return;
		}
		if (s->frame_want)
			return;
		data += PST_STREAM_HEAD + n;
		len -= PST_STREAM_HEAD + n;

		struct pst_buf frame = pst_buf_take(&s->frame);

		/* data may lie in s->ahead, which nobody touches meanwhile */
		deliver(s, &frame);
	}
}

/* The block of a sparing stream's frame is full: the next has room for three times as much besides, at most. */
static int
frame_grow(struct pst_stream *s)
{
	size_t more = 3 * pst_buf_len(&s->frame);

	more = more < s->frame_want ? more : s->frame_want;
	return pst_buf_reserve(&s->frame, PST_RX_HEADROOM, more + PST_RX_TAILROOM);
}

static uint8_t *
bytes_room(void *arg, size_t *len)
{
	struct pst_stream *s = arg;

	if (s->gave) { /* a second block this turn: let the others have theirs */
		s->gave = 0;
		return NULL;
	}
	if (s->frame.block) {
		size_t n = s->frame_want + PST_READ_AHEAD, room;
		int rc = pst_buf_tailroom(&s->frame) ? PST_OK : frame_grow(s);

		if (rc) {
			pst_stream_fail(s, rc);
			return NULL;
		}
		room = pst_buf_tailroom(&s->frame);
		*len = s->gave = n < room ? n : room;
		return s->frame.end;
	}
	*len = sizeof s->ahead - s->ahead_len;
	return s->ahead + s->ahead_len;
}

/* Bytes came into the frame being read, and perhaps some of the next. */
static void
frame_grew(struct pst_stream *s, size_t n)
{
	size_t got = n < s->frame_want ? n : s->frame_want;
	size_t extra = n - got;
	struct pst_buf frame, ahead;

	s->frame.end += got;
	s->frame_want -= got;
	if (s->frame_want)
		return;
	frame = pst_buf_take(&s->frame);
	if (!extra) {
		deliver(s, &frame);
		return;
	}
	/* what lies behind the frame must survive whoever works in its tailroom */
	ahead = pst_buf_slice(&frame, pst_buf_len(&frame), extra);
	frame.limit = frame.end;
	deliver(s, &frame);
	parse(s, ahead.start, extra);
	pst_buf_free(&ahead);
}

static void
reading_set(struct pst_stream *s)
{
	bool want = !dead(s) && (s->frame.block || !pst_account_full(s->account));

	if (want == s->reading)
		return;
	s->reading = want;
	s->gave = 0;
	if (pst_pipe_closing(s->pipe))
		return;
	if (s->pipe->ops->read(s->pipe, want) && want) {
		s->reading = false;
		pst_stream_fail(s, UV_EIO);
	}
}

static void
bytes_came(void *arg, size_t len)
{
	struct pst_stream *s = arg;

	if (len < s->gave) /* there are no more at the moment */
		s->gave = 0;
	if (len) {
		pst_pool_count_read(s->pool, len);
		if (s->frame.block)
			frame_grew(s, len);
		else
			parse(s, s->ahead, s->ahead_len + len);
	}
	reading_set(s);
}

static void
resume_task(struct pst_task *task)
{
	struct pst_stream *s = pst_container_of(task, struct pst_stream, resume_task);

	if (dead(s) || s->frame.block)
		return;
	parse(s, s->ahead, s->ahead_len);
	reading_set(s);
}

void
pst_stream_resume(struct pst_stream *s)
{
	if (!dead(s))
		pst_task_post(s->env, &s->resume_task, resume_task);
}

/* ---- sending ---- */

/* The last resort against a peer that reads nothing and so stops others. */
static void
stall_check(struct pst_timer *timer)
{
	struct pst_stream *s = pst_container_of(timer, struct pst_stream, stall_timer);
	uint64_t quiet = pst_now_ms(s->env) - s->progress_ms;

	if (dead(s) || !s->box.count)
		return;
	if (quiet < PST_STREAM_STALL_MS) {
		pst_timer_start(s->env, timer, PST_STREAM_STALL_MS - quiet, stall_check);
		return;
	}
	for (size_t i = 0; i < s->box.count; i++) {
		if (pst_account_stopped(pst_buf_account(pst_outbox_at(&s->box, i)))) {
			pst_stream_fail(s, UV_ETIMEDOUT);
			return;
		}
	}
	pst_timer_start(s->env, timer, PST_STREAM_STALL_MS, stall_check);
}

static void
bytes_written(void *arg)
{
	struct pst_stream *s = arg;
	ssize_t wrote = pst_outbox_written(&s->box);

	s->progress_ms = pst_now_ms(s->env);
	if (wrote < 0)
		pst_stream_fail(s, (int)wrote);
}

static void
bytes_sent(void *arg)
{
	struct pst_stream *s = arg;
	size_t most = s->sparing ? PST_STREAM_AWAY_SPARING : PST_STREAM_AWAY;

	pst_outbox_sent(&s->box, pst_account_used(s->away) < most ? s->away : NULL);
}

void
pst_stream_flush(struct pst_stream *s)
{
	ssize_t wrote;

	pst_task_cancel(s->env, &s->flush_task);
	if (dead(s))
		return;
	wrote = pst_outbox_flush(&s->box);
	if (wrote < 0) {
		pst_stream_fail(s, (int)wrote);
	} else if (s->box.count && !s->stall_timer.armed) {
		s->progress_ms = pst_now_ms(s->env);
		pst_timer_start(s->env, &s->stall_timer, PST_STREAM_STALL_MS, stall_check);
	}
}

static void
flush_task(struct pst_task *task)
{
	pst_stream_flush(pst_container_of(task, struct pst_stream, flush_task));
}

/* At once when it is much; else what else this turn of the loop brings goes along. */
static void
flush_soon(struct pst_stream *s)
{
	if (s->box.writing && !s->pipe->ops->keeps)
		return; /* its end goes on with the rest */
	if (s->box.bytes >= PST_STREAM_BATCH || s->box.count >= PST_OUTBOX_BATCH)
		pst_stream_flush(s);
	else
		pst_task_post(s->env, &s->flush_task, flush_task);
}

int
pst_stream_send(struct pst_stream *s, struct pst_buf *frame)
{
	size_t n = pst_buf_len(frame);
	int rc = dead(s) ? PST_E_CLOSED : n > PST_STREAM_FRAME_MAX ? PST_E_LIMIT : PST_OK;

	if (!rc)
		rc = pst_buf_reserve(frame, PST_STREAM_HEAD, 0);
	if (rc) {
		pst_buf_free(frame);
		return rc;
	}
	s->bytes_out += n;

	struct pst_writer w = pst_writer(pst_buf_push(frame, PST_STREAM_HEAD), PST_STREAM_HEAD);

	pst_write_be32(&w, (uint32_t)n);
	rc = pst_outbox_put(&s->box, frame);
	if (rc) {
		pst_stream_fail(s, rc);
		return rc;
	}
	flush_soon(s);
	return s->failed ? s->fail_rc : PST_OK;
}

/* ---- life ---- */

static void
pipe_lost(void *arg, int rc)
{
	pst_stream_fail(arg, rc);
}

static const struct pst_pipe_events pipe_events = {
	.room = bytes_room,
	.came = bytes_came,
	.written = bytes_written,
	.sent = bytes_sent,
	.lost = pipe_lost,
};

void
pst_stream_init(struct pst_stream *s, struct pst_env *env, struct pst_pipe *pipe,
    struct pst_account *account, uint32_t max_frame, const struct pst_stream_events *events,
    void *arg)
{
	memset(s, 0, offsetof(struct pst_stream, ahead));
	s->env = env;
	s->pool = pst_env_pool(env);
	s->pipe = pipe;
	s->account = account;
	s->max_frame = max_frame;
	s->events = events;
	s->arg = arg;
	pipe->events = &pipe_events;
	pipe->arg = s;
	pst_outbox_init(&s->box, pipe);
}

int
pst_stream_start(struct pst_stream *s)
{
	static char version[] = { PST_STREAM_VERSION };
	uv_buf_t buf = uv_buf_init(version, 1);
	ssize_t wrote = s->pipe->ops->try_write(s->pipe, &buf, 1);

	if (wrote != 1) /* a fresh pipe takes one byte */
		return wrote < 0 ? (int)wrote : UV_EIO;
	if (s->pipe->ops->keeps) {
		s->away = pst_account_new(s->pool, PST_STREAM_AWAY, NULL, NULL);
		if (!s->away)
			return -ENOMEM;
	}
	reading_set(s);
	return s->failed ? s->fail_rc : PST_OK;
}

void
pst_stream_fini(struct pst_stream *s)
{
	pst_task_cancel(s->env, &s->resume_task);
	pst_task_cancel(s->env, &s->flush_task);
	pst_task_cancel(s->env, &s->fail_task);
	pst_timer_stop(s->env, &s->stall_timer);
	pst_outbox_fini(&s->box);
	pst_account_close(&s->away);
	pst_buf_free(&s->frame);
}
