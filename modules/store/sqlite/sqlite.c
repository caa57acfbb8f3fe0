/*
 * The store in an SQLite file: every question and every batch is a job of
 * one lane, so they are done in the order they come.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "db.h"

struct sqlite_conf {
	const char *path;
};

struct store {
	struct pst_section_env *env;
	const struct sqlite_conf *conf;
	char path[PATH_MAX];
	struct pst_lane *lane;
	bool closing;
	struct pst_err err; /* of opening */
	struct db db; /* the lane's */
};

/* One question or batch. */
struct job {
	struct store *store;
	int (*run)(struct job *job);
	char *key; /* or prefix */
	struct pst_store_op *ops;
	size_t op_count;
	int rc; /* known to fail before it runs: answered in its turn */
	struct items found;
	struct pst_err err;
	void (*on_item)(void *arg, int rc, const struct pst_store_item *item);
	void (*on_items)(void *arg, int rc, const struct pst_store_item *items, size_t count);
	void (*on_done)(void *arg, int rc);
	void *arg;
};

static void
job_free(struct job *job)
{
	if (!job)
		return;
	items_free(&job->found);
	free(job->key);
	free(job->ops);
	free(job);
}

static void
job_answer(struct job *job, int rc)
{
	if (job->on_item)
		job->on_item(job->arg, rc, rc ? NULL : job->found.item);
	else if (job->on_items)
		job->on_items(job->arg, rc, job->found.item, rc ? 0 : job->found.count);
	else
		job->on_done(job->arg, rc);
}

static int
job_work(void *arg)
{
	struct job *job = arg;

	if (job->rc)
		return job->rc;
	return job->store->db.sql ? job->run(job) : PST_E_CLOSED;
}

static void
job_done(void *arg, int rc)
{
	struct job *job = arg;

	/* callers see the number only */
	if (job->err.text[0])
		pst_warn(pst_section_log(job->store->env), "the database failed",
		    PST_STR("reason", job->err.text), PST_RC(rc));
	job_answer(job, rc);
	job_free(job);
}

/* Takes the job. */
static void
job_start(struct job *job)
{
	int rc = PST_E_CLOSED;

	if (!job->store->closing)
		rc = pst_lane_run(job->store->lane, job_work, job_done, job);
	if (rc) { /* there is no turn any more, or no memory for one */
		job_answer(job, rc);
		job_free(job);
	}
}

/* ---- questions ---- */

static int
get_run(struct job *job)
{
	return db_get(&job->store->db, &job->found, job->key, &job->err);
}

static int
list_run(struct job *job)
{
	return db_list(&job->store->db, &job->found, job->key, &job->err);
}

static struct job *
question_new(void *store, const char *key, int rc)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	job->store = store;
	job->rc = rc;
	job->key = strdup(rc ? "" : key);
	if (!job->key) {
		job_free(job);
		return NULL;
	}
	return job;
}

static void
sqlite_get(void *store, const char *key,
    void (*fn)(void *arg, int rc, const struct pst_store_item *item), void *arg)
{
	struct job *job = question_new(store, key, pst_store_key_check(key));

	if (!job) {
		fn(arg, -ENOMEM, NULL);
		return;
	}
	job->run = get_run;
	job->on_item = fn;
	job->arg = arg;
	job_start(job);
}

static void
sqlite_list(void *store, const char *prefix,
    void (*fn)(void *arg, int rc, const struct pst_store_item *items, size_t count), void *arg)
{
	struct job *job = question_new(store, prefix, pst_store_prefix_check(prefix));

	if (!job) {
		fn(arg, -ENOMEM, NULL, 0);
		return;
	}
	job->run = list_run;
	job->on_items = fn;
	job->arg = arg;
	job_start(job);
}

/* ---- batches ---- */

static int
commit_run(struct job *job)
{
	return db_commit(&job->store->db, job->ops, job->op_count, &job->err);
}

static void
sqlite_commit(void *store, const struct pst_store_op *ops, size_t count,
    void (*fn)(void *arg, int rc), void *arg)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job) {
		fn(arg, -ENOMEM);
		return;
	}
	job->store = store;
	job->run = commit_run;
	job->on_done = fn;
	job->arg = arg;
	job->rc = pst_store_batch_copy(&job->ops, ops, count);
	job->op_count = job->rc ? 0 : count;
	job_start(job);
}

static const struct pst_store_ops sqlite_ops = {
	.size = sizeof sqlite_ops,
	.get = sqlite_get,
	.list = sqlite_list,
	.commit = sqlite_commit,
};

/* ---- the section ---- */

static int
open_work(void *arg)
{
	struct store *store = arg;

	return db_open(&store->db, store->path, &store->err);
}

static void
open_done(void *arg, int rc)
{
	struct store *store = arg;

	if (store->closing)
		return;
	if (rc)
		pst_section_down(store->env, rc,
		    store->err.text[0] ? store->err.text : pst_strerror(rc));
	else
		pst_section_up(store->env);
}

static int
path_set(struct store *store)
{
	const char *name = pst_section_name(store->env);
	int len;

	if (store->conf->path)
		len = snprintf(store->path, sizeof store->path, "%s", store->conf->path);
	else if (!strcmp(name, "default"))
		len = snprintf(store->path, sizeof store->path, "%s/state.db",
		    pst_section_state_dir(store->env));
	else
		len = snprintf(store->path, sizeof store->path, "%s/state-%s.db",
		    pst_section_state_dir(store->env), name);
	return len < (int)sizeof store->path ? PST_OK : -ENAMETOOLONG;
}

static void
store_gone(void *arg)
{
	struct store *store = arg;
	struct pst_section_env *env = store->env;

	db_close(&store->db); /* a no-op, unless memory lacked for close_work */
	free(store);
	pst_section_closed(env);
}

/* In the lane, as it may bring the log into the database. */
static int
close_work(void *arg)
{
	struct store *store = arg;

	db_close(&store->db);
	return PST_OK;
}

static void
close_done(void *arg, int rc)
{
	(void)arg; /* store_gone follows */
	(void)rc;
}

static void
sqlite_close(void *self)
{
	struct store *store = self;

	store->closing = true;
	/* without memory store_gone does it */
	if (pst_lane_run(store->lane, close_work, close_done, store))
		pst_debug(pst_section_log(store->env), "closing without the lane");
	pst_lane_close(&store->lane, store_gone, store);
}

static int
sqlite_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct store *store = calloc(1, sizeof *store);
	int rc;

	if (!store)
		return pst_fail(err, -ENOMEM, "out of memory");
	store->env = env;
	store->conf = conf;
	rc = path_set(store);
	if (!rc)
		rc = pst_lane_new(&store->lane, pst_section_env(env), "sqlite");
	if (rc) {
		free(store);
		return pst_fail(err, rc, "the store cannot be opened: %s", pst_strerror(rc));
	}
	rc = pst_lane_run(store->lane, open_work, open_done, store);
	if (rc) /* the lane is there: closing is what ends it */
		pst_section_down(env, rc, pst_strerror(rc));
	*self = store;
	return PST_OK;
}

static const struct pst_opt sqlite_options[] = {
	PST_OPT(PATH, struct sqlite_conf, path, NULL,
	    "file of the database; left out: state.db in the state directory "
	    "(of a store not called default: state-NAME.db)"),
	PST_OPT_END,
};

static const struct pst_section sections[] = {
	PST_SECTION("store", struct sqlite_conf, sqlite_options, NULL, sqlite_open, sqlite_close),
	PST_SECTION_END,
};

PST_MODULE(store_sqlite,
    .kind = PST_KIND_STORE,
    .version = "0.1.0",
    .summary = "a node's state in one SQLite file",
    .sections = sections,
    .ops = &sqlite_ops,
);
