/*
 * service/echo: a worker that sends every payload back. Peers' liveness
 * probes need it (spec routing.md 6, 8.7), so every node has one.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/admission.h>
#include <postern/look.h>
#include <postern/module.h>
#include <postern/multiaddr.h>
#include <postern/router.h>

struct echo_conf {
	const char *address;
	const char *allow;
};

struct echo {
	struct pst_section_env *senv;
	struct pst_worker worker;
	struct pst_admission *admission; /* of who asks through a channel */
};

static const struct pst_opt echo_options[] = {
	PST_OPT(STR, struct echo_conf, address, NULL, "the worker's address; default: the section's name"),
	PST_OPT(STR, struct echo_conf, allow, NULL,
	    "who is answered through a channel, as a policy over attributes; left out: everybody"),
	PST_OPT_END,
};

static const char *const anybody_item[] = { "*", NULL };
static const struct pst_list anybody = { 1, anybody_item };

static struct pst_admission_conf
admission_conf(const struct echo_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &anybody,
		.allow = c->allow,
		.type = "echoer",
		.may = "be answered",
		.any_authority = true,
	};
}

static int
echo_check(const void *conf, struct pst_err *err)
{
	const struct echo_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	int rc = c->address ? pst_address_check(c->address, err) : PST_OK;

	return rc ? rc : pst_admission_look(&admission, err);
}

static void
echo_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct echo *echo = pst_container_of(worker, struct echo, worker);
	struct pst_route own = pst_worker_route(worker);

	/* who has no channel is a link's probe, for which the transport must expose us */
	if (m->from && m->from->peer && !pst_admission_allows(echo->admission, m->from->peer))
		return;
	pst_send(pst_env_router(pst_section_env(echo->senv)), &m->back, &own, &m->payload);
}

static int
echo_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct echo_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	const char *address = c->address ? c->address : pst_section_name(senv);
	struct echo *echo = calloc(1, sizeof *echo);
	int rc;

	if (!echo)
		return -ENOMEM;
	echo->senv = senv;
	rc = pst_admission_open(&echo->admission, senv, &admission, err);
	if (rc) {
		free(echo);
		return rc;
	}
	rc = pst_worker_start_named(pst_env_router(pst_section_env(senv)), &echo->worker, address,
	    PST_REACH_SECTION, echo_receives);
	if (rc) {
		pst_admission_free(&echo->admission);
		free(echo);
		return pst_fail(err, rc, "address \"%s\": %s", address, pst_strerror(rc));
	}
	*self = echo;
	pst_section_up(senv);
	return PST_OK;
}

static void
echo_close(void *self)
{
	struct echo *echo = self;
	struct pst_section_env *senv = echo->senv;

	pst_worker_stop(pst_env_router(pst_section_env(senv)), &echo->worker);
	pst_admission_free(&echo->admission);
	free(echo);
	pst_section_closed(senv);
}

static int
echo_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct echo_conf *c = conf;

	(void)kind;
	(void)err;
	pst_look_worker(look, c->address ? c->address : pst_look_name(look));
	return PST_OK;
}

static const struct pst_section echo_sections[] = {
	PST_SECTION("service", struct echo_conf, echo_options, echo_check, echo_open, echo_close),
	PST_SECTION_END,
};

PST_MODULE(service_echo, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "sends every message back", .sections = echo_sections, .look = echo_look);
