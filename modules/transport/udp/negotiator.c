/* The worker `udp`: whoever has a channel to us may ask for a puncture (spec routing.md 3.5). */
#include <errno.h>

#include "puncture.h"

static int
initiate(struct udp *udp, const struct pst_message *m)
{
	struct negotiation peer;
	struct puncture *puncture;
	int rc = negotiation_read(&peer, &m->payload);

	if (!rc && udp->punctures_asked >= udp->conf->punctures)
		rc = PST_E_LIMIT;
	return rc ? rc : puncture_begin(&puncture, udp, &peer, &m->back);
}

static void
negotiator_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct udp *udp = pst_container_of(worker, struct udp, negotiator);
	int rc;

	/* whatever is exposed: what we are made to send to is said by a channel's peer */
	if (!m->from || !m->from->peer)
		return;
	rc = initiate(udp, m);
	if (rc)
		pst_warn_rated(pst_section_log(udp->senv), &udp->refused, "puncture refused", PST_RC(rc));
}

int
negotiator_open(struct udp *udp, struct pst_err *err)
{
	int rc;

	if (!udp->conf->rendezvous)
		return PST_OK;
	rc = pst_worker_start_named(pst_env_router(udp->env), &udp->negotiator, "udp",
	    PST_REACH_SECTION, negotiator_receives);
	if (rc)
		return pst_fail(err, rc, "address \"udp\": %s", pst_strerror(rc));
	udp->negotiates = true;
	return PST_OK;
}

void
negotiator_close(struct udp *udp)
{
	if (udp->negotiates)
		pst_worker_stop(pst_env_router(udp->env), &udp->negotiator);
	udp->negotiates = false;
	for (struct puncture *p = udp->punctures, *next; p; p = next) {
		next = p->next;
		puncture_end(p, PST_E_CLOSED);
	}
}
