/*
 * enrollment_token_acceptor (trust.md 5.5): a code makes its holder a member.
 *
 * Jobs that redeem stand in a queue, so that clients of one node never race
 * and N of N uses succeed; those of another node on the same store may be
 * faster, and then it is tried again.
 */
#include <errno.h>
#include <sodium.h>

#include "authority.h"

static void redeem(struct job *job);

/* ---- the queue ---- */

static void
turn(struct pst_task *task)
{
	struct authority *a = pst_container_of(task, struct authority, turn);
	struct job *job = a->first;

	if (a->redeeming || !job)
		return;
	a->first = job->next;
	if (!a->first)
		a->last = &a->first;
	a->redeeming = job;
	redeem(job);
}

static void
queue_add(struct job *job)
{
	struct authority *a = job->a;

	*a->last = job;
	a->last = &job->next;
	if (!a->redeeming)
		pst_task_post(a->env, &a->turn, turn);
}

/* Before the job ends. */
static void
queue_next(struct authority *a)
{
	a->redeeming = NULL;
	if (a->first)
		pst_task_post(a->env, &a->turn, turn);
}

void
redeem_drop(struct authority *a)
{
	struct job *job;

	while ((job = a->first)) {
		a->first = job->next;
		job_refuse(job, PST_STATUS_INTERNAL, "the authority is being closed");
	}
	a->last = &a->first;
	pst_task_cancel(a->env, &a->turn);
}

static void
failed(struct job *job, int rc)
{
	queue_next(job->a);
}

static void
refuse(struct job *job, const char *text)
{
	queue_next(job->a);
	job_refuse(job, PST_STATUS_FORBIDDEN, "%s", text);
}

/* ---- one redemption ---- */

static void
stored(struct job *job, int rc)
{
	if (rc == PST_E_CONFLICT && ++job->tries < TRIES_MAX) {
		redeem(job);
		return;
	}
	if (rc) {
		pst_warn(job->a->log, "a member could not be added", PST_STR("peer", job_who(job)),
		    PST_STR("reference", job->code.reference), PST_RC(rc));
		/* no refusal: the code is as good as before */
		job_fail(job, "Error adding member using enrollment token", rc);
		return;
	}
	job->a->enrolled++;
	pst_info(job->a->log, "member enrolled", PST_STR("peer", job_who(job)),
	    PST_STR("reference", job->code.reference), PST_U64("uses_left", job->code.uses));
	queue_next(job->a);
	job_answer(job, NULL, 0);
}

/* One use less and one member more: both or neither. */
static void
exchange(struct job *job)
{
	const struct member member = {
		.attributes = job->code.attributes,
		.added_by = job->code.created_by,
		.added_at = job->a->now(),
	};
	uint8_t code_value[RECORD_MAX], member_value[RECORD_MAX];
	struct pst_writer c = pst_writer(code_value, sizeof code_value);
	struct pst_writer m = pst_writer(member_value, sizeof member_value);
	char ckey[KEY_MAX], mkey[KEY_MAX];

	code_key(ckey, job->a, job->secret);
	member_key(mkey, job->a, job_identifier(job));
	job->code.uses = job->code.uses > 1 ? job->code.uses - 1 : 0;
	code_write(&c, &job->code);
	member_write(&m, &member);

	const struct pst_store_op ops[] = {
		{ PST_STORE_EXPECT, { ckey, job->code_value.bytes, job->code_value.len } },
		{ PST_STORE_EXPECT_ABSENT, { .key = mkey } },
		{ job->code.uses ? PST_STORE_PUT : PST_STORE_DELETE, { ckey, code_value, pst_writer_len(&c) } },
		{ PST_STORE_PUT, { mkey, member_value, pst_writer_len(&m) } },
	};

	job_commit(job, ops, sizeof ops / sizeof *ops, stored);
}

static void
code_got(struct job *job, int rc)
{
	const struct value *value = &job->code_value;

	if (!rc && code_read(&job->code, value->bytes, value->len))
		rc = -EBADMSG;
	if (rc && rc != -ENOENT) {
		job_fail(job, "the record of a code", rc);
	} else if (rc || job->code.expires_at <= job->a->now()) {
		refuse(job, "Unknown enrollment token"); /* the sweep deletes it */
	} else {
		exchange(job);
	}
}

static void
caller_got(struct job *job, int rc)
{
	char key[KEY_MAX];

	if (!rc) /* who is a member already uses up nothing */
		refuse(job, "Already a member");
	else
		job_get(job, &job->code_value, code_key(key, job->a, job->secret), code_got);
}

static void
redeem(struct job *job)
{
	job->target = *job_identifier(job);
	job_target(job, caller_got);
}

void
acceptor_serves(struct pst_api_server *server, struct pst_api_call *call)
{
	struct authority *a = pst_container_of(server, struct authority, acceptor);
	const char *path = call->request.path;
	uint8_t code[CODE_LEN];
	struct job *job;

	if (call->request.method != PST_METHOD_POST || (strcmp(path, "/") && strcmp(path, "/credential"))) {
		pst_api_unknown(&call);
		return;
	}
	if (one_time_code_read(code, call->request.body) || !call->peer) {
		pst_api_refuse(&call, PST_STATUS_BAD_REQUEST, "not a one-time code by a secure channel");
		return;
	}
	job = job_new(a, call);
	if (!job)
		return;
	memcpy(job->secret, code, sizeof code);
	sodium_memzero(code, sizeof code);
	job->failed = failed;
	queue_add(job);
}
