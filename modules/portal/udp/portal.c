/* All flows of one section: how many there may be, and how they end together. */
#include <errno.h>

#include <postern/module.h>

#include "portal.h"

static void
flow_idle(struct flow_entry *entry)
{
	flow_end(pst_container_of(entry, struct flow, entry), END_IDLE);
}

void
portal_init(struct portal *portal, struct pst_section_env *senv, int64_t most, uint64_t idle_ms)
{
	portal->senv = senv;
	portal->env = pst_section_env(senv);
	portal->router = pst_env_router(portal->env);
	portal->log = pst_section_log(senv);
	portal->most = (size_t)most;
	flows_init(&portal->flows, portal->env, idle_ms, flow_idle);
}

void
portal_fini(struct portal *portal)
{
	pst_task_cancel(portal->env, &portal->rest);
	flows_fini(&portal->flows);
}

bool
portal_room(struct portal *portal, struct flow *own)
{
	if (pst_pool_over(pst_env_pool(portal->env)))
		return false;
	if (portal->flows.count >= portal->most)
		flow_end(own ? own : pst_container_of(portal->flows.oldest, struct flow, entry), END_CROWDED);
	return true;
}

static void
look_at_rest(struct pst_task *task)
{
	struct portal *portal = pst_container_of(task, struct portal, rest);

	if (portal->left)
		return;
	if (portal->closing) {
		portal->gone(portal);
	} else if (portal->draining && !portal->drained) {
		portal->drained = true;
		pst_section_drained(portal->senv);
	}
}

/* From the loop: who ended something still looks at the portal. */
void
portal_rests(struct portal *portal)
{
	if (portal->left || (!portal->closing && !portal->draining))
		return;
	pst_task_post(portal->env, &portal->rest, look_at_rest);
}

void
portal_drain(struct portal *portal)
{
	portal->draining = true;
	if (portal->flows.idle_ms > DRAIN_IDLE_MS)
		flows_idle(&portal->flows, DRAIN_IDLE_MS);
	portal_rests(portal);
}

void
portal_end(struct portal *portal)
{
	while (portal->flows.oldest)
		flow_end(pst_container_of(portal->flows.oldest, struct flow, entry), END_STOPS);
	portal->closing = true;
	portal_rests(portal);
}

/* ---- sockets ---- */

void
portal_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct portal *portal = handle->data;

	(void)suggested;
	*buf = uv_buf_init(portal->scratch, sizeof portal->scratch);
}

/*
 * What the kernel has learnt of the datagrams before, that nobody is there, it tells
 * instead of sending this one: once.
 */
int
portal_write(uv_udp_t *socket, const struct sockaddr *to, const struct wire_message *m)
{
	uv_buf_t buf = uv_buf_init((char *)m->data, (unsigned)m->len);
	int rc = uv_udp_try_send(socket, &buf, 1, to);

	if (rc == UV_ECONNREFUSED)
		rc = uv_udp_try_send(socket, &buf, 1, to);
	return rc < 0 ? rc : PST_OK;
}
