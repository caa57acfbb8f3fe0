#include "route/router.h"

void
pst_doorman_enter(struct pst_router *router, struct pst_doorman *doorman,
    bool (*names)(const struct pst_doorman *doorman, const struct pst_peer *peer))
{
	doorman->names = names;
	doorman->next = router->doormen;
	doorman->link = &router->doormen;
	if (doorman->next)
		doorman->next->link = &doorman->next;
	router->doormen = doorman;
}

void
pst_doorman_leave(struct pst_doorman *doorman)
{
	if (!doorman->link)
		return;
	*doorman->link = doorman->next;
	if (doorman->next)
		doorman->next->link = doorman->link;
	doorman->link = NULL;
}

bool
pst_router_names(const struct pst_router *router, const struct pst_peer *peer)
{
	for (const struct pst_doorman *d = router->doormen; d; d = d->next)
		if (d->names(d, peer))
			return true;
	return false;
}
