/*
 * Stores: a node's lasting state, as values under text keys.
 *
 * Kind "store"; its sections are `store NAME { use = sqlite … }`. Keys are
 * paths such as "identity/default", UTF-8 without NUL, of 1 to
 * PST_STORE_KEY_MAX bytes; values are bytes, at most PST_STORE_VALUE_MAX.
 * Changes are made only by batches: whole or not at all, answered once, on
 * disk when answered. Batches are done as if one after the other, also those
 * of other processes and machines that have the same store open: what a
 * batch expects still holds when it is done.
 *
 * Answers come through callbacks, in the order of the calls, from the loop and
 * never within the call; only -ENOMEM, and PST_E_CLOSED of a store that is
 * closing, may come at once. Who closes a store gets the answers to all that
 * was asked before. A question sees what was committed before it was asked.
 *
 * -EINVAL says that a key or a verb is none, PST_E_LIMIT that a value is too
 * long. Other errors are of the disk, or of a server that is away: nothing has
 * been done, and the same call may succeed later. A store may be opened while
 * its server is away; then it is down, and answers with an error, until the
 * server is back. One error says less: PST_E_IN_DOUBT, where the server
 * went away over a batch and did not come back in time to be asked about it.
 * Perhaps it has been done. What it expected tells: the same batch again ends
 * with PST_OK if it had not been done, and with PST_E_CONFLICT if it had (or if
 * somebody else came first), provided that it changes what it expects.
 */
#ifndef POSTERN_STORE_H
#define POSTERN_STORE_H

#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_STORE_KEY_MAX 512
#define PST_STORE_VALUE_MAX (1024 * 1024)

struct pst_store_item {
	const char *key;
	const uint8_t *value;
	size_t len;
};

enum pst_store_verb {
	PST_STORE_PUT,
	PST_STORE_DELETE,        /* an absent key is fine */
	PST_STORE_EXPECT,        /* the value is exactly this */
	PST_STORE_EXPECT_ABSENT, /* there is no such key */
};

struct pst_store_op {
	enum pst_store_verb verb;
	struct pst_store_item item;
};

struct pst_store_ops {
	size_t size;
	/* The item of a key: fn gets NULL and -ENOENT when there is none. The
	 * item lives for the call of fn; the key is copied at once. */
	void (*get)(void *store, const char *key,
	    void (*fn)(void *arg, int rc, const struct pst_store_item *item), void *arg);
	/* All items whose key begins with prefix, in ascending order of bytes.
	 * The prefix is as a key, or empty: then it is all there is. */
	void (*list)(void *store, const char *prefix,
	    void (*fn)(void *arg, int rc, const struct pst_store_item *items, size_t count), void *arg);
	/* Do all of it, in order, or nothing; an expectation sees what stands
	 * before it. ops is copied at once. rc: PST_OK, PST_E_CONFLICT when an
	 * expectation does not hold, or an error. */
	void (*commit)(void *store, const struct pst_store_op *ops, size_t count,
	    void (*fn)(void *arg, int rc), void *arg);
};

/* ---- for stores (1.2) ---- */

/* Is it a key? Is it what keys may begin with? PST_OK or -EINVAL. */
PST_API PST_MUST_CHECK int pst_store_key_check(const char *key);
PST_API PST_MUST_CHECK int pst_store_prefix_check(const char *prefix);
/*
 * A batch with all that it points to, checked: one piece of memory, free() it.
 * Where a value makes no sense it is empty; none is NULL.
 * -EINVAL, PST_E_LIMIT, -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_store_batch_copy(struct pst_store_op **out,
    const struct pst_store_op *ops, size_t count);

#ifdef __cplusplus
}
#endif
#endif
