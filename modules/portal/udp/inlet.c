/* `inlet NAME { use = udp  listen = …  to = … }`: where applications send datagrams. */
#include <errno.h>
#include <stdlib.h>

#include <postern/listen.h>

#include "inlet.h"
#include "sections.h"

/* A burst of a thousand applications fits; the kernel gives what it may (net.core.rmem_max). */
#define RECEIVE_BUFFER (1024 * 1024)

const struct pst_opt inlet_options[] = {
	PST_OPT(STR, struct inlet_conf, listen, NULL, "address:port where applications send datagrams",
	    .of = "required"),
	WAY_OPTIONS,
	PST_OPT(TIME, struct inlet_conf, idle, "60s", "end of a flow when quiet"),
	PST_OPT(INT, struct inlet_conf, flows, "10000",
	    "flows at once, one for each address of an application; the least recently used makes way"),
	PST_OPT_END,
};

/* ---- its configuration ---- */

int
inlet_check(const void *conf, struct pst_err *err)
{
	const struct inlet_conf *c = conf;
	int rc = pst_listen_check(c->listen, err);

	if (!rc)
		rc = flows_check(c->flows, c->idle, err);
	return rc ? rc : way_check(&c->way, false, err);
}

/* ---- the paths ---- */

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct inlet *inlet = arg;
	struct pst_admission *admission = pst_choice_admission(inlet->paths, gate);

	far_unref(&inlet->far);
	inlet->portal.lacks = WIRE_NO_REASON;
	if (far_new(&inlet->far, &inlet->portal, gate, route)) {
		pst_error(inlet->portal.log, "no memory for the route");
		return;
	}
	if (admission)
		far_admit(inlet->far, admission);
	inlet->worker.reach_gate = gate->id;
	pst_info(inlet->portal.log, "inlet up",
	    PST_STR("peer", gate->peer ? pst_peer_text(gate->peer) : NULL));
}

static void
path_down(void *arg, int rc)
{
	struct inlet *inlet = arg;

	pst_info(inlet->portal.log, "inlet down", PST_RC(rc));
	far_unref(&inlet->far);
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

/* A flow does not end with its route: the next datagram takes the next one. */
static void
far_gone(struct far *far, enum end why)
{
	struct inlet *inlet = pst_container_of(far->portal, struct inlet, portal);

	if (inlet->far == far)
		inlet->far = NULL; /* the use of it goes below */
	else
		far->uses++;
	if (why == END_DENIED)
		far_end(far, why);
	far_unref(&far);
}

/* ---- the section ---- */

static void
inlet_gone(struct portal *portal)
{
	struct inlet *inlet = pst_container_of(portal, struct inlet, portal);
	struct pst_section_env *senv = portal->senv;

	if (inlet->listener_open || inlet->paths)
		return;
	pst_worker_stop(portal->router, &inlet->worker);
	portal_fini(portal);
	free(inlet->numbered);
	free(inlet);
	pst_section_closed(senv);
}

static void
listener_closed(uv_handle_t *handle)
{
	struct inlet *inlet = pst_container_of(handle, struct inlet, listener);

	inlet->listener_open = false;
	portal_rests(&inlet->portal);
}

static void
paths_closed(void *arg)
{
	struct inlet *inlet = arg;

	inlet->paths = NULL;
	portal_rests(&inlet->portal);
}

static int
listen_at(struct inlet *inlet, const char *at, struct pst_err *err)
{
	struct sockaddr_storage sa = { 0 };
	char text[PST_ADDRESS_TEXT];
	int rc, len = sizeof sa, room = RECEIVE_BUFFER;

	rc = uv_udp_init(pst_env_loop(inlet->portal.env), &inlet->listener);
	inlet->listener_open = !rc;
	inlet->listener.data = &inlet->portal;
	if (!rc)
		rc = pst_sockaddr_parse(at, &sa);
	if (!rc)
		rc = uv_udp_bind(&inlet->listener, (const struct sockaddr *)&sa,
		    sa.ss_family == AF_INET6 ? UV_UDP_IPV6ONLY : 0);
	if (!rc)
		rc = uv_udp_recv_start(&inlet->listener, portal_alloc, inlet_takes);
	if (rc)
		return pst_fail(err, rc, "cannot listen on %s: %s", at, pst_strerror(rc));
	uv_recv_buffer_size((uv_handle_t *)&inlet->listener, &room);
	if (!uv_udp_getsockname(&inlet->listener, (struct sockaddr *)&sa, &len))
		at = pst_sockaddr_format(&sa, text);
	pst_info(inlet->portal.log, "listening", PST_STR("address", at));
	return PST_OK;
}

static void
inlet_status(void *self, struct pst_status *status)
{
	const struct inlet *inlet = self;

	pst_choice_status(inlet->paths, status);
	portal_status(&inlet->portal, status);
}

static void
inlet_drain(void *self)
{
	struct inlet *inlet = self;

	portal_drain(&inlet->portal);
}

static const struct pst_section_hooks inlet_hooks = {
	.size = sizeof inlet_hooks,
	.status = inlet_status,
	.drain = inlet_drain,
};

/* What there is without a loop: room for all flows. */
static int
inlet_new(struct inlet **out, struct pst_section_env *senv, const struct inlet_conf *c)
{
	struct inlet *inlet = calloc(1, sizeof *inlet);

	if (!inlet)
		return -ENOMEM;
	inlet->slots = 2 * (uint64_t)c->flows;
	inlet->numbered = calloc(inlet->slots, sizeof(struct flow *));
	if (!inlet->numbered) {
		free(inlet);
		return -ENOMEM;
	}
	portal_init(&inlet->portal, senv, c->flows, c->idle);
	inlet->portal.worker = &inlet->worker;
	inlet->portal.far_gone = far_gone;
	inlet->portal.gone = inlet_gone;
	inlet->portal.flow_leaves = inlet_lets_go;
	*out = inlet;
	return PST_OK;
}

int
inlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct inlet_conf *c = conf;
	struct inlet *inlet;
	int rc = inlet_new(&inlet, senv, c);

	if (rc)
		return rc;
	rc = pst_worker_start(inlet->portal.router, &inlet->worker, PST_REACH_GATE, inlet_hears);
	if (!rc)
		rc = way_open(&inlet->paths, senv, &c->way, false, &path_events, inlet, err);
	if (rc) {
		pst_worker_stop(inlet->portal.router, &inlet->worker);
		portal_fini(&inlet->portal);
		free(inlet->numbered);
		free(inlet);
		return rc;
	}
	pst_section_hook(senv, &inlet_hooks);
	*self = inlet;
	rc = listen_at(inlet, c->listen, err);
	if (rc) /* stays open, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

void
inlet_close(void *self)
{
	struct inlet *inlet = self;
	struct pst_choice *paths = inlet->paths;

	portal_end(&inlet->portal);
	far_unref(&inlet->far);
	if (inlet->listener_open)
		uv_close((uv_handle_t *)&inlet->listener, listener_closed);
	pst_choice_close(&paths, paths_closed, inlet);
}
