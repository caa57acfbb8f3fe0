/* The section: its worker, its nodes, and which of them is next. */
#include "constellation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/multiaddr.h>

const struct pst_opt constellation_options[] = {
	PST_OPT(LIST, struct constellation_conf, nodes, NULL,
	    "where the function is: multiaddrs that end at it, or names of this node's functions"),
	PST_OPT(REF, struct constellation_conf, project, NULL, "whose members the nodes are", .of = "project"),
	PST_OPT(REF, struct constellation_conf, channel, NULL, "the section whose channels are used",
	    .of = "channel"),
	PST_OPT(LIST, struct constellation_conf, authorized, NULL,
	    "who the nodes may be; \"*\" for anybody; default: members of the project"),
	PST_OPT(STR, struct constellation_conf, allow, NULL, "the same by a policy over their attributes"),
	PST_OPT(LIST, struct constellation_conf, hops, NULL, "who the nodes before them are, in order"),
	PST_OPT(BOOL, struct constellation_conf, idempotent, "no",
	    "a call may be made again at another node although it had started"),
	PST_OPT(TIME, struct constellation_conf, probe, "1s", "each node is asked so often how busy it is"),
	PST_OPT(TIME, struct constellation_conf, connect_timeout, "15s",
	    "how long a call waits while no node is there"),
	PST_OPT(INT, struct constellation_conf, calls, "1024", "calls at once, those that wait included"),
	PST_OPT(SIZE, struct constellation_conf, body, "16M", "largest body of a call, bytes"),
	PST_OPT(SIZE, struct constellation_conf, answer, "64M", "largest answer, bytes"),
	PST_OPT_END,
};

struct pst_path_conf
constellation_path(const struct constellation_conf *c, const char *to)
{
	return (struct pst_path_conf){
		.to = to,
		.key = "nodes",
		.project = c->project,
		.authorized = &c->authorized,
		.allow = c->allow,
		.hops = &c->hops,
		.channel = c->channel,
	};
}

/* A route to a function ends with a worker, not with a channel or a port. */
static bool
ends_at_worker(const char *to)
{
	struct pst_multiaddr ma;

	if (pst_multiaddr_parse(&ma, to, NULL))
		return true; /* the path says what is wrong */
	return ma.hop[ma.count - 1].protocol == PST_SERVICE || ma.hop[ma.count - 1].protocol == PST_WORKER;
}

static int
node_check(const struct constellation_conf *c, const char *to, struct pst_err *err)
{
	struct pst_path_conf path = constellation_path(c, to);

	if (*to == '/' && !ends_at_worker(to))
		return pst_fail(err, PST_E_CONF, "nodes: route \"%s\" ends without /service/NAME, the function", to);
	if (*to == '/')
		return pst_path_check(&path, err);
	return strchr(to, '/') ? pst_fail(err, PST_E_CONF, "nodes: \"%s\" is no name, and a route begins with a slash", to)
			       : PST_OK;
}

int
constellation_check(const void *conf, struct pst_err *err)
{
	const struct constellation_conf *c = conf;
	int rc = PST_OK;

	if (!c->nodes.count)
		return pst_fail(err, PST_E_CONF, "nodes: at least one");
	if (c->calls < 1 || !c->probe)
		return pst_fail(err, PST_E_CONF, "calls, probe: not 0");
	for (size_t i = 0; !rc && i < c->nodes.count; i++)
		rc = node_check(c, c->nodes.item[i], err);
	return rc;
}

/* What is missing may be made later. */
int
constellation_look(const struct constellation_conf *c, struct pst_look *look)
{
	for (size_t i = 0; i < c->nodes.count; i++) {
		const char *to = c->nodes.item[i];
		struct pst_path_conf path = constellation_path(c, to);

		if (*to == '/')
			pst_path_look(&path, look);
		else if (!gateway_has(look, to))
			pst_look_warn(look, "nodes: there is no function %s: no call will reach it", to);
	}
	return PST_OK;
}

/* ---- choosing ---- */

struct member *
constellation_choose(struct constellation *c, const struct passing *passing)
{
	struct member *best = NULL;
	size_t first = c->next++;

	for (size_t i = 0; i < c->member_count; i++) {
		struct member *m = c->members[(first + i) % c->member_count];

		if (member_is_up(m) && (!best || member_busier(best, m)) && !passing_tried(passing, m))
			best = m;
	}
	return best;
}

void
constellation_member_up(struct constellation *c)
{
	passings_go_on(c);
}

/* ---- the worker ---- */

static void
called(struct pst_callee *callee, struct pst_called *call)
{
	struct constellation *c = pst_container_of(callee, struct constellation, callee);

	if (c->count < (size_t)c->conf->calls)
		passing_new(c, call);
	else
		pst_called_fail(&call, &(struct pst_call_failure){ PST_CALL_BUSY, "too many calls", 1000, false });
}

/* As busy as all of its nodes together. */
static void
probed(struct pst_callee *callee, struct pst_call_load *load)
{
	struct constellation *c = pst_container_of(callee, struct constellation, callee);

	for (size_t i = 0; i < c->member_count; i++) {
		const struct member *m = c->members[i];

		if (!member_is_up(m))
			continue;
		load->running += m->load.running;
		load->queued += m->load.queued;
		load->capacity += m->load.capacity;
	}
}

/* Its nodes know us, not who asks us: that stays inside. */
static bool
admits(struct pst_callee *callee, const struct pst_gate *from)
{
	return !from;
}

/* ---- how it is ---- */

static void
constellation_status(void *self, struct pst_status *status)
{
	const struct constellation *c = self;

	pst_status_put(status, PST_FIELDS(PST_U64("under_way", c->count), PST_U64("retried", c->retried),
	    PST_U64("failed", c->failed)));
	for (size_t i = 0; i < c->member_count; i++)
		member_status(c->members[i], status);
}

static void
constellation_settled(void *self)
{
	struct constellation *c = self;

	for (size_t i = 0; i < c->member_count; i++)
		member_settled(c->members[i]);
	passings_go_on(c); /* a node of ours has said that it is up before it was listed */
}

/* ---- which nodes ---- */

/* Are nodes found, and let in, alike by both? */
static bool
same_way(const struct constellation_conf *a, const struct constellation_conf *b)
{
	return gateway_text_equal(a->project, b->project) && gateway_text_equal(a->channel, b->channel) &&
	    gateway_list_equal(&a->authorized, &b->authorized) && gateway_text_equal(a->allow, b->allow) &&
	    gateway_list_equal(&a->hops, &b->hops);
}

/* One that is there already, and not in the new list yet. */
static struct member *
member_take(struct constellation *c, const char *to)
{
	for (size_t i = 0; i < c->member_count; i++) {
		struct member *m = c->members[i];

		if (!m->listed && !strcmp(m->to, to)) {
			m->listed = true;
			return m;
		}
	}
	return NULL;
}

/* As they were. */
static void
members_undo(struct constellation *c, struct member **members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		members[i]->listed = false;
	for (size_t i = 0; i < c->member_count; i++)
		c->members[i]->listed = true;
	for (size_t i = 0; i < count; i++)
		if (!members[i]->listed)
			member_leave(members[i]);
	free(members);
}

/* The nodes that are listed now; those that were before stay as they are, unless another way leads to them. */
static int
members_set(struct constellation *c, const struct constellation_conf *before, struct pst_err *err)
{
	const struct constellation_conf *conf = c->conf;
	bool stay = before && same_way(before, conf);
	struct member **members = calloc(conf->nodes.count, sizeof *members);
	int rc = PST_OK;

	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < c->member_count; i++)
		c->members[i]->listed = false;
	for (size_t i = 0; i < conf->nodes.count; i++) {
		members[i] = stay ? member_take(c, conf->nodes.item[i]) : NULL;
		if (!members[i])
			rc = member_new(&members[i], c, conf->nodes.item[i], err);
		if (rc) {
			members_undo(c, members, i);
			return rc;
		}
	}
	for (size_t i = 0; i < c->member_count; i++)
		if (!c->members[i]->listed)
			member_leave(c->members[i]);
	free(c->members);
	c->members = members;
	c->member_count = conf->nodes.count;
	return PST_OK;
}

static bool
lists_itself(const struct constellation *c)
{
	for (size_t i = 0; i < c->conf->nodes.count; i++)
		if (!strcmp(c->conf->nodes.item[i], pst_section_name(c->senv)))
			return true;
	return false;
}

static int
constellation_change(void *self, const void *conf, struct pst_err *err)
{
	struct constellation *c = self;
	const struct constellation_conf *before = c->conf;
	int rc;

	c->conf = conf;
	rc = lists_itself(c) ? pst_fail(err, PST_E_CONF, "nodes: one of them is this constellation itself")
			     : members_set(c, before, err);
	if (rc) {
		c->conf = before;
		return rc;
	}
	c->callee.body_max = c->conf->body;
	c->callee.calls_max = (size_t)c->conf->calls;
	return PST_OK;
}

/* ---- life ---- */

static const struct pst_section_hooks constellation_hooks = {
	.size = sizeof constellation_hooks,
	.status = constellation_status,
	.change = constellation_change,
	.settled = constellation_settled,
};

static void
constellation_freed(struct constellation *c)
{
	struct pst_section_env *senv = c->senv;

	free(c->members);
	free(c);
	if (senv)
		pst_section_closed(senv);
}

void
constellation_member_freed(struct constellation *c)
{
	c->open--;
	if (c->closing && !c->open)
		constellation_freed(c);
}

void
constellation_close(void *self)
{
	struct constellation *c = self;

	pst_callee_close(&c->callee);
	passings_end(c);
	pst_caller_close(&c->caller);
	for (size_t i = 0; i < c->member_count; i++)
		member_leave(c->members[i]);
	c->member_count = 0;
	c->closing = true;
	if (!c->open)
		constellation_freed(c);
}

static int
constellation_begin(struct constellation *c, const struct constellation_conf *conf, struct pst_err *err)
{
	int rc;

	c->callee = (struct pst_callee){
		.log = c->log,
		.called = called,
		.probed = probed,
		.admits = admits,
	};
	rc = pst_caller_open(&c->caller, c->env);
	if (!rc)
		rc = pst_callee_open(&c->callee, c->env, pst_section_name(c->senv));
	if (rc == -EEXIST)
		pst_fail(err, rc, "another section has a worker of this name");
	return rc ? rc : constellation_change(c, conf, err);
}

int
constellation_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct constellation *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return -ENOMEM;
	c->senv = senv;
	c->env = pst_section_env(senv);
	c->log = pst_section_log(senv);
	rc = constellation_begin(c, conf, err);
	if (rc) {
		c->senv = NULL;
		constellation_close(c);
		return rc;
	}
	pst_section_hook(senv, &constellation_hooks);
	*self = c;
	pst_section_up(senv);
	return PST_OK;
}
