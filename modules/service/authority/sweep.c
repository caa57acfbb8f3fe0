/* Codes that have expired are deleted; nobody can redeem them meanwhile. */
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
swept(struct job *job, int rc)
{
	/* one was redeemed or swept by another node: next time */
	if (rc && rc != PST_E_CONFLICT)
		pst_warn(job->a->log, "expired codes cannot be deleted", PST_RC(rc));
	job_end(job);
}

static void
listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	struct pst_store_op *ops = calloc(count + 1, sizeof *ops);
	uint64_t now = job->a->now();
	size_t n = 0;

	for (size_t i = 0; ops && i < count; i++)
		if (!code_read(&job->code, items[i].value, items[i].len) && job->code.expires_at <= now)
			ops[n++] = (struct pst_store_op){ PST_STORE_DELETE, { .key = items[i].key } };
	if (n)
		job_commit(job, ops, n, swept);
	else
		job_end(job);
	free(ops);
}

void
sweep_begin(struct authority *a)
{
	struct job *job = job_new(a, NULL);
	char key[KEY_MAX];

	pst_timer_start(a->env, &a->sweep, pst_jitter(SWEEP_MS), due);
	if (job)
		job_list(job, code_key(key, a, NULL), listed);
}
