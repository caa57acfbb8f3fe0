/*
 * Whose the flows of an outlet are: by identity, and all that nobody knows are one guest. Each
 * has a share of the places, as many as each other's. Who has his share begins a new flow in place
 * of one of his own, so that nobody's flows make way for one who has more.
 */
#ifndef PORTAL_UDP_GUESTS_H
#define PORTAL_UDP_GUESTS_H

#include <postern/identity.h>
#include <postern/quiet.h>

struct guest;

/* Embedded by a flow, all zero. */
struct guest_entry {
	struct guest *guest;
	struct pst_quiet quiet; /* among the guest's */
};

/* All zero, but for env. Nothing is to be freed when all have left. */
struct guests {
	struct pst_env *env;
	void *tree; /* tsearch(3)'s, by identifier */
	size_t count;
};

/* who NULL: nobody known. -ENOMEM: it is in none, and may be left like that. */
PST_MUST_CHECK int guests_enter(struct guests *guests, struct guest_entry *entry, const struct pst_identifier *who);
/* It was used just now; a no-op, as the next, on one that is in none. */
void guests_use(struct guest_entry *entry);
void guests_leave(struct guests *guests, struct guest_entry *entry);
/* Of who has his share of so many places: the flow of his that was quiet longest. NULL: he has less. */
struct guest_entry *guests_own(struct guests *guests, const struct pst_identifier *who, size_t places);

#endif
