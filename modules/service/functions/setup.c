#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* ---- lists of its own ---- */

static void
list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* With `first` in front, if there is one. */
static char **
list_copy(const char *first, const struct pst_list *from)
{
	char **list = calloc(from->count + 2, sizeof *list);
	size_t n = 0;

	if (list && first)
		list[n++] = strdup(first);
	for (size_t i = 0; list && i < from->count && (!n || list[n - 1]); i++)
		list[n++] = strdup(from->item[i]);
	if (!list || !n || list[n - 1])
		return list;
	list_free(list);
	return NULL;
}

/* True, unless there is no memory. */
static bool
text_copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

/* ---- making one ---- */

static void
setup_free(struct setup *s)
{
	host_close(s);
	list_free(s->args);
	list_free(s->env);
	list_free(s->capabilities);
	free(s->module);
	free(s->runtime_name);
	free(s->identity);
	free(s);
}

static int
options_take(struct setup *s, const struct function_conf *conf)
{
	s->limits = s->runtime->limits(s->engine);
	if (conf->memory)
		s->limits.memory = conf->memory;
	if (conf->deadline != PST_OPT_WORD)
		s->limits.deadline_ms = conf->deadline;
	s->body = conf->body;
	s->reuse = conf->reuse;
	s->instances = (size_t)conf->instances;
	s->args = list_copy(pst_section_name(s->function->senv), &conf->args);
	s->env = list_copy(NULL, &conf->env);
	s->capabilities = list_copy(NULL, &conf->capabilities);
	return s->args && s->env && s->capabilities && text_copy(&s->module, conf->module) &&
	    text_copy(&s->runtime_name, conf->runtime) && text_copy(&s->identity, conf->identity)
	    ? PST_OK : -ENOMEM;
}

int
setup_new(struct setup **out, struct function *f, const struct function_conf *conf)
{
	struct setup *s = calloc(1, sizeof *s);
	const void *runtime;
	int rc;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->function = f;
	s->engine = pst_section_ref(f->senv, "runtime", conf->runtime, &runtime);
	s->runtime = runtime;
	rc = options_take(s, conf);
	if (!rc)
		rc = host_open(s);
	if (rc) {
		setup_free(s);
		return rc;
	}
	s->next = f->setups;
	f->setups = s;
	*out = s;
	return PST_OK;
}

struct setup *
setup_ref(struct setup *setup)
{
	setup->refs++;
	return setup;
}

void
setup_unref(struct setup **setup)
{
	struct setup *s = *setup, **at;

	*setup = NULL;
	if (!s || --s->refs > 0)
		return;
	for (at = &s->function->setups; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	setup_free(s);
}

/* ---- what it was made of ---- */

static bool
is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

bool
setup_uses(const struct setup *s, const char *kind, const char *name)
{
	if (!strcmp(kind, "runtime"))
		return is(s->runtime_name, name);
	if (!strcmp(kind, "identity"))
		return is(s->identity, name);
	for (size_t i = 0; s->capabilities[i] && !strcmp(kind, "capability"); i++)
		if (!strcmp(s->capabilities[i], name))
			return true;
	return false;
}
