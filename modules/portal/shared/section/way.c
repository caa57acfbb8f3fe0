#include "way.h"

#include <string.h>

#include <postern/multiaddr.h>

/* Ockam's word, of inlets that carry datagrams, too: who has said who may be at the far end of
 * his inlets has said it of all. */
#define POLICY_TYPE "tcp-inlet"

static struct pst_path_conf
path_conf(const struct way_conf *c, bool whole)
{
	return (struct pst_path_conf){
		.project = c->project,
		.via = c->via,
		.outlet = c->outlet,
		.authorized = &c->authorized,
		.allow = c->allow,
		.type = POLICY_TYPE,
		.hops = &c->hops,
		.channel = c->channel,
		.holds = whole,
	};
}

/* A route to an outlet ends with a worker, not with a channel or a port. */
static bool
ends_at_worker(const struct pst_multiaddr *ma)
{
	enum pst_protocol last = ma->hop[ma->count - 1].protocol;

	return last == PST_SERVICE || last == PST_WORKER;
}

static int
route_check(const char *to, bool whole, struct pst_err *err)
{
	struct pst_multiaddr ma;

	if (pst_multiaddr_parse(&ma, to, NULL))
		return PST_OK; /* the path says what is wrong */
	if (!ends_at_worker(&ma))
		return pst_fail(err, PST_E_CONF, "to: route \"%s\" ends without /service/NAME, the outlet", to);
	if (whole && pst_multiaddr_loses(&ma))
		return pst_fail(err, PST_E_CONF, "to: route \"%s\": what UDP loses would be missing from the stream; "
		    "take /quic/PORT, or use = udp for datagrams", to);
	return PST_OK;
}

int
way_check(const struct way_conf *c, bool whole, struct pst_err *err)
{
	struct pst_path_conf path = path_conf(c, whole);
	int rc = PST_OK;

	if (!c->to.count && !c->via)
		return pst_fail(err, PST_E_CONF, "to: say where the outlet is, or `via` which relay");
	for (size_t i = 0; !rc && i < c->to.count; i++)
		rc = route_check(c->to.item[i], whole, err);
	return rc ? rc : pst_choice_check(&path, &c->to, err);
}

int
way_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct way_conf *c = conf;
	struct pst_path_conf path;

	(void)kind;
	(void)err;
	path = path_conf(c, false);
	pst_choice_look(&path, &c->to, look);
	return PST_OK;
}

int
way_open(struct pst_choice **out, struct pst_section_env *senv, const struct way_conf *c, bool whole,
    const struct pst_path_events *events, void *arg, struct pst_err *err)
{
	struct pst_path_conf path = path_conf(c, whole);

	return pst_choice_open(out, senv, &path, &c->to, events, arg, err);
}
