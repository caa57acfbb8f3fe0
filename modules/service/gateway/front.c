/* The section: requests that come in, and which handler they are for. */
#include "front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "outcome.h"

const struct pst_opt front_options[] = {
	PST_OPT(LIST, struct front_conf, listen, NULL, "addresses to accept HTTP on, address:port; none: an app is not asked by HTTP"),
	PST_OPT(PATH, struct front_conf, certificate, NULL, "TLS: a file with the certificate and its chain, PEM"),
	PST_OPT(PATH, struct front_conf, key, NULL, "TLS: a file with its private key, PEM"),
	PST_OPT(STR, struct front_conf, function, NULL,
	    "the function, or constellation, that answers all requests without a route"),
	PST_OPT(LIST, struct front_conf, routes, NULL, "requests and functions: \"METHOD PATH FUNCTION\""),
	PST_OPT(PATH, struct front_conf, app, NULL,
	    "an application: a bundle, a Directive.yaml, a tenant.json; or one module"),
	PST_OPT(BOOL, struct front_conf, headless, "no", "the application's functions are called by name, and only so"),
	PST_OPT(BOOL, struct front_conf, schedules, "yes", "run the application's schedules"),
	PST_OPT(SIZE, struct front_conf, body, "16M", "largest body of a request, bytes"),
	PST_OPT(SIZE, struct front_conf, bodies, "256M",
	    "the bodies of all requests together that are not answered yet"),
	PST_OPT(SIZE, struct front_conf, answer, "64M", "largest answer of a function, bytes"),
	PST_OPT(TIME, struct front_conf, deadline, "0", "of each call of a function; 0: the function's own"),
	PST_OPT(TIME, struct front_conf, head_timeout, "30s",
	    "how long a connection may wait for the whole head of its next request"),
	PST_OPT(TIME, struct front_conf, body_timeout, "2m",
	    "how long a request's body may take, and an answer of which nothing is read"),
	PST_OPT(TIME, struct front_conf, ping, "30s",
	    "how often the client of a stream is asked whether it is there; 0: never"),
	PST_OPT(INT, struct front_conf, connections, "1024", "connections at once"),
	PST_OPT(INT, struct front_conf, per_address, "256", "connections at once from one address"),
	PST_OPT_END,
};

struct server_conf
front_server_conf(const struct front_conf *c)
{
	return (struct server_conf){
		.listen = &c->listen,
		.certificate = c->certificate,
		.key = c->key,
		.body_max = c->body,
		.bodies_max = c->bodies,
		.head_ms = c->head_timeout,
		.body_ms = c->body_timeout,
		.connections = (size_t)c->connections,
		.per_address = (size_t)c->per_address,
	};
}

int
front_check(const void *conf, struct pst_err *err)
{
	const struct front_conf *c = conf;
	const struct server_conf server = front_server_conf(c);
	struct plan plan = { 0 };
	int rc = PST_OK;

	if (!c->listen.count && !c->app)
		return pst_fail(err, PST_E_CONF, "listen: where requests come in is missing");
	for (size_t i = 0; !rc && i < c->listen.count; i++)
		rc = pst_listen_check(c->listen.item[i], err);
	if (rc)
		return rc;
	if (!c->certificate != !c->key)
		return pst_fail(err, PST_E_CONF, "certificate and key go together");
	if (c->connections < 1 || c->per_address < 1)
		return pst_fail(err, PST_E_CONF, "connections, per_address: at least 1");
	if (!c->function && !c->routes.count && !c->app)
		return pst_fail(err, PST_E_CONF, "function, routes or app must be said: who answers?");
	rc = routes_plan(&plan, c, err);
	plan_fini(&plan);
	return rc ? rc : server_check(&server, err);
}

/* Those of an application come with it. */
int
front_look(const struct front_conf *conf, struct pst_look *look, struct pst_err *err)
{
	struct plan plan = { 0 };
	int rc = routes_plan(&plan, conf, err);

	for (const struct plan_fn *fn = plan.functions; fn && !rc && !conf->app; fn = fn->next)
		if (!gateway_has(look, fn->worker))
			pst_look_warn(look, "%s: there is no function %s: requests for it will fail",
			    conf->function && !strcmp(conf->function, fn->worker) ? "function" : "routes", fn->worker);
	for (size_t i = 0; i < conf->listen.count; i++)
		pst_look_listens(look, "tcp", conf->listen.item[i]);
	plan_fini(&plan);
	return rc;
}

/* ---- requests ---- */

struct run
front_run(struct front *front, const struct plan_steps *steps)
{
	return (struct run){
		.caller = &front->caller,
		.steps = steps,
		.deadline_ms = front->conf->deadline,
		.output_max = front->conf->answer,
	};
}

static void
drained(struct front *front)
{
	if (front->draining && !front->count && !front->streams) {
		front->draining = false;
		pst_section_drained(front->senv);
	}
}

void
front_visited(struct front *front, unsigned status)
{
	front->requests++;
	front->refused += status >= 400 && status < 500;
	front->failed += status >= 500;
	drained(front);
}

void
front_stream_ended(struct front *front)
{
	drained(front);
}

static void
say_json(struct front *front, struct exchange *exchange, unsigned status, uint8_t *body, size_t len)
{
	exchange_answer(exchange, status, "application/json", NULL, body, len);
	front_visited(front, status);
}

/* The texts are the original's (spec functions.md 5.1). */
static void
no_handler(struct front *front, struct exchange *exchange, const char *allow)
{
	struct pst_map headers = { 0 };

	if (*allow && !pst_map_put(&headers, "Allow", allow, strlen(allow)))
		exchange_say(exchange, 405, "Method Not Allowed", &headers);
	else
		exchange_say(exchange, 404, "404 page not found", NULL);
	front_visited(front, *allow ? 405 : 404);
	pst_map_fini(&headers);
}

static void
asked(struct server *server, struct exchange *exchange)
{
	static const char healthy[] = "{\"healthy\":true}";
	struct front *front = pst_container_of(server, struct front, server);
	const char *method = exchange->request.method;
	struct route route = routes_find(&front->app->plan, method, exchange->path);
	uint8_t *json;
	size_t len;

	if (route.handler && route.handler->kind == PLAN_STREAM) {
		stream_new(front, exchange, route.handler);
	} else if (route.handler && route.handler->missing) {
		json = outcome_json(404, route.handler->missing, &len);
		say_json(front, exchange, 404, json, len);
	} else if (route.handler) {
		visit_new(front, exchange, route.handler);
	} else if (!*route.allow && !strcmp(exchange->path, "/health") &&
	    (!strcmp(method, "GET") || !strcmp(method, "HEAD"))) {
		json = (uint8_t *)strdup(healthy);
		say_json(front, exchange, 200, json, json ? strlen(healthy) : 0);
	} else {
		no_handler(front, exchange, route.allow);
	}
}

/* ---- beginning: functions are opened after us, some of them ---- */

static bool
is_here(const struct front *front, const struct plan_fn *fn)
{
	struct pst_route_buf rb;
	struct pst_route route;

	pst_route_buf_init(&rb);
	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, fn->worker, strlen(fn->worker)))
		return false;
	route = pst_route_buf_view(&rb);
	return pst_router_find(pst_env_router(front->env), &route) != NULL;
}

/* Until then requests wait: a node that starts answers its first. */
static void
front_settled(void *self)
{
	struct front *front = self;

	if (front->ready)
		return;
	for (const struct plan_fn *fn = front->app->plan.functions; fn; fn = fn->next)
		if (!is_here(front, fn))
			pst_warn(front->log, "there is no such function here: requests for it will fail",
			    PST_STR("function", fn->name), PST_STR("worker", fn->worker));
	front->ready = true;
	visits_begin(front);
	streams_go_on(front);
	schedules_begin(front);
}

/* ---- the section ---- */

static void
front_status(void *self, struct pst_status *status)
{
	const struct front *front = self;

	pst_status_put(status, PST_FIELDS(PST_U64("connections", front->server.count),
	    PST_U64("bodies", front->server.bodies), PST_U64("streams", front->stream_count), PST_U64("under_way", front->count), PST_U64("requests", front->requests),
	    PST_U64("refused", front->refused), PST_U64("failed", front->failed)));
	for (const struct plan_handler *h = front->app->plan.handlers; h; h = h->next)
		pst_status_item(status, "routes", PST_FIELDS(PST_STR("method", h->method),
		    PST_STR("path", h->pattern)));
}

static void
front_drain(void *self)
{
	struct front *front = self;

	server_stop_listening(&front->server);
	front->draining = true;
	streams_go_on(front);
	drained(front);
}

static const struct pst_section_hooks front_hooks = {
	.size = sizeof front_hooks,
	.change = front_change,
	.changes = front_changes,
	.status = front_status,
	.drain = front_drain,
	.settled = front_settled,
};

static void
server_closed(struct server *server)
{
	struct front *front = pst_container_of(server, struct front, server);
	struct pst_section_env *senv = front->senv;
	bool open = front->open;

	pst_caller_close(&front->caller);
	front_app_unref(&front->app);
	free(front);
	if (open)
		pst_section_closed(senv);
}

static void
front_end(struct front *front)
{
	schedules_close(front);
	server_close(&front->server, server_closed);
}

int
front_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct front *front = calloc(1, sizeof *front);
	int rc;

	if (!front)
		return -ENOMEM;
	front->senv = senv;
	front->env = pst_section_env(senv);
	front->log = pst_section_log(senv);
	front->conf = conf;
	front->server = (struct server){
		.env = front->env,
		.log = front->log,
		.conf = front_server_conf(conf),
		.asked = asked,
	};
	rc = front_app_open(front, err);
	if (!rc)
		rc = schedules_open(front);
	if (!rc)
		rc = pst_caller_open(&front->caller, front->env);
	if (!rc)
		rc = server_open(&front->server, err);
	if (rc) {
		front_end(front);
		return rc;
	}
	front->open = true;
	pst_section_hook(senv, &front_hooks);
	*self = front;
	pst_section_up(senv);
	return PST_OK;
}

void
front_close(void *self)
{
	front_end(self);
}
