/* What a gateway answers by: its application, its routes; and how it goes on by others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/imply.h"
#include "front.h"

static struct app_options
app_options(const struct front_conf *c, const char *section)
{
	return (struct app_options){
		.path = c->app,
		.section = section,
		.headless = c->headless,
		.schedules = c->schedules,
	};
}

int
front_imply(const char *kind, const void *conf, struct pst_implied *implied, struct pst_err *err)
{
	const struct front_conf *c = conf;
	struct app_options options;
	int rc;

	if (strcmp(kind, "service") || !c->app) /* c is another struct where kind is another */
		return PST_OK;
	options = app_options(c, pst_implied_name(implied));
	rc = app_imply(&options, implied, err);
	return rc ? pst_fail_in(err, rc, "app: %s", c->app) : PST_OK;
}

/* ---- opening ---- */

void
front_app_unref(struct app **app)
{
	struct app *a = *app;

	*app = NULL;
	if (!a || --a->refs)
		return;
	app_fini(a);
	free(a);
}

/* What its functions may do is what the original lets them, and what older bundles have unpacked goes. */
static void
app_settle(const struct front *front)
{
	char dir[4096];

	snprintf(dir, sizeof dir, "%s/implied/service-%s", pst_section_state_dir(front->senv),
	    pst_section_name(front->senv));
	app_sweep(front->app, dir);
	pst_warn(front->log, "the application's functions may do what the original lets them: private addresses of the web, too",
	    PST_STR("application", front->conf->app), PST_STR("see", "postern check --print"));
}

int
front_app_open(struct front *front, struct pst_err *err)
{
	int rc = PST_OK;

	front->app = calloc(1, sizeof *front->app);
	if (!front->app)
		return -ENOMEM;
	front->options = app_options(front->conf, pst_section_name(front->senv));
	if (front->conf->app && (rc = app_read(front->app, &front->options, err)))
		pst_fail_in(err, rc, "app: %s", front->conf->app);
	front->app->refs = 1;
	if (front->app->bundle)
		app_settle(front);
	if (!rc && front->app->problem_count)
		rc = pst_fail(err, PST_E_CONF, "app: %zu problems, as postern check shows them",
		    front->app->problem_count);
	return rc ? rc : routes_plan(&front->app->plan, front->conf, err);
}

/* ---- changing ---- */

/* What the library has been told once, and an application with its streams and schedules, stay as they are. */
bool
front_changes(void *self, const void *conf)
{
	const struct front *front = self;
	const struct front_conf *a = front->conf, *b = conf;

	if (!gateway_list_equal(&a->listen, &b->listen) || !gateway_text_equal(a->certificate, b->certificate) ||
	    !gateway_text_equal(a->key, b->key) || a->body_timeout != b->body_timeout || !gateway_text_equal(a->app, b->app))
		return false;
	return !a->app || (a->headless == b->headless && a->schedules == b->schedules &&
	    gateway_text_equal(a->function, b->function) && gateway_list_equal(&a->routes, &b->routes));
}

/* Other routes are for what comes; until their functions are there that waits. */
static int
plan_change(struct front *front, const struct front_conf *conf, struct pst_err *err)
{
	struct app *app = calloc(1, sizeof *app);
	int rc = app ? routes_plan(&app->plan, conf, err) : -ENOMEM;

	if (app)
		app->refs = 1;
	if (rc) {
		front_app_unref(&app);
		return rc;
	}
	front_app_unref(&front->app);
	front->app = app;
	front->ready = false;
	return PST_OK;
}

int
front_change(void *self, const void *conf, struct pst_err *err)
{
	struct front *front = self;
	int rc = front->conf->app ? PST_OK : plan_change(front, conf, err);

	if (rc)
		return rc;
	front->conf = conf;
	front->server.conf = front_server_conf(conf);
	front->options = app_options(conf, pst_section_name(front->senv));
	return PST_OK;
}
