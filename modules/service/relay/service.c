/* The node in the middle: registrations, and the messages that pass. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/admission.h>
#include <postern/router.h>

#include "message.h"

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

/* Whoever sends without a channel can be let in by "*" only. */
static bool
admits(struct service *s, struct pst_admission *admission, const struct pst_gate *from)
{
	if (!from || pst_admission_anybody(admission))
		return true;
	if (from->peer)
		return pst_admission_allows(admission, from->peer);
	refuse(s, from, NULL, admission == s->users ? "may not send through" : "may not register");
	return false;
}

/* ---- one registration ---- */

static void
relay_end(struct relay *relay, const char *why)
{
	struct service *s = relay->service;

	pst_info(pst_section_log(s->senv), "relay ended", PST_STR("relay", relay->name),
	    PST_STR("reason", why));
	pst_worker_stop(s->router, &relay->worker);
	pst_gate_unwatch(&relay->watch);
	pst_admission_leave(&relay->registrant);
	pst_admission_leave(&relay->admitted);
	*relay->link = relay->next;
	if (relay->next)
		relay->next->link = relay->link;
	s->count--;
	pst_peer_unref(&relay->peer);
	free(relay->route);
	free(relay);
}

static void
gate_closed(struct pst_gate_watch *watch)
{
	relay_end(pst_container_of(watch, struct relay, watch), "its link or channel ended");
}

static void
may_not_register(struct pst_admitted *admitted)
{
	struct relay *relay = pst_container_of(admitted, struct relay, registrant);
	struct pst_gate *gate = relay->gate;

	relay_end(relay, "denied by policy");
	if (gate && gate->end) /* or it would not know */
		gate->end(gate, PST_E_DENIED);
}

static void
may_not_send(struct pst_admitted *admitted)
{
	pst_container_of(admitted, struct relay, admitted)->user = 0;
}

/* Who sends by this gate is let through once; the gate's id is never reused. */
static bool
user_enters(struct relay *relay, struct pst_gate *from)
{
	if (!from || from->id == relay->user)
		return true;
	if (!admits(relay->service, relay->service->users, from))
		return false;
	if (relay->gate && pst_gate_pair(relay->service->router, from, relay->gate))
		return false;
	if (from->admit && from->peer)
		from->admit(from);
	pst_admission_leave(&relay->admitted);
	if (from->peer)
		pst_admission_enter(relay->service->users, &relay->admitted, from->peer, may_not_send);
	relay->user = from->id;
	return true;
}

/* Spec routing.md 9.2: our address off, the way to the node in front; the
 * return route stays as it is. */
static void
relay_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct relay *relay = pst_container_of(worker, struct relay, worker);
	struct pst_route rest = pst_route_rest(&m->onward);
	struct pst_route_buf onward;

	if (!user_enters(relay, m->from))
		return;
	pst_route_buf_init(&onward);
	if (pst_route_add_route(&onward, relay->route) || pst_route_add_route(&onward, &rest))
		return;

	struct pst_message forward = {
		.onward = pst_route_buf_view(&onward),
		.back = m->back,
		.payload = pst_buf_take(&m->payload),
		.from = m->from,
	};

	pst_router_send(relay->service->router, &forward);
}

/* ---- registering ---- */

/* Registered again by the same: only the way there changes. */
static int
relay_renew(struct relay *relay, struct pst_message *m)
{
	struct pst_route front = pst_route_without_last(&m->back);
	struct pst_route *route = pst_route_copy(&front);

	if (!route)
		return -ENOMEM;
	free(relay->route);
	relay->route = route;
	relay->gate = m->from;
	relay->user = 0;
	if (m->from)
		pst_gate_watch(m->from, &relay->watch, gate_closed);
	pst_admission_leave(&relay->registrant);
	if (m->from && m->from->peer)
		pst_admission_enter(relay->service->registrants, &relay->registrant, m->from->peer,
		    may_not_register);
	return PST_OK;
}

static struct relay *
relay_find(struct service *s, const char *name)
{
	struct pst_route_buf rb;
	struct pst_route route;
	struct pst_worker *worker;
	char address[sizeof RELAY_PREFIX + RELAY_NAME_MAX];

	snprintf(address, sizeof address, RELAY_PREFIX "%s", name);
	pst_route_buf_init(&rb);
	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, address, strlen(address)))
		return NULL;
	route = pst_route_buf_view(&rb);
	worker = pst_router_find(s->router, &route);
	return worker && worker->receive == relay_receives
	    ? pst_container_of(worker, struct relay, worker) : NULL;
}

static struct relay *
relay_new(struct service *s, const char *name, struct pst_gate *from)
{
	char address[sizeof RELAY_PREFIX + RELAY_NAME_MAX];
	struct relay *relay = calloc(1, sizeof *relay);

	if (!relay)
		return NULL;
	relay->service = s;
	relay->since_ms = pst_now_ms(s->env);
	snprintf(relay->name, sizeof relay->name, "%s", name);
	snprintf(address, sizeof address, RELAY_PREFIX "%s", name);
	if (pst_worker_start_named(s->router, &relay->worker, address, PST_REACH_SECTION,
	    relay_receives)) {
		free(relay);
		return NULL;
	}
	if (from && from->peer)
		relay->peer = pst_peer_ref(from->peer);
	relay->next = s->relays;
	relay->link = &s->relays;
	if (relay->next)
		relay->next->link = &relay->next;
	s->relays = relay;
	s->count++;
	return relay;
}

/* A name belongs to an identity, or, registered without a channel, to a link. */
static bool
same_owner(const struct relay *relay, const struct pst_gate *from)
{
	const struct pst_peer *peer = from ? from->peer : NULL;

	if (!relay->peer || !peer)
		return !relay->peer && !peer && relay->gate == from;
	return pst_identifier_equal(pst_peer_identifier(relay->peer), pst_peer_identifier(peer));
}

/* Charged to who asks: who does not read stops himself. */
static void
relay_answer(struct relay *relay, const struct pst_message *m)
{
	struct service *s = relay->service;
	struct pst_route own = pst_worker_route(&relay->worker);
	uint8_t text[MESSAGE_MAX];
	size_t len = answer_write(text, relay->name);
	struct pst_buf buf;

	if (pst_env_buf(&buf, s->env, text, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return;
	if (m->payload.block)
		pst_buf_charge(&buf, pst_buf_account(&m->payload));
	pst_send(s->router, &m->back, &own, &buf);
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
	if (relay && !same_owner(relay, m->from)) {
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

	if (!admits(s, s->registrants, m->from)) {
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
		rc = pst_worker_start_named(s->router, &s->by_name, "static_forwarding_service",
		    PST_REACH_SECTION, by_name_receives);
	if (!rc)
		rc = pst_worker_start_named(s->router, &s->by_chance, "forwarding_service",
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
