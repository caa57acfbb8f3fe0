/* The node in the middle: who may register, and under which name. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/look.h>

#include "message.h"
#include "service.h"

const struct pst_opt service_options[] = {
	PST_OPT(LIST, struct service_conf, authorized, NULL, "identifiers that may register; \"*\" for all"),
	PST_OPT(STR, struct service_conf, allow, NULL, "who may register, as a policy over attributes"),
	PST_OPT(LIST, struct service_conf, users, NULL, "identifiers that may send through; \"*\" for all"),
	PST_OPT(STR, struct service_conf, allow_users, NULL,
	    "who may send through, as a policy over attributes"),
	PST_OPT(REF, struct service_conf, project, NULL,
	    "whose credentials count; its members may, when nothing else is said", .of = "project"),
	PST_OPT(INT, struct service_conf, relays, "1024", "registrations at once"),
	PST_OPT_END,
};

/* More would be a page nobody reads; the count says how many there are. */
#define STATUS_RELAYS 100

/* Its workers. */
#define BY_NAME "static_forwarding_service"
#define BY_CHANCE "forwarding_service"

static struct pst_admission_conf
registrants_conf(const struct service_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.project = c->project,
		.type = "relay",
		.may = "register",
	};
}

static struct pst_admission_conf
users_conf(const struct service_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->users,
		.authorized_key = "users",
		.allow = c->allow_users,
		.allow_key = "allow_users",
		.project = c->project,
		.may = "send through",
	};
}

int
service_check(const void *conf, struct pst_err *err)
{
	const struct service_conf *c = conf;
	const struct pst_admission_conf registrants = registrants_conf(c), users = users_conf(c);
	int rc;

	if (c->relays < 1)
		return pst_fail(err, PST_E_CONF, "relays: at least 1");
	rc = pst_admission_look(&registrants, err);
	return rc ? rc : pst_admission_look(&users, err);
}

static void
refuse(struct service *s, const struct pst_gate *from, const char *name, const char *why)
{
	pst_log_rated(pst_section_log(s->senv), PST_LOG_WARN, &s->refused, "refused",
	    PST_STR("reason", why), PST_STR("relay", name),
	    PST_STR("peer", from && from->peer ? pst_peer_text(from->peer) : NULL));
}

bool
service_admits(struct service *s, struct pst_admission *admission, const struct pst_gate *from)
{
	if (!from || pst_admission_anybody(admission))
		return true;
	if (from->peer)
		return pst_admission_allows(admission, from->peer);
	refuse(s, from, NULL, admission == s->users ? "may not send through" : "may not register");
	return false;
}

/* With a project the credential says for which name, or "*" (spec trust.md 5.8). */
static bool
name_attested(const struct service *s, const struct pst_gate *from, const char *name)
{
	const struct pst_attribute *a;

	if (!s->conf->project || !from || !from->peer)
		return true;
	a = pst_admission_attribute(s->registrants, from->peer, "ockam-relay");
	return a && ((a->value_len == strlen(name) && !memcmp(a->value, name, a->value_len)) ||
	    (a->value_len == 1 && *a->value == '*'));
}

static void
relay_register(struct service *s, const char *name, struct pst_message *m)
{
	struct relay *relay = relay_find(s, name);
	bool fresh = !relay;

	if (!name_attested(s, m->from, name)) {
		refuse(s, m->from, name, "the attribute ockam-relay is not this name");
		return;
	}
	if (relay && !relay_belongs(relay, m->from)) {
		refuse(s, m->from, name, "the name is held by another");
		return;
	}
	if (!relay && s->count >= s->conf->relays) {
		refuse(s, m->from, name, "too many relays");
		return;
	}
	if (!relay)
		relay = relay_new(s, name, m->from);
	if (!relay || relay_renew(relay, m)) {
		refuse(s, m->from, name, "no such address, or out of memory");
		if (relay)
			relay_end(relay, "out of memory");
		return;
	}
	if (m->from && m->from->admit && m->from->peer)
		m->from->admit(m->from);
	pst_info(pst_section_log(s->senv), fresh ? "relay registered" : "relay registered again",
	    PST_STR("relay", name), PST_STR("peer", relay->peer ? pst_peer_text(relay->peer) : NULL));
	relay_answer(relay, m);
}

static void
service_receives(struct service *s, struct pst_message *m)
{
	char name[RELAY_NAME_MAX + 1];
	uint8_t random[16];

	if (!service_admits(s, s->registrants, m->from)) {
		return;
	} else if (!registration_read(name, &m->payload) || m->back.hops < 2) {
		refuse(s, m->from, NULL, "not a registration");
	} else {
		if (!strcmp(name, RELAY_ANY)) {
			randombytes_buf(random, sizeof random);
			sodium_bin2hex(name, sizeof name, random, sizeof random);
		}
		relay_register(s, name, m);
	}
}

static void
by_name_receives(struct pst_worker *worker, struct pst_message *m)
{
	service_receives(pst_container_of(worker, struct service, by_name), m);
}

static void
by_chance_receives(struct pst_worker *worker, struct pst_message *m)
{
	service_receives(pst_container_of(worker, struct service, by_chance), m);
}

/* ---- the section ---- */

static bool
names(const struct pst_doorman *doorman, const struct pst_peer *peer)
{
	const struct service *s = pst_container_of(doorman, struct service, doorman);

	return pst_admission_names(s->registrants, peer) || pst_admission_names(s->users, peer);
}

static void
service_free(struct service *s)
{
	pst_doorman_leave(&s->doorman);
	pst_worker_stop(s->router, &s->by_name);
	pst_worker_stop(s->router, &s->by_chance);
	while (s->relays) {
		struct pst_gate *gate = s->relays->gate;

		relay_end(s->relays, "the service ends");
		/* who registered comes again, and what passed by the route it knew passes no more */
		if (gate && gate->end)
			gate->end(gate, PST_E_CLOSED);
	}
	pst_admission_free(&s->registrants);
	pst_admission_free(&s->users);
	free(s);
}

static void
service_status(void *self, struct pst_status *status)
{
	const struct service *s = self;
	size_t shown = 0;

	for (const struct relay *r = s->relays; r && shown < STATUS_RELAYS; r = r->next, shown++)
		pst_status_item(status, "relays", PST_FIELDS(PST_STR("name", r->name),
		    PST_STR("peer", r->peer ? pst_peer_text(r->peer) : NULL),
		    PST_U64("open_ms", pst_now_ms(s->env) - r->since_ms)));
	pst_status_put(status, PST_FIELDS(PST_I64("registered", s->count)));
}

static const struct pst_section_hooks service_hooks = {
	.size = sizeof service_hooks,
	.status = service_status,
};

void
service_look(struct pst_look *look)
{
	pst_look_worker(look, BY_NAME);
	pst_look_worker(look, BY_CHANCE);
}

int
service_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct pst_admission_conf registrants = registrants_conf(conf), users = users_conf(conf);
	struct service *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return -ENOMEM;
	s->senv = senv;
	s->env = pst_section_env(senv);
	s->router = pst_env_router(s->env);
	s->conf = conf;
	rc = pst_admission_open(&s->registrants, senv, &registrants, err);
	if (!rc)
		rc = pst_admission_open(&s->users, senv, &users, err);
	if (!rc)
		rc = pst_worker_start_named(s->router, &s->by_name, BY_NAME,
		    PST_REACH_SECTION, by_name_receives);
	if (!rc)
		rc = pst_worker_start_named(s->router, &s->by_chance, BY_CHANCE,
		    PST_REACH_SECTION, by_chance_receives);
	if (rc == -EEXIST)
		pst_fail(err, rc, "another section has the same workers: one relay service is enough");
	if (rc) {
		service_free(s);
		return rc;
	}
	pst_doorman_enter(s->router, &s->doorman, names);
	pst_section_hook(senv, &service_hooks);
	*self = s;
	pst_section_up(senv);
	return PST_OK;
}

void
service_close(void *self)
{
	struct service *s = self;
	struct pst_section_env *senv = s->senv;

	service_free(s);
	pst_section_closed(senv);
}
