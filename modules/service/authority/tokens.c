/* enrollment_token_issuer (trust.md 5.5). */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "authority.h"

static void
stored(struct job *job, int rc)
{
	uint8_t body[CODE_BODY_LEN];
	struct pst_writer w = pst_writer(body, sizeof body);

	if (rc) {
		job_fail(job, "the code cannot be stored", rc);
		return;
	}
	pst_info(job->a->log, "code made", PST_STR("reference", job->code.reference),
	    PST_STR("by", job_who(job)), PST_U64("uses", job->code.uses), PST_U64("ttl_s", job->ttl_s));
	one_time_code_write(&w, job->secret);
	job_answer(job, body, pst_writer_len(&w));
	sodium_memzero(body, sizeof body);
}

/* Letters and digits: for the log, which does not know the code. */
static void
reference_make(char out[REFERENCE_LEN + 1])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (int i = 0; i < REFERENCE_LEN; i++)
		out[i] = letters[randombytes_uniform(sizeof letters - 1)];
	out[REFERENCE_LEN] = '\0';
}

static void
code_make(struct job *job)
{
	struct code *code = &job->code;

	randombytes_buf(job->secret, sizeof job->secret);
	reference_make(code->reference);
	if (job->ttl_s > CODE_TTL_MAX)
		job->ttl_s = CODE_TTL_MAX;
	code->attributes = job->attributes;
	code->created_by = *job_identifier(job);
	code->created_at = job->a->now();
	code->expires_at = code->created_at + job->ttl_s;
}

static void
classified(struct job *job)
{
	uint8_t value[RECORD_MAX];
	struct pst_writer w = pst_writer(value, sizeof value);
	char key[KEY_MAX];

	if (!job->enroller) {
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller is trying to issue an enrollment token");
		return;
	}
	if (attributes_enroller(&job->attributes) && !job->admin) {
		job_refuse(job, PST_STATUS_FORBIDDEN,
		    "Not admin is trying to issue an enrollment token for an enroller");
		return;
	}
	code_make(job);
	code_write(&w, &job->code);
	code_key(key, job->a, job->secret);

	const struct pst_store_op ops[] = {
		{ PST_STORE_EXPECT_ABSENT, { .key = key } },
		{ PST_STORE_PUT, { key, value, pst_writer_len(&w) } },
	};

	job_commit(job, ops, 2, stored);
}

void
tokens_serves(struct pst_api_server *server, struct pst_api_call *call)
{
	struct authority *a = pst_container_of(server, struct authority, tokens);
	const char *path = call->request.path;
	struct create_token asked;
	struct job *job;

	if (call->request.method != PST_METHOD_POST || (strcmp(path, "/") && strcmp(path, "/tokens"))) {
		pst_api_unknown(&call);
		return;
	}
	if (create_token_read(&asked, call->request.body)) {
		pst_api_refuse(&call, PST_STATUS_BAD_REQUEST, "not a request for a token");
		return;
	}
	if (!asked.uses) {
		pst_api_refuse(&call, PST_STATUS_BAD_REQUEST, "a token that may not be used");
		return;
	}
	job = job_new(a, call);
	if (!job)
		return;
	job->attributes = asked.attributes;
	job->ttl_s = asked.ttl_s;
	job->code.uses = asked.uses;
	job_classify(job, classified);
}
