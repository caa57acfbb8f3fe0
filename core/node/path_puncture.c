/* The puncture on a path's way: a link to a node that a channel leads to already. */
#include "node/path.h"

static void
hole_up(void *arg, struct pst_link *link)
{
	struct pst_path *path = arg;

	path->hole_took_ns = uv_hrtime() - path->hole_began_ns;
	path->through = &path->steps[path->step_now];
	path_step_on(path, &link->gate);
}

static void
hole_lost(void *arg, int rc)
{
	struct pst_path *path = arg;

	path->hole = NULL;
	path_start_over(path, rc);
}

static const struct pst_link_events hole_events = {
	.up = hole_up,
	.lost = hole_lost,
};

int
path_puncture(struct pst_path *path)
{
	const struct step *step = &path->steps[path->step_now];
	struct pst_route_buf rb = path->route;
	int rc = path_extend(path, &rb, step->puncture, step->puncture + 1);
	struct pst_route via = pst_route_buf_view(&rb);
	void *transport = path_transport(path, pst_protocol_name(PST_PUNCTURE), &path->hole_ops);

	if (rc)
		return rc;
	path->hole_began_ns = uv_hrtime();
	rc = transport ? path->hole_ops->puncture(&path->hole, transport, &via, &hole_events, path)
		       : PST_E_NO_ROUTE;
	if (rc)
		path->hole = NULL;
	return rc;
}

void
path_puncture_drop(struct pst_path *path)
{
	path->through = NULL;
	if (path->hole)
		path->hole_ops->close(&path->hole);
}

struct pst_link *
path_link(const struct pst_path *path)
{
	return path->through ? path->hole : path->link;
}

const struct pst_transport_ops *
path_link_ops(const struct pst_path *path)
{
	return path->through ? path->hole_ops : path->transport_ops;
}
