/*
 * Stores: a node's lasting state, as values under text keys.
 *
 * Kind "store"; its sections are `store NAME { use = sqlite … }`. Keys are
 * UTF-8 paths such as "identity/default", at most PST_STORE_KEY_MAX bytes;
 * values are bytes, at most PST_STORE_VALUE_MAX. Changes are made only by
 * batches: whole or not at all, answered once, on disk when answered.
 *
 * Answers come through callbacks, in the order of the calls, from the loop and
 * never within the call; only -ENOMEM, and PST_E_CLOSED of a store that is
 * closing, may come at once.
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
	/* All items whose key begins with prefix, in ascending order of bytes. */
	void (*list)(void *store, const char *prefix,
	    void (*fn)(void *arg, int rc, const struct pst_store_item *items, size_t count), void *arg);
	/* Do all of it, in order, or nothing. ops is copied at once. rc:
	 * PST_OK, PST_E_CONFLICT when an expectation does not hold, or an error. */
	void (*commit)(void *store, const struct pst_store_op *ops, size_t count,
	    void (*fn)(void *arg, int rc), void *arg);
};

#ifdef __cplusplus
}
#endif
#endif
