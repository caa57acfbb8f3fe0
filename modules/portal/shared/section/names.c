#include "names.h"

#include <errno.h>
#include <stdio.h>

static void
by_name_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct names *names = pst_container_of(worker, struct names, by_name);

	names->receive(names, m);
}

static void
by_kind_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct names *names = pst_container_of(worker, struct names, by_kind);

	names->receive(names, m);
}

/* Does it have the address of its kind, which its name is not? */
static bool
answers_to_kind(const struct names *names)
{
	return names->alone && strcmp(pst_section_name(names->senv), NAMES_KIND);
}

/* The address that a node's only outlet has besides its own. */
static int
kind_start(struct names *names)
{
	names->alone = pst_section_siblings(names->senv) == 0;
	if (!answers_to_kind(names))
		return PST_OK;
	return pst_worker_start_named(names->router, &names->by_kind, NAMES_KIND, PST_REACH_SECTION,
	    by_kind_receives);
}

void
names_look(struct pst_look *look)
{
	const char *name = pst_look_name(look);

	pst_look_worker(look, name);
	if (pst_look_alone(look) && strcmp(name, NAMES_KIND))
		pst_look_worker(look, NAMES_KIND);
}

int
names_start(struct names *names, struct pst_section_env *senv,
    void (*receive)(struct names *names, struct pst_message *message), struct pst_err *err)
{
	int rc;

	names->senv = senv;
	names->router = pst_env_router(pst_section_env(senv));
	names->receive = receive;
	rc = pst_worker_start_named(names->router, &names->by_name, pst_section_name(senv),
	    PST_REACH_SECTION, by_name_receives);
	if (!rc)
		rc = kind_start(names);
	if (!rc && !names->alone)
		pst_info(pst_section_log(senv), "one of several outlets: it answers to its own name only");
	return rc == -EEXIST ? pst_fail(err, rc, "another worker has this address") : rc;
}

void
names_stop(struct names *names)
{
	pst_worker_stop(names->router, &names->by_name);
	pst_worker_stop(names->router, &names->by_kind);
}

void
names_neighbours(struct names *names)
{
	const struct pst_log *log = pst_section_log(names->senv);
	bool had = answers_to_kind(names);

	if (names->alone == (pst_section_siblings(names->senv) == 0))
		return;
	pst_worker_stop(names->router, &names->by_kind);
	if (kind_start(names))
		pst_warn(log, "another worker has the address " NAMES_KIND);
	else if (had)
		pst_warn(log, "no longer the only outlet: it answers to its own name, and to \"" NAMES_KIND
		    "\" no more; inlets that come by that address want `outlet = NAME`");
}

void
names_status(const struct names *names, struct pst_status *status)
{
	char addresses[128];

	snprintf(addresses, sizeof addresses, "%s%s", pst_section_name(names->senv),
	    answers_to_kind(names) ? ", " NAMES_KIND : "");
	pst_status_put(status, PST_FIELDS(PST_STR("answers_to", addresses)));
}
