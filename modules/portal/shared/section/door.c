#include "door.h"

#include <postern/dial.h>
#include <postern/identity.h>

/* Ockam's word, of outlets for datagrams, too: who has said who may use his outlets has said it
 * of all. */
#define POLICY_TYPE "tcp-outlet"

static struct pst_admission_conf
admission_conf(const struct door_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.project = c->project,
		.type = POLICY_TYPE,
		.may = "use it",
	};
}

int
door_check(const struct door_conf *c, struct pst_err *err)
{
	const struct pst_admission_conf admission = admission_conf(c);
	char host[PST_HOST_TEXT];
	uint16_t port;

	if (pst_host_port(c->to, host, &port))
		return pst_fail(err, PST_E_CONF, "to: \"%s\" is no host:port", c->to);
	if (!port)
		return pst_fail(err, PST_E_CONF, "to: \"%s\": want a port of 1 to 65535", c->to);
	return pst_admission_look(&admission, err);
}

static bool
knows(const struct pst_doorman *doorman, const struct pst_peer *peer)
{
	const struct door *door = pst_container_of(doorman, struct door, doorman);

	return pst_admission_names(door->admission, peer);
}

int
door_open(struct door *door, struct pst_section_env *senv, const struct door_conf *c,
    void (*receive)(struct names *names, struct pst_message *message), struct pst_err *err)
{
	const struct pst_admission_conf admission = admission_conf(c);
	int rc;

	door->target = c->to;
	rc = pst_admission_open(&door->admission, senv, &admission, err);
	if (!rc)
		rc = names_start(&door->names, senv, receive, err);
	if (!rc)
		pst_doorman_enter(pst_env_router(pst_section_env(senv)), &door->doorman, knows);
	return rc;
}

bool
door_admits(const struct door *door, const struct pst_gate *gate)
{
	if (pst_admission_anybody(door->admission))
		return true;
	return gate->peer && pst_admission_allows(door->admission, gate->peer);
}

void
door_close(struct door *door)
{
	pst_doorman_leave(&door->doorman);
	names_stop(&door->names);
}

void
door_end(struct door *door)
{
	door_close(door);
	pst_admission_free(&door->admission);
}

void
door_status(const struct door *door, struct pst_status *status)
{
	names_status(&door->names, status);
	pst_status_put(status, PST_FIELDS(PST_STR("target", door->target)));
}
