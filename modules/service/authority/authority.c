/* service/authority: the section. authority.md is its page. */
#include "authority.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <postern/look.h>

static const struct pst_opt authority_options[] = {
	PST_OPT(REF, struct authority_conf, identity, NULL, "who issues", .of = "identity"),
	PST_OPT(REF, struct authority_conf, store, NULL, "where members and codes are", .of = "store"),
	PST_OPT(STR, struct authority_conf, project, NULL,
	    "what credentials carry as trust_context_id; left out: they have none"),
	PST_OPT(LIST, struct authority_conf, members, NULL,
	    "members from the start, each \"I… NAME=VALUE NAME=VALUE\"; ockam-role=enroller may invite others"),
	PST_OPT(TIME, struct authority_conf, credential_ttl, "1h", "how long a credential holds"),
	PST_OPT_END,
};

static int
authority_check(const void *conf, struct pst_err *err)
{
	const struct authority_conf *c = conf;
	struct pst_identifier id[2];
	struct attributes attributes;

	if (c->credential_ttl < 60000)
		return pst_fail(err, PST_E_CONF, "credential_ttl: at least 1m");
	for (size_t i = 0; i < c->members.count; i++) {
		if (trusted_parse(&id[0], &attributes, c->members.item[i], err))
			return PST_E_CONF;
		for (size_t j = 0; j < i; j++)
			if (!trusted_parse(&id[1], &attributes, c->members.item[j], NULL) &&
			    pst_identifier_equal(&id[0], &id[1]))
				return pst_fail(err, PST_E_CONF, "members: \"%.65s\" is there twice", c->members.item[i]);
	}
	return PST_OK;
}

static uint64_t
clock_now(void)
{
	return (uint64_t)time(NULL);
}

/* ---- the pre-trusted are no strangers ---- */

static bool
names(const struct pst_doorman *doorman, const struct pst_peer *peer)
{
	const struct authority *a = pst_container_of(doorman, struct authority, doorman);

	return pst_admission_allows(a->admission, peer);
}

static int
admission_make(struct authority *a, struct pst_err *err)
{
	const struct pst_list *members = &a->conf->members;
	char (*text)[PST_IDENTIFIER_TEXT] = calloc(members->count + 1, sizeof *text);
	const char **item = calloc(members->count + 1, sizeof *item);
	const struct pst_list list = { members->count, item };
	struct attributes attributes;
	struct pst_identifier id;
	int rc = text && item ? PST_OK : -ENOMEM;

	for (size_t i = 0; !rc && i < members->count; i++) {
		rc = trusted_parse(&id, &attributes, members->item[i], err);
		pst_identifier_format(text[i], &id);
		item[i] = text[i];
	}
	if (!rc)
		rc = pst_admission_new(&a->admission, &list, err);
	free(text);
	free(item);
	return rc;
}

/* ---- life ---- */

/* Its workers. */
#define ISSUER "credential_issuer"
#define TOKENS "enrollment_token_issuer"
#define ACCEPTOR "enrollment_token_acceptor"
#define DIRECT "direct_authenticator"

static int
authority_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	(void)kind;
	(void)conf;
	(void)err;
	pst_look_worker(look, ISSUER);
	pst_look_worker(look, TOKENS);
	pst_look_worker(look, ACCEPTOR);
	pst_look_worker(look, DIRECT);
	return PST_OK;
}

static int
serve(struct authority *a, struct pst_err *err)
{
	const struct {
		struct pst_api_server *server;
		const char *name;
		void (*serve)(struct pst_api_server *server, struct pst_api_call *call);
	} workers[] = {
		{ &a->issuer, ISSUER, issuer_serves },
		{ &a->tokens, TOKENS, tokens_serves },
		{ &a->acceptor, ACCEPTOR, acceptor_serves },
		{ &a->direct, DIRECT, direct_serves },
	};
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < sizeof workers / sizeof *workers; i++)
		rc = pst_api_serve(workers[i].server, a->env, workers[i].name, a->log, workers[i].serve);
	if (rc == -EEXIST)
		pst_fail(err, rc, "another section has the same workers: one authority is enough");
	return rc;
}

static void
authority_free(struct authority *a)
{
	pst_timer_stop(a->env, &a->sweep);
	pst_doorman_leave(&a->doorman);
	pst_api_stop(&a->issuer);
	pst_api_stop(&a->tokens);
	pst_api_stop(&a->acceptor);
	pst_api_stop(&a->direct);
	pst_admission_free(&a->admission);
	free(a);
}

static void
authority_status(void *self, struct pst_status *status)
{
	const struct authority *a = self;

	pst_status_put(status, PST_FIELDS(PST_STR("identifier", a->name),
	    PST_U64("enrolled", a->enrolled), PST_U64("issued", a->issued)));
}

static const struct pst_section_hooks authority_hooks = {
	.size = sizeof authority_hooks,
	.status = authority_status,
};

static int
authority_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct authority *a = calloc(1, sizeof *a);
	const void *store_ops;
	int rc;

	if (!a)
		return -ENOMEM;
	a->senv = senv;
	a->env = pst_section_env(senv);
	a->conf = conf;
	a->log = pst_section_log(senv);
	a->now = clock_now;
	a->last = &a->first;
	a->identity = pst_section_ref(senv, "identity", a->conf->identity, NULL);
	a->store = pst_section_ref(senv, "store", a->conf->store, &store_ops);
	a->store_ops = store_ops;
	pst_identifier_format(a->name, pst_identity_identifier(a->identity));
	rc = admission_make(a, err);
	if (!rc)
		rc = serve(a, err);
	if (!rc)
		rc = trusted_begin(a);
	if (rc) {
		authority_free(a);
		return rc;
	}
	pst_doorman_enter(pst_env_router(a->env), &a->doorman, names);
	pst_section_hook(senv, &authority_hooks);
	*self = a;
	return PST_OK;
}

void
authority_job_ended(struct authority *a)
{
	struct pst_section_env *senv = a->senv;

	if (--a->jobs || !a->closing)
		return;
	authority_free(a);
	pst_section_closed(senv);
}

static void
authority_close(void *self)
{
	struct authority *a = self;

	a->closing = true;
	a->jobs++; /* this one, until all others that can be ended are */
	pst_timer_stop(a->env, &a->sweep);
	pst_api_stop(&a->issuer);
	pst_api_stop(&a->tokens);
	pst_api_stop(&a->acceptor);
	pst_api_stop(&a->direct);
	redeem_drop(a);
	authority_job_ended(a);
}

static const struct pst_section authority_sections[] = {
	PST_SECTION("service", struct authority_conf, authority_options, authority_check,
	    authority_open, authority_close),
	PST_SECTION_END,
};

PST_MODULE(service_authority, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "makes members of those who have a ticket, and says so in credentials",
    .sections = authority_sections, .look = authority_look);
