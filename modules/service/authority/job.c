/* What all jobs do: ask the store, find out who asks, answer. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "authority.h"

/* ---- life ---- */

struct job *
job_new(struct authority *a, struct pst_api_call *call)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job) {
		if (call)
			pst_api_refuse(&call, PST_STATUS_INTERNAL, "out of memory");
		return NULL;
	}
	job->a = a;
	job->call = call;
	a->jobs++;
	return job;
}

void
job_end(struct job *job)
{
	struct authority *a = job->a;

	free(job->caller_value.bytes);
	free(job->target_value.bytes);
	free(job->targets);
	free(job->code_value.bytes);
	sodium_memzero(job->secret, sizeof job->secret);
	free(job);
	authority_job_ended(a);
}

void
job_answer(struct job *job, const void *body, size_t len)
{
	struct pst_gate *gate = job->call ? job->call->gate : NULL;

	/* who may ask is no stranger: its channel is not one of those that are few, and an older
	 * history of it is refused for good */
	if (job->call && job->call->peer)
		pst_peer_keep(job->call->peer);
	if (gate && gate->peer && gate->admit)
		gate->admit(gate);
	if (job->call)
		pst_api_answer(&job->call, body, len);
	job_end(job);
}

void
job_refuse(struct job *job, unsigned status, const char *fmt, ...)
{
	char text[PST_API_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (job->call)
		pst_api_refuse(&job->call, status, "%s", text);
	job_end(job);
}

void
job_fail(struct job *job, const char *what, int rc)
{
	if (job->failed)
		job->failed(job, rc);
	job_refuse(job, PST_STATUS_INTERNAL, "%s: %s", what, pst_strerror(rc));
}

const struct pst_identifier *
job_identifier(const struct job *job)
{
	return job->call && job->call->peer ? pst_peer_identifier(job->call->peer)
	                                    : pst_identity_identifier(job->a->identity);
}

const char *
job_who(const struct job *job)
{
	return job->call && job->call->peer ? pst_peer_text(job->call->peer) : "the operator";
}

/* ---- the store ---- */

static bool
closes(struct job *job)
{
	if (!job->a->closing)
		return false;
	job_refuse(job, PST_STATUS_INTERNAL, "the authority is being closed");
	return true;
}

static void
got(void *arg, int rc, const struct pst_store_item *item)
{
	struct job *job = arg;

	if (closes(job))
		return;
	free(job->into->bytes);
	*job->into = (struct value){ NULL, 0 };
	if (!rc) {
		job->into->bytes = malloc(item->len + 1);
		if (!job->into->bytes) {
			rc = -ENOMEM;
		} else {
			memcpy(job->into->bytes, item->value, item->len);
			job->into->len = item->len;
		}
	}
	job->then(job, rc);
}

void
job_get(struct job *job, struct value *into, const char *key,
    void (*then)(struct job *job, int rc))
{
	job->into = into;
	job->then = then;
	job->a->store_ops->get(job->a->store, key, got, job);
}

static void
committed(void *arg, int rc)
{
	struct job *job = arg;

	/* what is done is done, and said */
	if (rc && closes(job))
		return;
	job->then(job, rc);
}

void
job_commit(struct job *job, const struct pst_store_op *ops, size_t count,
    void (*then)(struct job *job, int rc))
{
	job->then = then;
	job->a->store_ops->commit(job->a->store, ops, count, committed, job);
}

static void
listed(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct job *job = arg;

	if (closes(job))
		return;
	if (rc)
		job_fail(job, "the store", rc);
	else
		job->then_items(job, items, count);
}

void
job_list(struct job *job, const char *prefix,
    void (*then)(struct job *job, const struct pst_store_item *items, size_t count))
{
	job->then_items = then;
	job->a->store_ops->list(job->a->store, prefix, listed, job);
}

/* ---- keys ---- */

char *
member_key(char out[KEY_MAX], const struct authority *a, const struct pst_identifier *id)
{
	char text[PST_IDENTIFIER_TEXT] = "";

	if (id)
		pst_identifier_format(text, id);
	snprintf(out, KEY_MAX, "authority/%s/member/%s", a->name, text);
	return out;
}

int
member_key_identifier(struct pst_identifier *out, const struct authority *a, const char *key)
{
	char prefix[KEY_MAX];

	return pst_identifier_parse(out, key + strlen(member_key(prefix, a, NULL)));
}

char *
revoked_key(char out[KEY_MAX], const struct authority *a, const struct pst_identifier *id)
{
	char text[PST_IDENTIFIER_TEXT] = "";

	if (id)
		pst_identifier_format(text, id);
	snprintf(out, KEY_MAX, "authority/%s/revoked/%s", a->name, text);
	return out;
}

char *
code_key(char out[KEY_MAX], const struct authority *a, const uint8_t code[CODE_LEN])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[2 * sizeof hash + 1] = "";

	if (code) {
		crypto_hash_sha256(hash, code, CODE_LEN);
		sodium_bin2hex(text, sizeof text, hash, sizeof hash);
	}
	snprintf(out, KEY_MAX, "authority/%s/code/%s", a->name, text);
	return out;
}

/* ---- members ---- */

/* What is being read is one of two; each has its own place for the record. */
static void
member_got(struct job *job, int rc, const struct value *value, struct member *member,
    void (*then)(struct job *job, int rc))
{
	if (!rc && member_read(member, value->bytes, value->len))
		rc = -EBADMSG;
	if (rc && rc != -ENOENT)
		job_fail(job, "the record of a member", rc);
	else
		then(job, rc);
}

static void
target_got(struct job *job, int rc)
{
	member_got(job, rc, &job->target_value, &job->target_member, job->then_member);
}

void
job_target(struct job *job, void (*then)(struct job *job, int rc))
{
	char key[KEY_MAX];

	job->then_member = then;
	job_get(job, &job->target_value, member_key(key, job->a, &job->target), target_got);
}

static void
caller_known(struct job *job, int rc)
{
	job->member = !rc;
	job->enroller = !rc && attributes_enroller(&job->caller.attributes);
	job->admin = job->enroller; /* there is no account authority */
	job->then_class(job);
}

static void
caller_got(struct job *job, int rc)
{
	member_got(job, rc, &job->caller_value, &job->caller, caller_known);
}

void
job_classify(struct job *job, void (*then)(struct job *job))
{
	char key[KEY_MAX];

	job->then_class = then;
	if (job->call && job->call->peer) {
		job_get(job, &job->caller_value, member_key(key, job->a, job_identifier(job)), caller_got);
		return;
	}
	job->enroller = job->admin = true;
	then(job);
}
