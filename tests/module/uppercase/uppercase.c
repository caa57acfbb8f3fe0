/* service/uppercase: answers a text in upper case. doc/writing-a-module.md walks through this file. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include <postern/module.h>
#include <postern/router.h>

struct upper_conf {
	uint64_t longest;
};

struct upper {
	struct pst_section_env *senv;
	const struct upper_conf *conf;
	struct pst_worker worker;
	uint64_t answered;
};

static const struct pst_opt upper_options[] = {
	PST_OPT(SIZE, struct upper_conf, longest, "64K", "longer texts are not answered"),
	PST_OPT_END,
};

static int
upper_check(const void *conf, struct pst_err *err)
{
	const struct upper_conf *c = conf;

	return c->longest ? PST_OK : pst_fail(err, PST_E_CONF, "longest: at least 1");
}

/* The text, a BARE string, is changed where it lies and goes back as it came. */
static void
upper_receives(struct pst_worker *worker, struct pst_message *m)
{
	struct upper *upper = pst_container_of(worker, struct upper, worker);
	struct pst_route own = pst_worker_route(worker);
	struct pst_reader r = pst_buf_reader(&m->payload);
	size_t len;
	const uint8_t *text = pst_read_data(&r, &len);

	if (r.status || len > upper->conf->longest)
		return;
	for (uint8_t *p = m->payload.start + (text - m->payload.start); p < text + len; p++)
		*p = (uint8_t)toupper(*p);
	upper->answered++;
	pst_send(pst_env_router(pst_section_env(upper->senv)), &m->back, &own, &m->payload);
}

static void
upper_status(void *self, struct pst_status *status)
{
	const struct upper *upper = self;

	pst_status_put(status, PST_FIELDS(PST_U64("answered", upper->answered)));
}

static const struct pst_section_hooks upper_hooks = { .size = sizeof upper_hooks, .status = upper_status };

static int
upper_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct pst_router *router = pst_env_router(pst_section_env(senv));
	const char *name = pst_section_name(senv);
	struct upper *upper = calloc(1, sizeof *upper);
	int rc;

	if (!upper)
		return -ENOMEM;
	*upper = (struct upper){ .senv = senv, .conf = conf };
	rc = pst_worker_start_named(router, &upper->worker, name, PST_REACH_SECTION, upper_receives);
	if (rc) {
		free(upper);
		return pst_fail(err, rc, "cannot be a worker called %s: %s", name, pst_strerror(rc));
	}
	*self = upper;
	pst_section_hook(senv, &upper_hooks);
	pst_section_up(senv);
	return PST_OK;
}

static void
upper_close(void *self)
{
	struct upper *upper = self;
	struct pst_section_env *senv = upper->senv;

	pst_worker_stop(pst_env_router(pst_section_env(senv)), &upper->worker);
	free(upper);
	pst_section_closed(senv);
}

static const struct pst_section upper_sections[] = {
	PST_SECTION("service", struct upper_conf, upper_options, upper_check, upper_open, upper_close),
	PST_SECTION_END,
};

PST_MODULE(service_uppercase, .kind = PST_KIND_SERVICE, .version = "1.0",
    .summary = "answers with the same text in upper case", .sections = upper_sections);
