/* Punctures that we ask for: links that routes with /puncture/WORKER are made over. */
#include <errno.h>

#include "puncture.h"

/* Both its NAT and ours are to be open by then (3.5). */
#define ACKNOWLEDGE_MS 10000

static void
acknowledged(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct puncture *p = pst_container_of(request, struct puncture, request);
	struct negotiation peer;

	if (!rc)
		rc = negotiation_read(&peer, &answer->payload);
	if (!rc && peer.address.ss_family != p->rendezvous.ss_family)
		rc = UV_EAFNOSUPPORT;
	if (rc) {
		puncture_end(p, rc);
		return;
	}
	puncture_meets(p, &peer);
	p->pinged = true; /* who answers has its worker */
	puncture_state(p, PUNCTURE_PINGING);
	puncture_ping(p);
}

void
puncture_negotiate(struct puncture *p, const struct sockaddr_storage *seen)
{
	struct pst_buf buf = PST_BUF_INIT;

	if (puncture_presents(&buf, p, seen))
		return; /* the rendezvous is asked again */
	puncture_state(p, PUNCTURE_NEGOTIATING);
	(void)!pst_request_send(p->udp->env, &p->request, p->via, &buf, ACKNOWLEDGE_MS, acknowledged);
}

int
puncture_connect(struct pst_link **out, void *transport, const struct pst_route *via,
    const struct pst_link_events *events, void *arg)
{
	struct udp *udp = transport;
	struct puncture *p;
	int rc;

	if (!udp->conf->rendezvous)
		return PST_E_CONF;
	rc = puncture_begin(&p, udp, NULL, via);
	if (rc)
		return rc;
	p->events = events;
	p->arg = arg;
	*out = &p->hole;
	return PST_OK;
}

void
puncture_close(struct pst_link **out)
{
	struct puncture *p = pst_container_of(*out, struct puncture, hole);

	*out = NULL;
	p->events = NULL;
	puncture_end(p, PST_OK);
}
