/*
 * From what is open to what is to be open, one rank at a time: first close
 * what must go, from the highest rank down, so that nothing loses what it
 * stands on; then open what is new, from the lowest rank up.
 */
#include "node/config_parts.h"
#include "node/section.h"
#include "trust/admission.h"

/* ---- closing ---- */

static bool
must_close(const struct pst_section_env *s)
{
	bool has_self = s->state == SECTION_OPENING || s->state == SECTION_UP ||
	    s->state == SECTION_DOWN || s->state == SECTION_CLOSING;

	return has_self && (s->leaving || s->failed || s->node->closing);
}

/* Close the highest rank that has something to be closed; false: nothing has. */
static bool
close_some(struct pst_node *node)
{
	size_t i = node->count;
	int rank;

	while (i > 0 && !must_close(node->sections[i - 1]))
		i--;
	if (i == 0)
		return false;
	rank = node->sections[i - 1]->item->kind->rank;
	for (; i > 0 && node->sections[i - 1]->item->kind->rank == rank; i--) {
		struct pst_section_env *s = node->sections[i - 1];

		if (!must_close(s) || s->state == SECTION_CLOSING)
			continue;
		section_set(s, SECTION_CLOSING);
		s->item->row->close(s->self);
	}
	return true;
}

/* ---- opening ---- */

/* All that the section refers to is open. */
static int
refs_check(struct pst_section_env *s, struct pst_err *err)
{
	for (const struct pst_opt *opt = s->item->row->options; opt->name; opt++) {
		const char *name;

		for (size_t n = 0; (name = pst_item_ref(s->item, opt, n)); n++) {
			const struct pst_section_env *to = pst_node_section_env(s->node, opt->of, name);

			if (!to || !section_open_now(to))
				return pst_fail(err, PST_E_CONF, "%s: %s %s is not open", opt->name, opt->of, name);
		}
	}
	return PST_OK;
}

/* What stands in does the same, and may be much slower: nobody should have to guess why. */
static void
stand_in_tell(const struct pst_section_env *s)
{
	const struct pst_section_kind *kind = s->item->kind;

	if (kind->instead && s->item->module && !s->item->source->use &&
	    !strcmp(config_module_name(s->item), kind->instead))
		pst_warn(&s->log, "the usual module is not there, or does not load", PST_STR("usual", kind->module),
		    PST_STR("instead", kind->instead));
}

/* Plain TCP may be open to all the world where QUIC was thought of. */
static void
namesake_tell(const struct pst_section_env *s)
{
	const char *meant = config_namesake(s->item);

	if (meant)
		pst_warn(&s->log, "another module than the name says", PST_STR("module", config_module_name(s->item)),
		    PST_STR("use", meant));
}

static void
section_open(struct pst_section_env *s)
{
	struct pst_err err = PST_ERR_INIT;
	int rc = refs_check(s, &err);

	section_set(s, SECTION_OPENING);
	stand_in_tell(s);
	namesake_tell(s);
	if (!rc)
		rc = s->item->row->open(&s->self, s, pst_values_conf(s->item->values), &err);
	if (!rc)
		return;
	s->self = NULL;
	s->hooks = (struct pst_section_hooks){ 0 };
	pst_section_down(s, rc, err.text);
	s->failed = false; /* there is nothing to close */
	section_set(s, SECTION_FAILED);
}

/* Open the lowest rank that has something to be opened; false: nothing has. */
static bool
open_some(struct pst_node *node)
{
	size_t i = 0;
	int rank;

	while (i < node->count && node->sections[i]->state != SECTION_NEW &&
	    node->sections[i]->state != SECTION_OPENING)
		i++;
	if (i == node->count || node->stopping)
		return false;
	rank = node->sections[i]->item->kind->rank;
	for (; i < node->count && node->sections[i]->item->kind->rank == rank && !node->closing; i++)
		if (node->sections[i]->state == SECTION_NEW)
			section_open(node->sections[i]);
	return true;
}

/* ---- both ---- */

static void
closed_env(void *arg)
{
	struct pst_node *node = arg;

	node->events->closed(node->arg);
}

static void
tell_settled(struct pst_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		struct pst_section_env *s = node->sections[i];

		if (section_open_now(s) && s->hooks.settled)
			s->hooks.settled(s->self);
	}
}

static void
settle(struct pst_task *task)
{
	struct pst_node *node = pst_container_of(task, struct pst_node, settle);

	if (close_some(node))
		return; /* the last one that closes brings us here again */
	if (node->closing) {
		if (!changes_drop(node))
			return;
		pst_rules_settle(&node->env);
		node->closed = true;
		pst_timer_stop(&node->env, &node->drain_timer);
		pst_env_close(&node->env, closed_env, node);
		return;
	}
	sections_forget(node, false);
	if (node->neighbours_changed)
		node_announce(node);
	if (open_some(node))
		return;
	if (!node->announced) {
		node->announced = true;
		if (node->events->up)
			node->events->up(node->arg);
	}
	pst_rules_settle(&node->env);
	tell_settled(node);
	changes_go_on(node);
}

void
node_settle(struct pst_node *node)
{
	if (!node->closed)
		pst_task_post(&node->env, &node->settle, settle);
}
