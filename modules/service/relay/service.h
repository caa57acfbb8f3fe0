/*
 * The inside of the service: the section (service.c), and the relays that nodes have
 * registered with it (relays.c).
 */
#ifndef RELAY_SERVICE_H
#define RELAY_SERVICE_H

#include <postern/admission.h>
#include <postern/router.h>

#include "relay.h"

struct service {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_router *router;
	const struct service_conf *conf;
	struct pst_admission *registrants, *users;
	struct pst_doorman doorman;
	struct pst_worker by_name, by_chance; /* one worker with two addresses */
	struct relay *relays;
	int64_t count;
	struct pst_rate refused;
};

struct relay {
	struct service *service;
	struct relay *next, **link;
	struct pst_worker worker;    /* forward_to_NAME */
	struct pst_gate_watch watch; /* the gate of who registered */
	struct pst_gate *gate;
	struct pst_route *route;     /* to the node that registered */
	struct pst_peer *peer;       /* NULL: registered without a channel */
	struct pst_admitted registrant; /* it, as long as it may */
	uint64_t user;               /* the gate that was last let through */
	struct pst_admitted admitted; /* who is behind that gate */
	uint64_t since_ms;           /* registered, for the first time */
	char name[RELAY_NAME_MAX + 1];
};

/* service.c: whoever sends without a channel can be let in by "*" only. */
bool service_admits(struct service *s, struct pst_admission *admission, const struct pst_gate *from);

/* relays.c: NULL where nobody holds the name. */
struct relay *relay_find(struct service *s, const char *name);
/* NULL: no such address, or no memory. */
struct relay *relay_new(struct service *s, const char *name, struct pst_gate *from);
/* Registered, perhaps again, by the same: only the way there changes. */
int relay_renew(struct relay *relay, struct pst_message *m);
void relay_end(struct relay *relay, const char *why);
/* A name belongs to an identity, or, registered without a channel, to a link. */
bool relay_belongs(const struct relay *relay, const struct pst_gate *from);
/* Tell who asks. */
void relay_answer(struct relay *relay, const struct pst_message *m);

#endif
