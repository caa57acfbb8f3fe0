#include "node/node.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "node/control.h"
#include "node/rooms.h"
#include "node/section.h"
#include "node/state.h"

/* So often is looked whether the state directory is there. */
#define STATE_LOOK_MS 5000
/* Ours: sections close within so long, or who stops the node is not kept waiting for them. */
#define CLOSE_MS 10000

/* ---- which sections a node opens ---- */

static bool
wants(enum pst_node_use use, const struct pst_item *item)
{
	static const int rank_store = 1, rank_identity = 2;

	if (!item->used || item->kind->rank == 0)
		return false;
	if (use == PST_NODE_LOOKS)
		return item->kind->rank <= rank_identity;
	if (use == PST_NODE_KEEPS)
		return !item->implicit &&
		    (item->kind->rank <= rank_store || !strcmp(item->kind->name, "runtime"));
	return use != PST_NODE_BRIEF || strcmp(item->source->name, "control");
}

static int
sections_add(struct pst_node *node)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < node->config->count; i++)
		if (wants(node->use, &node->config->items[i]))
			rc = section_add(node, &node->config->items[i]);
	return rc;
}

/* ---- life ---- */

static int
node_make(struct pst_node *node, uv_loop_t *loop, struct pst_logbook *book, struct pst_err *err)
{
	const struct pst_node_conf *conf = node->config->node;
	int rc = PST_OK;

	if (node->use != PST_NODE_ASKS)
		rc = pst_state_lock(&node->lock, node->config->state_dir,
		    node->use == PST_NODE_LOOKS      ? PST_STATE_LOOKS
			: node->use == PST_NODE_RUNS ? PST_STATE_RUNS
						     : PST_STATE_ALONE, err);
	if (!rc)
		rc = pst_env_init(&node->env, loop, book->rooms, conf->memory);
	if (rc)
		return rc;
	pst_rooms_set(book, conf);
	node->own = (struct pst_section_env){ .node = node, .state = SECTION_UP, .log = node->env.log,
		.name = "" };
	node->env.extensions = conf->extensions;
	rc = pst_router_new(&node->env.router, &node->env);
	if (!rc)
		rc = sections_add(node);
	if (!rc && node->use == PST_NODE_RUNS)
		rc = node_control_start(node);
	return rc;
}

static void
unmade(void *arg)
{
	(void)arg;
}

/* Nothing has been opened yet: only the env has handles on the loop. */
static void
node_unmake(struct pst_node *node)
{
	if (!node->env.pool)
		return;
	node_control_stop(node);
	pst_env_close(&node->env, unmade, NULL);
	uv_run(node->env.loop, UV_RUN_DEFAULT);
}

int
pst_node_new(struct pst_node **out, uv_loop_t *loop, struct pst_config **config,
    struct pst_logbook *book, enum pst_node_use use, const struct pst_node_events *events,
    void *arg, struct pst_err *err)
{
	struct pst_node *node = calloc(1, sizeof *node);
	int rc;

	if (!node) {
		pst_config_free(config);
		return -ENOMEM;
	}
	node->lock = -1;
	node->config = *config;
	*config = NULL;
	node->use = use;
	node->events = events;
	node->arg = arg;
	node->changes_end = &node->changes;
	node->state_dir = strdup(node->config->state_dir);
	rc = node->state_dir ? node_make(node, loop, book, err) : -ENOMEM;
	if (rc) {
		node_unmake(node);
		pst_node_free(&node);
	}
	*out = node;
	return rc;
}

/* Nobody else tells: what is open stays so, and commands do not find the node. */
static void
state_look(struct pst_timer *timer)
{
	struct pst_node *node = pst_container_of(timer, struct pst_node, state_timer);
	bool lost = pst_state_lost(node->lock, node->state_dir);

	if (lost && !node->state_lost)
		pst_error(&node->env.log, "the state directory was taken away: commands do not reach this node, and "
		    "nothing lasts; bring it back, or stop the node", PST_STR("directory", node->state_dir));
	else if (!lost && node->state_lost)
		pst_info(&node->env.log, "the state directory is there again");
	node->state_lost = lost;
	pst_timer_start(&node->env, timer, STATE_LOOK_MS, state_look);
}

void
pst_node_start(struct pst_node *node)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	node->since_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
	if (node->use == PST_NODE_RUNS)
		pst_timer_start(&node->env, &node->state_timer, STATE_LOOK_MS, state_look);
	node_settle(node);
}

static void
stopping_begins(struct pst_node *node)
{
	if (!node->stopping && node->events->stopping)
		node->events->stopping(node->arg);
	node->stopping = true;
}

static void
close_late(struct pst_timer *timer)
{
	struct pst_node *node = pst_container_of(timer, struct pst_node, drain_timer);

	for (size_t i = 0; i < node->count; i++)
		if (node->sections[i]->state == SECTION_CLOSING)
			pst_error(&node->sections[i]->log, "does not close: the node is not stopped in order");
	if (node->events->stuck)
		node->events->stuck(node->arg);
}

void
pst_node_close(struct pst_node *node)
{
	if (node->closing)
		return;
	node->closing = true;
	stopping_begins(node);
	node_control_stop(node);
	pst_timer_start(&node->env, &node->drain_timer, CLOSE_MS, close_late);
	pst_timer_stop(&node->env, &node->state_timer);
	node_settle(node);
}

void
pst_node_free(struct pst_node **node)
{
	struct pst_node *n = *node;

	*node = NULL;
	if (!n)
		return;
	pst_router_free(&n->env.router);
	if (n->env.pool)
		pst_env_fini(&n->env);
	if (n->lock >= 0)
		close(n->lock);
	sections_forget(n, true);
	free(n->sections);
	pst_index_fini(&n->index);
	pst_config_free(&n->config);
	free(n->state_dir);
	free(n);
}

/* ---- stopping in order ---- */

static void
drain_over(struct pst_timer *timer)
{
	struct pst_node *node = pst_container_of(timer, struct pst_node, drain_timer);

	pst_info(&node->env.log, "sessions are still open; they are cut now");
	pst_node_close(node);
}

static void
drained_all(struct pst_timer *timer)
{
	pst_node_close(pst_container_of(timer, struct pst_node, drain_timer));
}

static bool
anything_drains(const struct pst_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->sections[i]->draining)
			return true;
	return false;
}

void
pst_section_drained(struct pst_section_env *s)
{
	s->draining = false;
	/* while stopping is being asked for, who asks looks himself */
	if (s->node->drain_timer.armed && !anything_drains(s->node))
		pst_timer_start(&s->node->env, &s->node->drain_timer, 0, drained_all);
}

void
pst_node_stop(struct pst_node *node)
{
	uint64_t drain = node->config->node->drain;

	if (node->stopping || !node->announced || !drain) {
		pst_node_close(node);
		return;
	}
	stopping_begins(node);
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (!section_open_now(s) || !s->hooks.drain)
			continue;
		s->draining = true;
		s->hooks.drain(s->self);
	}
	if (!anything_drains(node)) {
		pst_node_close(node);
		return;
	}
	pst_info(&node->env.log, "stopping: sessions may end by themselves", PST_U64("drain_ms", drain));
	pst_timer_start(&node->env, &node->drain_timer, drain, drain_over);
}

/* ---- looking ---- */

struct pst_section_env *
pst_node_own_env(struct pst_node *node)
{
	return &node->own;
}

struct pst_env *
pst_node_env(struct pst_node *node)
{
	return &node->env;
}

const struct pst_config *
pst_node_config(const struct pst_node *node)
{
	return node->config;
}
