/*
 * The channel that a section with `to` keeps open, at the address of its name: what this
 * node sends there goes through it. Answers come through it, too, and not by here.
 */
#include <postern/multiaddr.h>

#include "noise.h"

static struct pst_path_conf
path_conf(const struct noise_conf *c)
{
	return (struct pst_path_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.any_authority = true,
		.type = NOISE_POLICY_TYPE,
		.hops = &c->hops,
		.holds = true,
	};
}

/* It ends with the listener, or with the project's node, where there is one. */
static bool
ends_at_listener(const struct pst_multiaddr *ma)
{
	enum pst_protocol last = ma->hop[ma->count - 1].protocol;

	return last == PST_SECURE || last == PST_PROJECT;
}

/* Whose streams go through it does not see what it goes by. */
static int
route_check(const char *to, struct pst_err *err)
{
	struct pst_multiaddr ma;

	if (pst_multiaddr_parse(&ma, to, NULL))
		return PST_OK; /* the path says what is wrong */
	if (!ends_at_listener(&ma))
		return pst_fail(err, PST_E_CONF, "to: route \"%s\" ends without /secure/NAME, the listener", to);
	if (pst_multiaddr_loses(&ma))
		return pst_fail(err, PST_E_CONF, "to: route \"%s\": what UDP loses would be missing from streams; "
		    "take /quic/PORT", to);
	return PST_OK;
}

int
kept_check(const struct noise_conf *c, struct pst_err *err)
{
	struct pst_path_conf path = path_conf(c);
	int rc = PST_OK;

	if (!c->to.count)
		return c->hops.count ? pst_fail(err, PST_E_CONF, "hops: only with `to`") : PST_OK;
	for (size_t i = 0; !rc && i < c->to.count; i++)
		rc = route_check(c->to.item[i], err);
	return rc ? rc : pst_choice_check(&path, &c->to, err);
}

void
kept_look(const struct noise_conf *c, struct pst_look *look)
{
	struct pst_path_conf path = path_conf(c);

	if (c->to.count)
		pst_choice_look(&path, &c->to, look);
}

/* ---- what goes through it ---- */

static void
kept_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct kept *kept = pst_container_of(worker, struct kept, worker);
	struct pst_route rest = pst_route_rest(&m->onward), route;
	struct pst_route_buf onward;

	pst_route_buf_init(&onward);
	if (pst_route_add_route(&onward, &kept->route) || pst_route_add_route(&onward, &rest))
		return;
	route = pst_route_buf_view(&onward);
	(void)!pst_send(pst_env_router(kept->env), &route, &m->back, &m->payload); /* the router has logged it */
}

/* ---- the paths ---- */

/* While none is up there is no such address: who sends there is told at once. */
static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct kept *kept = arg;
	struct pst_router *router = pst_env_router(kept->env);
	int rc;

	pst_worker_stop(router, &kept->worker);
	kept->route = *route;
	rc = pst_worker_start_named(router, &kept->worker, pst_section_name(kept->senv), PST_REACH_INSIDE,
	    kept_receives);
	if (rc)
		pst_error(pst_section_log(kept->senv), "another worker has this address", PST_RC(rc));
	else
		pst_info(pst_section_log(kept->senv), "kept channel up",
		    PST_STR("peer", gate->peer ? pst_peer_text(gate->peer) : NULL));
}

static void
path_down(void *arg, int rc)
{
	struct kept *kept = arg;

	pst_info(pst_section_log(kept->senv), "kept channel down", PST_RC(rc));
	pst_worker_stop(pst_env_router(kept->env), &kept->worker);
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

/* ---- life ---- */

int
kept_open(struct kept *kept, struct pst_section_env *senv, const struct noise_conf *c,
    struct pst_err *err)
{
	struct pst_path_conf path = path_conf(c);

	path.channel = pst_section_name(senv); /* made by this section, as this section is */
	kept->senv = senv;
	kept->env = pst_section_env(senv);
	return pst_choice_open(&kept->paths, senv, &path, &c->to, &path_events, kept, err);
}

void
kept_close(struct kept *kept, void (*on_closed)(void *arg), void *arg)
{
	if (!kept->paths)
		return;
	pst_worker_stop(pst_env_router(kept->env), &kept->worker);
	pst_choice_close(&kept->paths, on_closed, arg);
}

void
kept_status(const struct kept *kept, struct pst_status *status)
{
	if (kept->paths)
		pst_choice_status(kept->paths, status);
}
