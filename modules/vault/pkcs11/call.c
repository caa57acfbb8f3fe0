/* What a vault is asked: each question a job of the lane, and its answer. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "vault.h"

/* What a vault may answer; the token's own words go to the log. */
static int
rc_told(const struct job *job, int rc)
{
	const struct vault *vault = job->vault;

	if (rc && job->err.text[0] && rc != -ENOENT && rc != -ENODEV)
		pst_warn(pst_section_log(vault->env), "the token did not do what was asked",
		    PST_STR("why", job->err.text), PST_RC(rc));
	/* why it cannot be used is the section's to say */
	return rc && job->away ? -ENODEV : rc;
}

static void
job_done(void *arg, int rc)
{
	struct job *job = arg;

	rc = rc_told(job, rc);
	token_show(job->vault, job);
	job->call->vault = NULL;
	sodium_memzero(job->call->secret, sizeof job->call->secret);
	job->call->fn(job->call, rc);
	free(job);
}

/* Answers that need no token. */
static void
answer_closed(struct pst_task *task)
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);

	call->fn(call, PST_E_CLOSED);
}

static void
answer_memory(struct pst_task *task)
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);

	call->fn(call, -ENOMEM);
}

static void
answer_no_import(struct pst_task *task)
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);

	call->fn(call, -ENOTSUP);
}

static void
call_post(struct vault *vault, struct pst_vault_call *call, void (*fn)(struct pst_task *task))
{
	sodium_memzero(call->secret, sizeof call->secret);
	call->task.link = NULL; /* the caller may not have cleared it */
	pst_task_post(pst_section_env(vault->env), &call->task, fn);
}

static void
call_start(struct vault *vault, struct pst_vault_call *call, token_op *op)
{
	struct job *job = vault->closing ? NULL : calloc(1, sizeof *job);

	if (!job) {
		call_post(vault, call, vault->closing ? answer_closed : answer_memory);
		return;
	}
	call->handle[sizeof call->handle - 1] = '\0';
	call->vault = vault;
	*job = (struct job){ .vault = vault, .op = op, .call = call };
	if (pst_lane_run(vault->lane, job_work, job_done, job)) {
		free(job);
		call_post(vault, call, answer_memory);
	}
}

#define OP(name) \
	static void \
	op_##name(void *vault, struct pst_vault_call *call) \
	{ \
		call_start(vault, call, token_##name); \
	}

OP(make)
OP(public_key)
OP(sign)
OP(agree)
OP(remove)

/* A key that was elsewhere is not one that never left the token. */
static void
op_import(void *vault, struct pst_vault_call *call)
{
	call_post(vault, call, answer_no_import);
}

static void
list_done(void *arg, int rc)
{
	struct job *job = arg;
	struct pst_vault_key *keys = rc ? NULL : calloc(job->count + 1, sizeof *keys);

	for (size_t i = 0; keys && i < job->count; i++)
		keys[i] = (struct pst_vault_key){ job->keys[i].handle, job->keys[i].key };
	rc = rc_told(job, rc || keys ? rc : -ENOMEM);
	token_show(job->vault, job);
	job->on_list(job->arg, rc, keys, keys ? job->count : 0);
	free(keys);
	free(job->keys);
	free(job);
}

static void
list_closed(struct pst_task *task)
{
	struct job *job = pst_container_of(task, struct job, task);

	job->on_list(job->arg, PST_E_CLOSED, NULL, 0);
	free(job);
}

static void
op_list(void *self, void (*fn)(void *arg, int rc, const struct pst_vault_key *keys, size_t count),
    void *arg)
{
	struct vault *vault = self;
	struct job *job = calloc(1, sizeof *job);
	int rc = -ENOMEM;

	if (job)
		*job = (struct job){ .vault = vault, .op = token_list, .on_list = fn, .arg = arg };
	if (job && vault->closing) {
		pst_task_post(pst_section_env(vault->env), &job->task, list_closed);
		return;
	}
	if (job)
		rc = pst_lane_run(vault->lane, job_work, list_done, job);
	if (rc) {
		free(job);
		fn(arg, rc, NULL, 0);
	}
}

static const char *
op_protection(void *vault)
{
	(void)vault;
	return "token";
}

const struct pst_vault_ops pkcs11_ops = {
	.size = sizeof pkcs11_ops,
	.make = op_make,
	.import = op_import,
	.public_key = op_public_key,
	.sign = op_sign,
	.agree = op_agree,
	.remove = op_remove,
	.list = op_list,
	.protection = op_protection,
};
