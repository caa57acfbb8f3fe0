#include <postern/buf.h>

#include <errno.h>
#include <stdlib.h>

/*
 * Spare blocks are kept by class. The middle class holds a frame of up to
 * 4 KiB with its rooms; the large one a read of 64 KiB with the headers of
 * four layers in front, or a received frame of one and the read-ahead behind.
 */
static const uint32_t class_size[] = { 512, 5120, 73728 };
#define CLASSES (sizeof class_size / sizeof *class_size)
#define CLASS_NONE CLASSES
/* What a quiet node keeps of a busy time. */
#define SPARE_MAX (4 * 1024 * 1024)

struct spare {
	struct spare *next;
};

struct pst_pool {
	struct spare *spare[CLASSES];
	struct pst_pool_stats stats;
	size_t memory_limit;
};

struct pst_account {
	struct pst_pool *pool;
	size_t used;
	size_t window;
	bool closed;
	bool stopped;
	void (*on_room)(void *arg);
	void *arg;
};

/* ---- accounts ---- */

struct pst_account *
pst_account_new(struct pst_pool *pool, size_t window, void (*on_room)(void *arg), void *arg)
{
	struct pst_account *account = calloc(1, sizeof *account);

	if (!account)
		return NULL;
	account->pool = pool;
	account->window = window;
	account->on_room = on_room;
	account->arg = arg;
	return account;
}

void
pst_account_close(struct pst_account **account)
{
	struct pst_account *a = *account;

	*account = NULL;
	if (!a)
		return;
	a->closed = true;
	a->stopped = false;
	if (!a->used)
		free(a);
}

bool
pst_account_over(const struct pst_account *account)
{
	return account->used > account->window;
}

bool
pst_account_full(struct pst_account *account)
{
	if (pst_account_over(account))
		account->stopped = true;
	return account->stopped;
}

bool
pst_account_stopped(const struct pst_account *account)
{
	return account->stopped;
}

size_t
pst_account_used(const struct pst_account *account)
{
	return account->used;
}

static void
account_wake(struct pst_account *account)
{
	if (!account->stopped || account->used > account->window / 2)
		return;
	account->stopped = false;
	account->on_room(account->arg);
}

void
pst_account_set_window(struct pst_account *account, size_t window)
{
	account->window = window;
	account_wake(account);
}

static void
account_charge(struct pst_account *account, size_t bytes)
{
	account->used += bytes;
	account->pool->stats.bytes_charged += bytes;
}

static void
account_release(struct pst_account *account, size_t bytes)
{
	account->used -= bytes;
	account->pool->stats.bytes_charged -= bytes;
	if (account->closed) {
		if (!account->used)
			free(account);
	} else {
		account_wake(account);
	}
}

/* ---- blocks ---- */

static size_t
class_of(size_t size)
{
	size_t class = 0;

	while (class < CLASSES && size > class_size[class])
		class++;
	return class;
}

static struct pst_block *
block_new(struct pst_pool *pool, struct pst_account *account, size_t size)
{
	size_t class = class_of(size);
	struct pst_block *block;

	if (size > UINT32_MAX - sizeof *block)
		return NULL;
	if (class != CLASS_NONE)
		size = class_size[class];
	if (class != CLASS_NONE && pool->spare[class]) {
		block = (struct pst_block *)pool->spare[class];
		pool->spare[class] = pool->spare[class]->next;
		pool->stats.bytes_spare -= size;
	} else {
		block = malloc(sizeof *block + size);
		if (!block)
			return NULL;
		pool->stats.blocks_made++;
	}
	block->pool = pool;
	block->account = account;
	block->size = (uint32_t)size;
	block->size_class = (uint8_t)class;
	block->refs = 1;
	account_charge(account, size);
	return block;
}

static void
block_unref(struct pst_block *block)
{
	struct pst_pool *pool = block->pool;
	struct pst_account *account = block->account;
	size_t size = block->size;

	if (--block->refs)
		return;
	if (block->size_class != CLASS_NONE && pool->stats.bytes_spare + size <= SPARE_MAX) {
		struct spare *spare = (struct spare *)block;
		size_t class = block->size_class;

		spare->next = pool->spare[class];
		pool->spare[class] = spare;
		pool->stats.bytes_spare += size;
	} else {
		free(block);
	}
	account_release(account, size);
}

/* ---- bufs ---- */

int
pst_buf_new(struct pst_buf *out, struct pst_pool *pool, struct pst_account *account,
    size_t headroom, size_t size, size_t tailroom)
{
	struct pst_block *block = block_new(pool, account, headroom + size + tailroom);

	*out = (struct pst_buf)PST_BUF_INIT;
	if (!block)
		return -ENOMEM;
	out->block = block;
	out->start = out->end = block->data + headroom;
	out->limit = block->data + block->size;
	return PST_OK;
}

void
pst_buf_free(struct pst_buf *buf)
{
	struct pst_block *block = buf->block;

	*buf = (struct pst_buf)PST_BUF_INIT;
	if (block)
		block_unref(block);
}

struct pst_buf
pst_buf_slice(const struct pst_buf *from, size_t offset, size_t len)
{
	struct pst_buf buf = {
		.block = from->block,
		.start = from->start + offset,
		.end = from->start + offset + len,
		.limit = from->start + offset + len,
	};

	if (from->block)
		from->block->refs++;
	return buf;
}

void
pst_buf_charge(struct pst_buf *buf, struct pst_account *account)
{
	struct pst_block *block = buf->block;
	struct pst_account *before;

	if (!block || block->account == account)
		return;
	before = block->account;
	block->account = account;
	account_charge(account, block->size);
	account_release(before, block->size);
}

struct pst_account *
pst_buf_account(const struct pst_buf *buf)
{
	return buf->block ? buf->block->account : NULL;
}

int
pst_buf_reserve(struct pst_buf *buf, size_t headroom, size_t tailroom)
{
	size_t len = pst_buf_len(buf);
	struct pst_buf bigger;
	int rc;

	if (pst_buf_headroom(buf) >= headroom && pst_buf_tailroom(buf) >= tailroom)
		return PST_OK;
	if (!buf->block)
		return -EINVAL;
	rc = pst_buf_new(&bigger, buf->block->pool, buf->block->account, headroom, len, tailroom);
	if (rc)
		return rc;
	memcpy(pst_buf_put(&bigger, len), buf->start, len);
	pst_pool_count_copy(buf->block->pool, len);
	pst_buf_free(buf);
	*buf = bigger;
	return PST_OK;
}

/* ---- the pool ---- */

struct pst_pool *
pst_pool_new(size_t memory_limit)
{
	struct pst_pool *pool = calloc(1, sizeof *pool);

	if (pool)
		pool->memory_limit = memory_limit;
	return pool;
}

void
pst_pool_free(struct pst_pool **pool)
{
	struct pst_pool *p = *pool;

	*pool = NULL;
	if (!p)
		return;
	for (size_t class = 0; class < CLASSES; class++) {
		while (p->spare[class]) {
			struct spare *spare = p->spare[class];

			p->spare[class] = spare->next;
			free(spare);
		}
	}
	free(p);
}

void
pst_pool_limit(struct pst_pool *pool, size_t memory_limit)
{
	pool->memory_limit = memory_limit;
}

size_t
pst_pool_limited(const struct pst_pool *pool)
{
	return pool->memory_limit;
}

void
pst_pool_stats(const struct pst_pool *pool, struct pst_pool_stats *out)
{
	*out = pool->stats;
}

bool
pst_pool_over(const struct pst_pool *pool)
{
	return pool->stats.bytes_charged > pool->memory_limit;
}

void
pst_pool_count_copy(struct pst_pool *pool, size_t bytes)
{
	pool->stats.bytes_copied += bytes;
}

void
pst_pool_count_read(struct pst_pool *pool, size_t bytes)
{
	pool->stats.bytes_read += bytes;
}
