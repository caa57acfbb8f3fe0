#include "guests.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct guest {
	struct pst_identifier who; /* first: guest_order() looks at it; zeros: nobody known */
	size_t flows;
	struct pst_quiets quiet;
};

static int
guest_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct pst_identifier));
}

static struct guest *
guest_find(struct guests *guests, const struct pst_identifier *who)
{
	static const struct pst_identifier nobody;
	void *node = tfind(who ? who : &nobody, &guests->tree, guest_order);

	return node ? *(struct guest **)node : NULL;
}

static struct guest *
guest_new(struct guests *guests, const struct pst_identifier *who)
{
	struct guest *guest = calloc(1, sizeof *guest);

	if (!guest)
		return NULL;
	if (who)
		guest->who = *who;
	guest->quiet = (struct pst_quiets){ .env = guests->env, .limit_ms = PST_QUIET_FOREVER };
	if (!tsearch(guest, &guests->tree, guest_order)) {
		free(guest);
		return NULL;
	}
	guests->count++;
	return guest;
}

int
guests_enter(struct guests *guests, struct guest_entry *entry, const struct pst_identifier *who)
{
	struct guest *guest = guest_find(guests, who);

	if (!guest)
		guest = guest_new(guests, who);
	if (!guest)
		return -ENOMEM;
	guest->flows++;
	entry->guest = guest;
	pst_quiet_enter(&guest->quiet, &entry->quiet);
	return PST_OK;
}

void
guests_use(struct guest_entry *entry)
{
	if (entry->guest)
		pst_quiet_heard(&entry->guest->quiet, &entry->quiet);
}

void
guests_leave(struct guests *guests, struct guest_entry *entry)
{
	struct guest *guest = entry->guest;

	if (!guest)
		return;
	entry->guest = NULL;
	pst_quiet_leave(&guest->quiet, &entry->quiet);
	if (--guest->flows)
		return;
	tdelete(guest, &guests->tree, guest_order);
	guests->count--;
	free(guest);
}

struct guest_entry *
guests_own(struct guests *guests, const struct pst_identifier *who, size_t places)
{
	struct guest *guest = guest_find(guests, who);

	if (!guest || guest->flows * guests->count < places)
		return NULL;
	return pst_container_of(guest->quiet.longest, struct guest_entry, quiet);
}
