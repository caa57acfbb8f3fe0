/*
 * Who may: a set of identifiers by open addressing. Identifiers are hashes
 * already and the set is the operator's, so eight of their bytes are the
 * place to look; at most half full, so a stranger's look-up ends soon.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/identity.h>

#include "trust/peers.h"

struct pst_admission {
	bool anybody;
	size_t slots; /* a power of two, more than are used */
	struct slot {
		bool used;
		struct pst_identifier id;
	} slot[];
};

/* The slot of id, or the free one where it belongs. */
static size_t
slot_find(const struct pst_admission *admission, const struct pst_identifier *id)
{
	uint64_t at;

	memcpy(&at, id->bytes, sizeof at);
	for (;; at++) {
		const struct slot *slot = &admission->slot[at & (admission->slots - 1)];

		if (!slot->used || pst_identifier_equal(&slot->id, id))
			return (size_t)(slot - admission->slot);
	}
}

static int
admission_add(struct pst_admission *admission, const char *text, struct pst_err *err)
{
	struct pst_identifier id;
	struct slot *slot;

	if (!strcmp(text, "*")) {
		admission->anybody = true;
		return PST_OK;
	}
	if (pst_identifier_parse(&id, text))
		return pst_fail(err, PST_E_CONF,
		    "\"%.80s\" is neither an identifier (I and 64 hex digits) nor \"*\"",
		    text);
	slot = &admission->slot[slot_find(admission, &id)];
	slot->used = true;
	slot->id = id;
	return PST_OK;
}

int
pst_admission_new(struct pst_admission **out, const struct pst_list *authorized,
    struct pst_err *err)
{
	struct pst_admission *admission;
	size_t slots = 2;

	*out = NULL;
	while (slots < authorized->count * 2)
		slots *= 2;
	admission = calloc(1, sizeof *admission + slots * sizeof admission->slot[0]);
	if (!admission)
		return pst_fail(err, -ENOMEM, "out of memory");
	admission->slots = slots;
	for (size_t i = 0; i < authorized->count; i++) {
		int rc = admission_add(admission, authorized->item[i], err);

		if (rc) {
			pst_admission_free(&admission);
			return rc;
		}
	}
	*out = admission;
	return PST_OK;
}

void
pst_admission_free(struct pst_admission **admission)
{
	free(*admission);
	*admission = NULL;
}

int
pst_admission_check(const struct pst_list *authorized, const char *key, struct pst_err *err)
{
	struct pst_admission *admission;
	int rc = pst_admission_new(&admission, authorized, err);

	if (rc)
		pst_fail_in(err, rc, "%s", key);
	else
		pst_admission_free(&admission);
	return rc;
}

bool
pst_admission_anybody(const struct pst_admission *admission)
{
	return admission->anybody;
}

bool
pst_admission_allows(const struct pst_admission *admission, const struct pst_peer *peer)
{
	if (admission->slot[slot_find(admission, pst_peer_identifier(peer))].used) {
		/* who is named is known for good (design.md 8) */
		pst_peer_keep(peer);
		return true;
	}
	return admission->anybody;
}
