#include "memory_store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct memory_job {
	struct memory_job *next;
	char *key; /* or prefix */
	struct pst_store_op *ops;
	size_t count;
	void (*on_item)(void *arg, int rc, const struct pst_store_item *item);
	void (*on_items)(void *arg, int rc, const struct pst_store_item *items, size_t count);
	void (*on_done)(void *arg, int rc);
	void *arg;
};

/* ---- items ---- */

static struct memory_item **
place(const struct memory_store *store, const char *key)
{
	struct memory_item **link = (struct memory_item **)&store->items;

	while (*link && strcmp((*link)->key, key) < 0)
		link = &(*link)->next;
	return link;
}

const struct memory_item *
memory_store_find(const struct memory_store *store, const char *key)
{
	const struct memory_item *item = *place(store, key);

	return item && !strcmp(item->key, key) ? item : NULL;
}

static void
drop(struct memory_store *store, const char *key)
{
	struct memory_item **link = place(store, key), *item = *link;

	if (!item || strcmp(item->key, key))
		return;
	*link = item->next;
	free(item->key);
	free(item->value);
	free(item);
}

static void *
copy(const void *data, size_t len)
{
	void *p = malloc(len + 1);

	assert_non_null(p);
	if (len)
		memcpy(p, data, len);
	return p;
}

void
memory_store_put(struct memory_store *store, const char *key, const void *value, size_t len)
{
	struct memory_item *item = calloc(1, sizeof *item), **link;

	assert_non_null(item);
	/* both may lie in what is replaced */
	item->key = copy(key, strlen(key) + 1);
	item->value = copy(value, len);
	item->len = len;
	drop(store, item->key);
	link = place(store, item->key);
	item->next = *link;
	*link = item;
}

size_t
memory_store_count(const struct memory_store *store, const char *prefix)
{
	size_t n = 0;

	for (const struct memory_item *item = store->items; item; item = item->next)
		n += !strncmp(item->key, prefix, strlen(prefix));
	return n;
}

/* ---- answers ---- */

static struct pst_store_item
view(const struct memory_item *item)
{
	return (struct pst_store_item){ item->key, item->value, item->len };
}

static void
answer_get(struct memory_store *store, struct memory_job *job)
{
	const struct memory_item *found = memory_store_find(store, job->key);
	struct pst_store_item item;

	if (store->fail || !found) {
		job->on_item(job->arg, store->fail ? store->fail : -ENOENT, NULL);
		return;
	}
	item = view(found);
	job->on_item(job->arg, PST_OK, &item);
}

static void
answer_list(struct memory_store *store, struct memory_job *job)
{
	size_t count = memory_store_count(store, job->key), n = 0;
	struct pst_store_item *items = calloc(count + 1, sizeof *items);

	assert_non_null(items);
	for (const struct memory_item *item = store->items; item; item = item->next)
		if (!strncmp(item->key, job->key, strlen(job->key)))
			items[n++] = view(item);
	job->on_items(job->arg, store->fail, items, store->fail ? 0 : count);
	free(items);
}

static bool
holds(const struct memory_store *store, const struct pst_store_op *op)
{
	const struct memory_item *item = memory_store_find(store, op->item.key);

	if (op->verb == PST_STORE_EXPECT)
		return item && item->len == op->item.len && !memcmp(item->value, op->item.value, item->len);
	return op->verb != PST_STORE_EXPECT_ABSENT || !item;
}

/* Expectations come first in what is tested with this store. */
static int
commit(struct memory_store *store, const struct memory_job *job)
{
	unsigned number = store->commits++;

	if (store->before)
		store->before(store, number);
	if (store->fail)
		return store->fail;
	for (size_t i = 0; i < job->count; i++)
		if (!holds(store, &job->ops[i]))
			return PST_E_CONFLICT;
	for (size_t i = 0; i < job->count; i++) {
		const struct pst_store_op *op = &job->ops[i];

		if (op->verb == PST_STORE_PUT)
			memory_store_put(store, op->item.key, op->item.value, op->item.len);
		else if (op->verb == PST_STORE_DELETE)
			drop(store, op->item.key);
	}
	return PST_OK;
}

static void
job_free(struct memory_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		free((void *)job->ops[i].item.key);
		free((void *)job->ops[i].item.value);
	}
	free(job->ops);
	free(job->key);
	free(job);
}

static void
turn(struct pst_task *task)
{
	struct memory_store *store = pst_container_of(task, struct memory_store, task);
	struct memory_job *job = store->first;

	store->first = job->next;
	if (store->first)
		pst_task_post(store->env, &store->task, turn);
	else
		store->last = &store->first;
	if (job->on_item)
		answer_get(store, job);
	else if (job->on_items)
		answer_list(store, job);
	else
		job->on_done(job->arg, commit(store, job));
	job_free(job);
}

/* ---- questions ---- */

static struct memory_job *
job_add(struct memory_store *store, const char *key, void *arg)
{
	struct memory_job *job = calloc(1, sizeof *job);

	assert_non_null(job);
	job->key = key ? copy(key, strlen(key) + 1) : NULL;
	job->arg = arg;
	*store->last = job;
	store->last = &job->next;
	pst_task_post(store->env, &store->task, turn);
	return job;
}

static void
memory_get(void *store, const char *key,
    void (*fn)(void *arg, int rc, const struct pst_store_item *item), void *arg)
{
	job_add(store, key, arg)->on_item = fn;
}

static void
memory_list(void *store, const char *prefix,
    void (*fn)(void *arg, int rc, const struct pst_store_item *items, size_t count), void *arg)
{
	job_add(store, prefix, arg)->on_items = fn;
}

static void
memory_commit(void *store, const struct pst_store_op *ops, size_t count,
    void (*fn)(void *arg, int rc), void *arg)
{
	struct memory_job *job = job_add(store, NULL, arg);

	job->on_done = fn;
	job->ops = calloc(count, sizeof *ops);
	assert_non_null(job->ops);
	job->count = count;
	for (size_t i = 0; i < count; i++) {
		job->ops[i] = ops[i];
		job->ops[i].item.key = copy(ops[i].item.key, strlen(ops[i].item.key) + 1);
		job->ops[i].item.value = copy(ops[i].item.value, ops[i].item.len);
	}
}

const struct pst_store_ops memory_store_ops = {
	.size = sizeof memory_store_ops,
	.get = memory_get,
	.list = memory_list,
	.commit = memory_commit,
};

void
memory_store_init(struct memory_store *store, struct pst_env *env)
{
	*store = (struct memory_store){ .env = env };
	store->last = &store->first;
}

void
memory_store_fini(struct memory_store *store)
{
	assert_null(store->first);
	while (store->items)
		drop(store, store->items->key);
}
