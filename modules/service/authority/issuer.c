/* credential_issuer (trust.md 5.3). */
#include <errno.h>
#include <stdio.h>

#include "authority.h"

static void
issued(struct pst_issue_call *issue, int rc)
{
	struct job *job = issue->arg;

	if (rc) {
		job_refuse(job, PST_STATUS_INTERNAL, "%s", pst_strerror(rc));
		return;
	}
	job->a->issued++;
	pst_debug(job->a->log, "credential issued", PST_STR("peer", job_who(job)),
	    PST_U64("expires_at", issue->expires_at));
	job_answer(job, issue->credential, issue->len);
}

static void
classified(struct job *job)
{
	static const char context[] = "trust_context_id";
	const struct authority_conf *conf = job->a->conf;
	struct attributes *attributes = &job->caller.attributes;

	if (!job->member) {
		job_refuse(job, PST_STATUS_FORBIDDEN, "unauthorized member");
		return;
	}
	if (conf->project) { /* what the member has of that name wins */
		struct pst_attribute one = {
			.name = (const uint8_t *)context,
			.name_len = sizeof context - 1,
			.value = (const uint8_t *)conf->project,
			.value_len = (uint32_t)strlen(conf->project),
		};

		attributes_add(attributes, &one);
	}
	job->issue = (struct pst_issue_call){
		.fn = issued,
		.arg = job,
		.subject = job->call->peer,
		.attributes = attributes->item,
		.count = attributes->count,
		.ttl_s = conf->credential_ttl / 1000,
	};
	pst_identity_issue(job->a->identity, &job->issue);
}

void
issuer_serves(struct pst_api_server *server, struct pst_api_call *call)
{
	struct authority *a = pst_container_of(server, struct authority, issuer);
	const char *path = call->request.path;
	struct job *job;

	if (call->request.method != PST_METHOD_POST || (strcmp(path, "/") && strcmp(path, "/credential"))) {
		pst_api_unknown(&call);
		return;
	}
	job = job_new(a, call);
	if (job)
		job_classify(job, classified);
}
