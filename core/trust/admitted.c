/* Who is inside: allowed when they came, and looked at again when that may have changed. */
#include <postern/linked.h>

#include "trust/admission.h"

static void
review(struct pst_admitted *admitted)
{
	void (*fn)(struct pst_admitted *admitted) = admitted->fn;

	if (pst_admission_allows(admitted->admission, admitted->peer))
		return;
	pst_admission_leave(admitted);
	fn(admitted);
}

static void
attributes_changed(struct pst_peer_watch *watch)
{
	review(pst_container_of(watch, struct pst_admitted, watch));
}

void
pst_admission_enter(struct pst_admission *admission, struct pst_admitted *admitted,
    struct pst_peer *peer, void (*fn)(struct pst_admitted *admitted))
{
	*admitted = (struct pst_admitted){
		.admission = admission, .peer = pst_peer_ref(peer), .fn = fn,
	};
	pst_linked_enter(&admission->inside, admitted);
	pst_peer_watch(peer, &admitted->watch, attributes_changed);
}

void
pst_admission_leave(struct pst_admitted *admitted)
{
	if (!admitted->link)
		return;
	pst_linked_leave(admitted);
	pst_peer_unwatch(&admitted->watch);
	pst_peer_unref(&admitted->peer);
}

/* Whoever is sent away may take others along. */
void
pst_admission_review(struct pst_admission *admission)
{
	struct pst_admitted *round, *admitted;

	pst_linked_take(&round, &admission->inside);
	while ((admitted = round)) {
		pst_linked_leave(admitted);
		pst_linked_enter(&admission->inside, admitted);
		review(admitted);
	}
}
