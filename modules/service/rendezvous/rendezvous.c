/*
 * service/rendezvous: tells who asks by UDP where it is seen from outside. Two
 * nodes behind NATs learn there what to tell each other (spec routing.md 3.5).
 *
 * Anybody may ask, in anybody's name. So an answer is one short message, without
 * a return route of ours: to Ockam's request of 68 bytes it has at most 75.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/look.h>
#include <postern/multiaddr.h>
#include <postern/transport.h>

#include "../../transport/shared/puncture/puncture_wire.h"

/* What the longest answer to an IPv4 address has more than the request, 25 bytes and 3. Who
 * wants a longer one, of an IPv6 address, puts as many bytes behind the request. */
#define MORE 22

struct rendezvous_conf {
	const char *address;
};

struct rendezvous {
	struct pst_section_env *senv;
	struct pst_worker worker;
	uint64_t answered;
};

static const struct pst_opt rendezvous_options[] = {
	PST_OPT(STR, struct rendezvous_conf, address, NULL, "the worker's address; default: the section's name"),
	PST_OPT_END,
};

static int
rendezvous_check(const void *conf, struct pst_err *err)
{
	const struct rendezvous_conf *c = conf;

	return c->address ? pst_address_check(c->address, err) : PST_OK;
}

static int
answer(struct rendezvous *rendezvous, const struct pst_message *m, enum rendezvous_type type)
{
	struct pst_env *env = pst_section_env(rendezvous->senv);
	const struct pst_route none = PST_ROUTE_EMPTY;
	uint8_t bytes[RENDEZVOUS_MAX];
	size_t len = rendezvous_answer(bytes, type, m->from->source);
	struct pst_buf buf;
	int rc;

	if (len > pst_buf_len(&m->payload) + MORE)
		return PST_E_LIMIT;
	rc = pst_env_buf(&buf, env, bytes, len, PST_LINK_FRONT, 0);
	if (!rc)
		rc = pst_send(pst_env_router(env), &m->back, &none, &buf);
	return rc;
}

static void
rendezvous_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct rendezvous *rendezvous = pst_container_of(worker, struct rendezvous, worker);
	enum rendezvous_type type;

	/* not by UDP: there is nothing to tell */
	if (!m->from || !m->from->source || rendezvous_read_request(&type, &m->payload))
		return;
	rendezvous->answered += !answer(rendezvous, m, type);
}

static void
rendezvous_status(void *self, struct pst_status *status)
{
	const struct rendezvous *rendezvous = self;

	pst_status_put(status, PST_FIELDS(PST_U64("answered", rendezvous->answered)));
}

static const struct pst_section_hooks rendezvous_hooks = {
	.size = sizeof rendezvous_hooks,
	.status = rendezvous_status,
};

static int
rendezvous_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct rendezvous_conf *c = conf;
	const char *address = c->address ? c->address : pst_section_name(senv);
	struct rendezvous *rendezvous = calloc(1, sizeof *rendezvous);
	int rc;

	if (!rendezvous)
		return -ENOMEM;
	rendezvous->senv = senv;
	rc = pst_worker_start_named(pst_env_router(pst_section_env(senv)), &rendezvous->worker, address,
	    PST_REACH_SECTION, rendezvous_receives);
	if (rc) {
		free(rendezvous);
		return pst_fail(err, rc, "address \"%s\": %s", address, pst_strerror(rc));
	}
	pst_section_hook(senv, &rendezvous_hooks);
	*self = rendezvous;
	pst_section_up(senv);
	return PST_OK;
}

static void
rendezvous_close(void *self)
{
	struct rendezvous *rendezvous = self;
	struct pst_section_env *senv = rendezvous->senv;

	pst_worker_stop(pst_env_router(pst_section_env(senv)), &rendezvous->worker);
	free(rendezvous);
	pst_section_closed(senv);
}

static int
rendezvous_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct rendezvous_conf *c = conf;

	(void)kind;
	(void)err;
	pst_look_worker(look, c->address ? c->address : pst_look_name(look));
	return PST_OK;
}

static const struct pst_section rendezvous_sections[] = {
	PST_SECTION("service", struct rendezvous_conf, rendezvous_options, rendezvous_check,
	    rendezvous_open, rendezvous_close),
	PST_SECTION_END,
};

PST_MODULE(service_rendezvous, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "tells peers by UDP where they are seen", .sections = rendezvous_sections, .look = rendezvous_look);
