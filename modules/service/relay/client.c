/* The node that registers: `relay NAME { at = … }`. */
#include <errno.h>
#include <stdlib.h>

#include <postern/choice.h>

#include "message.h"

/* Attempts at the first pace, then each takes twice as long, up to this. */
#define ATTEMPTS_QUICK 10
#define ATTEMPT_SLOW_MS 10000

const struct pst_opt client_options[] = {
	PST_OPT(LIST, struct client_conf, at, NULL,
	    "multiaddr of the node with the relay service, or several routes to it, of which the best serves;"
	    " default: the project's"),
	PST_OPT(REF, struct client_conf, project, NULL, "whose node it is", .of = "project"),
	PST_OPT(STR, struct client_conf, name, NULL, "the name to register; default: the section's"),
	PST_OPT(REF, struct client_conf, channel, NULL, "the section whose channels are used",
	    .of = "channel"),
	PST_OPT(LIST, struct client_conf, authorized, NULL,
	    "who the relay node may be; \"*\" for anybody; default: the project's"),
	PST_OPT(STR, struct client_conf, allow, NULL, "the same by a policy over its attributes"),
	PST_OPT(LIST, struct client_conf, hops, NULL, "who the nodes before it are, in order"),
	PST_OPT_END,
};

struct client {
	struct pst_section_env *senv;
	struct pst_env *env;
	const char *name;
	struct pst_choice *paths;
	struct pst_route_buf service; /* to static_forwarding_service; empty while down */
	struct pst_request request;
	struct pst_gate *gate; /* to the relay's node; NULL while down */
	struct pst_timer pause; /* before it is asked again */
	bool registered;
	int why; /* it is down */
	unsigned attempts;
	uint64_t wait_ms;
};

static struct pst_path_conf
path_conf(const struct client_conf *c)
{
	return (struct pst_path_conf){
		.key = "at",
		.project = c->project,
		.authorized = &c->authorized,
		.allow = c->allow,
		.hops = &c->hops,
		.channel = c->channel,
		.holds = true,
	};
}

int
client_check(const void *conf, struct pst_err *err)
{
	const struct client_conf *c = conf;
	struct pst_path_conf path = path_conf(c);

	if (c->name && (!*c->name || strlen(c->name) > RELAY_NAME_MAX))
		return pst_fail(err, PST_E_CONF, "name: want 1 to %d bytes", RELAY_NAME_MAX);
	return pst_choice_check(&path, &c->at, err);
}

void
client_look(const void *conf, struct pst_look *look)
{
	const struct client_conf *c = conf;
	struct pst_path_conf path = path_conf(c);

	pst_choice_look(&path, &c->at, look);
}

static void attempt(struct client *c);

static void
pause_over(struct pst_timer *timer)
{
	attempt(pst_container_of(timer, struct client, pause));
}

/* What was asked, or is to be asked. */
static void
drop(struct client *c)
{
	pst_request_cancel(&c->request);
	pst_timer_stop(c->env, &c->pause);
}

static void
answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct client *c = pst_container_of(request, struct client, request);

	if (!rc && answer_names(&answer->payload, c->name)) {
		c->registered = true;
		pst_info(pst_section_log(c->senv), "relay registered", PST_STR("relay", c->name));
		return;
	}
	if (c->attempts == ATTEMPTS_QUICK)
		pst_warn(pst_section_log(c->senv), "the relay service does not answer",
		    PST_STR("relay", c->name));
	if (c->attempts >= ATTEMPTS_QUICK && c->wait_ms < ATTEMPT_SLOW_MS)
		c->wait_ms = c->wait_ms * 2 < ATTEMPT_SLOW_MS ? c->wait_ms * 2 : ATTEMPT_SLOW_MS;
	/* a refusal is silence, too; but so is a channel of which only our end is there */
	pst_choice_suspect(c->paths, c->gate);
	if (!c->service.hops)
		return;
	if (rc) /* it has waited */
		attempt(c);
	else
		pst_timer_start(c->env, &c->pause, c->wait_ms, pause_over);
}

static void
attempt(struct client *c)
{
	uint8_t text[MESSAGE_MAX];
	size_t len = registration_write(text, c->name);
	struct pst_route route = pst_route_buf_view(&c->service);
	struct pst_buf buf;

	c->attempts++;
	(void)!pst_env_buf(&buf, c->env, text, len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	/* no answer is what a refusal looks like, too; and lack of memory */
	if (pst_request_send(c->env, &c->request, &route, &buf, c->wait_ms, answered))
		pst_choice_suspect(c->paths, c->gate);
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	static const char service[] = "static_forwarding_service";
	struct client *c = arg;

	drop(c);
	pst_route_buf_init(&c->service);
	c->gate = gate;
	c->registered = false;
	if (pst_route_add_route(&c->service, route) ||
	    pst_route_add(&c->service, PST_ADDRESS_LOCAL, service, sizeof service - 1)) {
		pst_route_buf_init(&c->service);
		return;
	}
	c->attempts = 0;
	c->wait_ms = pst_choice_patience_ms(c->paths);
	attempt(c);
}

static void
path_down(void *arg, int rc)
{
	struct client *c = arg;

	pst_info(pst_section_log(c->senv), "relay lost", PST_STR("relay", c->name), PST_RC(rc));
	drop(c);
	pst_route_buf_init(&c->service);
	c->gate = NULL;
	c->registered = false;
	c->why = rc;
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

/* Registered, or what is lacking. */
static const char *
registration_text(const struct client *c)
{
	if (c->registered)
		return "registered";
	if (c->gate)
		return c->attempts > ATTEMPTS_QUICK ? "the relay service does not answer" : "asked for";
	return c->why ? pst_strerror(c->why) : "no route yet";
}

static void
client_status(void *self, struct pst_status *status)
{
	const struct client *c = self;

	pst_status_put(status, PST_FIELDS(PST_STR("name", c->name),
	    PST_STR("registration", registration_text(c))));
	pst_choice_status(c->paths, status);
}

static const struct pst_section_hooks client_hooks = {
	.size = sizeof client_hooks,
	.status = client_status,
};

int
client_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct client_conf *cc = conf;
	struct pst_path_conf path = path_conf(cc);
	struct client *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return -ENOMEM;
	c->senv = senv;
	c->env = pst_section_env(senv);
	c->name = cc->name ? cc->name : pst_section_name(senv);
	rc = pst_choice_open(&c->paths, senv, &path, &cc->at, &path_events, c, err);
	if (rc) {
		free(c);
		return rc;
	}
	pst_section_hook(senv, &client_hooks);
	*self = c;
	pst_section_up(senv);
	return PST_OK;
}

static void
paths_closed(void *arg)
{
	struct client *c = arg;
	struct pst_section_env *senv = c->senv;

	free(c);
	pst_section_closed(senv);
}

void
client_close(void *self)
{
	struct client *c = self;

	drop(c);
	pst_choice_close(&c->paths, paths_closed, c);
}
