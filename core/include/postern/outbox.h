/*
 * An outbox: bufs on their way into a pipe.
 *
 * What the pipe takes at once is written at once, or what a turn of the loop
 * brought together, at its end; the rest waits here and goes out by writev as
 * the pipe takes it. Bufs stay charged to whoever they were charged to until
 * they are written.
 */
#ifndef POSTERN_OUTBOX_H
#define POSTERN_OUTBOX_H

#include <postern/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bufs that go out by one writev. */
#define PST_OUTBOX_BATCH PST_PIPE_BUFS

struct pst_outbox {
	struct pst_pipe *pipe;
	struct pst_buf *ring;
	size_t first, count, room; /* room: a power of two, or 0 */
	size_t bytes;              /* waiting */
	size_t writing, writing_bytes; /* of `count`: being written, or (pipe.h, keeps) kept until the peer has them */
	size_t sent;                   /* of `writing`, where it keeps: on their way */
};

/* The pipe stays its owner's, whose event `written` calls pst_outbox_written(). */
PST_API void pst_outbox_init(struct pst_outbox *box, struct pst_pipe *pipe);
/*
 * Send; the buf is consumed. Returns the bytes that the pipe took at once
 * (the others wait), or a negative error, after which nothing more may be
 * sent: half a frame may be out.
 */
PST_API PST_MUST_CHECK ssize_t pst_outbox_send(struct pst_outbox *box, struct pst_buf *buf);
/*
 * The same in two steps. What was put waits for the next flush or send;
 * PST_OK or -ENOMEM, and the buf is consumed. Flush returns as send does.
 */
PST_API PST_MUST_CHECK int pst_outbox_put(struct pst_outbox *box, struct pst_buf *buf);
PST_API PST_MUST_CHECK ssize_t pst_outbox_flush(struct pst_outbox *box);
/* What was being written has gone: write what waits behind it. Returns how many
 * bytes that was, or a negative error as send does. */
PST_API PST_MUST_CHECK ssize_t pst_outbox_written(struct pst_outbox *box);
/* The pipe's event `sent`: that buf is charged to the account from now on; NULL: to whom it is. */
PST_API void pst_outbox_sent(struct pst_outbox *box, struct pst_account *account);
/* Put a short buf's bytes behind the last waiting ones, if there is room in
 * that block: true, and buf is consumed. The copy is counted. */
PST_API bool pst_outbox_merge(struct pst_outbox *box, struct pst_buf *buf);
/* The i-th waiting buf, for looking at. */
PST_API const struct pst_buf *pst_outbox_at(const struct pst_outbox *box, size_t i);
/* Drop what waits: when the pipe is closed, or just before. */
PST_API void pst_outbox_fini(struct pst_outbox *box);

#ifdef __cplusplus
}
#endif
#endif
