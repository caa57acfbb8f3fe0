#include "fake_section.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what modules see ---- */

struct pst_env *
pst_section_env(struct pst_section_env *env)
{
	return &env->node->env;
}

const char *
pst_section_name(const struct pst_section_env *env)
{
	return env->name;
}

const char *
pst_section_state_dir(const struct pst_section_env *env)
{
	return env->node->state_dir;
}

const struct pst_log *
pst_section_log(const struct pst_section_env *env)
{
	return &env->log;
}

void *
pst_section_ref(struct pst_section_env *env, const char *kind, const char *name,
    const void **ops)
{
	for (size_t i = 0; i < sizeof env->ref / sizeof *env->ref && env->ref[i].kind; i++) {
		if (strcmp(env->ref[i].kind, kind) || strcmp(env->ref[i].name, name))
			continue;
		if (ops)
			*ops = env->ref[i].to->ops;
		return env->ref[i].to->self;
	}
	return NULL;
}

void
pst_section_up(struct pst_section_env *env)
{
	env->up = env->settled = true;
}

void
pst_section_down(struct pst_section_env *env, int rc, const char *sentence)
{
	env->up = false;
	env->down = env->settled = true;
	env->rc = rc;
	snprintf(env->sentence, sizeof env->sentence, "%s", sentence);
}

void
pst_section_closed(struct pst_section_env *env)
{
	env->closed = true;
}

void
pst_section_hook(struct pst_section_env *env, const struct pst_section_hooks *hooks)
{
	env->hooks = hooks;
}

/* ---- what tests see ---- */

void
fake_node_init(struct fake_node *node)
{
	memset(node, 0, sizeof *node);
	snprintf(node->state_dir, sizeof node->state_dir, "/tmp/postern-test-XXXXXX");
	assert_non_null(mkdtemp(node->state_dir));
	assert_int_equal(uv_loop_init(&node->loop), 0);
	assert_int_equal(pst_env_init(&node->env, &node->loop, NULL, 1 << 20), PST_OK);
}

void
fake_node_fini(struct fake_node *node)
{
	char command[PATH_MAX + 16];

	pst_env_close(&node->env, NULL, NULL);
	uv_run(&node->loop, UV_RUN_DEFAULT);
	pst_env_fini(&node->env);
	assert_int_equal(uv_loop_close(&node->loop), 0);
	snprintf(command, sizeof command, "rm -rf '%s'", node->state_dir);
	assert_int_equal(system(command), 0);
}

static void
deadline(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

void
fake_wait(struct fake_node *node, const bool *flag)
{
	bool late = false;
	uv_timer_t timer;

	uv_timer_init(&node->loop, &timer);
	timer.data = &late;
	uv_timer_start(&timer, deadline, 20000, 0);
	while (!*flag && !late)
		uv_run(&node->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&node->loop, UV_RUN_NOWAIT);
	assert_true(*flag);
}

void
fake_refer(struct fake_section *from, const char *kind, const char *name,
    struct fake_section *to)
{
	size_t i = 0;

	while (from->ref[i].kind)
		i++;
	from->ref[i].kind = kind;
	from->ref[i].name = name;
	from->ref[i].to = to;
}

int
fake_open(struct fake_section *section, struct fake_node *node, const struct pst_section *row,
    const void *ops, const char *name, const void *conf)
{
	struct pst_err err = PST_ERR_INIT;
	int rc;

	section->node = node;
	section->section = row;
	section->ops = ops;
	section->name = name;
	section->up = section->down = section->closed = section->settled = false;
	section->sentence[0] = '\0';
	rc = row->open(&section->self, section, conf, &err);
	if (rc) {
		snprintf(section->sentence, sizeof section->sentence, "%s", err.text);
		return rc;
	}
	fake_wait(node, &section->settled);
	if (section->up)
		return PST_OK;
	return section->rc;
}

void
fake_close(struct fake_section *section)
{
	section->section->close(section->self);
	fake_wait(section->node, &section->closed);
}
