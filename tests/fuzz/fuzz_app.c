/*
 * Applications: a Directive.yaml, a tenant.json, or an archive, as the first byte says. What is taken makes
 * a plan whose steps all have functions, and settings that are whole; what is refused comes with a
 * sentence or with problems. Of an archive nothing is unpacked.
 * Covers: modules/service/gateway/app/app.c modules/service/gateway/app/bundle.c:bundle_look()
 * Covers: modules/service/gateway/app/capabilities.c modules/service/gateway/app/directive.c
 * Covers: modules/service/gateway/app/queries.c modules/service/gateway/app/steps.c
 * Covers: modules/service/gateway/app/tenant.c modules/service/gateway/app/tree.c
 * Needs: modules/service/gateway/plan.c modules/service/gateway/pattern.c modules/service/gateway/percent.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_steps(const struct plan_steps *steps)
{
	for (const struct plan_step *step = steps->first; step; step = step->next) {
		check(step->calls != NULL);
		for (const struct plan_call *call = step->calls; call; call = call->next)
			check(call->fn && *call->fn->worker && call->as);
	}
}

static void
check_whole(struct app *app)
{
	for (const struct plan_handler *h = app->plan.handlers; h; h = h->next)
		check_steps(&h->steps);
	for (const struct plan_schedule *s = app->plan.schedules; s; s = s->next) {
		check(s->every_ms >= 1000);
		check_steps(&s->steps);
	}
	for (const struct app_namespace *n = app->namespaces; n; n = n->next) {
		json_t *db = json_object_get(n->capabilities, "db"), *queries;

		check(json_is_object(n->capabilities));
		queries = app_queries(app, json_object_get(db, "queries"), true);
		check(json_is_array(queries));
		json_decref(queries);
	}
	for (const struct app_function *f = app->functions; f; f = f->next)
		check(*f->name && *f->worker);
}

/* A file of these bytes that lies nowhere. */
static int
file_of(const uint8_t *data, size_t len, char path[static 64])
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	check(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void
check_bundle(const uint8_t *data, size_t len, struct app *app, const struct app_options *options, int *rc,
    struct pst_err *err)
{
	struct pst_err why = PST_ERR_INIT;
	char path[64], *dir;
	int fd = file_of(data, len, path);
	struct app_options o = *options;

	o.path = path;
	*rc = app_read(app, &o, err);
	check((bundle_look(path, "/nonexistent", &dir, &why) == PST_OK) == (dir != NULL));
	check(dir || why.text[0]);
	free(dir);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct app_options options = { .section = "s", .schedules = true };
	struct pst_err err = PST_ERR_INIT;
	struct app app;
	int rc;

	if (!len || len > 65536)
		return 0;
	options.headless = *data & 4;
	if ((*data & 3) == 2)
		check_bundle(data + 1, len - 1, &app, &options, &rc, &err);
	else
		rc = app_read_text(&app, &options, *data & 1, data + 1, len - 1, &err);
	check(rc ? err.text[0] != '\0' : true);
	if (!rc && !app.problem_count)
		check_whole(&app);
	app_fini(&app);
	return 0;
}
