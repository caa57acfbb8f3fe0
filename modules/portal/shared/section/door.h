/*
 * An outlet's door: the names by which peers find it, and which of them may come in.
 */
#ifndef SECTION_DOOR_H
#define SECTION_DOOR_H

#include <postern/admission.h>

#include "names.h"

/* A section's struct begins with it. */
struct door_conf {
	const char *to;
	struct pst_list authorized;
	const char *allow;
	const char *project;
};

#define DOOR_OPTIONS \
	PST_OPT(STR, struct door_conf, to, NULL, "host:port of the target", .of = "required"), \
	PST_OPT(LIST, struct door_conf, authorized, NULL, \
	    "identifiers that may use it; \"*\" for everybody"), \
	PST_OPT(STR, struct door_conf, allow, NULL, "who may use it, as a policy over attributes"), \
	PST_OPT(REF, struct door_conf, project, NULL, \
	    "whose credentials count; its members may, when nothing else is said", .of = "project")

struct door {
	struct names names;
	struct pst_admission *admission;
	struct pst_doorman doorman;
	const char *target;
};

/* Look across the options. */
PST_MUST_CHECK int door_check(const struct door_conf *conf, struct pst_err *err);
/* What peers say is received as names_start() says. Ended by the caller whatever is returned. */
PST_MUST_CHECK int door_open(struct door *door, struct pst_section_env *senv, const struct door_conf *conf,
    void (*receive)(struct names *names, struct pst_message *message), struct pst_err *err);
/* May what comes by this gate come in? */
bool door_admits(const struct door *door, const struct pst_gate *gate);
/* Nobody comes any more; who is in may still have to go. */
void door_close(struct door *door);
/* Everybody has gone. */
void door_end(struct door *door);
void door_status(const struct door *door, struct pst_status *status);

#endif
