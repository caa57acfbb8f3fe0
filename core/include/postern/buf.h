/*
 * Blocks, accounts and buffers: how payload moves without being copied, and
 * how a slow reader stops exactly the source that feeds it.
 *
 * A block is a piece of memory from the env's pool, counted, and charged by
 * its whole size to exactly one account. A buf is a view of a block with
 * room on both sides: layers push headers in front and put tags behind.
 *
 *      block ┌──────────┬───────────────┬──────────┐
 *            │ headroom │ start … end   │ tailroom │
 *            └──────────┴───────────────┴──────────┘
 *                                          limit ──┘
 *
 * A source (a link, a portal socket) owns an account with a window, starts no
 * new read while the account is over it, and goes on when its on_room is
 * called, at half the window. Who keeps a buf beyond a callback moves the
 * charge to an account of its own (pst_buf_charge).
 *
 * Everything here belongs to one loop: no locks, never from another thread.
 */
#ifndef POSTERN_BUF_H
#define POSTERN_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room around a received frame, for the headers that grow on the way. */
#define PST_RX_HEADROOM 256
#define PST_RX_TAILROOM 64
/* A receiver's read-ahead: what one frame may cost in copied bytes. */
#define PST_READ_AHEAD 4096
/*
 * One read of a portal socket, and so one Payload, at most: 63 KiB, so that
 * with the heads of four layers it still is one segment of a loopback
 * interface (65 483 bytes). At 64 KiB each frame trailed a second, tiny
 * segment, which cost 15 % of the CPU time.
 */
#define PST_READ_MAX 64512

struct pst_pool;    /* the blocks of one loop */
struct pst_account;

struct pst_block {
	struct pst_pool *pool;
	struct pst_account *account;
	uint32_t size; /* bytes of data[], the charge */
	uint32_t refs;
	uint8_t size_class;
	uint8_t data[] __attribute__((aligned(16)));
};

struct pst_buf {
	struct pst_block *block; /* NULL: an empty buf */
	uint8_t *start;
	uint8_t *end;
	uint8_t *limit; /* end of the room behind */
};
#define PST_BUF_INIT { NULL, NULL, NULL, NULL }

/* ---- accounts ---- */

/*
 * A new account. window: bytes; over it the owner starts no new read.
 * on_room(arg) is called once the charge has fallen to half the window after
 * pst_account_full() answered true; it may start reading, and no more.
 * Returns NULL when memory is out.
 */
PST_API struct pst_account *pst_account_new(struct pst_pool *pool, size_t window,
    void (*on_room)(void *arg), void *arg);
/* The owner lets go: on_room is never called again; the account lives on
 * while blocks are charged to it. Sets *account to NULL. */
PST_API void pst_account_close(struct pst_account **account);
/* True: stop reading now; on_room will be called. */
PST_API bool pst_account_full(struct pst_account *account);
/* The same without arming on_room. */
PST_API bool pst_account_over(const struct pst_account *account);
/* True while its owner has stopped and waits for room. */
PST_API bool pst_account_stopped(const struct pst_account *account);
PST_API size_t pst_account_used(const struct pst_account *account);
PST_API void pst_account_set_window(struct pst_account *account, size_t window);

/* ---- bufs ---- */

/*
 * A new buf: headroom and tailroom bytes around `size` bytes of space, which
 * lie behind `end` (put them with pst_buf_put). account is charged.
 * Returns PST_OK or -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_buf_new(struct pst_buf *out, struct pst_pool *pool,
    struct pst_account *account, size_t headroom, size_t size, size_t tailroom);
/* Let go. A no-op on an empty buf; leaves it empty. */
PST_API void pst_buf_free(struct pst_buf *buf);
/* Another view of from's block, from->start+offset … +len, to be read only: what
 * lies in front of it is not its room. For readers that outlive a delivery. */
PST_API struct pst_buf pst_buf_slice(const struct pst_buf *from, size_t offset, size_t len);
/* Move the charge of the whole block to another account. */
PST_API void pst_buf_charge(struct pst_buf *buf, struct pst_account *account);
/* The account that is charged; NULL for an empty buf. */
PST_API struct pst_account *pst_buf_account(const struct pst_buf *buf);
/*
 * Make sure of so much room. Where it lacks, the bytes move to a new block
 * charged to the same account, and the copy is counted (pst_pool_stats).
 */
PST_API PST_MUST_CHECK int pst_buf_reserve(struct pst_buf *buf, size_t headroom, size_t tailroom);

static inline size_t
pst_buf_len(const struct pst_buf *buf)
{
	return (size_t)(buf->end - buf->start);
}

static inline size_t
pst_buf_headroom(const struct pst_buf *buf)
{
	return buf->block ? (size_t)(buf->start - buf->block->data) : 0;
}

static inline size_t
pst_buf_tailroom(const struct pst_buf *buf)
{
	return (size_t)(buf->limit - buf->end);
}

/* Take ownership: `from` is empty afterwards. */
static inline struct pst_buf
pst_buf_take(struct pst_buf *from)
{
	struct pst_buf buf = *from;

	*from = (struct pst_buf)PST_BUF_INIT;
	return buf;
}

/* n bytes in front, to be filled by the caller; NULL when the room lacks. */
static inline uint8_t *
pst_buf_push(struct pst_buf *buf, size_t n)
{
	if (n > pst_buf_headroom(buf))
		return NULL;
	return buf->start -= n;
}

/* n bytes behind, to be filled by the caller; NULL when the room lacks. */
static inline uint8_t *
pst_buf_put(struct pst_buf *buf, size_t n)
{
	uint8_t *p = buf->end;

	if (n > pst_buf_tailroom(buf))
		return NULL;
	buf->end += n;
	return p;
}

/* Drop n bytes in front, or the whole if there are fewer. */
static inline void
pst_buf_pull(struct pst_buf *buf, size_t n)
{
	buf->start += n < pst_buf_len(buf) ? n : pst_buf_len(buf);
}

/* Drop all behind the first n bytes. */
static inline void
pst_buf_trim(struct pst_buf *buf, size_t n)
{
	if (n < pst_buf_len(buf))
		buf->end = buf->start + n;
}

/* ---- the pool ---- */

struct pst_pool_stats {
	uint64_t blocks_made;   /* blocks taken from the heap, ever */
	uint64_t bytes_read;    /* from sockets, of links and portals */
	uint64_t bytes_copied;  /* of them moved by pst_buf_reserve and read-ahead */
	size_t bytes_charged;   /* in use now */
	size_t bytes_spare;     /* kept for reuse */
};

PST_API struct pst_pool *pst_pool_new(size_t memory_limit);
/* All blocks must be back. Sets *pool to NULL. */
PST_API void pst_pool_free(struct pst_pool **pool);
PST_API void pst_pool_limit(struct pst_pool *pool, size_t memory_limit);
PST_API size_t pst_pool_limited(const struct pst_pool *pool);
PST_API void pst_pool_stats(const struct pst_pool *pool, struct pst_pool_stats *out);
/* True when more than the node's `memory` is charged: no new links or streams. */
PST_API bool pst_pool_over(const struct pst_pool *pool);
PST_API void pst_pool_count_copy(struct pst_pool *pool, size_t bytes);
PST_API void pst_pool_count_read(struct pst_pool *pool, size_t bytes);

/* ---- reader: an error sticks, later reads give zeros ---- */

struct pst_reader {
	const uint8_t *p;
	const uint8_t *end;
	int status; /* PST_OK or -EBADMSG: check once before using anything */
};

static inline struct pst_reader
pst_reader(const void *data, size_t len)
{
	struct pst_reader r = { (const uint8_t *)data, (const uint8_t *)data + len, PST_OK };

	return r;
}

static inline struct pst_reader
pst_buf_reader(const struct pst_buf *buf)
{
	return pst_reader(buf->start, pst_buf_len(buf));
}

static inline size_t
pst_reader_left(const struct pst_reader *r)
{
	return (size_t)(r->end - r->p);
}

/* n bytes where they lie; NULL and a sticking error when there are fewer. */
PST_API const uint8_t *pst_read_bytes(struct pst_reader *r, size_t n);
PST_API uint8_t pst_read_u8(struct pst_reader *r);
PST_API uint16_t pst_read_be16(struct pst_reader *r);
PST_API uint32_t pst_read_be32(struct pst_reader *r);
PST_API uint64_t pst_read_be64(struct pst_reader *r);
/* BARE: unsigned LEB128 of at most 10 bytes; then length-prefixed bytes. */
PST_API uint64_t pst_read_uvarint(struct pst_reader *r);
PST_API const uint8_t *pst_read_data(struct pst_reader *r, size_t *len);

/* ---- writer: forward into given memory; an overflow sticks ---- */

struct pst_writer {
	uint8_t *start;
	uint8_t *p;
	uint8_t *end;
	int status; /* PST_OK or -ENOBUFS */
};

static inline struct pst_writer
pst_writer(void *memory, size_t size)
{
	struct pst_writer w = { (uint8_t *)memory, (uint8_t *)memory, (uint8_t *)memory + size, PST_OK };

	return w;
}

static inline size_t
pst_writer_len(const struct pst_writer *w)
{
	return (size_t)(w->p - w->start);
}

/* n bytes to be filled by the caller; NULL and a sticking error without room. */
PST_API uint8_t *pst_write_space(struct pst_writer *w, size_t n);
PST_API void pst_write_bytes(struct pst_writer *w, const void *data, size_t n);
PST_API void pst_write_u8(struct pst_writer *w, uint8_t v);
PST_API void pst_write_be16(struct pst_writer *w, uint16_t v);
PST_API void pst_write_be32(struct pst_writer *w, uint32_t v);
PST_API void pst_write_be64(struct pst_writer *w, uint64_t v);
PST_API void pst_write_uvarint(struct pst_writer *w, uint64_t v);
PST_API void pst_write_data(struct pst_writer *w, const void *data, size_t n);

#ifdef __cplusplus
}
#endif
#endif
