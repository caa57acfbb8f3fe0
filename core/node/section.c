/* The sections of a node, and what their modules call. */
#include "node/section.h"

#include <errno.h>
#include <stdlib.h>

/* ---- life ---- */

static struct pst_section_env *
section_new(struct pst_node *node, const struct pst_item *item)
{
	const struct pst_section_env *before =
	    pst_node_section_env(node, item->source->kind, item->source->name);
	struct pst_section_env *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->node = node;
	s->item = item;
	s->fresh = true;
	s->again = before && before->state == SECTION_FAILED;
	s->since_ms = uv_now(node->env.loop);
	s->fields[0] = (struct pst_field)PST_STR("section", s->label);
	snprintf(s->label, sizeof s->label, "%s:%s", item->source->kind, item->source->name);
	s->name = strchr(s->label, ':') + 1;
	s->log = (struct pst_log){
		.logger = pst_logbook_room(node->env.log.logger->book, item->kind->name),
		.parent = &node->env.log,
		.fields = s->fields,
	};
	return s;
}

int
section_add(struct pst_node *node, const struct pst_item *item)
{
	struct pst_section_env *s;
	size_t at = node->count;

	if (node->count == node->room) {
		size_t room = node->room ? node->room * 2 : 16;
		void *more = realloc(node->sections, room * sizeof *node->sections);

		if (!more)
			return -ENOMEM;
		node->sections = more;
		node->room = room;
	}
	s = section_new(node, item);
	if (!s || pst_index_add(&node->index, item->kind->name, s->name, s)) {
		free(s);
		return -ENOMEM;
	}
	while (at > 0 && node->sections[at - 1]->item->kind->rank > item->kind->rank) {
		node->sections[at] = node->sections[at - 1];
		at--;
	}
	node->sections[at] = s;
	node->count++;
	node->counted = false;
	return PST_OK;
}

void
sections_forget(struct pst_node *node, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (all || (s->leaving && s->state == SECTION_CLOSED))
			free(s);
		else
			node->sections[kept++] = s;
	}
	if (kept == node->count)
		return;
	node->count = kept;
	node->counted = false;
	pst_index_clear(&node->index);
	for (size_t i = 0; i < kept; i++) /* fewer than there were: it does not fail */
		(void)!pst_index_add(&node->index, node->sections[i]->item->kind->name, node->sections[i]->name,
		    node->sections[i]);
}

void
section_set(struct pst_section_env *s, enum section_state state)
{
	s->state = state;
	s->since_ms = uv_now(s->node->env.loop);
}

bool
section_open_now(const struct pst_section_env *s)
{
	return s->state == SECTION_UP || (s->state == SECTION_DOWN && !s->failed);
}

/* ---- finding ---- */

static bool
stays(const void *section)
{
	return !((const struct pst_section_env *)section)->leaving;
}

struct pst_section_env *
pst_node_section_env(struct pst_node *node, const char *kind, const char *name)
{
	return pst_index_find(&node->index, kind, name, stays);
}

void *
pst_node_section(struct pst_node *node, const char *kind, const char *name, const void **ops)
{
	struct pst_section_env *s = name ? pst_node_section_env(node, kind, name) : NULL;

	if (ops)
		*ops = s && s->item->module ? s->item->module->module.ops : NULL;
	return s ? s->self : NULL;
}

/* ---- what modules call ---- */

void
pst_section_up(struct pst_section_env *s)
{
	if (s->state == SECTION_OPENING || s->state == SECTION_DOWN)
		section_set(s, SECTION_UP);
	node_settle(s->node);
}

bool
pst_section_starting(const struct pst_section_env *s)
{
	return !s->node->announced;
}

/* Of one that opens, when the node itself does: it cannot be as it is to be. */
static void
start_failed(struct pst_section_env *s)
{
	struct pst_node *node = s->node;

	if (node->closing)
		return;
	if (node->events->failed)
		node->events->failed(node->arg, s->why.rc, s->why.text);
	pst_node_close(node);
}

/* What a command has made once keeps no node from running; what the operator wrote is all to be there. */
static bool
start_goes_on(const struct pst_section_env *s)
{
	return s->item->made && s->node->use == PST_NODE_RUNS;
}

void
pst_section_down(struct pst_section_env *s, int rc, const char *sentence)
{
	bool opening = s->state == SECTION_OPENING;
	bool starting = opening && !s->node->announced;

	if (s->state == SECTION_CLOSING || s->state == SECTION_CLOSED)
		return;
	section_set(s, SECTION_DOWN);
	s->failed = opening;
	sentence = sentence && *sentence ? sentence : pst_strerror(rc);
	pst_item_fail(s->item, &s->why, sentence);
	s->why.rc = rc;
	if (!starting)
		pst_error(&s->log, "section down", PST_STR("why", sentence));
	else if (start_goes_on(s))
		pst_error(&s->log, "a section that a command made cannot be opened; the node goes on without it",
		    PST_STR("why", s->why.text));
	else
		start_failed(s);
	node_settle(s->node);
}

void
pst_section_closed(struct pst_section_env *s)
{
	s->self = NULL;
	s->hooks = (struct pst_section_hooks){ 0 };
	section_set(s, s->failed && !s->leaving ? SECTION_FAILED : SECTION_CLOSED);
	s->failed = false;
	node_settle(s->node);
}

struct pst_env *
pst_section_env(struct pst_section_env *s)
{
	return &s->node->env;
}

const char *
pst_section_name(const struct pst_section_env *s)
{
	return s->name;
}

const struct pst_log *
pst_section_log(const struct pst_section_env *s)
{
	return &s->log;
}

const char *
pst_section_state_dir(const struct pst_section_env *s)
{
	return s->node->state_dir;
}

static void
staying_count(struct pst_node *node)
{
	memset(node->staying, 0, sizeof node->staying);
	for (size_t i = 0; i < node->count; i++)
		if (!node->sections[i]->leaving)
			node->staying[node->sections[i]->item->kind - pst_section_kinds]++;
	node->counted = true;
}

size_t
pst_section_siblings(const struct pst_section_env *s)
{
	if (!s->node->counted)
		staying_count(s->node);
	return s->node->staying[s->item->kind - pst_section_kinds] - !s->leaving;
}

void *
pst_section_ref(struct pst_section_env *s, const char *kind, const char *name, const void **ops)
{
	return pst_node_section(s->node, kind, name, ops);
}

void
pst_section_hook(struct pst_section_env *s, const struct pst_section_hooks *hooks)
{
	memcpy(&s->hooks, hooks, hooks->size < sizeof s->hooks ? hooks->size : sizeof s->hooks);
}
