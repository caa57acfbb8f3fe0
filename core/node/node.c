#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/rooms.h"
#include "node/section.h"

/* ---- the state directory ---- */

static int
make_dirs(const char *path, struct pst_err *err)
{
	char part[4096];
	size_t n = strlen(path);

	if (n >= sizeof part)
		return pst_fail(err, -ENAMETOOLONG, "%s: path too long", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) && errno != EEXIST)
			return pst_fail(err, -errno, "%s: %s", part, strerror(errno));
	}
	return PST_OK;
}

static int
state_lock(struct pst_node *node, struct pst_err *err)
{
	char path[4096];
	int rc = make_dirs(node->config->state_dir, err);

	if (rc)
		return rc;
	snprintf(path, sizeof path, "%s/lock", node->config->state_dir);
	node->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (node->lock < 0)
		return pst_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (flock(node->lock, LOCK_EX | LOCK_NB) && !node->looks)
		return pst_fail(err, -EBUSY, "%s: a node is running on this state directory",
		    node->config->state_dir);
	return PST_OK;
}

/* ---- opening and closing, rank by rank ---- */

static void
opened_all(struct pst_node *node)
{
	if (node->announced || node->closing)
		return;
	node->announced = true;
	if (node->events->up)
		node->events->up(node->arg);
}

static void
fail(struct pst_node *node, struct pst_section_env *s, int rc, const char *sentence)
{
	struct pst_err err = PST_ERR_INIT;

	if (node->closing)
		return;
	pst_item_fail(s->item, &err, sentence && *sentence ? sentence : pst_strerror(rc));
	if (node->events->failed)
		node->events->failed(node->arg, rc, err.text);
	pst_node_close(node);
}

static void
section_open(struct pst_node *node, struct pst_section_env *s)
{
	struct pst_err err = PST_ERR_INIT;
	int rc;

	s->state = SECTION_OPENING;
	rc = s->item->row->open(&s->self, s, pst_values_conf(s->item->values), &err);
	if (rc) {
		s->state = SECTION_IDLE;
		fail(node, s, rc, err.text);
	}
}

/* Open what may be opened: one rank at a time, all of a rank side by side. */
static void
advance(struct pst_task *task)
{
	struct pst_node *node = pst_container_of(task, struct pst_node, advance);
	int rank = INT_MAX;

	if (node->closing)
		return;
	for (size_t i = 0; i < node->count; i++)
		if (node->sections[i].state != SECTION_UP && node->sections[i].item->kind->rank < rank)
			rank = node->sections[i].item->kind->rank;
	if (rank == INT_MAX) {
		opened_all(node);
		return;
	}
	for (size_t i = 0; i < node->count && !node->closing; i++) {
		struct pst_section_env *s = &node->sections[i];

		if (s->item->kind->rank == rank && s->state == SECTION_IDLE)
			section_open(node, s);
	}
}

static void
closed_env(void *arg)
{
	struct pst_node *node = arg;

	node->events->closed(node->arg);
}

/* Close the highest rank that is still open. */
static void
retreat(struct pst_task *task)
{
	struct pst_node *node = pst_container_of(task, struct pst_node, advance);
	int rank = -1;

	for (size_t i = 0; i < node->count; i++)
		if (node->sections[i].state != SECTION_IDLE && node->sections[i].item->kind->rank > rank)
			rank = node->sections[i].item->kind->rank;
	if (rank < 0) {
		pst_env_close(&node->env, closed_env, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = &node->sections[i];

		if (s->item->kind->rank != rank || s->state == SECTION_IDLE || s->state == SECTION_CLOSING)
			continue;
		s->state = SECTION_CLOSING;
		s->item->row->close(s->self);
	}
}

/* ---- what modules call ---- */

void
pst_section_up(struct pst_section_env *s)
{
	if (s->state == SECTION_OPENING || s->state == SECTION_DOWN)
		s->state = SECTION_UP;
	if (!s->node->closing)
		pst_task_post(&s->node->env, &s->node->advance, advance);
}

void
pst_section_down(struct pst_section_env *s, int rc, const char *sentence)
{
	bool opening = s->state == SECTION_OPENING;

	if (s->state == SECTION_CLOSING)
		return;
	s->state = SECTION_DOWN;
	if (opening)
		fail(s->node, s, rc, sentence);
	else
		pst_error(&s->log, sentence ? sentence : "down", PST_RC(rc));
}

void
pst_section_closed(struct pst_section_env *s)
{
	s->state = SECTION_IDLE;
	s->self = NULL;
	if (s->node->closing)
		pst_task_post(&s->node->env, &s->node->advance, retreat);
}

struct pst_env *
pst_section_env(struct pst_section_env *s)
{
	return &s->node->env;
}

const char *
pst_section_name(const struct pst_section_env *s)
{
	return s->item->source->name;
}

const struct pst_log *
pst_section_log(const struct pst_section_env *s)
{
	return &s->log;
}

const char *
pst_section_state_dir(const struct pst_section_env *s)
{
	return s->node->config->state_dir;
}

size_t
pst_section_siblings(const struct pst_section_env *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->node->count; i++)
		n += &s->node->sections[i] != s && s->node->sections[i].item->kind == s->item->kind;
	return n;
}

void *
pst_section_ref(struct pst_section_env *s, const char *kind, const char *name, const void **ops)
{
	return pst_node_section(s->node, kind, name, ops);
}

/* ---- the node ---- */

struct pst_section_env *
pst_node_section_env(struct pst_node *node, const char *kind, const char *name)
{
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = &node->sections[i];

		if (!strcmp(s->item->source->kind, kind) && !strcmp(s->item->source->name, name))
			return s;
	}
	return NULL;
}

void *
pst_node_section(struct pst_node *node, const char *kind, const char *name, const void **ops)
{
	struct pst_section_env *s = name ? pst_node_section_env(node, kind, name) : NULL;

	if (ops)
		*ops = s && s->item->module ? s->item->module->module.ops : NULL;
	return s && s->state != SECTION_IDLE ? s->self : NULL;
}

struct pst_env *
pst_node_env(struct pst_node *node)
{
	return &node->env;
}

static void
section_init(struct pst_section_env *s, struct pst_node *node, const struct pst_item *item)
{
	s->node = node;
	s->item = item;
	s->fields[0] = (struct pst_field)PST_STR("section", s->label);
	snprintf(s->label, sizeof s->label, "%s:%s", item->source->kind, item->source->name);
	s->log = (struct pst_log){
		.logger = pst_logbook_room(node->env.log.logger->book, item->kind->name),
		.parent = &node->env.log,
		.fields = s->fields,
	};
}

int
pst_node_new(struct pst_node **out, uv_loop_t *loop, const struct pst_config *config,
    struct pst_logbook *book, int max_rank, const struct pst_node_events *events, void *arg,
    struct pst_err *err)
{
	struct pst_node *node = calloc(1, sizeof *node);
	int rc;

	if (!node)
		return -ENOMEM;
	node->lock = -1;
	node->config = config;
	node->events = events;
	node->arg = arg;
	node->sections = calloc(config->count + 1, sizeof *node->sections);
	node->looks = max_rank <= PST_RANK_IDENTITY;
	rc = node->sections ? state_lock(node, err) : -ENOMEM;
	if (!rc)
		rc = pst_env_init(&node->env, loop, book->rooms, config->node->memory);
	if (rc) {
		pst_node_free(&node);
		return rc;
	}
	node->env.extensions = config->node->extensions;
	pst_rooms_set(book, config->node);
	rc = pst_router_new(&node->env.router, &node->env);
	for (size_t i = 0; i < config->count; i++)
		if (config->items[i].used && config->items[i].kind->rank > 0 &&
		    config->items[i].kind->rank <= max_rank)
			section_init(&node->sections[node->count++], node, &config->items[i]);
	*out = node;
	return rc;
}

void
pst_node_start(struct pst_node *node)
{
	pst_task_post(&node->env, &node->advance, advance);
}

void
pst_node_close(struct pst_node *node)
{
	if (node->closing)
		return;
	node->closing = true;
	pst_task_cancel(&node->env, &node->advance);
	pst_task_post(&node->env, &node->advance, retreat);
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
	free(n->sections);
	free(n);
}
