#include <postern/linked.h>

#include "route/router.h"

void
pst_doorman_enter(struct pst_router *router, struct pst_doorman *doorman,
    bool (*names)(const struct pst_doorman *doorman, const struct pst_peer *peer))
{
	doorman->names = names;
	pst_linked_enter(&router->doormen, doorman);
}

void
pst_doorman_leave(struct pst_doorman *doorman)
{
	pst_linked_leave(doorman);
}

bool
pst_router_names(const struct pst_router *router, const struct pst_peer *peer)
{
	for (const struct pst_doorman *d = router->doormen; d; d = d->next)
		if (d->names(d, peer))
			return true;
	return false;
}
