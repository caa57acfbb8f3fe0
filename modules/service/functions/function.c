#include "function.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How often a function that stops looks whether its last answer has gone. */
#define DRAIN_LOOK_MS 20

static const struct pst_opt function_options[] = {
	PST_OPT(PATH, struct function_conf, module, NULL, "the module's file, .wasm", .of = "required"),
	PST_OPT(REF, struct function_conf, runtime, NULL, "which engine runs it", .of = "runtime"),
	PST_OPT(REFS, struct function_conf, capabilities, "log request", "what it may ask of its host",
	    .of = "capability"),
	PST_OPT(SIZE, struct function_conf, memory, NULL,
	    "memory and tables of a call together; 0: as its runtime says"),
	PST_OPT(TIME, struct function_conf, deadline, "runtime",
	    "a call takes no longer, waiting included; 0: none, and nothing stops it; runtime: as that says",
	    .of = "runtime"),
	PST_OPT(INT, struct function_conf, instances, "32", "calls that run at once"),
	PST_OPT(INT, struct function_conf, queue, "256", "calls that wait"),
	PST_OPT(INT, struct function_conf, reuse, "1", "calls that one instance serves, one after the other"),
	PST_OPT(SIZE, struct function_conf, body, "16M", "largest input, and largest output"),
	PST_OPT(LIST, struct function_conf, args, NULL, "arguments of a plain WASI command, without its name"),
	PST_OPT(LIST, struct function_conf, env, NULL, "its environment: NAME=VALUE"),
	PST_OPT(LIST, struct function_conf, authorized, NULL,
	    "identifiers that may call it; \"*\" for everybody"),
	PST_OPT(STR, struct function_conf, allow, NULL, "who may call it, as a policy over attributes"),
	PST_OPT(REF, struct function_conf, project, NULL,
	    "whose credentials count; its members may, when nothing else is said", .of = "project"),
	PST_OPT(REF, struct function_conf, identity, NULL,
	    "whose vault keys the compiled modules that are kept", .of = "identity"),
	PST_OPT_END,
};

/* ---- who may call ---- */

static struct pst_admission_conf
admission_conf(const struct function_conf *c)
{
	return (struct pst_admission_conf){
		.authorized = &c->authorized,
		.allow = c->allow,
		.project = c->project,
		.may = "call it",
	};
}

/* With none of the three it is reachable from inside this node, and from nowhere else. */
static bool
has_rule(const struct function_conf *c)
{
	return c->authorized.count || c->allow || (c->project && *c->project);
}

static bool
admits(struct pst_callee *callee, const struct pst_gate *from)
{
	struct function *f = pst_container_of(callee, struct function, callee);

	if (!from || from->local || (f->admission && pst_admission_anybody(f->admission)))
		return true;
	if (f->admission && from->peer)
		return pst_admission_allows(f->admission, from->peer);
	f->refusals++;
	pst_info_rated(f->log, &f->refused, "refused",
	    PST_STR("peer", from->peer ? pst_peer_text(from->peer) : NULL),
	    PST_STR("why", "nobody outside of this node may call it"));
	return false;
}

static bool
names(const struct pst_doorman *doorman, const struct pst_peer *peer)
{
	const struct function *f = pst_container_of(doorman, struct function, doorman);

	return f->admission && pst_admission_names(f->admission, peer);
}

/* ---- the options ---- */

static int
capabilities_check(const struct pst_list *list, struct pst_err *err)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(list->item[i], list->item[j]))
				return pst_fail(err, PST_E_CONF, "capabilities: %s stands twice", list->item[i]);
	return PST_OK;
}

static int
function_check(const void *conf, struct pst_err *err)
{
	const struct function_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	int rc = capabilities_check(&c->capabilities, err);

	if (rc)
		return rc;
	if (c->instances < 1 || c->instances > 10000)
		return pst_fail(err, PST_E_CONF, "instances: 1 to 10000");
	if (c->queue < 0 || c->queue > 1000000)
		return pst_fail(err, PST_E_CONF, "queue: 0 to 1000000");
	if (c->reuse < 1 || c->reuse > 1000000)
		return pst_fail(err, PST_E_CONF, "reuse: 1 to 1000000");
	if (c->body > UINT64_C(1) << 30)
		return pst_fail(err, PST_E_CONF, "body: at most 1G");
	for (size_t i = 0; i < c->env.count; i++)
		if (!strchr(c->env.item[i], '=') || *c->env.item[i] == '=')
			return pst_fail(err, PST_E_CONF, "env: \"%.64s\" is not NAME=VALUE", c->env.item[i]);
	return has_rule(c) ? pst_admission_look(&admission, err) : PST_OK;
}

/* Whether it can be read only who runs it knows. */
static int
function_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct function_conf *c = conf;
	struct stat st;
	int rc = host_look(&c->capabilities, look, err);

	pst_look_worker(look, pst_look_name(look));
	if (!rc && stat(c->module, &st) && errno != EACCES)
		pst_look_warn(look, "module: %s: %s: calls will fail", c->module, pst_strerror(-errno));
	return rc;
}

/* Go by these options from now on; on failure by those before. */
static int
options_take(struct function *f, const struct function_conf *conf, struct pst_err *err)
{
	const struct pst_admission_conf wanted = admission_conf(conf);
	struct pst_admission *admission = NULL;
	struct setup *setup;
	int rc = setup_new(&setup, f, conf);

	if (!rc && has_rule(conf))
		rc = pst_admission_open(&admission, f->senv, &wanted, err);
	if (rc) {
		setup_unref(&setup);
		return rc;
	}
	setup_unref(&f->setup);
	pst_admission_free(&f->admission);
	f->setup = setup;
	f->admission = admission;
	f->conf = conf;
	f->callee.body_max = conf->body;
	f->callee.calls_max = (size_t)(conf->instances + conf->queue);
	return PST_OK;
}

/* ---- what is seen of it ---- */

static void
function_status(void *self, struct pst_status *status)
{
	const struct function *f = self;

	pst_status_put(status, PST_FIELDS(PST_STR("module", f->conf->module),
	    PST_STR("program", !f->program ? "none" : f->program->cached ? "from cache" : "compiled"),
	    PST_U64("running", f->running), PST_U64("queued", f->queued), PST_U64("calls", f->calls),
	    PST_U64("failures", f->failures), PST_U64("refusals", f->refusals),
	    PST_U64("memory_most", f->memory),
	    PST_STR("problem", f->problem.rc ? f->problem.text : NULL)));
}

static void
probed(struct pst_callee *callee, struct pst_call_load *load)
{
	const struct function *f = pst_container_of(callee, struct function, callee);

	load->running = (uint32_t)f->running;
	load->queued = (uint32_t)f->queued;
	load->capacity = f->program ? (uint32_t)f->conf->instances : 0;
	if (f->program)
		memcpy(load->version, f->program->hash, sizeof load->version);
}

static void
function_neighbours(void *self)
{
	source_look(self);
}

/* Answers that are long are still on their way when what made them is over. */
static void
drain_look(struct pst_timer *timer)
{
	struct function *f = pst_container_of(timer, struct function, drain);

	if (pst_callee_calls(&f->callee))
		pst_timer_start(f->env, timer, DRAIN_LOOK_MS, drain_look);
	else
		pst_section_drained(f->senv);
}

static void
function_drain(void *self)
{
	struct function *f = self;

	f->draining = true;
	drain_look(&f->drain);
}

/* What runs keeps what it began with; what comes has the new options when a program is there by them. */
static int
function_change(void *self, const void *conf, struct pst_err *err)
{
	struct function *f = self;
	int rc = options_take(f, conf, err);

	if (!rc)
		source_change(f);
	return rc;
}

static bool
function_uses(void *self, const char *kind, const char *name)
{
	const struct function *f = self;
	const struct setup *s = f->setups;

	while (s && !setup_uses(s, kind, name))
		s = s->next;
	return s;
}

static const struct pst_section_hooks function_hooks = {
	.size = sizeof function_hooks,
	.change = function_change,
	.uses = function_uses,
	.status = function_status,
	.neighbours = function_neighbours,
	.drain = function_drain,
};

/* ---- the section ---- */

static void
executions_free(struct execution **list)
{
	struct execution *x;

	while ((x = *list)) {
		*list = x->next;
		execution_retire(x);
		free(x);
	}
}

static void
function_free(struct function *f)
{
	executions_free(&f->spare);
	executions_free(&f->idle);
	program_unref(&f->program);
	source_free(f);
	setup_unref(&f->setup);
	pst_admission_free(&f->admission);
	free(f);
}

void
function_rests(struct function *f)
{
	struct pst_section_env *senv = f->senv;

	if (!f->closing || f->running || f->queued || f->ended.link || !source_rests(f))
		return;
	function_free(f);
	pst_section_closed(senv);
}

static void
function_close(void *self)
{
	struct function *f = self;

	f->closing = true;
	pst_timer_stop(f->env, &f->drain);
	pst_doorman_leave(&f->doorman);
	pst_callee_close(&f->callee);
	source_close(f);
	queue_close(f);
}

static int
worker_open(struct function *f, struct pst_err *err)
{
	const char *name = pst_section_name(f->senv);
	int rc;

	f->callee.called = queue_called;
	f->callee.probed = probed;
	f->callee.admits = admits;
	f->callee.log = f->log;
	rc = pst_callee_open(&f->callee, f->env, name);
	if (rc == -EEXIST)
		return pst_fail(err, rc, "another section has a worker of this name");
	return rc ? pst_fail(err, rc, "address \"%s\": %s", name, pst_strerror(rc)) : PST_OK;
}

static int
function_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct function *f = calloc(1, sizeof *f);
	int rc;

	if (!f)
		return -ENOMEM;
	f->senv = senv;
	f->env = pst_section_env(senv);
	f->log = pst_section_log(senv);
	queue_open(f);
	rc = options_take(f, conf, err);
	if (!rc)
		rc = worker_open(f, err);
	if (rc) {
		function_free(f);
		return rc;
	}
	pst_doorman_enter(pst_env_router(f->env), &f->doorman, names);
	pst_section_hook(senv, &function_hooks);
	*self = f;
	source_open(f);
	return PST_OK;
}

static const struct pst_section function_sections[] = {
	PST_SECTION("function", struct function_conf, function_options, function_check, function_open,
	    function_close),
	PST_SECTION_END,
};

PST_MODULE(service_functions, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "Wasm modules as workers", .sections = function_sections, .look = function_look);
