/* What has expired is deleted: codes, which nobody can redeem meanwhile, and the records of
 * deleted members, of which those that another node made are heard of here. */
#include <errno.h>
#include <stdlib.h>

#include "authority.h"

#define SWEEP_MS 60000

static void
due(struct pst_timer *timer)
{
	sweep_begin(pst_container_of(timer, struct authority, sweep));
}

static void
revoked_swept(struct job *job, int rc)
{
	if (rc)
		pst_warn(job->a->log, "expired records of deleted members cannot be deleted", PST_RC(rc));
	job_end(job);
}

static void
revoked_listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	struct pst_store_op *ops = calloc(count + 1, sizeof *ops);
	size_t n = revoked_hear(job->a, items, count, ops);

	if (n)
		job_commit(job, ops, n, revoked_swept);
	else
		job_end(job);
	free(ops);
}

static void
codes_swept(struct job *job, int rc)
{
	char key[KEY_MAX];

	/* one was redeemed or swept by another node: next time */
	if (rc && rc != PST_E_CONFLICT)
		pst_warn(job->a->log, "expired codes cannot be deleted", PST_RC(rc));
	job_list(job, revoked_key(key, job->a, NULL), revoked_listed);
}

static void
codes_listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	struct pst_store_op *ops = calloc(count + 1, sizeof *ops);
	uint64_t now = job->a->now();
	size_t n = 0;

	for (size_t i = 0; ops && i < count; i++)
		if (!code_read(&job->code, items[i].value, items[i].len) && job->code.expires_at <= now)
			ops[n++] = (struct pst_store_op){ PST_STORE_DELETE, { .key = items[i].key } };
	if (n)
		job_commit(job, ops, n, codes_swept);
	else
		codes_swept(job, PST_OK);
	free(ops);
}

void
sweep_begin(struct authority *a)
{
	struct job *job = job_new(a, NULL);
	char key[KEY_MAX];

	pst_timer_start(a->env, &a->sweep, pst_jitter(SWEEP_MS), due);
	if (job)
		job_list(job, code_key(key, a, NULL), codes_listed);
}
